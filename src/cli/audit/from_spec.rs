//! A spec as the audit sees it: what would be there if it were applied.
//!
//! Sections are taken by their names and states as the JSON that a plan shows, so a kind that is not known here is
//! simply not looked at, and one that is not known to this build is missing, which is not the same as empty.

use std::collections::BTreeMap;

use fleet_audit::snapshot::{
    CaCertificate, Certificate, IotPolicy, Logging, LoggingV2, Role, RoleAlias, RolePolicy, Snapshot, Validity,
};
use fleet_audit::timestamp::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use x509_parser::pem::Pem;

use crate::address::Address;
use crate::cli::front::Checked;
use crate::kind;
use crate::scope::Place;

/// Certificates that AWS IoT issues itself end with the year 2049 (IoT developer guide, "Create AWS IoT client
/// certificates").
const ISSUED_BY_AWS_UNTIL: Timestamp = Timestamp(2_524_607_999);

/// What the spec declares in one section, by name; nothing if this build does not know the section.
fn section<'a>(checked: &'a Checked, name: &str) -> Option<Vec<(&'a Address, &'a Value)>> {
    kind::find(name)?;
    let desired = checked.resolved.desired.iter().filter(|(address, _)| address.section == name);
    Some(desired.map(|(address, desired)| (address, &desired.state)).collect())
}

