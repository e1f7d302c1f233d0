//! IAM roles: who may assume them, and what they may do.
//!
//! A role has the path `/fleetctl/FLEET/`, by which the roles of a fleet are found: the tagging index does not know
//! roles. Attached and inline policies belong to the role, so one that is not declared is removed.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::managed_policy;
use super::names::{NameRule, check_length};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iam_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Role;

/// The inline policy that `allow` is compiled to.
const ALLOW_POLICY: &str = "fleetctl";

/// `[\w+=,.@-]+`, 1–64 (API:roleNameType).
const ROLE_NAME: NameRule = NameRule { others: "_+=,.@-", longest: 64, source: "API:roleNameType" };

/// An IAM role. Its path is `/fleetctl/FLEET/`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// Who may assume the role: service names such as `lambda.amazonaws.com`, accounts (twelve digits, in quotes), and
    /// ARNs of roles or users. Compiled to a trust policy. AWS IoT (`iot.amazonaws.com`) may assume the role on behalf
    /// of this account only (condition `aws:SourceAccount`), as AWS recommends against the confused deputy; write
    /// `trust` for other conditions.
    trusted_by: Vec<String>,
    /// The whole trust policy instead of `trustedBy`.
    trust: Option<PolicyDocument>,
    /// Managed policies to attach. A bare name is one of this spec's `managedPolicies`. A name with a slash is managed
    /// by AWS: `service-role/AWSIoTDeviceDefenderAudit`, or `policy/AWSIoTFullAccess` for one without a path. An ARN
    /// names any other.
    managed_policies: Vec<String>,
    /// What the role may do. Compiled to the inline policy `fleetctl`.
    allow: Vec<Allow>,
    /// Inline policies: name to policy document.
    inline_policies: BTreeMap<String, PolicyDocument>,
    /// At most 1000 characters.
    description: String,
    /// Seconds that a session may last at most: 3600 to 43200, by default 3600.
    max_session_duration: Option<i32>,
    /// The managed policy that bounds what the role may do, named as in `managedPolicies`.
    permissions_boundary: Option<String>,
}

/// One statement with the effect Allow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Allow {
    /// Actions such as `sns:Publish`; `*` stands for any characters.
    actions: Vec<String>,
    /// ARNs, or `*`.
    resources: Vec<String>,
    /// AWS's `Condition`: operator, to key, to value or list of values.
    #[serde(default)]
    conditions: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    trust: PolicyDocument,
    /// ARNs.
    managed_policies: BTreeSet<String>,
    inline_policies: BTreeMap<String, PolicyDocument>,
    description: String,
    max_session_duration: i32,
    /// An ARN.
    permissions_boundary: Option<String>,
}

/// The path of a fleet's roles and managed policies.
pub fn path(fleet: &str) -> String {
    format!("/fleetctl/{fleet}/")
}

pub fn arn(place: &Place, fleet: &str, name: &str) -> String {
    place.global_arn("iam", format_args!("role{}{name}", path(fleet)))
}

/// The name of a managed policy of this spec, unless the text is an ARN or names one of AWS's.
fn own_policy(text: &str, pointer: String) -> Option<Reference> {
    if text.contains('/') { None } else { Reference::to(managed_policy::SECTION, text, pointer) }
}

fn policy_arn(text: &str, scope: &Scope) -> String {
    if text.starts_with("arn:") {
        text.to_owned()
    } else if text.contains('/') {
        format!("arn:{}:iam::aws:policy/{}", scope.place.partition, text.strip_prefix("policy/").unwrap_or(text))
    } else {
        managed_policy::arn(scope.place, scope.fleet, text)
    }
}

fn is_service(principal: &str) -> bool {
    principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn")
}

fn is_account(principal: &str) -> bool {
    principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit())
}

/// Compiles `trustedBy`. Services that are known to say for which account they act get a statement of their own
/// (IoT developer guide, "Cross-service confused deputy prevention", also for Device Defender).
fn trust(trusted_by: &[String], account: &str) -> PolicyDocument {
    let (services, others): (Vec<&String>, _) = trusted_by.iter().partition(|principal| is_service(principal));
    let (telling, silent): (Vec<_>, _) = services.into_iter().partition(|service| *service == "iot.amazonaws.com");
    let statement = |kind: &str, principals: Vec<&String>, conditions: Option<Value>| {
        let mut statement = json!({ "Effect": "Allow", "Principal": { kind: principals }, "Action": "sts:AssumeRole" });
        if let Some(conditions) = conditions {
            statement["Condition"] = conditions;
        }
        (!principals.is_empty()).then_some(statement)
    };
    let own_account = json!({ "StringEquals": { "aws:SourceAccount": account } });
    let statements = [
        statement("Service", telling, Some(own_account)),
        statement("Service", silent, None),
        statement("AWS", others, None),
    ];
    PolicyDocument::of(statements.into_iter().flatten().collect())
}

