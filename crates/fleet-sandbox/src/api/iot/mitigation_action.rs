//! Mitigation actions of Device Defender: one kind of parameters each, and the role that acts.
//!
//! Sources: API:MitigationActionParams, API:CreateMitigationAction; Device Defender developer guide,
//! "Mitigation actions" (logging cannot be enabled at level DISABLED); General Reference (100 an
//! account). Chosen: an update may give parameters of another kind, and the type follows.

use serde_json::{Value, json};

use super::refusal::{check_new, invalid, not_found};
use super::tagging;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateMitigationAction", create_mitigation_action),
    ("DescribeMitigationAction", describe_mitigation_action),
    ("UpdateMitigationAction", update_mitigation_action),
    ("DeleteMitigationAction", delete_mitigation_action),
    ("ListMitigationActions", list_mitigation_actions),
];

/// Collection of mitigation actions by name, in the form DescribeMitigationAction answers.
pub const ACTIONS: &str = "iot.mitigation-action";
const MOST: usize = 100;

/// Member of the parameters and the type it stands for.
const TYPES: [(&str, &str); 6] = [
    ("updateDeviceCertificateParams", "UPDATE_DEVICE_CERTIFICATE"),
    ("updateCACertificateParams", "UPDATE_CA_CERTIFICATE"),
    ("addThingsToThingGroupParams", "ADD_THINGS_TO_THING_GROUP"),
    ("replaceDefaultPolicyVersionParams", "REPLACE_DEFAULT_POLICY_VERSION"),
    ("enableIoTLoggingParams", "ENABLE_IOT_LOGGING"),
    ("publishFindingToSnsParams", "PUBLISH_FINDING_TO_SNS"),
];

fn create_mitigation_action(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("actionName")?;
    let arn = request.arn("iot", &format!("mitigationaction/{name}"));
    check_new(tx, ACTIONS, "Mitigation action", name, &arn, MOST)?;
    let params = request.get("actionParams").cloned().unwrap_or_default();
    let action = json!({
        "actionName": name,
        "actionType": type_of(&params)?,
        "actionArn": arn,
        "actionId": tx.uuid(),
        "roleArn": request.get("roleArn"),
        "actionParams": params,
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
    });
    tagging::create(tx, request, &arn)?;
    let answer = identity(&action);
    tx.put(ACTIONS, name, action);
    Ok(answer)
}

fn describe_mitigation_action(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("actionName")?)
}

fn update_mitigation_action(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("actionName")?;
    let mut action = find(tx, name)?;
    if let Some(role) = request.get("roleArn") {
        action["roleArn"] = role.clone();
    }
    if let Some(params) = request.get("actionParams") {
        action["actionType"] = type_of(params)?.into();
        action["actionParams"] = params.clone();
    }
    action["lastModifiedDate"] = request.now_ms.into();
    let answer = identity(&action);
    tx.put(ACTIONS, name, action);
    Ok(answer)
}

fn delete_mitigation_action(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("actionName")?;
    if let Some(action) = tx.remove(ACTIONS, name) {
        tagging::forget(tx, request, action["actionArn"].as_str().unwrap_or_default());
    }
    Ok(json!({}))
}

fn list_mitigation_actions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let wanted = request.str("actionType");
    let chosen = tx.scan(ACTIONS).filter(|(_, action)| wanted.is_none_or(|wanted| action["actionType"] == wanted));
    let actions = chosen.map(|(name, action)| {
        let shown =
            json!({ "actionName": name, "actionArn": action["actionArn"], "creationDate": action["creationDate"] });
        (name.to_owned(), shown)
    });
    let (actions, next) = page(request, &paging::IOT, actions)?;
    Ok(json!({ "actionIdentifiers": actions, "nextToken": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(ACTIONS, name).cloned().ok_or_else(|| not_found("Mitigation action", name))
}

fn identity(action: &Value) -> Value {
    json!({ "actionArn": action["actionArn"], "actionId": action["actionId"] })
}

fn type_of(params: &Value) -> Result<&'static str, AwsError> {
    let given: Vec<_> = TYPES.iter().filter(|(member, _)| !params[member].is_null()).collect();
    let [(_, kind)] = given.as_slice() else {
        return Err(invalid("actionParams must have exactly one member."));
    };
    if params["enableIoTLoggingParams"]["logLevel"] == "DISABLED" {
        return Err(invalid("enableIoTLoggingParams cannot have the log level DISABLED."));
    }
    Ok(kind)
}
