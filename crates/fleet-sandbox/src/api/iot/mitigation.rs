//! What mitigation actions do: each acts with its role, through the operations that its role must allow.
//!
//! Sources: Device Defender developer guide, "Mitigation actions" (which operations, which checks). Chosen: a role that
//! does not exist or does not trust AWS IoT is INSUFFICIENT_PERMISSIONS, and its policies are not looked at; the blank
//! policy has no statements; a finding is published in the form of DescribeAuditFinding.

use fleet_audit::registry;
use serde_json::{Value, json};

use super::certificate::CERTIFICATES;
use super::mitigation_action::ACTIONS;
use super::refusal::{invalid, not_found};
use super::{policy_version, thing_principal};
use crate::api::delegate;
use crate::api::iam::trust::{Unusable, usable_role};
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// The one template there is (API:PolicyTemplateName).
const BLANK_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

/// The actions of those names, all of which must exist.
pub fn named(tx: &Tx<'_>, names: &Value) -> Result<Vec<Value>, AwsError> {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| tx.get(ACTIONS, name).cloned().ok_or_else(|| not_found_as_invalid(name))).collect()
}

/// The start of a task knows no ResourceNotFoundException (API:StartAuditMitigationActionsTask).
fn not_found_as_invalid(name: &str) -> AwsError {
    invalid(not_found("Mitigation action", name).message)
}

/// An action as `actionsDefinition` shows it.
pub fn definition(action: &Value) -> Value {
    json!({
        "name": action["actionName"],
        "id": action["actionId"],
        "roleArn": action["roleArn"],
        "actionParams": action["actionParams"],
    })
}

/// Refuses an action that AWS does not offer for a check.
pub fn check_applies(action: &Value, check: &str) -> Result<(), AwsError> {
    let kind = action["actionType"].as_str().unwrap_or_default();
    if registry::find(check).is_some_and(|check| check.mitigations.contains(&kind)) {
        return Ok(());
    }
    let name = action["actionName"].as_str().unwrap_or_default();
    Err(invalid(format!("The mitigation action {name} of the type {kind} cannot be applied to the check {check}.")))
}

/// Refuses a role that cannot act. One that is still spreading is there before the task acts.
pub fn check_role(tx: &mut Tx<'_>, request: &Request, action: &Value) -> Result<(), AwsError> {
    let role = action["roleArn"].as_str().unwrap_or_default();
    let reason = match usable_role(tx, request, role, "iot.amazonaws.com") {
        Ok(()) | Err(Unusable::Propagating) => return Ok(()),
        Err(Unusable::Missing) => "does not exist",
        Err(Unusable::Untrusted) => "does not trust iot.amazonaws.com",
    };
    Err(AwsError::new("INSUFFICIENT_PERMISSIONS", format!("The role {role} {reason}.")))
}

/// Carries out an action on what a finding is about.
pub fn on_finding(tx: &mut Tx<'_>, request: &Request, action: &Value, finding: &Value) -> Result<(), AwsError> {
    check_role(tx, request, action)?;
    let params = &action["actionParams"];
    match action["actionType"].as_str().unwrap_or_default() {
        "UPDATE_DEVICE_CERTIFICATE" => {
            let update = |id: &str| json!({ "certificateId": id, "newStatus": "INACTIVE" });
            each(tx, request, "UpdateCertificate", named_in(finding, "deviceCertificateId"), update)
        }
        "UPDATE_CA_CERTIFICATE" => {
            let update = |id: &str| json!({ "certificateId": id, "newStatus": "INACTIVE" });
            each(tx, request, "UpdateCACertificate", named_in(finding, "caCertificateId"), update)
        }
        "ADD_THINGS_TO_THING_GROUP" => {
            let certificates = named_in(finding, "deviceCertificateId");
            let things = certificates.iter().flat_map(|id| things_of(tx, id)).collect();
            add_to_groups(tx, request, params, things)
        }
        "REPLACE_DEFAULT_POLICY_VERSION" => {
            let name =
                finding["nonCompliantResource"]["resourceIdentifier"]["policyVersionIdentifier"]["policyName"].as_str();
            let name = name.ok_or_else(|| invalid("The finding names no policy."))?.to_owned();
            policy_version::replace_default(tx, request, &name, BLANK_POLICY)
        }
        "ENABLE_IOT_LOGGING" => {
            let params = &params["enableIoTLoggingParams"];
            let options = json!({ "roleArn": params["roleArnForLogging"], "defaultLogLevel": params["logLevel"], "disableAllLogs": false });
            delegate::call(tx, request, "iot", "SetV2LoggingOptions", options).map(drop)
        }
        "PUBLISH_FINDING_TO_SNS" => {
            let topic = &params["publishFindingToSnsParams"]["topicArn"];
            let message = json!({ "TopicArn": topic, "Message": finding.to_string() });
            delegate::call(tx, request, "sns", "Publish", message).map(drop)
        }
        kind => Err(invalid(format!("The mitigation action has the unknown type {kind}."))),
    }
}

/// Adds things to the groups of an action's parameters.
pub fn add_to_groups(tx: &mut Tx<'_>, request: &Request, params: &Value, things: Vec<String>) -> Result<(), AwsError> {
    let groups = params["addThingsToThingGroupParams"]["thingGroupNames"].as_array();
    for group in groups.into_iter().flatten() {
        let add = |thing: &str| json!({ "thingGroupName": group, "thingName": thing });
        each(tx, request, "AddThingToThingGroup", things.clone(), add)?;
    }
    Ok(())
}

fn each(
    tx: &mut Tx<'_>,
    request: &Request,
    operation: &str,
    names: Vec<String>,
    input: impl Fn(&str) -> Value,
) -> Result<(), AwsError> {
    if names.is_empty() {
        return Err(invalid(format!("There is nothing that {operation} could be applied to.")));
    }
    names.iter().try_for_each(|name| delegate::call(tx, request, "iot", operation, input(name)).map(drop))
}

/// The resources of a finding that have this identifier, its own first.
fn named_in(finding: &Value, identifier: &str) -> Vec<String> {
    let related = finding["relatedResources"].as_array().into_iter().flatten();
    let resources = std::iter::once(&finding["nonCompliantResource"]).chain(related);
    let mut names: Vec<String> =
        resources.filter_map(|one| one["resourceIdentifier"][identifier].as_str()).map(str::to_owned).collect();
    names.dedup();
    names
}

fn things_of(tx: &Tx<'_>, certificate: &str) -> Vec<String> {
    let arn = tx.get(CERTIFICATES, certificate).and_then(|found| found["certificateArn"].as_str());
    let things = arn.into_iter().flat_map(|arn| thing_principal::of_principal(tx, arn));
    things.map(|(thing, _)| thing.to_owned()).collect()
}
