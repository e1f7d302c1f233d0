//! What can be done about a finding: AWS's mitigation actions, with their parameters.
//!
//! Source: Device Defender guide, "Mitigation actions"; API:MitigationActionParams.

use crate::finding::Finding;
use crate::registry;
use serde::Serialize;
use serde_json::{Value, json};

/// One action that AWS offers for the finding's check.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// API:MitigationActionType.
    pub action_type: &'static str,
    /// API:MitigationActionParams; values in angle brackets are the user's to choose.
    pub action_params: Value,
    /// What the action's role must be allowed to do.
    pub role_needs: &'static [&'static str],
    /// What the action does to whom, so that nobody starts it unawares.
    pub effect: &'static str,
}

/// The actions for `finding`, those that only tell somebody last; and none for checks
/// that are not known here.
pub fn suggest(finding: &Finding) -> Vec<Suggestion> {
    let Some(check) = registry::find(&finding.check_name) else {
        return vec![];
    };
    check.mitigations.iter().rev().filter_map(|action| suggestion(action)).collect()
}

fn suggestion(action_type: &'static str) -> Option<Suggestion> {
    let (action_params, role_needs, effect): (Value, &'static [&'static str], &'static str) = match action_type {
        "UPDATE_DEVICE_CERTIFICATE" => (
            json!({"updateDeviceCertificateParams": {"action": "DEACTIVATE"}}),
            &["iot:UpdateCertificate"],
            "deactivates the device certificate: the device can no longer connect",
        ),
        "UPDATE_CA_CERTIFICATE" => (
            json!({"updateCACertificateParams": {"action": "DEACTIVATE"}}),
            &["iot:UpdateCACertificate"],
            "deactivates the CA certificate: no device can be registered with it",
        ),
        "ADD_THINGS_TO_THING_GROUP" => (
            json!({"addThingsToThingGroupParams":
                {"thingGroupNames": ["<quarantine group>"], "overrideDynamicGroups": true}}),
            &["iot:ListPrincipalThings", "iot:AddThingToThingGroup"],
            "adds the certificate's things to a group, e.g. one whose policy denies",
        ),
        "REPLACE_DEFAULT_POLICY_VERSION" => (
            json!({"replaceDefaultPolicyVersionParams": {"templateName": "BLANK_POLICY"}}),
            &["iot:CreatePolicyVersion"],
            "makes an empty version the policy's default: all its devices lose all it allows",
        ),
        "ENABLE_IOT_LOGGING" => (
            json!({"enableIoTLoggingParams":
                {"roleArnForLogging": "<role that may write to CloudWatch Logs>", "logLevel": "ERROR"}}),
            &["iot:SetV2LoggingOptions", "iam:PassRole"],
            "turns AWS IoT logging on for the account and region",
        ),
        "PUBLISH_FINDING_TO_SNS" => (
            json!({"publishFindingToSnsParams": {"topicArn": "<topic>"}}),
            &["sns:Publish"],
            "publishes the finding to a topic and changes nothing",
        ),
        _ => return None,
    };
    Some(Suggestion { action_type, action_params, role_needs, effect })
}
