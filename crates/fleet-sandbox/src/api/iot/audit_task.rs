//! On-demand audits: the enabled checks that were asked for, made by `fleet-audit` on the store as it is at the start.
//!
//! Sources: API:StartOnDemandAuditTask (checks must be enabled), API:DescribeAuditTask, API:AuditCheckDetails (states,
//! INSUFFICIENT_PERMISSIONS), API:CancelAuditTask, API:ListAuditTasks; General Reference (ten at once). Chosen: the checks
//! are complete one after the other within `realism.audit_task`; a check whose findings are all suppressed is compliant; a
//! check that cannot be decided here has FAILED, never passed; a task has FAILED where all its checks have. Scheduled
//! audits do not start by themselves, and no message tells the end of a task.

use std::collections::BTreeSet;

use fleet_audit::audit::{self, Report};
use fleet_audit::settings::Settings;
use fleet_audit::suppression;
use serde_json::{Map, Value, json};

use super::audit_finding::{self, Found};
use super::refusal::{invalid, limit, not_found};
use super::{audit_configuration, audit_snapshot, audit_suppression};
use crate::api::iam::trust::{Unusable, usable_role};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("StartOnDemandAuditTask", start_on_demand_audit_task),
    ("DescribeAuditTask", describe_audit_task),
    ("ListAuditTasks", list_audit_tasks),
    ("CancelAuditTask", cancel_audit_task),
];

/// Tasks by id: start, moment of cancellation, and for each check its end and its numbers.
const TASKS: &str = "iot.audit-task";
const KIND: &str = "ON_DEMAND_AUDIT_TASK";
const AT_ONCE: usize = 10;
const IN_PROGRESS: &str = "IN_PROGRESS";

fn start_on_demand_audit_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let checks = wanted(tx, request)?;
    if tx.scan(TASKS).filter(|(_, task)| status(task, request.now_ms) == IN_PROGRESS).count() >= AT_ONCE {
        return Err(limit(format!("{AT_ONCE} on-demand audits are in progress.")));
    }
    let report = judge(tx, request, &checks)?;
    let refused = refused(tx, request);
    let (task, start) = (tx.uuid(), request.now_ms);
    let whole_ms = i64::try_from(request.realism.audit_task.as_millis()).unwrap_or(i64::MAX / 2);
    let mut details = Map::new();
    for (index, check) in checks.iter().enumerate() {
        let share = whole_ms * (index as i64 + 1) / checks.len() as i64;
        let end = start.saturating_add(share);
        let failure = refused.clone().or_else(|| undecided(&report, check));
        let detail = match failure {
            Some(failure) => json!({ "endsAtMs": end, "failure": failure }),
            None => {
                let found = Found { task: &task, task_start_ms: start, at_ms: end };
                audit_finding::store(tx, &found, report.findings.iter().filter(|one| one.check_name == *check));
                counted(&report, check, end)
            }
        };
        details.insert((*check).clone(), detail);
    }
    tx.put(TASKS, &task, json!({ "taskId": task, "startMs": start, "checks": details }));
    Ok(json!({ "taskId": task }))
}

/// The checks asked for, each once.
fn wanted(tx: &Tx<'_>, request: &Request) -> Result<Vec<String>, AwsError> {
    let mut checks = Vec::new();
    for check in request.list("targetCheckNames").iter().filter_map(Value::as_str) {
        audit_configuration::check_name(check)?;
        if !audit_configuration::is_enabled(tx, check) {
            return Err(invalid(format!("The check {check} is not enabled for this account.")));
        }
        if !checks.iter().any(|known| known == check) {
            checks.push(check.to_owned());
        }
    }
    if checks.is_empty() {
        return Err(invalid("targetCheckNames must name at least one check."));
    }
    Ok(checks)
}

fn judge(tx: &mut Tx<'_>, request: &Request, checks: &[String]) -> Result<Report, AwsError> {
    let internal = |error: &dyn std::fmt::Display| AwsError::internal(error.to_string());
    let mut settings = Settings::default().only(checks.iter().map(String::as_str)).map_err(|error| internal(&error))?;
    let (expiry, age) = audit_configuration::thresholds(tx);
    if let Some(days) = expiry {
        settings = settings.with_expiration_threshold(days).map_err(|error| internal(&error))?;
    }
    if let Some(days) = age {
        settings = settings.with_age_threshold(days).map_err(|error| internal(&error))?;
    }
    let now = audit_snapshot::seconds(request.now_ms);
    let mut report = audit::run(&audit_snapshot::take(tx, request), &settings, now);
    let suppressions = audit_suppression::all(tx);
    suppression::apply(&mut report, &suppressions, &[], now).map_err(|error| internal(&error))?;
    Ok(report)
}

/// Why no check can be made at all. A role that is still spreading is there before the audit looks.
fn refused(tx: &mut Tx<'_>, request: &Request) -> Option<Value> {
    let role = audit_configuration::role(tx).unwrap_or_default();
    let reason = match usable_role(tx, request, &role, "iot.amazonaws.com") {
        Ok(()) | Err(Unusable::Propagating) => return None,
        Err(Unusable::Missing) => "does not exist",
        Err(Unusable::Untrusted) => "does not trust iot.amazonaws.com",
    };
    Some(json!({ "errorCode": "INSUFFICIENT_PERMISSIONS", "message": format!("The role {role} {reason}.") }))
}

