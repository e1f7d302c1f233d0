//! `fleetctl apply`, and the carrying out that `destroy` and `adopt` share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::Global;
use super::confirm;
use super::failure::Failure;
use super::front;
use super::output;
use super::plan::{self, Choice, Goal, Planned};
use super::progress::Display;
use super::session::{self, Connected, Wanted};
use crate::address::Address;
use crate::apply::{self, End, Events, Report};
use crate::aws::context::Progress;
use crate::exit;
use crate::plan::{Action, Plan, VERSION};
use crate::render::json;
use crate::spec::zip_folder::zip_folder;

/// Carry out the plan for a spec, or a saved plan exactly as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec, or a plan saved with `fleetctl plan --out`. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    choice: Choice,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = front::spec_path(args.spec.as_deref())?;
    let relay = Arc::new(Relay::default());
    if let Some(plan) = saved(&path)? {
        let connected = connect_saved(global, &plan, relay.clone()).await?;
        return carry_out(global, &plan, connected, relay, args.auto_approve, &path).await;
    }
    let planned = plan::make(global, &path, &args.choice, Goal::Declared, relay.clone()).await?;
    plan::alert_paths(&planned).warn(global);
    let Planned { plan, connected, .. } = planned;
    carry_out(global, &plan, connected, relay, args.auto_approve, &path).await
}

/// Progress messages go to whatever display is there by then: the session is older than the display.
#[derive(Default)]
pub struct Relay(OnceLock<Arc<Display>>);

impl Progress for Relay {
    fn waiting(&self, address: &Address, what: Option<&str>) {
        if let Some(display) = self.0.get() {
            display.waiting(address, what);
        }
    }
}

/// Shows, asks, applies, sums up.
pub async fn carry_out(
    global: &Global,
    plan: &Plan,
    connected: Connected,
    relay: Arc<Relay>,
    approved: bool,
    path: &Path,
) -> Result<u8, Failure> {
    plan::print(plan, global, false);
    if plan.blocked().next().is_some() {
        connected.close().await;
        let count = plan.count(Action::Conflict) + plan.count(Action::Protected);
        let things = if count == 1 { "1 object stands".to_owned() } else { format!("{count} objects stand") };
        return Err(Failure::new(format!("{things} in the way, marked ! above; nothing was changed")));
    }
    if !plan.has_changes() {
        connected.close().await;
        return Ok(exit::DONE);
    }
    if !approved && !confirm::ask("Carry out this plan?")? {
        connected.close().await;
        eprintln!("Nothing was changed.");
        return Ok(exit::DONE);
    }
    let steps = plan.steps.iter().filter(|step| step.action.writes()).count();
    let display = Arc::new(Display::new(global, steps));
    let _ = relay.0.set(display.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn(watch_interrupt(stop.clone()));
    let beat = tokio::spawn({
        let display = display.clone();
        async move { display.heartbeat().await }
    });
    let events: Arc<dyn Events> = display.clone();
    let report = apply::apply(&connected.session, plan, &events, &stop).await;
    watch.abort();
    beat.abort();
    let took = display.finish();
    sum_up(global, plan, &report, took.as_secs_f64(), path);
    connected.close().await;
    Ok(report.exit_code())
}

/// The first Ctrl-C lets calls in flight end; the second ends the process.
async fn watch_interrupt(stop: Arc<AtomicBool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.store(true, Ordering::Relaxed);
        eprintln!("Interrupted: finishing the calls in flight, then stopping. Press Ctrl-C again to stop at once.");
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        eprintln!("Stopped. Run the same command again: it continues from what is there.");
        std::process::exit(exit::PARTLY_APPLIED.into());
    }
}

fn sum_up(global: &Global, plan: &Plan, report: &Report, seconds: f64, path: &Path) {
    if global.json {
        output::line(format_args!("{}", json::report(report)));
        return;
    }
    let done = report.count(|end| matches!(end, End::Done));
    let paint = global.paint_stdout();
    if done == report.ends.len() {
        if path.extension().is_some_and(|extension| extension == "json") {
            return; // A saved plan is used up, and does not know which spec it came from.
        }
        let flag = plan::sandbox_flag(global);
        output::line(format_args!(
            "\n{} {done} changes to fleet {} in {seconds:.1} s.",
            paint.green("Done:"),
            plan.fleet
        ));
        let next = match plan.count(Action::Delete) == report.ends.len() {
            true => format!("fleetctl apply{flag} {}", path.display()),
            false => format!("fleetctl plan{flag} {}", path.display()),
        };
        output::line(format_args!("Next: {next}"));
        return;
    }
    output::line(format_args!("\n{} {done} of {} changes are made.", paint.red("Not finished:"), report.ends.len()));
    for (step, end) in &report.ends {
        match end {
            End::Done => {}
            End::Failed(error) => output::line(format_args!("  {} failed: {error}", step.address)),
            End::Moved => {
                output::line(format_args!("  {} was changed by somebody else since the plan; plan again", step.address))
            }
            End::Skipped(because) => output::line(format_args!("  {} was not begun: {because}", step.address)),
        }
    }
    output::line(format_args!("What is done stays done. Run the same command again: it continues from what is there."));
}

/// A saved plan, if the file is one.
fn saved(path: &Path) -> Result<Option<Plan>, Failure> {
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(None);
    }
    let failed = |error: String| {
        Failure::new(format!("`{}` is no plan: {error}", path.display()))
            .help("make one with `fleetctl plan --out FILE`")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    match plan.version == VERSION {
        true => Ok(Some(plan)),
        false => Err(failed(format!("its version is {}, this fleetctl writes {VERSION}", plan.version))),
    }
}

/// Connects to the account and region of a saved plan, and packs its functions again.
async fn connect_saved(global: &Global, plan: &Plan, relay: Arc<Relay>) -> Result<Connected, Failure> {
    let mut artifacts = BTreeMap::new();
    for (hash, folder) in &plan.folders {
        let zip = zip_folder(folder).map_err(|error| Failure::new(error.to_string()))?;
        if zip.sha256_base64 != *hash {
            return Err(
                Failure::new(format!("`{}` has changed since the plan was made", folder.display())).help("plan again")
            );
        }
        artifacts.insert(hash.clone(), Arc::new(zip.bytes));
    }
    let mut global = global.clone();
    global.region = Some(plan.place.region.clone());
    let wanted =
        Wanted { fleet: &plan.fleet, account: Some(&plan.place.account), region: None, progress: relay, artifacts };
    session::connect(&global, wanted).await
}
