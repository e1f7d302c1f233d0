//! `audit --run`: AWS's own audit on demand, before the account is read and judged here.

use std::path::Path;

use fleet_audit::finding::Finding;
use fleet_audit::settings::Settings;

use super::differences::Difference;
use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::defender::audit_finding::{self, Of};
use crate::aws::defender::audit_task::{self, Enabled, Task};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front;
use crate::cli::session::{self, Wanted};
use crate::cli::waiting::Waiting;

/// What AWS's audit came to.
pub struct Ran {
    pub task: Task,
    /// AWS's findings.
    pub findings: Vec<Finding>,
    pub differences: Vec<Difference>,
    enabled: Enabled,
}

impl Ran {
    /// Our settings with the account's thresholds, so that both judge by the same.
    pub fn thresholds(&self, mut settings: Settings) -> Result<Settings, Failure> {
        let refused = |error: fleet_audit::settings::SettingsError| Failure::new(error.to_string());
        if let Some(days) = self.enabled.expiration_threshold_days {
            settings = settings.with_expiration_threshold(days).map_err(refused)?;
        }
        if let Some(days) = self.enabled.age_threshold_days {
            settings = settings.with_age_threshold(days).map_err(refused)?;
        }
        Ok(settings)
    }
}

/// Starts AWS's audit of the selected checks, as far as they are enabled, and waits for it.
pub async fn run(global: &Global, spec: Option<&Path>, selected: &Settings) -> Result<Ran, Failure> {
    let outline = spec.map(|path| front::read(path, global)).transpose()?.map(|front| front.outline);
    let outline = outline.as_ref();
    let connected = session::connect(global, Wanted::to_look(outline, "audit")).await?;
    let cx = Context::new(&connected.session, Address::new("AWS's audit", ""));
    let ran = in_account(&cx, selected).await;
    drop(cx);
    connected.close().await;
    ran
}

/// The same over a context.
pub async fn in_account(cx: &Context, selected: &Settings) -> Result<Ran, Failure> {
    let enabled = audit_task::enabled(cx).await?;
    let checks: Vec<String> =
        enabled.checks.iter().filter(|name| selected.checks.contains(name.as_str())).cloned().collect();
    if checks.is_empty() {
        return Err(none_enabled(&enabled));
    }
    let id = audit_task::start(cx, &checks).await?;
    let waiting = Waiting::new(&format!("audit task {id}"));
    let seen = |task: &Task| waiting.at(task.ended(), task.checks.len(), "checks");
    let task = audit_task::ended(cx, &id, &seen).await?;
    drop(waiting);
    let task = task.ok_or_else(|| Failure::new(format!("AWS's audit task {id} is gone; start another")))?;
    if task.status != "COMPLETED" {
        return Err(not_completed(&task));
    }
    let findings = audit_finding::list(cx, &Of::Task(id), None, None).await?;
    Ok(Ran { task, findings, differences: Vec::new(), enabled })
}

fn none_enabled(enabled: &Enabled) -> Failure {
    let message = match enabled.checks.is_empty() {
        true => "AWS cannot audit this account: no check is enabled".to_owned(),
        false => {
            let names: Vec<&str> = enabled.checks.iter().map(String::as_str).collect();
            format!("none of the selected checks is enabled for this account; enabled: {}", names.join(", "))
        }
    };
    Failure::new(message).help(
        "enable checks with `audit:` in the spec and `fleetctl apply`, or use --live, which needs no enabled check",
    )
}

fn not_completed(task: &Task) -> Failure {
    let id = &task.task_id;
    if task.is_running() {
        return Failure::new(format!("AWS's audit task {id} is still in progress"))
            .help(format!("it goes on without fleetctl; `fleetctl findings --task {id}` lists what it has found"));
    }
    let errors = task.checks.iter().filter_map(|(name, run)| Some(format!("{name}: {}", run.error.as_ref()?)));
    let errors: Vec<String> = errors.collect();
    let told = if errors.is_empty() { String::new() } else { format!("; {}", errors.join("; ")) };
    let failure = Failure::new(format!("AWS's audit task {id} is {}{told}", task.status));
    match task.status.as_str() {
        "FAILED" => failure.help(
            "the audit's role must exist, trust iot.amazonaws.com and have the policy AWSIoTDeviceDefenderAudit; \
             `audit: { role: … }` of a spec names it",
        ),
        _ => failure.help(format!("`fleetctl findings --task {id}` lists what was found until then")),
    }
}
