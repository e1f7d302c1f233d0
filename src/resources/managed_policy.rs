//! IAM managed policies of the fleet.
//!
//! The document changes by version: a new one becomes the default, and of the five that IAM keeps the oldest unused
//! one goes. A policy has the path `/fleetctl/FLEET/`, by which it is found.

use aws_sdk_iam::types::{Policy, PolicyScopeType, PolicyUsageType, PolicyVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{NameRule, check_length};
use super::role;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iam_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::scope::{FileForm, FileRequest, Place, Problems, Scope};

pub struct ManagedPolicy;

pub const SECTION: &str = "managedPolicies";

/// Versions that IAM keeps of one policy (IAM quotas).
const VERSIONS: usize = 5;

/// `[\w+=,.@-]+`, 1–128 (API:policyNameType).
const POLICY_NAME: NameRule = NameRule { others: "_+=,.@-", longest: 128, source: "API:policyNameType" };

/// An IAM managed policy. Its path is `/fleetctl/FLEET/`. Roles of this spec attach it by its name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// The policy document.
    document: Option<PolicyDocument>,
    /// A JSON file with the policy document, instead of `document`.
    document_file: Option<String>,
    /// At most 1000 characters. It cannot be changed later: AWS has no call for that, so the policy is replaced.
    description: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    document: PolicyDocument,
    description: String,
}

pub fn arn(place: &Place, fleet: &str, name: &str) -> String {
    place.global_arn("iam", format_args!("policy{}{name}", role::path(fleet)))
}

fn check_document(document: &PolicyDocument, pointer: &str, problems: &mut Problems) {
    document.check(pointer, PolicyUse::Identity, problems);
    let size = document.size();
    if size > 6144 {
        let message =
            format!("a managed policy has at most 6144 characters, white space aside; this has {size} (IAM quotas)");
        problems.push_help(pointer, message, "split it; a role may have ten managed policies");
    }
}

