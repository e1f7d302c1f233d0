//! `fleetctl mitigate`: has AWS carry out the account's mitigation actions on findings of its audits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fleet_audit::finding::Finding;
use fleet_audit::{mitigation as offered, registry};
use serde::Serialize;

use super::failure::Failure;
use super::findings::check_name;
use super::session::{self, Wanted};
use super::waiting::Waiting;
use super::{Global, confirm, output};
use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::defender::audit_finding::{self, Of};
use crate::aws::defender::mitigation::{self, Action, Execution};
use crate::diagnostic::did_you_mean;
use crate::exit;

/// Act on findings of AWS's audits: AWS carries out mitigation actions of the account, and each result is told.
///
/// The actions are objects of the account (`mitigationActions:` in a spec). Before anything is done it is shown and asked
/// for. Nothing is taken back by itself: what an action does is undone by hand or by `fleetctl apply`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// IDs of findings, as `fleetctl findings` shows them.
    #[arg(value_name = "FINDING", required_unless_present = "task")]
    findings: Vec<String>,
    /// All findings of this audit task.
    #[arg(long, value_name = "ID", conflicts_with = "findings")]
    task: Option<String>,
    /// Of these, only findings of this check. Repeatable, or with commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    check: Vec<String>,
    /// The mitigation action to carry out. Repeatable, at most five: in this order, and a failure skips the rest.
    #[arg(long, value_name = "NAME", required = true)]
    action: Vec<String>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
}

/// What is to be done.
struct Intent {
    findings: Vec<Finding>,
    actions: Vec<Action>,
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    task_id: String,
    status: String,
    executions: Vec<Execution>,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let checks = args.check.iter().map(|name| check_name(name)).collect::<Result<BTreeSet<_>, _>>()?;
    let connected = session::connect(global, Wanted::to_look(None, "mitigate")).await?;
    let cx = Context::new(&connected.session, Address::new("mitigation", ""));
    let result = mitigate(&cx, global, args, &checks).await;
    drop(cx);
    connected.close().await;
    result
}

async fn mitigate(cx: &Context, global: &Global, args: &Args, checks: &BTreeSet<&str>) -> Result<u8, Failure> {
    let intent = Intent { findings: findings(cx, args, checks).await?, actions: actions(cx, &args.action).await? };
    let mapping = mapping(&intent)?;
    if !global.json {
        output::text(&plan(&intent));
    }
    let nothing = args.dry_run || intent.findings.is_empty();
    if !nothing && !args.auto_approve && !confirm::ask("Carry this out?")? {
        return Err(Failure::new("nothing was done"));
    }
    let mut done = Vec::new();
    if !nothing {
        for some in intent.findings.chunks(mitigation::MOST_TARGETS) {
            done.push(carry_out(cx, some, &mapping).await?);
        }
    }
    Ok(report(global, args.dry_run, &intent, &done))
}

/// The findings that are meant. AWS does not act on suppressed ones.
async fn findings(cx: &Context, args: &Args, checks: &BTreeSet<&str>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    if let Some(task) = &args.task {
        found = audit_finding::list(cx, &Of::Task(task.clone()), None, None).await?;
    }
    for id in &args.findings {
        let one = audit_finding::describe(cx, id).await?;
        found.push(one.ok_or_else(|| {
            Failure::new(format!("there is no finding {id}"))
                .help("`fleetctl findings` lists them; AWS keeps them for 90 days")
        })?);
    }
    found.retain(|finding| checks.is_empty() || checks.contains(finding.check_name.as_str()));
    let all = found.len();
    found.retain(|finding| !finding.is_suppressed);
    if found.len() < all {
        eprintln!("note: AWS does not act on suppressed findings; {} are left out", all - found.len());
    }
    Ok(found)
}

async fn actions(cx: &Context, names: &[String]) -> Result<Vec<Action>, Failure> {
    let mut actions = Vec::new();
    for name in names {
        match mitigation::action(cx, name).await? {
            Some(action) => actions.push(action),
            None => {
                let known = mitigation::action_names(cx).await?;
                let help =
                    did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| match known.is_empty() {
                        true => "the account has none; declare some under `mitigationActions:` of a spec".to_owned(),
                        false => format!("the account has: {}", known.join(", ")),
                    });
                return Err(Failure::new(format!("there is no mitigation action `{name}`")).help(help));
            }
        }
    }
    Ok(actions)
}

