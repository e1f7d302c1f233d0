//! Tasks that carry out mitigation actions on the findings of audits.
//!
//! Sources: API:StartAuditMitigationActionsTask (a task or findings; the actions of a check in order; a failure skips the
//! rest for that finding), API:DescribeAuditMitigationActionsTask, API:ListAuditMitigationActionsExecutions, API:
//! CancelAuditMitigationActionsTask (nothing is taken back); General Reference (ten at once). Chosen: the actions are
//! carried out when the task starts, and it is in progress for `realism.mitigation_task` after that; a suppressed finding
//! is skipped; a task has FAILED where no finding succeeded; an id or token that was used before is refused.

use serde_json::{Map, Value, json};

use super::refusal::{invalid, limit, not_found};
use super::{audit_finding, audit_task, mitigation};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("StartAuditMitigationActionsTask", start_audit_mitigation_actions_task),
    ("DescribeAuditMitigationActionsTask", describe_audit_mitigation_actions_task),
    ("ListAuditMitigationActionsTasks", list_audit_mitigation_actions_tasks),
    ("CancelAuditMitigationActionsTask", cancel_audit_mitigation_actions_task),
    ("ListAuditMitigationActionsExecutions", list_audit_mitigation_actions_executions),
];

/// Tasks by id: what was asked for, when, and what came of it.
const TASKS: &str = "iot.audit-mitigation-task";
const AT_ONCE: usize = 10;
const IN_PROGRESS: &str = "IN_PROGRESS";

fn start_audit_mitigation_actions_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (id, token) = (request.need("taskId")?, request.need("clientRequestToken")?);
    if tx.scan(TASKS).any(|(known, task)| known == id || task["clientRequestToken"] == token) {
        return Err(AwsError::new("TaskAlreadyExistsException", format!("The mitigation task {id} already exists.")));
    }
    if tx.scan(TASKS).filter(|(_, task)| status(task, request.now_ms) == IN_PROGRESS).count() >= AT_ONCE {
        return Err(limit(format!("{AT_ONCE} mitigation tasks are in progress.")));
    }
    let mapping = request.get("auditCheckToActionsMapping").cloned().unwrap_or_default();
    let mut actions = Map::new();
    for (check, names) in mapping.as_object().into_iter().flatten() {
        let found = mitigation::named(tx, names)?;
        found.iter().try_for_each(|action| mitigation::check_applies(action, check))?;
        actions.insert(check.clone(), found.into());
    }
    if actions.is_empty() {
        return Err(invalid("auditCheckToActionsMapping must name at least one check."));
    }
    let findings = targets(tx, request)?;
    let (mut executions, mut statistics) = (Vec::new(), Map::new());
    for finding in &findings {
        let check = finding["checkName"].as_str().unwrap_or_default();
        let Some(actions) = actions.get(check).and_then(Value::as_array) else { continue };
        let counts = statistics.entry(check).or_insert_with(none_counted);
        let outcome = match finding["isSuppressed"] == true {
            true => "skippedFindingsCount",
            false => carry_out(tx, request, actions, finding, &mut executions),
        };
        for count in ["totalFindingsCount", outcome] {
            counts[count] = (counts[count].as_i64().unwrap_or_default() + 1).into();
        }
    }
    let ends = request.now_ms + i64::try_from(request.realism.mitigation_task.as_millis()).unwrap_or(i64::MAX / 2);
    let definitions: Vec<Value> =
        actions.values().filter_map(Value::as_array).flatten().map(mitigation::definition).collect();
    let task = json!({
        "clientRequestToken": token,
        "startMs": request.now_ms,
        "endsAtMs": ends,
        "target": request.get("target"),
        "mapping": mapping,
        "definitions": definitions,
        "statistics": statistics,
        "executions": executions,
        "findings": findings.iter().map(|finding| finding["findingId"].clone()).collect::<Vec<_>>(),
        "auditTasks": findings.iter().map(|finding| finding["taskId"].clone()).collect::<Vec<_>>(),
    });
    tx.put(TASKS, id, task);
    Ok(json!({ "taskId": id }))
}

fn none_counted() -> Value {
    json!({
        "totalFindingsCount": 0,
        "failedFindingsCount": 0,
        "succeededFindingsCount": 0,
        "skippedFindingsCount": 0,
        "canceledFindingsCount": 0,
    })
}

/// The findings that are meant: by id, or those of an audit, perhaps of certain reasons.
fn targets(tx: &Tx<'_>, request: &Request) -> Result<Vec<Value>, AwsError> {
    let target = request.get("target").cloned().unwrap_or_default();
    let reasons = &target["auditCheckToReasonCodeFilter"];
    match (target["auditTaskId"].as_str(), target["findingIds"].as_array()) {
        (None, Some(ids)) if reasons.is_null() => {
            let ids = ids.iter().filter_map(Value::as_str);
            ids.map(|id| audit_finding::find(tx, request, id).map_err(|error| invalid(error.message))).collect()
        }
        (Some(task), None) => {
            audit_task::find(tx, task).map_err(|error| invalid(error.message))?;
            let is_meant = |finding: &&Value| {
                let check = finding["checkName"].as_str().unwrap_or_default();
                let codes = reasons[check].as_array();
                reasons.is_null() || codes.is_some_and(|codes| codes.contains(&finding["reasonForNonComplianceCode"]))
            };
            Ok(audit_finding::of_task(tx, request, task).filter(is_meant).cloned().collect())
        }
        _ => {
            Err(invalid("The target must be findingIds, or auditTaskId with or without auditCheckToReasonCodeFilter."))
        }
    }
}