impl Kind for ManagedPolicy {
    const SECTION: &'static str = SECTION;
    const NOUN: &'static str = "managed policy";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 12;
    const ADOPTABLE: bool = false;
    const ATTRIBUTES: &'static [&'static str] = &["arn", "name"];
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        POLICY_NAME.check(name, problems);
        check_length("/description", &spec.description, 1000, "API:policyDescriptionType", problems);
        match (&spec.document, &spec.document_file) {
            (Some(document), None) => check_document(document, "/document", problems),
            (None, Some(_)) => {}
            (Some(_), Some(_)) => problems.push("/documentFile", "`document` and `documentFile` exclude each other"),
            (None, None) => problems.push("", "a managed policy needs `document` or `documentFile`"),
        }
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        let request =
            |path: &String| FileRequest { pointer: "/documentFile".into(), path: path.clone(), form: FileForm::Text };
        spec.document_file.iter().map(request).collect()
    }

    /// IAM does not look whether the resources that a policy names exist.
    fn orders(_pointer: &str) -> bool {
        false
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let document = match (spec.document, spec.document_file) {
            (Some(document), _) => document,
            (None, path) => {
                let text = path.as_deref().and_then(|path| scope.text(path));
                let text = text.ok_or_else(|| Problems::one("/documentFile", "the policy document was not read"))?;
                let document = PolicyDocument::parse(text).map_err(|error| Problems::one("/documentFile", error))?;
                let mut problems = Problems::default();
                check_document(&document, "", &mut problems);
                if !problems.is_empty() {
                    return Err(in_file(problems));
                }
                document
            }
        };
        Ok(State { document, description: spec.description })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        match attribute {
            "arn" => Some(arn(scope.place, scope.fleet, name)),
            "name" => Some(name.to_owned()),
            _ => None,
        }
    }

    fn replaces(path: &str) -> bool {
        path == "/description"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let (iam, mut arn) = (&cx.session.clients.iam, own_arn(cx, name));
        let mut found = cx.call("iam:GetPolicy", || iam.get_policy().policy_arn(&arn).send()).await.optional()?;
        if found.is_none() {
            // A name is taken whatever its path (IAM User Guide, "IAM identifiers"), so a foreign one is looked for.
            let Some(foreign) = local(cx, None).await?.into_iter().find(|policy| policy.policy_name() == Some(name))
            else {
                return Ok(None);
            };
            arn = foreign.arn().unwrap_or_default().to_owned();
            found = cx.call("iam:GetPolicy", || iam.get_policy().policy_arn(&arn).send()).await.optional()?;
        }
        let Some(found) = found else { return Ok(None) };
        let Some(policy) = found.policy() else { return Ok(None) };
        let version = policy.default_version_id().unwrap_or("v1");
        let get = || iam.get_policy_version().policy_arn(&arn).version_id(version).send();
        let Some(found) = cx.call("iam:GetPolicyVersion", get).await.optional()? else { return Ok(None) };
        let document = found.policy_version().and_then(|version| version.document()).unwrap_or_default();
        let state = State {
            document: PolicyDocument::live(document),
            description: policy.description().unwrap_or_default().to_owned(),
        };
        Ok(Some(Live { id: name.to_owned(), state, tags: iam_tags::read(policy.tags()), version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iam:CreatePolicy", || {
            let request = cx.session.clients.iam.create_policy().policy_name(name).path(role::path(&cx.mark.fleet));
            let request = request.policy_document(desired.document.wire()).description(&desired.description);
            request.set_tags(iam_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        if live.state.document == desired.document {
            return Ok(());
        }
        let (iam, arn) = (&cx.session.clients.iam, own_arn(cx, &live.id));
        for version in superfluous(versions(cx, &arn).await?, VERSIONS - 1) {
            let delete = || iam.delete_policy_version().policy_arn(&arn).version_id(&version).send();
            cx.call("iam:DeletePolicyVersion", delete).await.optional()?;
        }
        cx.call("iam:CreatePolicyVersion", || {
            let request = iam.create_policy_version().policy_arn(&arn);
            request.policy_document(desired.document.wire()).set_as_default(true).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let (iam, arn) = (&cx.session.clients.iam, own_arn(cx, &live.id));
        if !change.set.is_empty() {
            let tag = || iam.tag_policy().policy_arn(&arn).set_tags(iam_tags::wire(&change.set)).send();
            cx.call("iam:TagPolicy", tag).await?;
        }
        if !change.remove.is_empty() {
            let untag = || iam.untag_policy().policy_arn(&arn).set_tag_keys(Some(change.remove.clone())).send();
            cx.call("iam:UntagPolicy", untag).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let (iam, arn) = (&cx.session.clients.iam, own_arn(cx, &live.id));
        detach(cx, &arn).await?;
        let Some(versions) = versions(cx, &arn).await.optional()? else { return Ok(()) };
        for version in superfluous(versions, 1) {
            let delete = || iam.delete_policy_version().policy_arn(&arn).version_id(&version).send();
            cx.call("iam:DeletePolicyVersion", delete).await.optional()?;
        }
        cx.call("iam:DeletePolicy", || iam.delete_policy().policy_arn(&arn).send()).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let policies = local(cx, Some(role::path(&cx.mark.fleet))).await?;
        Ok(policies.iter().filter_map(|policy| policy.policy_name().map(str::to_owned)).collect())
    }
}

/// This account's own policies, all or those below a path.
async fn local(cx: &Context, path: Option<String>) -> Result<Vec<Policy>, AwsError> {
    let list = |marker| {
        let request = cx.session.clients.iam.list_policies().scope(PolicyScopeType::Local);
        request.set_path_prefix(path.clone()).set_marker(marker).send()
    };
    let pages = pages::all(cx, "iam:ListPolicies", list, |page| page.marker()).await?;
    Ok(pages.iter().flat_map(|page| page.policies()).cloned().collect())
}

fn own_arn(cx: &Context, name: &str) -> String {
    arn(cx.place(), &cx.mark.fleet, name)
}

/// The spec has only the file's name to point at, so the place within the file goes into the message.
fn in_file(problems: Problems) -> Problems {
    let mut moved = Problems::default();
    for problem in problems.0 {
        let message = match problem.pointer.is_empty() {
            true => problem.message,
            false => format!("at {} of the file: {}", problem.pointer, problem.message),
        };
        match problem.help {
            Some(help) => moved.push_help("/documentFile", message, help),
            None => moved.push("/documentFile", message),
        }
    }
    moved
}

async fn versions(cx: &Context, arn: &str) -> Result<Vec<PolicyVersion>, AwsError> {
    let list = |marker| cx.session.clients.iam.list_policy_versions().policy_arn(arn).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListPolicyVersions", list, |page| page.marker()).await?;
    Ok(pages.iter().flat_map(|page| page.versions()).cloned().collect())
}

/// The oldest versions beyond `room`, the default one excepted. Versions count up: `v2` is older than `v10`.
fn superfluous(versions: Vec<PolicyVersion>, room: usize) -> Vec<String> {
    let excess = versions.len().saturating_sub(room);
    let number = |id: &str| id.trim_start_matches('v').split('.').next().and_then(|digits| digits.parse().ok());
    let mut unused: Vec<(u64, String)> = versions
        .iter()
        .filter(|version| !version.is_default_version())
        .filter_map(|version| version.version_id())
        .map(|id| (number(id).unwrap_or(0), id.to_owned()))
        .collect();
    unused.sort();
    unused.into_iter().take(excess).map(|(_, id)| id).collect()
}

/// Detaches the policy from everything, also from what others attached it to: IAM deletes no attached policy. Uses as
/// a permissions boundary are left, since to lift a boundary is to grant; IAM then refuses the deletion.
async fn detach(cx: &Context, arn: &str) -> Result<(), AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| {
        let request = iam.list_entities_for_policy().policy_arn(arn);
        request.policy_usage_filter(PolicyUsageType::PermissionsPolicy).set_marker(marker).send()
    };
    let pages = pages::all(cx, "iam:ListEntitiesForPolicy", list, |page| page.marker()).await;
    let Some(pages) = pages.optional()? else { return Ok(()) };
    for role in pages.iter().flat_map(|page| page.policy_roles()).filter_map(|role| role.role_name()) {
        let detach = || iam.detach_role_policy().role_name(role).policy_arn(arn).send();
        cx.call("iam:DetachRolePolicy", detach).await.optional()?;
    }
    for user in pages.iter().flat_map(|page| page.policy_users()).filter_map(|user| user.user_name()) {
        let detach = || iam.detach_user_policy().user_name(user).policy_arn(arn).send();
        cx.call("iam:DetachUserPolicy", detach).await.optional()?;
    }
    for group in pages.iter().flat_map(|page| page.policy_groups()).filter_map(|group| group.group_name()) {
        let detach = || iam.detach_group_policy().group_name(group).policy_arn(arn).send();
        cx.call("iam:DetachGroupPolicy", detach).await.optional()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, default: bool) -> PolicyVersion {
        PolicyVersion::builder().version_id(id).is_default_version(default).build()
    }

    #[test]
    fn the_oldest_unused_versions_go() {
        let five = || ["v9", "v10", "v2", "v11", "v3"].map(|id| version(id, id == "v2")).to_vec();
        assert_eq!(superfluous(five(), VERSIONS - 1), ["v3"]);
        assert_eq!(superfluous(five(), 1), ["v3", "v9", "v10", "v11"]);
        assert!(superfluous(vec![version("v1", true), version("v2", false)], VERSIONS - 1).is_empty());
    }

    #[test]
    fn a_document_from_a_file_is_checked_like_an_inline_one() {
        let place = Place::new("123456789012", "eu-west-1");
        let with = |text: &str| {
            let files = [("p.json".to_owned(), crate::scope::FileContent::Text(text.to_owned()))].into();
            let scope = Scope {
                fleet: "factory",
                place: &place,
                name: "p",
                files: &files,
                invokers: &[],
                declared: &crate::scope::alone,
            };
            let spec = Spec { document_file: Some("p.json".into()), ..Spec::default() };
            ManagedPolicy::desired(spec, &scope).map_err(|problems| problems.0[0].message.clone())
        };
        let statement = r#"{ "Effect": "Allow", "Action": "sns:Publish", "Resource": "*" }"#;
        assert!(with(&format!(r#"{{ "Version": "2012-10-17", "Statement": {statement} }}"#)).is_ok());
        assert!(with("{").unwrap_err().contains("not valid JSON"));
        let misspelt = format!(r#"{{ "Statement": [{}] }}"#, statement.replace("Action", "Acton"));
        assert_eq!(
            with(&misspelt).unwrap_err(),
            "at /Statement/0/Acton of the file: a statement has no element `Acton`"
        );
    }
}
