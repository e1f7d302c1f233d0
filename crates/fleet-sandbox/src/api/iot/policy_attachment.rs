//! Which policies are attached to which certificates, Cognito identities and thing groups.
//!
//! Sources: API:AttachPolicy, API:DetachPolicy (which declares no "not found": a policy that is not
//! there is InvalidRequestException, one that is not attached no error), API:ListAttachedPolicies;
//! General Reference (ten policies a principal, two a group). A detached policy can be deleted after
//! `realism.iot_detachment`.

use serde_json::{Value, json};

use super::policy::{self, MARKERS, POLICIES, reference};
use super::refusal::{invalid, limit, not_found};
use super::relation::Relation;
use super::thing_group::{THING_GROUPS, ancestors};
use super::{certificate, detachment};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::page;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("AttachPolicy", attach_policy),
    ("DetachPolicy", detach_policy),
    ("ListAttachedPolicies", list_attached_policies),
    ("ListTargetsForPolicy", list_targets_for_policy),
    ("ListPolicyPrincipals", list_policy_principals),
];

/// Policies and their targets.
const ATTACHMENTS: Relation = Relation { forward: "iot.target-of-policy", backward: "iot.policy-of-target" };
const MAX_PER_PRINCIPAL: usize = 10;
const MAX_PER_GROUP: usize = 2;

/// Targets of a policy.
pub fn targets<'t>(tx: &'t Tx<'_>, policy: &str) -> impl Iterator<Item = &'t str> {
    ATTACHMENTS.rights(tx, policy).into_iter().map(|(target, _)| target)
}

/// Policies of a target.
pub fn of_target<'t>(tx: &'t Tx<'_>, target: &str) -> impl Iterator<Item = &'t str> {
    ATTACHMENTS.lefts(tx, target).into_iter().map(|(policy, _)| policy)
}

/// Ends all attachments to a target.
pub fn forget_target(tx: &mut Tx<'_>, target: &str) {
    ATTACHMENTS.remove_right(tx, target);
}

fn attach_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, target) = (request.need("policyName")?, request.need("target")?);
    policy::find(tx, name)?;
    let most = if check_target(tx, request, target)?.is_some() { MAX_PER_GROUP } else { MAX_PER_PRINCIPAL };
    if of_target(tx, target).filter(|attached| *attached != name).count() >= most {
        return Err(limit(format!("The target {target} already has {most} policies.")));
    }
    ATTACHMENTS.put(tx, name, target, json!({}));
    Ok(json!({}))
}

fn detach_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, target) = (request.need("policyName")?, request.need("target")?);
    if !tx.has(POLICIES, name) {
        return Err(invalid(format!("Policy {name} not found.")));
    }
    if ATTACHMENTS.remove(tx, name, target) {
        detachment::note(tx, request, &format!("policy/{name}"));
    }
    Ok(json!({}))
}

/// With `recursive`, a group's own policies and those of the groups above it.
fn list_attached_policies(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let target = request.need("target")?;
    let group = check_target(tx, request, target)?;
    let mut within = vec![target];
    if let (Some(group), Some(true)) = (group, request.flag("recursive")) {
        within.extend(ancestors(tx, group).into_iter().filter_map(|above| above["thingGroupArn"].as_str()));
    }
    let names: std::collections::BTreeSet<&str> = within.into_iter().flat_map(|target| of_target(tx, target)).collect();
    let policies = names.into_iter().filter_map(|name| Some((name.to_owned(), reference(tx.get(POLICIES, name)?))));
    let (policies, next) = page(request, &MARKERS, policies)?;
    Ok(json!({ "policies": policies, "nextMarker": next }))
}

fn list_targets_for_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("policyName")?;
    policy::find(tx, name)?;
    let (targets, next) = page(request, &MARKERS, targets(tx, name).map(|target| (target.to_owned(), target)))?;
    Ok(json!({ "targets": targets, "nextMarker": next }))
}

/// The older form of ListTargetsForPolicy: principals only, no groups.
fn list_policy_principals(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("policyName")?;
    policy::find(tx, name)?;
    let groups = request.arn("iot", "thinggroup/");
    let principals = targets(tx, name).filter(|target| !target.starts_with(&groups));
    let (principals, next) = page(request, &MARKERS, principals.map(|target| (target.to_owned(), target)))?;
    Ok(json!({ "principals": principals, "nextMarker": next }))
}

/// Checks a target; the answer is the group's name if it is one.
fn check_target<'r>(tx: &Tx<'_>, request: &Request, target: &'r str) -> Result<Option<&'r str>, AwsError> {
    let Some(group) = target.strip_prefix(&request.arn("iot", "thinggroup/")) else {
        return certificate::check_principal(tx, request, target).map(|()| None);
    };
    if tx.has(THING_GROUPS, group) { Ok(Some(group)) } else { Err(not_found("Thing group", group)) }
}
