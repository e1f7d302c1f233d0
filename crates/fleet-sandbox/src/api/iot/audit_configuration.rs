//! The account's audit configuration: one object, patched, with every check disabled at first.
//!
//! Sources: API:UpdateAccountAuditConfiguration (role and an enabled check at the first call; a check
//! used by a scheduled audit cannot be disabled), API:DeleteAccountAuditConfiguration; Device Defender
//! developer guide, "Audit checks" (names, thresholds of 30 to 3652 days). Chosen: within a check and
//! a notification target, too, only the members given change; deleting the configuration while
//! scheduled audits exist needs `deleteScheduledAudits`.

use serde_json::{Map, Value, json};

use super::refusal::{invalid, not_found};
use super::scheduled_audit;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("UpdateAccountAuditConfiguration", update_account_audit_configuration),
    ("DescribeAccountAuditConfiguration", describe_account_audit_configuration),
    ("DeleteAccountAuditConfiguration", delete_account_audit_configuration),
];

const CONFIGURATION: &str = "iot.audit-configuration";
const ACCOUNT: &str = "account";
const EXPIRY_THRESHOLD: &str = "CERT_EXPIRATION_THRESHOLD_IN_DAYS";
const AGE_THRESHOLD: &str = "CERT_AGE_THRESHOLD_IN_DAYS";

/// Every check AWS has.
pub const CHECKS: [&str; 17] = [
    "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
    "CA_CERTIFICATE_EXPIRING_CHECK",
    "CA_CERTIFICATE_KEY_QUALITY_CHECK",
    "CONFLICTING_CLIENT_IDS_CHECK",
    "DEVICE_CERTIFICATE_AGE_CHECK",
    "DEVICE_CERTIFICATE_EXPIRING_CHECK",
    "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
    "DEVICE_CERTIFICATE_SHARED_CHECK",
    "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
    "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
    "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
    "IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK",
    "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
    "LOGGING_DISABLED_CHECK",
    "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK",
    "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
    "UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
];

/// Refuses a name that is no check.
pub fn check_name(name: &str) -> Result<(), AwsError> {
    if CHECKS.contains(&name) {
        return Ok(());
    }
    // Text: aws/aws-cdk pull request 31776.
    Err(invalid("Request contains an invalid Audit Check Name."))
}

/// Whether a check is enabled for the account.
pub fn is_enabled(tx: &Tx<'_>, check: &str) -> bool {
    tx.get(CONFIGURATION, ACCOUNT).is_some_and(|present| present["auditCheckConfigurations"][check]["enabled"] == true)
}

/// The role that audits run with.
pub fn role(tx: &Tx<'_>) -> Option<String> {
    Some(tx.get(CONFIGURATION, ACCOUNT)?["roleArn"].as_str()?.to_owned())
}

/// Days before its end, and of age, from which a device certificate does not comply, where they are set.
pub fn thresholds(tx: &Tx<'_>) -> (Option<i64>, Option<i64>) {
    let days = |check: &str, key: &str| {
        let checks = &tx.get(CONFIGURATION, ACCOUNT)?["auditCheckConfigurations"];
        checks[check]["configuration"][key].as_str()?.parse().ok()
    };
    (days("DEVICE_CERTIFICATE_EXPIRING_CHECK", EXPIRY_THRESHOLD), days("DEVICE_CERTIFICATE_AGE_CHECK", AGE_THRESHOLD))
}

fn update_account_audit_configuration(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let present = tx.get(CONFIGURATION, ACCOUNT).cloned();
    let first = present.is_none();
    let mut configuration = present.unwrap_or_else(defaults);
    if let Some(role) = request.str("roleArn") {
        configuration["roleArn"] = role.into();
    }
    for (check, given) in members(request.get("auditCheckConfigurations")) {
        check_name(check)?;
        check_thresholds(check, given)?;
        patch(&mut configuration["auditCheckConfigurations"][check], given);
        if given["enabled"] == false {
            refuse_if_scheduled(tx, check)?;
        }
    }
    for (kind, given) in members(request.get("auditNotificationTargetConfigurations")) {
        let target = &mut configuration["auditNotificationTargetConfigurations"][kind];
        patch(target, given);
        if target["enabled"] == true && (target["targetArn"].is_null() || target["roleArn"].is_null()) {
            return Err(invalid("An enabled audit notification target needs targetArn and roleArn."));
        }
    }
    if first {
        check_first(&configuration)?;
    }
    tx.put(CONFIGURATION, ACCOUNT, configuration);
    Ok(json!({}))
}

fn describe_account_audit_configuration(tx: &mut Tx<'_>, _request: &Request) -> Result<Value, AwsError> {
    Ok(tx.get(CONFIGURATION, ACCOUNT).cloned().unwrap_or_else(defaults))
}

fn delete_account_audit_configuration(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    if request.flag("deleteScheduledAudits") == Some(true) {
        scheduled_audit::delete_all(tx, request);
    } else if let Some(audit) = scheduled_audit::names(tx).next() {
        return Err(invalid(format!(
            "The scheduled audit {audit} exists. Delete it first, or set deleteScheduledAudits."
        )));
    }
    tx.remove(CONFIGURATION, ACCOUNT)
        .map(|_| json!({}))
        .ok_or_else(|| not_found("Audit configuration of account", &request.account))
}

fn defaults() -> Value {
    let checks: Map<String, Value> =
        CHECKS.iter().map(|check| ((*check).to_owned(), json!({ "enabled": false }))).collect();
    json!({ "auditCheckConfigurations": checks })
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn patch(present: &mut Value, given: &Value) {
    for (member, value) in members(Some(given)) {
        present[member] = value.clone();
    }
}

fn check_first(configuration: &Value) -> Result<(), AwsError> {
    if configuration["roleArn"].is_null() {
        return Err(invalid("The first configuration of audits needs a roleArn."));
    }
    if !members(configuration.get("auditCheckConfigurations")).any(|(_, check)| check["enabled"] == true) {
        return Err(invalid("The first configuration of audits must enable at least one check."));
    }
    Ok(())
}

fn check_thresholds(check: &str, given: &Value) -> Result<(), AwsError> {
    for (key, value) in members(given.get("configuration")) {
        let belongs = matches!(
            (check, key.as_str()),
            ("DEVICE_CERTIFICATE_EXPIRING_CHECK", EXPIRY_THRESHOLD) | ("DEVICE_CERTIFICATE_AGE_CHECK", AGE_THRESHOLD)
        );
        if !belongs {
            return Err(invalid(format!("The check {check} has no configuration {key}.")));
        }
        let days = value.as_str().and_then(|text| text.parse::<u32>().ok());
        if !days.is_some_and(|days| (30..=3652).contains(&days)) {
            return Err(invalid(format!("{key} of {check} must be a number of days from 30 to 3652.")));
        }
    }
    Ok(())
}

fn refuse_if_scheduled(tx: &Tx<'_>, check: &str) -> Result<(), AwsError> {
    match scheduled_audit::user_of(tx, check) {
        Some(audit) => {
            Err(invalid(format!("The check {check} cannot be disabled: the scheduled audit {audit} uses it.")))
        }
        None => Ok(()),
    }
}
