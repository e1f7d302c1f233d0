//! Mitigation tasks: AWS carries out an account's mitigation actions on findings.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_iot::types::AuditMitigationActionsTaskTarget;
use serde::Serialize;

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;

/// Findings that one task takes (API:AuditMitigationActionsTaskTarget).
pub const MOST_TARGETS: usize = 25;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// AWS publishes no limit; the task goes on without us.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A mitigation action of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub name: String,
    /// API:MitigationActionType.
    pub kind: String,
}

/// What came of one action on one finding or violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The finding's or the violation's id.
    pub target: String,
    pub action_name: String,
    /// API:AuditMitigationActionsExecutionStatus.
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The action, if there is one of that name.
pub async fn action(cx: &Context, name: &str) -> Result<Option<Action>, AwsError> {
    let iot = &cx.session.clients.iot;
    let describe = || iot.describe_mitigation_action().action_name(name).send();
    let found = cx.call("iot:DescribeMitigationAction", describe).await.optional()?;
    let kind = |found: &aws_sdk_iot::operation::describe_mitigation_action::DescribeMitigationActionOutput| {
        found.action_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()
    };
    Ok(found.map(|found| Action { name: name.to_owned(), kind: kind(&found) }))
}

/// The names of all actions of the account.
pub async fn action_names(cx: &Context) -> Result<Vec<String>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |token| iot.list_mitigation_actions().max_results(250).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListMitigationActions", list, |page| page.next_token()).await?;
    let names = pages.iter().flat_map(|page| page.action_identifiers()).filter_map(|found| found.action_name());
    Ok(names.map(str::to_owned).collect())
}

/// Starts a task of at most [`MOST_TARGETS`] findings; `id` names it and keeps a repeated call from starting another.
pub async fn start(
    cx: &Context,
    id: &str,
    findings: &[String],
    actions: &BTreeMap<String, Vec<String>>,
) -> Result<(), AwsError> {
    let iot = &cx.session.clients.iot;
    let actions: HashMap<String, Vec<String>> = actions.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let start = || {
        let target = AuditMitigationActionsTaskTarget::builder().set_finding_ids(Some(findings.to_vec())).build();
        iot.start_audit_mitigation_actions_task()
            .task_id(id)
            .client_request_token(id)
            .target(target)
            .set_audit_check_to_actions_mapping(Some(actions.clone()))
            .send()
    };
    match cx.call("iot:StartAuditMitigationActionsTask", start).await {
        // The answer to an earlier try was lost; the task is ours, since nobody else knows its id.
        Err(error) if error.code() == "TaskAlreadyExistsException" => Ok(()),
        other => other.map(drop),
    }
}

/// Waits until the task has ended and returns its state, IN_PROGRESS if it takes longer than anybody waits.
pub async fn ended(cx: &Context, id: &str, seen: &(dyn Fn(&str) + Sync)) -> Result<String, AwsError> {
    let iot = &cx.session.clients.iot;
    let (mut waited, mut pause) = (Duration::ZERO, PAUSE);
    loop {
        let describe = || iot.describe_audit_mitigation_actions_task().task_id(id).send();
        let found = cx.call("iot:DescribeAuditMitigationActionsTask", describe).await?;
        let status = found.task_status().map(|status| status.as_str().to_owned()).unwrap_or_default();
        seen(&status);
        if status != "IN_PROGRESS" || waited >= PATIENCE {
            return Ok(status);
        }
        cx.sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What came of each action on a finding.
pub async fn executions(cx: &Context, id: &str, finding: &str) -> Result<Vec<Execution>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |token| {
        let list = iot.list_audit_mitigation_actions_executions().task_id(id).finding_id(finding);
        list.max_results(250).set_next_token(token).send()
    };
    let pages = pages::all(cx, "iot:ListAuditMitigationActionsExecutions", list, |page| page.next_token()).await?;
    let executions = pages.iter().flat_map(|page| page.actions_executions()).map(|found| {
        let parts: Vec<&str> = [found.error_code(), found.message()].into_iter().flatten().collect();
        Execution {
            target: finding.to_owned(),
            action_name: found.action_name().unwrap_or_default().to_owned(),
            status: found.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            error: (!parts.is_empty()).then(|| parts.join(": ")),
        }
    });
    Ok(executions.collect())
}
