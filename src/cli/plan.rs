//! `fleetctl plan`, and the planning that every other command shares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Global;
use super::alert_paths::AlertPaths;
use super::failure::Failure;
use super::front::{self, Checked};
use super::output;
use super::session::{self, Connected, Wanted};
use crate::address::Address;
use crate::aws::context::{Progress, Silent};
use crate::exit;
use crate::kind::LiveObject;
use crate::live::{self, LiveFleet, Search};
use crate::plan::{self, Input, Plan};
use crate::render::{human, json, markdown};
use crate::scope::Place;

/// Show what apply would do: desired against live.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// Save the plan as JSON, for `fleetctl apply FILE`. It holds function environments in clear; its mode is 0600.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    /// Print Markdown, for a pull request.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Exit with 2 when there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Which objects take part, and how orphans are searched.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Choice {
    /// Only addresses that match, for example `things.*`. Repeatable.
    #[arg(long, value_name = "GLOB")]
    target: Vec<String>,
    /// No addresses that match. Repeatable.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Find objects that are no longer declared by listing and reading everything, not by the tagging index.
    #[arg(long)]
    full_scan: bool,
}

impl Choice {
    fn search(&self) -> Search {
        if self.full_scan { Search::FullScan } else { Search::Index }
    }

    /// Whether anything of a section can take part: `--exclude 'SECTION.*'` leaves out the whole of it.
    fn wants(&self, section: &str) -> bool {
        !self.exclude.iter().any(|glob| glob.strip_suffix(".*") == Some(section))
    }

    fn matcher(&self) -> Result<impl Fn(&Address) -> bool + use<>, Failure> {
        let compile = |globs: &[String]| -> Result<Vec<glob::Pattern>, Failure> {
            globs
                .iter()
                .map(|text| glob::Pattern::new(text).map_err(|error| Failure::Usage(format!("`{text}`: {error}"))))
                .collect()
        };
        let (target, exclude) = (compile(&self.target)?, compile(&self.exclude)?);
        Ok(move |address: &Address| {
            let text = address.to_string();
            (target.is_empty() || target.iter().any(|glob| glob.matches(&text)))
                && !exclude.iter().any(|glob| glob.matches(&text))
        })
    }
}

/// A plan with the session it was made in.
pub struct Planned {
    pub plan: Plan,
    pub connected: Connected,
    pub live: LiveFleet,
    pub checked: Checked,
}

/// What to plan for.
pub enum Goal {
    Declared,
    /// Declared, and the foreign objects at these addresses are taken over.
    Adopting(BTreeSet<Address>),
    /// Nothing: everything owned goes.
    Nothing,
}