fn allowed(allow: &[Allow]) -> PolicyDocument {
    let statement = |allow: &Allow| {
        let mut statement = json!({ "Effect": "Allow", "Action": allow.actions, "Resource": allow.resources });
        if !allow.conditions.is_empty() {
            statement["Condition"] = json!(allow.conditions);
        }
        statement
    };
    PolicyDocument::of(allow.iter().map(statement).collect())
}

fn check_trust(spec: &Spec, problems: &mut Problems) {
    match (&spec.trust, spec.trusted_by.is_empty()) {
        (Some(document), true) => document.check("/trust", PolicyUse::Trust, problems),
        (Some(_), false) => problems.push("/trust", "`trust` and `trustedBy` exclude each other"),
        (None, false) => {}
        (None, true) => problems.push_help(
            "",
            "nobody may assume this role",
            "say `trustedBy: [lambda.amazonaws.com]`, or write the whole policy under `trust`",
        ),
    }
    for (index, principal) in spec.trusted_by.iter().enumerate() {
        if !is_service(principal) && !is_account(principal) && !principal.starts_with("arn:") {
            problems.push_help(
                format!("/trustedBy/{index}"),
                format!("`{principal}` is no service, account or ARN"),
                "services end with `.amazonaws.com`, accounts have twelve digits",
            );
        }
    }
}

fn check_policies(spec: &Spec, problems: &mut Problems) {
    for (index, allow) in spec.allow.iter().enumerate() {
        if allow.actions.is_empty() || allow.resources.is_empty() {
            problems.push(format!("/allow/{index}"), "an entry needs at least one action and one resource");
        }
        for (position, action) in allow.actions.iter().enumerate() {
            if action != "*" && !action.contains(':') {
                let message = format!("`{action}` is no action; actions look like `sns:Publish`");
                problems.push(format!("/allow/{index}/actions/{position}"), message);
            }
        }
    }
    let names = NameRule { longest: 128, source: "API:policyNameType", ..ROLE_NAME };
    for (name, document) in &spec.inline_policies {
        let pointer = format!("/inlinePolicies/{}", crate::spec::node::pointer_token(name));
        names.check_at(&pointer, name, problems);
        document.check(&pointer, PolicyUse::Identity, problems);
        if name == ALLOW_POLICY && !spec.allow.is_empty() {
            problems
                .push(&pointer, format!("`allow` is written to the inline policy `{ALLOW_POLICY}`; take another name"));
        }
    }
    let allow = if spec.allow.is_empty() { 0 } else { allowed(&spec.allow).size() };
    let size = allow + spec.inline_policies.values().map(PolicyDocument::size).sum::<usize>();
    if size > 10_240 {
        problems.push_help(
            "",
            format!(
                "the inline policies of a role have at most 10240 characters in all; these have {size} (IAM quotas)"
            ),
            "move statements to `managedPolicies`",
        );
    }
}

