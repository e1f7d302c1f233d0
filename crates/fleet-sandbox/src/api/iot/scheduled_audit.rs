//! Scheduled audits: at most five, of enabled checks only.
//!
//! Sources: API:CreateScheduledAudit, API:UpdateScheduledAudit; General Reference (five an account).
//! Chosen: a day that does not belong to the frequency is refused; a change of frequency drops the
//! day that no longer belongs.

use serde_json::{Map, Value, json};

use super::refusal::{check_new, invalid, not_found};
use super::{audit_configuration, tagging};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateScheduledAudit", create_scheduled_audit),
    ("DescribeScheduledAudit", describe_scheduled_audit),
    ("UpdateScheduledAudit", update_scheduled_audit),
    ("DeleteScheduledAudit", delete_scheduled_audit),
    ("ListScheduledAudits", list_scheduled_audits),
];

/// Collection of scheduled audits by name, in the form DescribeScheduledAudit answers.
pub const SCHEDULED_AUDITS: &str = "iot.scheduled-audit";
const MOST: usize = 5;

/// Names of all scheduled audits.
pub fn names<'t>(tx: &'t Tx<'_>) -> impl Iterator<Item = &'t str> {
    tx.scan(SCHEDULED_AUDITS).map(|(name, _)| name)
}

/// A scheduled audit that runs the check.
pub fn user_of(tx: &Tx<'_>, check: &str) -> Option<String> {
    let uses = |audit: &Value| {
        audit["targetCheckNames"].as_array().is_some_and(|names| names.iter().any(|name| name == check))
    };
    tx.scan(SCHEDULED_AUDITS).find(|(_, audit)| uses(audit)).map(|(name, _)| name.to_owned())
}

/// Deletes every scheduled audit.
pub fn delete_all(tx: &mut Tx<'_>, request: &Request) {
    let all: Vec<String> = names(tx).map(str::to_owned).collect();
    for name in all {
        remove(tx, request, &name);
    }
}

fn create_scheduled_audit(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("scheduledAuditName")?;
    let arn = request.arn("iot", &format!("scheduledaudit/{name}"));
    check_new(tx, SCHEDULED_AUDITS, "Scheduled audit", name, &arn, MOST)?;
    let mut audit = json!({ "scheduledAuditName": name, "scheduledAuditArn": arn });
    set(&mut audit, request);
    check(tx, &audit)?;
    tagging::create(tx, request, &arn)?;
    tx.put(SCHEDULED_AUDITS, name, audit);
    Ok(json!({ "scheduledAuditArn": arn }))
}

fn describe_scheduled_audit(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("scheduledAuditName")?)
}

fn update_scheduled_audit(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("scheduledAuditName")?;
    let mut audit = find(tx, name)?;
    if request.get("frequency").is_some_and(|frequency| *frequency != audit["frequency"]) {
        audit["dayOfWeek"] = Value::Null;
        audit["dayOfMonth"] = Value::Null;
    }
    set(&mut audit, request);
    check(tx, &audit)?;
    let arn = audit["scheduledAuditArn"].clone();
    tx.put(SCHEDULED_AUDITS, name, audit);
    Ok(json!({ "scheduledAuditArn": arn }))
}

fn delete_scheduled_audit(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("scheduledAuditName")?;
    find(tx, name)?;
    remove(tx, request, name);
    Ok(json!({}))
}

fn list_scheduled_audits(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let audits = tx.scan(SCHEDULED_AUDITS).map(|(name, audit)| {
        let shown = ["scheduledAuditName", "scheduledAuditArn", "frequency", "dayOfMonth", "dayOfWeek"];
        let shown: Map<String, Value> =
            shown.map(|member| (member.to_owned(), audit[member].clone())).into_iter().collect();
        (name.to_owned(), Value::Object(shown))
    });
    let (audits, next) = page(request, &paging::IOT, audits)?;
    Ok(json!({ "scheduledAudits": audits, "nextToken": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(SCHEDULED_AUDITS, name).cloned().ok_or_else(|| not_found("Scheduled audit", name))
}

fn remove(tx: &mut Tx<'_>, request: &Request, name: &str) {
    tagging::forget(tx, request, &request.arn("iot", &format!("scheduledaudit/{name}")));
    tx.remove(SCHEDULED_AUDITS, name);
}

fn set(audit: &mut Value, request: &Request) {
    for setting in ["frequency", "dayOfMonth", "dayOfWeek", "targetCheckNames"] {
        if let Some(value) = request.get(setting) {
            audit[setting] = value.clone();
        }
    }
}

fn check(tx: &Tx<'_>, audit: &Value) -> Result<(), AwsError> {
    let frequency = audit["frequency"].as_str().unwrap_or_default();
    let by_week = matches!(frequency, "WEEKLY" | "BIWEEKLY");
    for (day, belongs) in [("dayOfWeek", by_week), ("dayOfMonth", frequency == "MONTHLY")] {
        match (belongs, audit[day].is_null()) {
            (true, true) => return Err(invalid(format!("The frequency {frequency} needs {day}."))),
            (false, false) => return Err(invalid(format!("The frequency {frequency} takes no {day}."))),
            _ => {}
        }
    }
    let checks: Vec<&str> =
        audit["targetCheckNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if checks.is_empty() {
        return Err(invalid("targetCheckNames must name at least one check."));
    }
    for check in checks {
        audit_configuration::check_name(check)?;
        if !audit_configuration::is_enabled(tx, check) {
            return Err(invalid(format!("The check {check} is not enabled for this account.")));
        }
    }
    Ok(())
}