fn text(state: &Value, field: &str) -> Option<String> {
    state.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// The snapshot of a spec for a place.
pub fn snapshot(checked: &Checked, place: &Place) -> Snapshot {
    Snapshot {
        account_id: Some(place.account.clone()),
        region: Some(place.region.clone()),
        logging: section(checked, "logging")
            .and_then(|declared| declared.first().map(|(at, state)| logging(at, state))),
        policies: section(checked, "policies").map(|declared| declared.into_iter().map(policy).collect()),
        certificates: section(checked, "certificates").map(|all| all.into_iter().map(certificate).collect()),
        ca_certificates: section(checked, "caCertificates").map(|all| all.into_iter().filter_map(authority).collect()),
        role_aliases: section(checked, "roleAliases")
            .map(|all| all.into_iter().map(|(address, state)| role_alias(address, state, place)).collect()),
        roles: section(checked, "roles").map(|declared| roles(&declared, checked, place)),
        issuer_certificates: Some(issuers(checked)).filter(|issuers| !issuers.is_empty()),
        ..Snapshot::default()
    }
}

fn logging(address: &Address, state: &Value) -> Logging {
    let v2 = LoggingV2 {
        role_arn: text(state, "roleArn"),
        default_log_level: text(state, "defaultLogLevel").or_else(|| text(state, "defaultLevel")),
        disable_all_logs: state.get("disableAllLogs").and_then(Value::as_bool).unwrap_or(false),
    };
    // V1 options are not declared; where V2 is off they decide, and nothing is known of them.
    Logging { v1: None, v2: Some(v2), address: Some(address.to_string()) }
}

fn policy((address, state): (&Address, &Value)) -> IotPolicy {
    IotPolicy {
        policy_name: address.name.clone(),
        default_version_id: None,
        policy_document: state.get("document").cloned().unwrap_or_default(),
        address: Some(address.to_string()),
    }
}

fn certificate((address, state): (&Address, &Value)) -> Certificate {
    let pem = text(state, "certificatePem");
    let request = text(state, "certificateSigningRequest");
    let things = state.get("things").and_then(Value::as_array);
    Certificate {
        // Before AWS issues it, a certificate has no ID; its address stands in.
        certificate_id: pem.as_deref().and_then(fingerprint).unwrap_or_else(|| address.to_string()),
        status: text(state, "status").unwrap_or_default(),
        validity: request.is_some().then_some(Validity { not_before: None, not_after: Some(ISSUED_BY_AWS_UNTIL) }),
        certificate_pem: pem,
        certificate_signing_request: request,
        creation_date: None,
        attached_things: things.map(|things| things.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        address: Some(address.to_string()),
    }
}

/// The ID that AWS IoT gives a certificate: the SHA-256 of its contents.
fn fingerprint(pem: &str) -> Option<String> {
    let block = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    Some(Sha256::digest(&block.contents).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn authority((address, state): (&Address, &Value)) -> Option<CaCertificate> {
    let pem = text(state, "certificatePem").or_else(|| text(state, "caCertificatePem"));
    Some(CaCertificate {
        certificate_id: pem.as_deref().and_then(fingerprint).unwrap_or_else(|| address.to_string()),
        status: text(state, "status").unwrap_or_else(|| "ACTIVE".to_owned()),
        certificate_pem: pem,
        validity: None,
        address: Some(address.to_string()),
    })
}

/// The CA certificates that device certificates name beside themselves.
fn issuers(checked: &Checked) -> Vec<String> {
    let declared = section(checked, "certificates").unwrap_or_default();
    let mut issuers: Vec<String> =
        declared.into_iter().filter_map(|(_, state)| text(state, "caCertificatePem")).collect();
    issuers.sort();
    issuers.dedup();
    issuers
}

fn role_alias(address: &Address, state: &Value, place: &Place) -> RoleAlias {
    RoleAlias {
        role_alias: address.name.clone(),
        role_alias_arn: place.arn("iot", format_args!("rolealias/{}", address.name)),
        role_arn: text(state, "roleArn").unwrap_or_default(),
        address: Some(address.to_string()),
    }
}

fn roles(declared: &[(&Address, &Value)], checked: &Checked, place: &Place) -> Vec<Role> {
    let managed: BTreeMap<String, &Value> = section(checked, "managedPolicies")
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(address, state)| Some((attribute(checked, address, place)?, state.get("document")?)))
        .collect();
    let role = |(address, state): &(&Address, &Value)| {
        let arns = state.get("managedPolicies").and_then(Value::as_array).into_iter().flatten();
        let attached = arns.filter_map(Value::as_str).map(|arn| RolePolicy {
            policy_name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            policy_document: managed.get(arn).map(|document| (*document).clone()),
        });
        let inline = state.get("inlinePolicies").and_then(Value::as_object).into_iter().flatten();
        let inline = inline
            .map(|(name, document)| RolePolicy { policy_name: name.clone(), policy_document: Some(document.clone()) });
        Some(Role { arn: attribute(checked, address, place)?, policies: attached.chain(inline).collect() })
    };
    declared.iter().filter_map(role).collect()
}

/// The ARN of a declared object.
fn attribute(checked: &Checked, address: &Address, place: &Place) -> Option<String> {
    let entry = checked.resolved.entries.get(address)?;
    let files = BTreeMap::new();
    let fleet = &checked.resolved.fleet;
    let scope = crate::scope::Scope {
        fleet,
        place,
        name: &address.name,
        files: &files,
        invokers: &[],
        declared: &crate::scope::alone,
    };
    entry.kind.attribute(&address.name, "arn", &scope)
}

/// The thresholds that the spec's audit configuration sets, in days: of expiry and of age.
pub fn thresholds(checked: &Checked) -> (Option<i64>, Option<i64>) {
    let days = |check: &str, key: &str| -> Option<i64> {
        let (_, state) = *section(checked, "audit")?.first()?;
        state.get("checks")?.get(check)?.get("configuration")?.get(key)?.as_str()?.parse().ok()
    };
    let expiry = days("DEVICE_CERTIFICATE_EXPIRING_CHECK", "CERT_EXPIRATION_THRESHOLD_IN_DAYS");
    (expiry, days("DEVICE_CERTIFICATE_AGE_CHECK", "CERT_AGE_THRESHOLD_IN_DAYS"))
}

/// The spec's audit suppressions, as data.
pub fn suppressions(checked: &Checked) -> Vec<(String, Value)> {
    let declared = section(checked, "audit.suppressions").unwrap_or_default();
    declared.into_iter().map(|(address, state)| (address.to_string(), state.clone())).collect()
}
