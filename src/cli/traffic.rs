//! `fleetctl traffic`: makes device traffic from a scenario, and turns recorded traffic from one format into another.

mod target;

use std::path::{Path, PathBuf};

use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::traffic::tally::Tally;

use self::target::{Sink, Target};
use super::Global;
use super::failure::Failure;
use super::simulate::source::Input;
use crate::exit;

/// Make device traffic, or turn it from one format into another.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Generate(Generate),
    Convert(Box<Convert>),
}

/// Write the traffic of a scenario, a YAML file of device classes and what goes wrong with them. The same scenario and
/// seed give the same bytes on every machine. Events that a format has no words for are left out and counted.
#[derive(Debug, clap::Args)]
struct Generate {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Take this seed instead of the scenario's.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    #[command(flatten)]
    target: Target,
}

/// Write recorded traffic in another format: several inputs become one, merged by time. Events that a format has no
/// words for are left out and counted.
#[derive(Debug, clap::Args)]
struct Convert {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    target: Target,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Generate(args) => generate(global, args),
        Command::Convert(args) => convert(global, args),
    }
}

fn generate(global: &Global, args: &Generate) -> Result<u8, Failure> {
    let mut scenario = read(&args.scenario)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let invalid = |message: String| Failure::new(format!("{}: {message}", args.scenario.display()));
    let generator = Generator::new(&scenario).map_err(invalid)?;
    let mut sink = Sink::open(&args.target)?;
    generator.try_for_each(|event| sink.write(event))?;
    sink.finish(global)?;
    Ok(exit::DONE)
}

fn read(path: &Path) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn convert(global: &Global, args: &Convert) -> Result<u8, Failure> {
    let source = args.input.source()?;
    let mut sink = Sink::open(&args.target)?;
    let mut failure = None;
    let tallies = source.feed(|events| {
        if failure.is_none() {
            failure = events.iter().try_for_each(|event| sink.write(event)).err();
        }
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    tallies.iter().for_each(|(name, tally)| note_bad_lines(name, tally));
    sink.finish(global)?;
    Ok(exit::DONE)
}

fn note_bad_lines(name: &str, tally: &Tally) {
    for (reason, bad) in &tally.bad {
        let first = bad.first.first().map_or(String::new(), |(line, detail)| format!("; line {line}: {detail}"));
        eprintln!("note: {name}: {} of {} lines are left out, {reason}{first}", bad.count, tally.lines);
    }
}