/// Reads the spec, connects, reads what is live, and decides. The one way to a plan.
pub async fn make(
    global: &Global,
    spec: &Path,
    choice: &Choice,
    goal: Goal,
    progress: Arc<dyn Progress>,
) -> Result<Planned, Failure> {
    let front = front::read(spec, global)?;
    // Mistakes come before the network.
    let offline = front::offline_place(&front.outline, global);
    let Checked { files, .. } = front::check(front.clone(), &offline)?;
    let wanted = Wanted {
        fleet: &front.outline.fleet,
        account: front.outline.account.as_ref().map(|(account, _)| account.as_str()),
        region: front.outline.region.as_deref(),
        progress,
        artifacts: files.artifacts(),
    };
    let connected = session::connect(global, wanted).await?;
    let place: Place = connected.session.place.clone();
    let mut checked = front::check(front, &place)?;
    front::print_warnings(&checked, global);
    let why_gone = if matches!(goal, Goal::Nothing) { plan::DESTROYED } else { plan::NO_LONGER_DECLARED };
    let adopt = match goal {
        Goal::Declared => BTreeSet::new(),
        Goal::Adopting(addresses) => addresses,
        Goal::Nothing => {
            checked.resolved.desired.clear();
            checked.resolved.edges.clear();
            BTreeSet::new()
        }
    };
    let selected = choice.matcher()?;
    let resolved = &checked.resolved;
    let desired: BTreeMap<_, _> =
        resolved.desired.iter().filter(|(address, _)| selected(address)).map(|(a, d)| (a.clone(), d.clone())).collect();
    let names: BTreeSet<Address> = resolved.desired.keys().cloned().collect();
    let mut live = live::read(&connected.session, &desired, choice.search(), &|section| choice.wants(section)).await?;
    // What is declared but not selected is no orphan.
    live.orphans.retain(|address, _| !names.contains(address));
    let input = Input {
        fleet: &resolved.fleet,
        place: &place,
        desired: &desired,
        edges: &resolved.edges,
        live: &live.declared,
        orphans: &live.orphans,
        adopt: &adopt,
        why_gone,
        selected: &selected,
    };
    let mut plan = plan::build(&input);
    plan.folders = checked.files.folders.clone();
    Ok(Planned { plan, connected, live, checked })
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let spec = front::spec_path(args.spec.as_deref())?;
    let planned = make(global, &spec, &args.choice, Goal::Declared, Arc::new(Silent)).await?;
    let plan = &planned.plan;
    if let Some(out) = &args.out {
        save(plan, out)?;
    }
    let paths = alert_paths(&planned);
    match () {
        () if global.json => output::line(format_args!("{}", paths.within(json::plan(plan)))),
        () if args.markdown => output::text(&(markdown::plan(plan) + &paths.markdown())),
        () => {
            print(plan, global, false);
            paths.print(global);
        }
    }
    if !global.json && !args.markdown && plan.has_changes() && plan.blocked().next().is_none() {
        let next = match &args.out {
            Some(out) => format!("fleetctl apply{} {}", sandbox_flag(global), out.display()),
            None => format!("fleetctl apply{} {}", sandbox_flag(global), spec.display()),
        };
        output::line(format_args!("\nNext: {next}"));
    }
    if global.verbose {
        let calls = planned.connected.session.calls.load(std::sync::atomic::Ordering::Relaxed);
        eprintln!("{calls} calls for {} objects", plan.steps.len());
    }
    let changes = plan.has_changes() || plan.blocked().next().is_some();
    planned.connected.close().await;
    Ok(if args.detailed_exitcode && changes { exit::DIFFERENCE } else { exit::DONE })
}

/// The alert paths of the plan's spec, and which findings are live already.
pub fn alert_paths(planned: &Planned) -> AlertPaths<'_> {
    let Planned { connected, live, checked, .. } = planned;
    let place = &connected.session.place;
    let states = checked.states();
    let mut report = front::trace(checked, place, &states);
    let own = |object: &&LiveObject| object.owner.as_ref().is_some_and(|owner| owner.fleet == checked.resolved.fleet);
    let found = live.declared.iter().chain(&live.orphans).filter(|(_, object)| own(object));
    let found: BTreeMap<Address, &Value> = found.map(|(address, object)| (address.clone(), &object.state)).collect();
    report.compare(checked.paths_input(place, &found));
    AlertPaths { report, checked }
}

pub fn print(plan: &Plan, global: &Global, as_markdown: bool) {
    match () {
        () if global.json => output::line(format_args!("{}", json::plan(plan))),
        () if as_markdown => output::text(&markdown::plan(plan)),
        () => output::text(&human::plan(plan, global.paint_stdout())),
    }
}

/// The flag to repeat in a suggested command.
pub fn sandbox_flag(global: &Global) -> String {
    match &global.sandbox {
        None => String::new(),
        Some(dir) if dir == Path::new(".fleetctl/sandbox") => " --sandbox".into(),
        Some(dir) => format!(" --sandbox={}", dir.display()),
    }
}

fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    use std::io::Write;
    let mut plan = plan.clone();
    for folder in plan.folders.values_mut() {
        *folder = std::path::absolute(&*folder).unwrap_or_else(|_| folder.clone());
    }
    let text = serde_json::to_string_pretty(&plan).expect("a plan is plain data");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", path.display())))
}