/// The actions for each check, all of which AWS must offer for it.
fn mapping(intent: &Intent) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut mapping = BTreeMap::new();
    for name in intent.findings.iter().map(|finding| &finding.check_name) {
        let offered = registry::find(name).map(|check| check.mitigations).unwrap_or_default();
        if let Some(action) = intent.actions.iter().find(|action| !offered.contains(&action.kind.as_str())) {
            let message = format!("AWS does not offer {} (action `{}`) for {name}", action.kind, action.name);
            return Err(Failure::new(message)
                .help(format!("for it there are {}; --check selects findings by their check", offered.join(", "))));
        }
        let names = intent.actions.iter().map(|action| action.name.clone()).collect();
        mapping.insert(name.clone(), names);
    }
    Ok(mapping)
}

fn plan(intent: &Intent) -> String {
    let mut text = String::new();
    for finding in &intent.findings {
        let resource = &finding.non_compliant_resource.resource_identifier;
        let _ = writeln!(text, "{} {} {resource}", finding.severity, finding.check_name);
        for action in &intent.actions {
            let suggested = offered::suggest(finding).into_iter().find(|one| one.action_type == action.kind);
            let effect = suggested.map(|one| format!(": {}", one.effect)).unwrap_or_default();
            let _ = writeln!(text, "  {} ({}){effect}", action.name, action.kind);
        }
    }
    if intent.findings.is_empty() {
        text.push_str("No finding to act on.\n");
    }
    text
}

async fn carry_out(
    cx: &Context,
    findings: &[Finding],
    mapping: &BTreeMap<String, Vec<String>>,
) -> Result<Done, Failure> {
    let ids: Vec<String> = findings.iter().filter_map(|finding| finding.finding_id.clone()).collect();
    let checks: BTreeSet<&String> = findings.iter().map(|finding| &finding.check_name).collect();
    let mapping = mapping.iter().filter(|(check, _)| checks.contains(check));
    let mapping = mapping.map(|(check, names)| (check.clone(), names.clone())).collect();
    let id = format!("fleetctl-{:032x}", fastrand::u128(..));
    mitigation::start(cx, &id, &ids, &mapping).await?;
    let waiting = Waiting::new(&format!("mitigation task {id}"));
    let seen = |status: &str| waiting.at(usize::from(status != "IN_PROGRESS"), 1, "tasks");
    let status = mitigation::ended(cx, &id, &seen).await?;
    drop(waiting);
    let mut executions = Vec::new();
    for finding in &ids {
        executions.extend(mitigation::executions(cx, &id, finding).await?);
    }
    Ok(Done { task_id: id, status, executions })
}

fn report(global: &Global, dry_run: bool, intent: &Intent, done: &[Done]) -> u8 {
    if global.json {
        output::json(&serde_json::json!({
            "version": 1,
            "type": "mitigation",
            "dryRun": dry_run,
            "findings": intent.findings,
            "actions": intent.actions.iter().map(|action| &action.name).collect::<Vec<_>>(),
            "tasks": done,
        }));
    } else {
        output::text(&text(global, intent, done, dry_run));
    }
    let whole = |task: &Done| {
        task.status == "COMPLETED" && task.executions.iter().all(|execution| execution.status == "COMPLETED")
    };
    if done.iter().all(whole) { exit::DONE } else { exit::PARTLY_APPLIED }
}

fn text(global: &Global, intent: &Intent, done: &[Done], dry_run: bool) -> String {
    let paint = global.paint_stdout();
    if dry_run {
        return "Nothing was done.\n".to_owned();
    }
    let mut text = String::new();
    for task in done {
        let _ = writeln!(text, "Mitigation task {}: {}.", task.task_id, task.status);
        for execution in &task.executions {
            let finding = intent.findings.iter().find(|one| one.finding_id.as_ref() == Some(&execution.target));
            let resource = finding.map(|one| one.non_compliant_resource.resource_identifier.to_string());
            let status = format!("{:11}", execution.status);
            let status = if execution.status == "COMPLETED" { paint.green(status) } else { paint.red(status) };
            let error = execution.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let _ = writeln!(text, "  {status} {} on {}{error}", execution.action_name, resource.unwrap_or_default());
        }
    }
    text
}