fn undecided(report: &Report, check: &str) -> Option<Value> {
    let whole = report.undecided.iter().find(|one| one.check_name == check && one.resource_count == 0)?;
    Some(json!({ "message": format!("The sandbox cannot decide this check, because {}.", whole.because) }))
}

fn counted(report: &Report, check: &str, end: i64) -> Value {
    let resources = |suppressed: bool| {
        let found = report.findings.iter().filter(|one| one.check_name == check && one.is_suppressed == suppressed);
        found.map(|one| one.non_compliant_resource.resource_identifier.clone()).collect::<BTreeSet<_>>()
    };
    let (counting, suppressed) = (resources(false), resources(true));
    let total = report.checks.iter().find(|one| one.check_name == check).map_or(0, |one| one.evaluated);
    json!({
        "endsAtMs": end,
        "total": total,
        "counting": counting.len(),
        "nonCompliant": counting.union(&suppressed).count(),
        "suppressed": suppressed.len(),
    })
}

fn describe_audit_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let task = find(tx, request.need("taskId")?)?;
    let details: Map<String, Value> =
        checks(&task).map(|(name, check)| (name.clone(), detail(&task, check, request.now_ms))).collect();
    let count = |states: &[&str]| {
        details.values().filter(|check| states.contains(&check["checkRunStatus"].as_str().unwrap_or_default())).count()
    };
    let statistics = json!({
        "totalChecks": details.len(),
        "inProgressChecks": count(&[IN_PROGRESS]),
        "waitingForDataCollectionChecks": 0,
        "compliantChecks": count(&["COMPLETED_COMPLIANT"]),
        "nonCompliantChecks": count(&["COMPLETED_NON_COMPLIANT"]),
        "failedChecks": count(&["FAILED"]),
        "canceledChecks": count(&["CANCELED"]),
    });
    Ok(json!({
        "taskStatus": status(&task, request.now_ms),
        "taskType": KIND,
        "taskStartTime": task["startMs"],
        "taskStatistics": statistics,
        "auditDetails": details,
    }))
}

fn list_audit_tasks(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (from, to) = (request.int("startTime"), request.int("endTime"));
    let mut keyed: Vec<(String, Value)> = Vec::new();
    for (id, task) in tx.scan(TASKS) {
        let (start, status) = (task["startMs"].as_i64(), status(task, request.now_ms));
        let matches = start >= from
            && start <= to
            && request.str("taskType").is_none_or(|kind| kind == KIND)
            && request.str("taskStatus").is_none_or(|wanted| wanted == status);
        if matches {
            let shown = json!({ "taskId": id, "taskStatus": status, "taskType": KIND });
            keyed.push((format!("{:020}/{id}", start.unwrap_or_default()), shown));
        }
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let (tasks, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "tasks": tasks, "nextToken": next }))
}

/// Checks that are complete stay so; the others are CANCELED, and what they would have found is not seen.
fn cancel_audit_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("taskId")?;
    let mut task = find(tx, id)?;
    if status(&task, request.now_ms) != IN_PROGRESS {
        return Err(invalid(format!("The audit task {id} is not in progress.")));
    }
    task["canceledAtMs"] = request.now_ms.into();
    tx.put(TASKS, id, task);
    audit_finding::forget_later(tx, id, request.now_ms);
    Ok(json!({}))
}

/// The task, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, id: &str) -> Result<Value, AwsError> {
    tx.get(TASKS, id).cloned().ok_or_else(|| not_found("Audit task", id))
}

fn checks(task: &Value) -> impl Iterator<Item = (&String, &Value)> {
    task["checks"].as_object().into_iter().flatten()
}

fn check_status(task: &Value, check: &Value, now_ms: i64) -> &'static str {
    let end = check["endsAtMs"].as_i64().unwrap_or_default();
    let canceled = task["canceledAtMs"].as_i64();
    match () {
        () if canceled.is_some_and(|at| at < end) => "CANCELED",
        () if now_ms < end => IN_PROGRESS,
        () if !check["failure"].is_null() => "FAILED",
        () if check["counting"] == 0 => "COMPLETED_COMPLIANT",
        () => "COMPLETED_NON_COMPLIANT",
    }
}

/// The state of a task.
pub fn status(task: &Value, now_ms: i64) -> &'static str {
    let states: Vec<&str> = checks(task).map(|(_, check)| check_status(task, check, now_ms)).collect();
    match () {
        () if states.contains(&"CANCELED") => "CANCELED",
        () if states.contains(&IN_PROGRESS) => IN_PROGRESS,
        () if states.iter().all(|state| *state == "FAILED") => "FAILED",
        () => "COMPLETED",
    }
}

fn detail(task: &Value, check: &Value, now_ms: i64) -> Value {
    let status = check_status(task, check, now_ms);
    let mut detail = json!({ "checkRunStatus": status });
    if status == "FAILED" {
        detail["errorCode"] = check["failure"]["errorCode"].clone();
        detail["message"] = check["failure"]["message"].clone();
    }
    if status.starts_with("COMPLETED") {
        detail["checkCompliant"] = (status == "COMPLETED_COMPLIANT").into();
        detail["totalResourcesCount"] = check["total"].clone();
        detail["nonCompliantResourcesCount"] = check["nonCompliant"].clone();
        detail["suppressedNonCompliantResourcesCount"] = check["suppressed"].clone();
    }
    detail
}
