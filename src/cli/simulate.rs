//! `fleetctl simulate`: security profiles against recorded or made traffic, without any network.

mod change;
mod data;
pub(super) mod declared;
pub(super) mod documents;
mod evaluation;
mod inputs;
mod junit;
mod meter;
mod notes;
mod page;
pub(super) mod profiles;
mod simulation;
pub(super) mod source;
mod stream;
mod subscribers;
mod table;
mod text;
mod timeline;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use self::change::Change;
use self::profiles::Subject;
use self::simulation::Simulation;
use self::source::Source;
use super::failure::Failure;
use super::{Global, output};
use crate::exit;
use crate::render::paint::Paint;

/// Evaluate security profiles on device traffic, here and now: which devices would have alarmed, when, why, and who
/// would have been paged.
///
/// The profiles come from a spec, a behaviour set, or a file as DescribeSecurityProfile returns it. The traffic is
/// recorded (files, globs, stdin; compressed or not) or made from a scenario. Nothing is asked of AWS, and alarms are no
/// error. docs/simulate.md has the inputs and formats.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    profiles: profiles::Profiles,
    #[command(flatten)]
    source: source::Input,
    /// Compare with OLD, a spec, a behaviour set or a profile as DescribeSecurityProfile returns it: which alarms does
    /// the change add and remove? As table, json or html; reads the traffic twice.
    #[arg(long, value_name = "OLD")]
    against: Option<PathBuf>,
    /// How to show the result. Default: table, or json with --json.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the result to FILE.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also say which choices each alarm rests on where AWS publishes no rule: below table and timeline, as a member of
    /// `json`, in the page, on stderr otherwise.
    #[arg(long)]
    explain: bool,
    /// Exit with 2 if any device alarmed; with --against, if the change adds or removes an alarm.
    #[arg(long)]
    detailed_exitcode: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Every alarm, every behaviour, and who would be paged
    Table,
    /// The same with alarms as bars over time, for each device
    Timeline,
    /// The body of one SNS message a line, as Device Defender sends it, without those that suppressAlerts holds back
    Jsonl,
    /// Everything, for programs
    Json,
    /// For CI systems: a test case for each behaviour, failed if it alarmed
    Junit,
    /// One self-contained page with charts
    Html,
}

impl Format {
    /// Whether it can show a comparison.
    fn compares(self) -> bool {
        matches!(self, Format::Table | Format::Json | Format::Html)
    }
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let format = args.format.unwrap_or(if global.json { Format::Json } else { Format::Table });
    if args.against.is_some() && !format.compares() {
        return Err(Failure::Usage("--against is shown as table, json or html".to_owned()));
    }
    let source = args.source.source()?;
    let mut subject = args.profiles.subject(global, source.scenario())?;
    let source = source.with_metrics(subject.config.metric_types());
    if format == Format::Jsonl {
        let shows_lines = args.out.is_none() && std::io::stdout().is_terminal();
        let source = if shows_lines { source.quiet() } else { source };
        let (outcome, alarms) = stream::run(&subject.config, &source, args.out.as_deref(), args.explain)?;
        notes::print(&notes::notes(&subject.config, &outcome));
        args.out.iter().for_each(|path| wrote(path));
        return Ok(args.exit_code(alarms > 0));
    }
    let before = match &args.against {
        None => None,
        Some(path) => Some(before(args, path, global, &source, &mut subject)?),
    };
    let (text, differs) = args.report(format, &subject, &source, before, args.paint(global))?;
    match &args.out {
        None => output::text(&text),
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
            wrote(path);
        }
    }
    Ok(args.exit_code(differs))
}

/// Evaluates what the change is compared with.
fn before(
    args: &Args,
    path: &Path,
    global: &Global,
    source: &Source,
    subject: &mut Subject,
) -> Result<(Subject, Simulation), Failure> {
    if !source.is_repeatable() {
        return Err(Failure::new("--against reads the traffic twice, which a pipe does not allow")
            .help("save the traffic to a file first"));
    }
    let old = args.profiles.against(path, global, source.scenario(), subject)?;
    let source = source.clone().with_metrics(old.config.metric_types());
    let before = Simulation::run(&old, &source, false)?;
    Ok((old, before))
}

impl Args {
    /// Evaluates and puts the report into words; also whether anything alarmed, or changed.
    fn report(
        &self,
        format: Format,
        subject: &Subject,
        source: &Source,
        before: Option<(Subject, Simulation)>,
        paint: Paint,
    ) -> Result<(String, bool), Failure> {
        let keeps_violations = self.explain || format == Format::Json;
        let (simulation, series) = match format {
            Format::Html => Simulation::charted(subject, source, keeps_violations)?,
            _ => (Simulation::run(subject, source, keeps_violations)?, simulation::Series::default()),
        };
        let change = before.map(|(old, before)| Change::new(old, before, &simulation));
        let notes = notes::notes(&subject.config, &simulation.outcome);
        notes::print(&notes);
        let explanation = || -> String {
            let explained = simulation.violations.iter().filter(|_| self.explain);
            explained.map(|violation| notes::explanation(&subject.config, violation)).collect()
        };
        let text = match (format, &change) {
            (Format::Table, Some(change)) => change.table(&simulation, paint) + &explanation(),
            (Format::Table, None) => table::table(&simulation, paint) + &explanation(),
            (Format::Timeline, _) => timeline::timeline(&simulation, paint) + &explanation(),
            (Format::Json | Format::Jsonl, change) => {
                data::json(&subject.config, &simulation, change.as_ref(), self.explain)
            }
            (Format::Html, change) => page::html(subject, &simulation, change.as_ref(), series, &notes),
            (Format::Junit, _) => {
                eprint!("{}", explanation());
                junit::junit(&simulation)?
            }
        };
        let differs = change.map_or(!simulation.alarms.is_empty(), |change| !change.is_empty());
        Ok((text, differs))
    }

    fn exit_code(&self, differs: bool) -> u8 {
        if self.detailed_exitcode && differs { exit::DIFFERENCE } else { exit::DONE }
    }

    /// Files get no colour.
    fn paint(&self, global: &Global) -> Paint {
        if self.out.is_some() { Paint { color: false } } else { global.paint_stdout() }
    }
}

fn wrote(path: &Path) {
    eprintln!("Wrote {}.", path.display());
}
