//! `fleetctl simulate`: security profiles against recorded or made traffic, without any network.

mod profiles;
mod report;
pub(super) mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fleet_detect::history::{AlarmSpan, alarm_spans};
use fleet_detect::summary::series::{Collector, SeriesKey};
use fleet_detect::summary::totals::{Tallies, Totals};
use fleet_detect::traffic::tally::Tally;
use fleet_detect::{Config, Counts, Datapoint, Evaluator, Output, Violation};

use self::source::Source;
use super::failure::Failure;
use super::{Global, output};
use crate::exit;

/// Evaluate security profiles on device traffic, here and now: which devices would have alarmed, when, and why.
///
/// The profiles come from a spec, or from a file as DescribeSecurityProfile returns it. The traffic is recorded (files,
/// globs, stdin; compressed or not) or made from a scenario. Nothing is asked of AWS, and alarms are no error.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    profiles: profiles::Profiles,
    #[command(flatten)]
    source: source::Input,
    /// How to show the result. `jsonl` is the body of one SNS message a line, as Device Defender sends it, without
    /// those that `suppressAlerts` holds back. Default: table, or json with --json.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the result to FILE.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also say which choices each alarm rests on where AWS publishes no rule: below the table, as a member of `json`,
    /// on stderr otherwise.
    #[arg(long)]
    explain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Jsonl,
    Json,
    Html,
}

/// What came of a simulation.
struct Simulation {
    violations: Vec<Violation>,
    alarms: Vec<AlarmSpan>,
    totals: Totals,
    counts: Counts,
    /// What became of the lines of each input, by its name; empty for a scenario.
    traffic: Vec<(String, Tally)>,
    /// Behaviours, as positions of profile and behaviour, that AWS decides by an unpublished algorithm.
    approximate: Vec<(usize, usize)>,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let format = args.format.unwrap_or(if global.json { Format::Json } else { Format::Table });
    let source = args.source.source()?;
    let config = args.profiles.config(global, source.scenario())?;
    let source = source.with_metrics(config.metric_types());
    let mut tallies = Tallies::new(&config);
    let (mut simulation, series) = match format {
        Format::Jsonl => (evaluate(&config, &source, None)?, None),
        Format::Table | Format::Json => {
            let mut tally = |datapoint: &Datapoint, _: &str| tallies.add(std::slice::from_ref(datapoint));
            (evaluate(&config, &source, Some(&mut tally))?, None)
        }
        Format::Html => {
            let (simulation, collector) = charted(&config, &source, &mut tallies)?;
            (simulation, Some(collector.finish()))
        }
    };
    simulation.totals = tallies.totals(&config, &simulation.alarms);
    report::notes(&config, &simulation);
    let text = match format {
        Format::Table => report::table(&simulation),
        Format::Jsonl => report::jsonl(&simulation),
        Format::Json => report::json(&config, &simulation, args.explain),
        Format::Html => report::html(&args.profiles.title(), &config, &simulation, series.unwrap_or_default()),
    };
    let explanation = if args.explain { report::explanation(&config, &simulation) } else { String::new() };
    match format {
        Format::Table => deliver(args.out.as_deref(), &(text + &explanation))?,
        Format::Json => deliver(args.out.as_deref(), &text)?,
        Format::Jsonl | Format::Html => {
            deliver(args.out.as_deref(), &text)?;
            eprint!("{explanation}");
        }
    }
    Ok(exit::DONE)
}

fn deliver(out: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = out else {
        output::text(text);
        return Ok(());
    };
    std::fs::write(path, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
    eprintln!("Wrote {}.", path.display());
    Ok(())
}

type Take<'t> = &'t mut dyn FnMut(&Datapoint, &str);

/// Evaluates all of the traffic. Every datapoint goes to `take`, with its device's name.
fn evaluate(config: &Config, source: &Source, take: Option<Take>) -> Result<Simulation, Failure> {
    let invalid = |error: fleet_detect::ConfigError| {
        Failure::new(error.to_string())
            .help("a thing group that is not in the spec, and custom metrics, are made known by --registry and --custom-metrics")
    };
    let mut evaluator = Evaluator::new(config).map_err(invalid)?;
    let approximate = evaluator.approximate();
    let mut output = if take.is_some() { Output::with_datapoints() } else { Output::default() };
    let mut nothing = |_: &Datapoint, _: &str| {};
    let take = take.unwrap_or(&mut nothing);
    let traffic = source.feed(|events| {
        evaluator.observe_batch(events, &mut output);
        output.datapoints.drain(..).for_each(|found| take(&found, evaluator.device_name(found.device)));
    })?;
    // The end of the input uses the evaluator up, and the last windows still need the names.
    let names: Vec<String> = (0..evaluator.device_count() as u32).map(|id| evaluator.device_name(id).into()).collect();
    let counts = evaluator.finish(&mut output);
    output.datapoints.drain(..).for_each(|found| take(&found, &names[found.device as usize]));
    let alarms = alarm_spans(&output.violations);
    let totals = Totals::default();
    Ok(Simulation { violations: output.violations, alarms, totals, counts, traffic, approximate })
}

/// Evaluates and collects charts. What can be read twice is: the second time only devices in alarm are drawn, so that
/// a large fleet's page stays small. Without alarms, and from stdin, the first series that fit are drawn.
fn charted(config: &Config, source: &Source, tallies: &mut Tallies) -> Result<(Simulation, Collector), Failure> {
    let mut first = Collector::default();
    let mut both = |datapoint: &Datapoint, device: &str| {
        tallies.add(std::slice::from_ref(datapoint));
        first.add(datapoint, device);
    };
    let simulation = evaluate(config, source, Some(&mut both))?;
    if simulation.violations.is_empty() || !source.is_repeatable() {
        return Ok((simulation, first));
    }
    let key = |found: &Violation| SeriesKey {
        profile: found.profile,
        behavior_index: found.behavior_index,
        device: found.device.clone(),
    };
    let mut wanted = Collector::of(simulation.violations.iter().map(key).collect::<BTreeSet<_>>());
    evaluate(config, source, Some(&mut |datapoint, device| wanted.add(datapoint, device)))?;
    Ok((simulation, wanted))
}
