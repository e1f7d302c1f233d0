//! AWS IoT policies and the thing groups they are attached to. Attachments to certificates stand in the certificate.
//!
//! A document changes by a new default version; of the five versions that a policy can have, the oldest unused one
//! makes room.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certificate::mark;
use super::names::NameRule;
use super::thing_group;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::scope::{FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct Policy;

const NAME: NameRule = NameRule { others: "_+=,.@-", longest: 128, source: "API:PolicyName" };
/// Characters of a document, white space aside (AWS General Reference, "AWS IoT Core endpoints and quotas").
const LARGEST: usize = 2048;
/// Versions of one policy (same source).
const VERSIONS: usize = 5;

/// An AWS IoT policy: what devices may do. Not an IAM policy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// The policy document, at most 2048 characters without white space.
    document: Option<PolicyDocument>,
    /// A JSON file with the policy document.
    document_file: Option<String>,
    /// Thing groups whose members get this policy; all of them. A certificate names its policies itself.
    attach_to: Vec<Target>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A thing group, by name or ARN.
    group: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    document: PolicyDocument,
    /// ARNs of thing groups. Certificates that have this policy are not part of it.
    attach_to: BTreeSet<String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("policy/{name}"))
}

impl Kind for Policy {
    const SECTION: &'static str = "policies";
    const NOUN: &'static str = "policy";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 32;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        if mark::is_mark(name) {
            problems.push("", format!("names that start with `{}` are fleetctl's own", mark::PREFIX));
        }
        match (&spec.document, &spec.document_file) {
            (Some(document), None) => check_document("/document", document, problems),
            (None, Some(_)) => {}
            _ => problems.push("", "a policy has either `document` or `documentFile`"),
        }
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        let request =
            |path: &String| FileRequest { pointer: "/documentFile".into(), path: path.clone(), form: FileForm::Text };
        spec.document_file.iter().map(request).collect()
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let targets = spec.attach_to.iter().enumerate();
        let group = |(index, target): (usize, &Target)| {
            Reference::to("thingGroups", &target.group, format!("/attachTo/{index}/group"))
        };
        targets.filter_map(group).collect()
    }

    /// A document may name what is not there yet.
    fn orders(pointer: &str) -> bool {
        !pointer.starts_with("/document")
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let document = match (spec.document, &spec.document_file) {
            (Some(document), _) => document,
            (None, path) => {
                let text = path.as_ref().and_then(|path| scope.text(path)).unwrap_or_default();
                let document =
                    PolicyDocument::parse(text).map_err(|message| Problems::one("/documentFile", message))?;
                let mut problems = Problems::default();
                check_document("/documentFile", &document, &mut problems);
                // Pointers lead into the file from here on, so the place in the entry is the file's name.
                problems.0.iter_mut().for_each(|problem| problem.pointer = "/documentFile".into());
                if !problems.is_empty() {
                    return Err(problems);
                }
                document
            }
        };
        let group = |target: Target| Reference::arn(&target.group, |name| thing_group::arn(scope.place, name));
        Ok(State { document, attach_to: spec.attach_to.into_iter().map(group).collect() })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    /// The policy that marks certificates counts as an object of its own only when it marks none any more: then it
    /// is a leftover.
    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.iot.get_policy().policy_name(name).send();
        let Some(found) = cx.call("iot:GetPolicy", get).await.optional()? else { return Ok(None) };
        let Some(targets) = targets(cx, name).await.optional()? else { return Ok(None) };
        if mark::is_mark(name) && !targets.is_empty() {
            return Ok(None);
        }
        let state = State {
            document: PolicyDocument::live(found.policy_document().unwrap_or_default()),
            attach_to: targets.into_iter().filter(|target| is_group(target)).collect(),
        };
        let Some(tags) = iot_tags::read(cx, &arn(cx.place(), name)).await.optional()? else { return Ok(None) };
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        let document = desired.document.wire();
        cx.call("iot:CreatePolicy", || {
            let request = cx.session.clients.iot.create_policy().policy_name(name).policy_document(&document);
            request.set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        attach(cx, name, &BTreeSet::new(), &desired.attach_to).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        if live.state.document != desired.document {
            make_room(cx, &live.id).await?;
            let document = desired.document.wire();
            cx.call("iot:CreatePolicyVersion", || {
                let request = cx.session.clients.iot.create_policy_version().policy_name(&live.id);
                request.policy_document(&document).set_as_default(true).send()
            })
            .await?;
        }
        attach(cx, &live.id, &live.state.attach_to, &desired.attach_to).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        let Some(targets) = targets(cx, &live.id).await.optional()? else { return Ok(()) };
        if mark::is_mark(&live.id) && !targets.is_empty() {
            return Ok(());
        }
        for target in &targets {
            detach(cx, &live.id, target).await?;
        }
        for (version, _) in unused_versions(cx, &live.id).await.optional()?.unwrap_or_default() {
            delete_version(cx, &live.id, &version).await?;
        }
        cx.call("iot:DeletePolicy", || iot.delete_policy().policy_name(&live.id).send()).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_policies().page_size(250).set_marker(token).send();
        let pages = pages::all(cx, "iot:ListPolicies", list, |page| page.next_marker()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.policies())
            .filter_map(|found| found.policy_name().map(str::to_owned))
            .collect())
    }
}

