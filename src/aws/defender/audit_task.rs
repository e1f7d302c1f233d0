//! AWS's own audit, on demand: start it, wait for it, read how each check went.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_iot::types::{AuditCheckDetails, ConfigName};
use serde::Serialize;

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};

/// The first pause between two looks at a task; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// AWS publishes no limit; after this nobody sits before the terminal any more. The task goes on without us.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// What the account's audit configuration says.
#[derive(Clone, Debug, Default)]
pub struct Enabled {
    /// Names of the checks that are enabled.
    pub checks: BTreeSet<String>,
    pub expiration_threshold_days: Option<i64>,
    pub age_threshold_days: Option<i64>,
}

/// An audit task as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub task_id: String,
    /// IN_PROGRESS, COMPLETED, FAILED or CANCELED.
    pub status: String,
    /// By the checks' names.
    pub checks: BTreeMap<String, CheckRun>,
}

/// One check of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckRun {
    /// API:AuditCheckRunStatus.
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_resources: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_compliant_resources: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed_resources: Option<i64>,
    /// AWS's error code and message, where the check failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl CheckRun {
    /// Whether the check still runs or waits for data.
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "IN_PROGRESS" | "WAITING_FOR_DATA_COLLECTION")
    }

    /// Whether AWS has an answer.
    pub fn is_complete(&self) -> bool {
        self.status.starts_with("COMPLETED")
    }
}

impl Task {
    pub fn is_running(&self) -> bool {
        self.status == "IN_PROGRESS"
    }

    /// How many checks have ended, whichever way.
    pub fn ended(&self) -> usize {
        self.checks.values().filter(|check| !check.is_running()).count()
    }
}

/// Which checks are enabled for the account, and their thresholds.
pub async fn enabled(cx: &Context) -> Result<Enabled, AwsError> {
    let iot = &cx.session.clients.iot;
    let describe = || iot.describe_account_audit_configuration().send();
    let found = cx.call("iot:DescribeAccountAuditConfiguration", describe).await?;
    let checks = found.audit_check_configurations().into_iter().flatten();
    let mut enabled = Enabled::default();
    for (name, check) in checks.filter(|(_, check)| check.enabled()) {
        enabled.checks.insert(name.clone());
        let days = |key: ConfigName| check.configuration()?.get(&key)?.parse().ok();
        enabled.expiration_threshold_days =
            enabled.expiration_threshold_days.or_else(|| days(ConfigName::CertExpirationThresholdInDays));
        enabled.age_threshold_days = enabled.age_threshold_days.or_else(|| days(ConfigName::CertAgeThresholdInDays));
    }
    Ok(enabled)
}

/// Starts an audit of these checks and returns the task's id.
pub async fn start(cx: &Context, checks: &[String]) -> Result<String, AwsError> {
    let iot = &cx.session.clients.iot;
    let start = || iot.start_on_demand_audit_task().set_target_check_names(Some(checks.to_vec())).send();
    let started = cx.call("iot:StartOnDemandAuditTask", start).await?;
    Ok(started.task_id().unwrap_or_default().to_owned())
}

/// The task, if there is one of that id.
pub async fn describe(cx: &Context, id: &str) -> Result<Option<Task>, AwsError> {
    let iot = &cx.session.clients.iot;
    let found = cx.call("iot:DescribeAuditTask", || iot.describe_audit_task().task_id(id).send()).await.optional()?;
    Ok(found.map(|found| Task {
        task_id: id.to_owned(),
        status: found.task_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        checks: found
            .audit_details()
            .into_iter()
            .flatten()
            .map(|(name, details)| (name.clone(), check_run(details)))
            .collect(),
    }))
}

/// Waits until the task has ended, telling `seen` each state; returns the last one, which still runs if it takes longer
/// than anybody waits. Nothing, if the task is gone.
pub async fn ended(cx: &Context, id: &str, seen: &(dyn Fn(&Task) + Sync)) -> Result<Option<Task>, AwsError> {
    let (mut waited, mut pause) = (Duration::ZERO, FIRST_PAUSE);
    loop {
        let Some(task) = describe(cx, id).await? else { return Ok(None) };
        seen(&task);
        if !task.is_running() || waited >= PATIENCE {
            return Ok(Some(task));
        }
        cx.sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn check_run(details: &AuditCheckDetails) -> CheckRun {
    let parts: Vec<&str> = [details.error_code(), details.message()].into_iter().flatten().collect();
    CheckRun {
        status: details.check_run_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        total_resources: details.total_resources_count(),
        non_compliant_resources: details.non_compliant_resources_count(),
        suppressed_resources: details.suppressed_non_compliant_resources_count(),
        error: (!parts.is_empty()).then(|| parts.join(": ")),
    }
}