impl Kind for Role {
    const SECTION: &'static str = "roles";
    const NOUN: &'static str = "role";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 15;
    const ATTRIBUTES: &'static [&'static str] = &["arn", "name"];
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        ROLE_NAME.check(name, problems);
        check_length("/description", &spec.description, 1000, "API:roleDescriptionType", problems);
        let latin = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
        if let Some(other) = spec.description.chars().find(|c| !latin(*c)) {
            let message = format!("`{other}` is not allowed here: IAM takes Latin-1 only (API:roleDescriptionType)");
            problems.push("/description", message);
        }
        if spec.max_session_duration.is_some_and(|seconds| !(3600..=43200).contains(&seconds)) {
            problems.push("/maxSessionDuration", "a session lasts 3600 to 43200 seconds (API:CreateRole)");
        }
        check_trust(spec, problems);
        check_policies(spec, problems);
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let attached = spec.managed_policies.iter().enumerate();
        let attached = attached.filter_map(|(index, text)| own_policy(text, format!("/managedPolicies/{index}")));
        let boundary = spec.permissions_boundary.iter();
        attached.chain(boundary.filter_map(|text| own_policy(text, "/permissionsBoundary".into()))).collect()
    }

    /// IAM checks the principals of a trust policy, but not the resources of other policies.
    fn orders(pointer: &str) -> bool {
        !pointer.starts_with("/allow") && !pointer.starts_with("/inlinePolicies")
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let mut inline_policies = spec.inline_policies;
        if !spec.allow.is_empty() {
            inline_policies.insert(ALLOW_POLICY.into(), allowed(&spec.allow));
        }
        Ok(State {
            trust: spec.trust.unwrap_or_else(|| trust(&spec.trusted_by, &scope.place.account)),
            managed_policies: spec.managed_policies.iter().map(|text| policy_arn(text, scope)).collect(),
            inline_policies,
            description: spec.description,
            max_session_duration: spec.max_session_duration.unwrap_or(3600),
            permissions_boundary: spec.permissions_boundary.map(|text| policy_arn(&text, scope)),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        match attribute {
            "arn" => Some(arn(scope.place, scope.fleet, name)),
            "name" => Some(name.to_owned()),
            _ => None,
        }
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.iam.get_role().role_name(name).send();
        let Some(found) = cx.call("iam:GetRole", get).await.optional()? else { return Ok(None) };
        let Some(role) = found.role() else { return Ok(None) };
        let Some(managed_policies) = attached(cx, name).await.optional()? else { return Ok(None) };
        let Some(inline_policies) = inline(cx, name).await.optional()? else { return Ok(None) };
        let state = State {
            trust: PolicyDocument::live(role.assume_role_policy_document().unwrap_or_default()),
            managed_policies,
            inline_policies,
            description: role.description().unwrap_or_default().to_owned(),
            max_session_duration: role.max_session_duration().unwrap_or(3600),
            permissions_boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
        };
        Ok(Some(Live { id: name.to_owned(), state, tags: iam_tags::read(role.tags()), version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iam:CreateRole", || {
            let request = cx.session.clients.iam.create_role().role_name(name).path(path(&cx.mark.fleet));
            let request = request.assume_role_policy_document(desired.trust.wire());
            let request = request.description(&desired.description).max_session_duration(desired.max_session_duration);
            let request = request.set_permissions_boundary(desired.permissions_boundary.clone());
            request.set_tags(iam_tags::wire(&cx.tags())).send()
        })
        .await?;
        set_attached(cx, name, &BTreeSet::new(), &desired.managed_policies).await?;
        set_inline(cx, name, &BTreeMap::new(), &desired.inline_policies).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let (iam, name, state) = (&cx.session.clients.iam, &live.id, &live.state);
        if state.trust != desired.trust {
            cx.call("iam:UpdateAssumeRolePolicy", || {
                iam.update_assume_role_policy().role_name(name).policy_document(desired.trust.wire()).send()
            })
            .await?;
        }
        if state.description != desired.description || state.max_session_duration != desired.max_session_duration {
            cx.call("iam:UpdateRole", || {
                let request = iam.update_role().role_name(name).description(&desired.description);
                request.max_session_duration(desired.max_session_duration).send()
            })
            .await?;
        }
        if state.permissions_boundary != desired.permissions_boundary {
            set_boundary(cx, name, desired.permissions_boundary.as_deref()).await?;
        }
        set_attached(cx, name, &state.managed_policies, &desired.managed_policies).await?;
        set_inline(cx, name, &state.inline_policies, &desired.inline_policies).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let iam = &cx.session.clients.iam;
        if !change.set.is_empty() {
            let tag = || iam.tag_role().role_name(&live.id).set_tags(iam_tags::wire(&change.set)).send();
            cx.call("iam:TagRole", tag).await?;
        }
        if !change.remove.is_empty() {
            let untag = || iam.untag_role().role_name(&live.id).set_tag_keys(Some(change.remove.clone())).send();
            cx.call("iam:UntagRole", untag).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        set_attached(cx, &live.id, &live.state.managed_policies, &BTreeSet::new()).await?;
        set_inline(cx, &live.id, &live.state.inline_policies, &BTreeMap::new()).await?;
        let delete = || cx.session.clients.iam.delete_role().role_name(&live.id).send();
        cx.call("iam:DeleteRole", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let iam = &cx.session.clients.iam;
        let list = |marker| iam.list_roles().path_prefix(path(&cx.mark.fleet)).set_marker(marker).send();
        let pages = pages::all(cx, "iam:ListRoles", list, |page| page.marker()).await?;
        Ok(pages.iter().flat_map(|page| page.roles()).map(|role| role.role_name().to_owned()).collect())
    }
}

async fn attached(cx: &Context, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| iam.list_attached_role_policies().role_name(name).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListAttachedRolePolicies", list, |page| page.marker()).await?;
    let policies = pages.iter().flat_map(|page| page.attached_policies());
    Ok(policies.filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect())
}

async fn inline(cx: &Context, name: &str) -> Result<BTreeMap<String, PolicyDocument>, AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| iam.list_role_policies().role_name(name).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListRolePolicies", list, |page| page.marker()).await?;
    let mut documents = BTreeMap::new();
    for policy in pages.iter().flat_map(|page| page.policy_names()) {
        let get = || iam.get_role_policy().role_name(name).policy_name(policy).send();
        let found = cx.call("iam:GetRolePolicy", get).await?;
        documents.insert(policy.clone(), PolicyDocument::live(found.policy_document()));
    }
    Ok(documents)
}

async fn set_boundary(cx: &Context, name: &str, arn: Option<&str>) -> Result<(), AwsError> {
    let iam = &cx.session.clients.iam;
    match arn {
        Some(arn) => {
            let put = || iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send();
            cx.call("iam:PutRolePermissionsBoundary", put).await?;
        }
        None => {
            let delete = || iam.delete_role_permissions_boundary().role_name(name).send();
            cx.call("iam:DeleteRolePermissionsBoundary", delete).await.optional()?;
        }
    }
    Ok(())
}

/// Removes before it adds: a role has room for ten attachments only (IAM quotas), and all may change at once.
async fn set_attached(
    cx: &Context,
    name: &str,
    live: &BTreeSet<String>,
    desired: &BTreeSet<String>,
) -> Result<(), AwsError> {
    let iam = &cx.session.clients.iam;
    for arn in live.difference(desired) {
        let detach = || iam.detach_role_policy().role_name(name).policy_arn(arn).send();
        cx.call("iam:DetachRolePolicy", detach).await.optional()?;
    }
    for arn in desired.difference(live) {
        let attach = || iam.attach_role_policy().role_name(name).policy_arn(arn).send();
        cx.call("iam:AttachRolePolicy", attach).await?;
    }
    Ok(())
}

/// Removes before it adds, for the same reason: the size of all inline policies together is bounded.
async fn set_inline(
    cx: &Context,
    name: &str,
    live: &BTreeMap<String, PolicyDocument>,
    desired: &BTreeMap<String, PolicyDocument>,
) -> Result<(), AwsError> {
    let iam = &cx.session.clients.iam;
    for policy in live.keys().filter(|policy| !desired.contains_key(*policy)) {
        let delete = || iam.delete_role_policy().role_name(name).policy_name(policy).send();
        cx.call("iam:DeleteRolePolicy", delete).await.optional()?;
    }
    for (policy, document) in desired.iter().filter(|(policy, document)| live.get(*policy) != Some(document)) {
        let put = || iam.put_role_policy().role_name(name).policy_name(policy).policy_document(document.wire()).send();
        cx.call("iam:PutRolePolicy", put).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(value: Value) -> Spec {
        serde_json::from_value(value).unwrap()
    }

    fn state(value: Value) -> State {
        let place = Place::new("123456789012", "eu-west-1");
        let scope = Scope { fleet: "factory", place: &place, name: "defender", files: &BTreeMap::new(), invokers: &[] };
        Role::desired(spec(value), &scope).unwrap()
    }

    #[test]
    fn trust_by_name_is_the_policy_one_would_write() {
        let sugar = state(json!({ "trustedBy": ["lambda.amazonaws.com", "iot.amazonaws.com", "210987654321"] }));
        let written = state(json!({ "trust": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "iot.amazonaws.com" }, "Action": "sts:AssumeRole",
              "Condition": { "StringEquals": { "aws:SourceAccount": "123456789012" } } },
            { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" }, "Action": "sts:AssumeRole" },
        ] } }));
        assert_eq!(sugar.trust, written.trust);
    }

    #[test]
    fn a_slash_tells_policies_of_aws_from_those_of_the_spec() {
        let value = json!({ "trustedBy": ["iot.amazonaws.com"], "permissionsBoundary": "limits", "managedPolicies":
            ["service-role/AWSIoTDeviceDefenderAudit", "policy/AWSIoTFullAccess", "own", "arn:aws:iam::1:policy/x"] });
        let references = Role::references(&spec(value.clone()));
        let found: Vec<_> = references.iter().map(|r| (r.pointer.as_str(), r.name.as_str())).collect();
        assert_eq!(found, [("/managedPolicies/2", "own"), ("/permissionsBoundary", "limits")]);
        assert_eq!(
            Vec::from_iter(state(value).managed_policies),
            [
                "arn:aws:iam::123456789012:policy/fleetctl/factory/own",
                "arn:aws:iam::1:policy/x",
                "arn:aws:iam::aws:policy/AWSIoTFullAccess",
                "arn:aws:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit",
            ]
        );
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        let mut problems = Problems::default();
        let bad = spec(json!({ "trustedBy": ["lambda", "iot.amazonaws.com"], "trust": { "Statement": [] },
            "maxSessionDuration": 60, "description": "→", "allow": [{ "actions": ["Publish"], "resources": [] }],
            "inlinePolicies": { "fleetctl": { "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } } } }));
        Role::check("a/b", &bad, &mut problems);
        let found: Vec<_> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            found,
            [
                "",
                "/description",
                "/maxSessionDuration",
                "/trust",
                "/trustedBy/0",
                "/allow/0",
                "/allow/0/actions/0",
                "/inlinePolicies/fleetctl",
            ]
        );
    }
}