/// Carries out the actions in order and returns the count that the finding belongs to.
fn carry_out(
    tx: &mut Tx<'_>,
    request: &Request,
    actions: &[Value],
    finding: &Value,
    executions: &mut Vec<Value>,
) -> &'static str {
    let mut failed = false;
    for action in actions {
        let mut execution = json!({
            "findingId": finding["findingId"],
            "actionName": action["actionName"],
            "actionId": action["actionId"],
            "status": "SKIPPED",
        });
        if !failed {
            execution["startTime"] = request.now_ms.into();
            execution["endTime"] = request.now_ms.into();
            execution["status"] = "COMPLETED".into();
            if let Err(error) = mitigation::on_finding(tx, request, action, finding) {
                failed = true;
                execution["status"] = "FAILED".into();
                execution["errorCode"] = error.code.into();
                execution["message"] = error.message.into();
            }
        }
        executions.push(execution);
    }
    if failed { "failedFindingsCount" } else { "succeededFindingsCount" }
}

fn status(task: &Value, now_ms: i64) -> &'static str {
    let sum = |count: &str| {
        let counts = task["statistics"].as_object().into_iter().flatten();
        counts.filter_map(|(_, counts)| counts[count].as_i64()).sum::<i64>()
    };
    match () {
        () if !task["canceledAtMs"].is_null() => "CANCELED",
        () if Some(now_ms) < task["endsAtMs"].as_i64() => IN_PROGRESS,
        () if sum("failedFindingsCount") > 0 && sum("succeededFindingsCount") == 0 => "FAILED",
        () => "COMPLETED",
    }
}

fn describe_audit_mitigation_actions_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let task = find(tx, request.need("taskId")?)?;
    let status = status(&task, request.now_ms);
    let end = if task["canceledAtMs"].is_null() { &task["endsAtMs"] } else { &task["canceledAtMs"] };
    Ok(json!({
        "taskStatus": status,
        "startTime": task["startMs"],
        "endTime": if status == IN_PROGRESS { &Value::Null } else { end },
        "taskStatistics": task["statistics"],
        "target": task["target"],
        "auditCheckToActionsMapping": task["mapping"],
        "actionsDefinition": task["definitions"],
    }))
}

fn list_audit_mitigation_actions_tasks(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (from, to) = (request.int("startTime"), request.int("endTime"));
    let has = |list: &Value, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| list.as_array().into_iter().flatten().any(|one| one == wanted))
    };
    let mut keyed: Vec<(String, Value)> = Vec::new();
    for (id, task) in tx.scan(TASKS) {
        let (start, status) = (task["startMs"].as_i64(), status(task, request.now_ms));
        let matches = start >= from
            && start <= to
            && has(&task["findings"], request.str("findingId"))
            && has(&task["auditTasks"], request.str("auditTaskId"))
            && request.str("taskStatus").is_none_or(|wanted| wanted == status);
        if matches {
            let shown = json!({ "taskId": id, "startTime": start, "taskStatus": status });
            keyed.push((format!("{:020}/{id}", start.unwrap_or_default()), shown));
        }
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let (tasks, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "tasks": tasks, "nextToken": next }))
}

fn cancel_audit_mitigation_actions_task(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("taskId")?;
    let mut task = find(tx, id)?;
    if status(&task, request.now_ms) != IN_PROGRESS {
        return Err(invalid(format!("The mitigation task {id} is not in progress.")));
    }
    task["canceledAtMs"] = request.now_ms.into();
    tx.put(TASKS, id, task);
    Ok(json!({}))
}

fn list_audit_mitigation_actions_executions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (id, finding) = (request.need("taskId")?, request.need("findingId")?);
    let task = find(tx, id).map_err(|error| invalid(error.message))?;
    let wanted = request.str("actionStatus");
    let executions = task["executions"].as_array().into_iter().flatten();
    let chosen =
        executions.filter(|one| one["findingId"] == finding && wanted.is_none_or(|status| one["status"] == status));
    let keyed = chosen.enumerate().map(|(index, one)| {
        let mut one = one.clone();
        one["taskId"] = id.into();
        (format!("{index:04}"), one)
    });
    let (executions, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "actionsExecutions": executions, "nextToken": next }))
}

fn find(tx: &Tx<'_>, id: &str) -> Result<Value, AwsError> {
    tx.get(TASKS, id).cloned().ok_or_else(|| not_found("Mitigation task", id))
}
