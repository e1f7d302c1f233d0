//! What a role may do: its attached and inline policies, and the boundary of both.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ROLE_NAME, Spec};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::resources::managed_policy;
use crate::resources::names::NameRule;
use crate::scope::{Problems, Reference, Scope};
use crate::spec::node::pointer_token;

/// The inline policy that `allow` is compiled to.
pub const ALLOW_POLICY: &str = "fleetctl";

/// One statement with the effect Allow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allow {
    /// Actions such as `sns:Publish`; `*` stands for any characters.
    actions: Vec<String>,
    /// ARNs, or `*`.
    resources: Vec<String>,
    /// AWS's `Condition`: operator, to key, to value or list of values.
    #[serde(default)]
    conditions: BTreeMap<String, BTreeMap<String, Value>>,
}

/// The name of a managed policy of this spec, unless the text is an ARN or names one of AWS's.
pub fn reference(text: &str, pointer: String) -> Option<Reference> {
    if text.contains('/') { None } else { Reference::to(managed_policy::SECTION, text, pointer) }
}

/// The ARN of a managed policy, whichever way it is named.
pub fn arn(text: &str, scope: &Scope) -> String {
    if text.starts_with("arn:") {
        text.to_owned()
    } else if text.contains('/') {
        format!("arn:{}:iam::aws:policy/{}", scope.place.partition, text.strip_prefix("policy/").unwrap_or(text))
    } else {
        managed_policy::arn(scope.place, scope.fleet, text)
    }
}

/// Compiles `allow`.
pub fn allowed(allow: &[Allow]) -> PolicyDocument {
    let statement = |allow: &Allow| {
        let mut statement = json!({ "Effect": "Allow", "Action": allow.actions, "Resource": allow.resources });
        if !allow.conditions.is_empty() {
            statement["Condition"] = json!(allow.conditions);
        }
        statement
    };
    PolicyDocument::of(allow.iter().map(statement).collect())
}

pub fn check(spec: &Spec, problems: &mut Problems) {
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
        let pointer = format!("/inlinePolicies/{}", pointer_token(name));
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

pub async fn attached(cx: &Context, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| iam.list_attached_role_policies().role_name(name).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListAttachedRolePolicies", list, |page| page.marker()).await?;
    let policies = pages.iter().flat_map(|page| page.attached_policies());
    Ok(policies.filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect())
}

pub async fn inline(cx: &Context, name: &str) -> Result<BTreeMap<String, PolicyDocument>, AwsError> {
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

pub async fn set_boundary(cx: &Context, name: &str, arn: Option<&str>) -> Result<(), AwsError> {
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
pub async fn set_attached(
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
pub async fn set_inline(
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