fn check_document(pointer: &str, document: &PolicyDocument, problems: &mut Problems) {
    document.check(pointer, PolicyUse::Identity, problems);
    let size = document.size();
    if size > LARGEST {
        let message = format!("the document has {size} characters without white space; AWS IoT allows {LARGEST}");
        problems.push_help(pointer, message, "split it: a certificate or group can have several policies");
    }
}

fn is_group(target: &str) -> bool {
    target.contains(":thinggroup/")
}

/// ARNs of all that the policy is attached to: certificates, thing groups, Cognito identities.
pub async fn targets(cx: &Context, name: &str) -> Result<Vec<String>, AwsError> {
    let list = |token| {
        cx.session.clients.iot.list_targets_for_policy().policy_name(name).page_size(250).set_marker(token).send()
    };
    let pages = pages::all(cx, "iot:ListTargetsForPolicy", list, |page| page.next_marker()).await?;
    Ok(pages.iter().flat_map(|page| page.targets()).cloned().collect())
}

async fn attach(cx: &Context, name: &str, live: &BTreeSet<String>, desired: &BTreeSet<String>) -> Result<(), AwsError> {
    for target in desired.difference(live) {
        attach_one(cx, name, target).await?;
    }
    for target in live.difference(desired) {
        detach(cx, name, target).await?;
    }
    Ok(())
}

pub async fn attach_one(cx: &Context, name: &str, target: &str) -> Result<(), AwsError> {
    let attach = || cx.session.clients.iot.attach_policy().policy_name(name).target(target).send();
    cx.call("iot:AttachPolicy", attach).await?;
    Ok(())
}

pub async fn detach(cx: &Context, name: &str, target: &str) -> Result<(), AwsError> {
    let detach = || cx.session.clients.iot.detach_policy().policy_name(name).target(target).send();
    cx.call("iot:DetachPolicy", detach).await.optional()?;
    Ok(())
}

/// Versions that are not the default, by age, the oldest first.
async fn unused_versions(cx: &Context, name: &str) -> Result<Vec<(String, i64)>, AwsError> {
    let list = || cx.session.clients.iot.list_policy_versions().policy_name(name).send();
    let found = cx.call("iot:ListPolicyVersions", list).await?;
    let unused = found.policy_versions().iter().filter(|version| !version.is_default_version());
    // Versions are counted up, so the number tells the age even within one second.
    let mut unused: Vec<_> = unused
        .filter_map(|version| version.version_id())
        .map(|id| (id.to_owned(), id.parse().unwrap_or(i64::MAX)))
        .collect();
    unused.sort_by_key(|(_, number)| *number);
    Ok(unused)
}

async fn make_room(cx: &Context, name: &str) -> Result<(), AwsError> {
    let unused = unused_versions(cx, name).await?;
    // One of the versions is the default.
    let surplus = (unused.len() + 2).saturating_sub(VERSIONS);
    for (version, _) in unused.iter().take(surplus) {
        delete_version(cx, name, version).await?;
    }
    Ok(())
}

async fn delete_version(cx: &Context, name: &str, version: &str) -> Result<(), AwsError> {
    cx.call("iot:DeletePolicyVersion", || {
        cx.session.clients.iot.delete_policy_version().policy_name(name).policy_version_id(version).send()
    })
    .await
    .optional()?;
    Ok(())
}
