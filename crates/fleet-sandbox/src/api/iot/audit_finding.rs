//! Findings of audits: what an audit task found, from the moment its check is complete, for 90 days.
//!
//! Sources: API:ListAuditFindings (a task or a time range, not both; with `listSuppressedFindings` only the suppressed or
//! only the others), API:DescribeAuditFinding, API:ListRelatedResourcesForAuditFinding; General Reference (90 days).
//! Chosen: lists go by time of the finding; a resource is found once for each reason code; a resource filter holds where
//! every member it gives is the same.

use std::collections::BTreeSet;

use fleet_audit::finding::Finding;
use serde_json::{Value, json};

use super::refusal::{invalid, not_found};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("ListAuditFindings", list_audit_findings),
    ("DescribeAuditFinding", describe_audit_finding),
    ("ListRelatedResourcesForAuditFinding", list_related_resources_for_audit_finding),
];

/// Findings by id, in the form DescribeAuditFinding answers; those of the future are not seen yet.
const FINDINGS: &str = "iot.audit-finding";
const KEPT_MS: i64 = 90 * 86_400_000;

/// What a check of a task found: from when on it is seen, epoch milliseconds.
pub struct Found<'a> {
    pub task: &'a str,
    pub task_start_ms: i64,
    pub at_ms: i64,
}

/// Keeps the findings of a check.
pub fn store<'f>(tx: &mut Tx<'_>, found: &Found<'_>, findings: impl Iterator<Item = &'f Finding>) {
    let mut seen = BTreeSet::new();
    for finding in findings {
        let resource = &finding.non_compliant_resource;
        if !seen.insert((resource.resource_identifier.clone(), &finding.reason_for_non_compliance_code)) {
            continue;
        }
        let id = tx.uuid();
        let kept = json!({
            "findingId": id,
            "taskId": found.task,
            "checkName": finding.check_name,
            "taskStartTime": found.task_start_ms,
            "findingTime": found.at_ms,
            "severity": finding.severity,
            "nonCompliantResource": resource,
            "relatedResources": finding.related_resources,
            "reasonForNonCompliance": finding.reason_for_non_compliance,
            "reasonForNonComplianceCode": finding.reason_for_non_compliance_code,
            "isSuppressed": finding.is_suppressed,
        });
        tx.put(FINDINGS, &id, kept);
    }
}

/// Forgets what a cancelled task has not found yet.
pub fn forget_later(tx: &mut Tx<'_>, task: &str, now_ms: i64) {
    let later = |finding: &Value| finding["taskId"] == task && finding["findingTime"].as_i64() > Some(now_ms);
    let gone: Vec<String> =
        tx.scan(FINDINGS).filter(|(_, finding)| later(finding)).map(|(id, _)| id.to_owned()).collect();
    for id in gone {
        tx.remove(FINDINGS, &id);
    }
}

/// The finding, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, request: &Request, id: &str) -> Result<Value, AwsError> {
    let found = tx.get(FINDINGS, id).filter(|finding| is_seen(request, finding));
    found.cloned().ok_or_else(|| not_found("Audit finding", id))
}

/// The findings of a task that are seen by now.
pub fn of_task<'t>(tx: &'t Tx<'_>, request: &Request, task: &str) -> impl Iterator<Item = &'t Value> {
    tx.scan(FINDINGS)
        .map(|(_, finding)| finding)
        .filter(move |finding| finding["taskId"] == task && is_seen(request, finding))
}

fn is_seen(request: &Request, finding: &Value) -> bool {
    let at = finding["findingTime"].as_i64().unwrap_or_default();
    at <= request.now_ms && request.now_ms - at < KEPT_MS
}

fn list_audit_findings(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (task, from, to) = (request.str("taskId"), request.int("startTime"), request.int("endTime"));
    match (task, from, to) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => {}
        _ => return Err(invalid("Either taskId, or startTime and endTime, must be given, but not both.")),
    }
    let wanted = |finding: &Value| {
        let at = finding["findingTime"].as_i64();
        task.is_none_or(|task| finding["taskId"] == task)
            && (from.is_none() || at >= from)
            && (to.is_none() || at <= to)
            && request.str("checkName").is_none_or(|check| finding["checkName"] == check)
            && request.flag("listSuppressedFindings").is_none_or(|flag| finding["isSuppressed"] == flag)
            && request.get("resourceIdentifier").is_none_or(|given| is_of(finding, given))
            && is_seen(request, finding)
    };
    let chosen = tx.scan(FINDINGS).filter(|(_, finding)| wanted(finding));
    let key = |id: &str, finding: &Value| format!("{:020}/{id}", finding["findingTime"].as_i64().unwrap_or_default());
    let mut keyed: Vec<(String, Value)> = chosen.map(|(id, finding)| (key(id, finding), finding.clone())).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let (findings, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "findings": findings, "nextToken": next }))
}

fn is_of(finding: &Value, given: &Value) -> bool {
    let identifier = &finding["nonCompliantResource"]["resourceIdentifier"];
    given.as_object().into_iter().flatten().all(|(member, value)| identifier[member] == *value)
}

fn describe_audit_finding(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({ "finding": find(tx, request, request.need("findingId")?)? }))
}

fn list_related_resources_for_audit_finding(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let finding = find(tx, request, request.need("findingId")?)?;
    let related = finding["relatedResources"].as_array().cloned().unwrap_or_default();
    let keyed = related.into_iter().enumerate().map(|(index, resource)| (format!("{index:08}"), resource));
    let (related, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "relatedResources": related, "nextToken": next }))
}
