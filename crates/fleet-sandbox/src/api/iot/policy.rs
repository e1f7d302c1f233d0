//! IoT policies: a name over up to five versions, one of them in force.
//!
//! Sources: API:CreatePolicy, API:DeletePolicy; the texts of the refused deletion: rebuy-de/aws-nuke
//! issue 374 and pull request 320. Documents are checked as far as `policy_document` says.

use serde_json::{Value, json};

use super::policy_version::{self, versions};
use super::refusal::{exists_because, not_found};
use super::{detachment, policy_attachment, policy_document, tagging};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{Paging, page, page_backwards};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreatePolicy", create_policy),
    ("GetPolicy", get_policy),
    ("DeletePolicy", delete_policy),
    ("ListPolicies", list_policies),
];

/// Collection of policies by name: GetPolicy's members but the document, which is its version's,
/// and `lastVersionId`, the highest number given so far.
pub const POLICIES: &str = "iot.policy";
/// The older form of IoT's lists: `marker`, `pageSize`.
pub const MARKERS: Paging<'static> =
    Paging { token: "marker", size: "pageSize", default: 25, max: 250, invalid: "InvalidRequestException" };

/// The policy as GetPolicy shows it, without document; or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    let mut policy = tx.get(POLICIES, name).cloned().ok_or_else(|| not_found("Policy", name))?;
    if let Some(members) = policy.as_object_mut() {
        members.remove("lastVersionId");
    }
    Ok(policy)
}

/// A policy as lists show it.
pub fn reference(policy: &Value) -> Value {
    json!({ "policyName": policy["policyName"], "policyArn": policy["policyArn"] })
}

/// A page of objects by creation time, newest first unless the caller asks for `ascendingOrder`
/// (API:ListPolicies; the default direction is our choice).
pub fn page_by_creation<'v>(
    request: &Request,
    objects: impl Iterator<Item = (&'v str, &'v Value)>,
    shown: impl Fn(&Value) -> Value,
) -> Result<(Vec<Value>, Option<String>), AwsError> {
    let key =
        |name: &str, object: &Value| format!("{:020}/{name}", object["creationDate"].as_i64().unwrap_or_default());
    let mut keyed: Vec<(String, Value)> = objects.map(|(name, object)| (key(name, object), shown(object))).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    if request.flag("ascendingOrder") == Some(true) {
        return page(request, &MARKERS, keyed);
    }
    keyed.reverse();
    page_backwards(request, &MARKERS, keyed)
}

fn create_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("policyName")?, request.need("policyDocument")?);
    let arn = request.arn("iot", &format!("policy/{name}"));
    if tx.has(POLICIES, name) {
        return Err(exists_because(
            format!("Policy cannot be created - name already exists (name={name})"),
            name,
            &arn,
        ));
    }
    policy_document::check(document)?;
    let policy = json!({
        "policyName": name,
        "policyArn": arn,
        "defaultVersionId": "1",
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
        "generationId": tx.unique(),
    });
    tagging::create(tx, request, &arn)?;
    tx.put(POLICIES, name, policy);
    policy_version::store(tx, request, name, 1, document);
    Ok(json!({ "policyName": name, "policyArn": arn, "policyDocument": document, "policyVersionId": "1" }))
}

fn get_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("policyName")?;
    let mut policy = find(tx, name)?;
    let in_force = policy_version::find(tx, name, policy["defaultVersionId"].as_str().unwrap_or_default())?;
    policy["policyDocument"] = in_force["policyDocument"].clone();
    Ok(policy)
}

fn delete_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("policyName")?;
    let policy = find(tx, name)?;
    let conflict =
        |reason: &str| AwsError::new("DeleteConflictException", format!("The policy cannot be deleted as {reason}"));
    let detaching = format!("policy/{name}");
    if policy_attachment::targets(tx, name).next().is_some() || detachment::is_pending(tx, request, &detaching) {
        return Err(conflict(&format!("the policy is attached to one or more principals (name={name})")));
    }
    if versions(tx, name).count() > 1 {
        return Err(conflict("versions other than than default version exist"));
    }
    detachment::forget(tx, &detaching);
    policy_version::forget(tx, name);
    tagging::forget(tx, request, policy["policyArn"].as_str().unwrap_or_default());
    tx.remove(POLICIES, name);
    Ok(json!({}))
}

fn list_policies(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (policies, next) = page_by_creation(request, tx.scan(POLICIES), reference)?;
    Ok(json!({ "policies": policies, "nextMarker": next }))
}
