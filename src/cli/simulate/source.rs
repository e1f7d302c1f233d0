//! Where the events come from: recorded traffic, or a scenario.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fleet_detect::batch::Batch;
use fleet_detect::metric::CustomMetrics;
use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::reader::{Options, TrafficError};
use fleet_detect::traffic::tally::Tally;
use fleet_detect::{Event, Needs};

use super::documents;
use super::inputs::{self, STDIN};
use super::meter::Meter;
use crate::cli::failure::Failure;

#[derive(Debug, clap::Args)]
pub struct Input {
    /// Recorded traffic: files, globs, `-` for stdin, merged by time. Plain, gzip or zstd; the format of each is seen
    /// in its first record.
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "scenario", conflicts_with = "scenario")]
    traffic: Vec<String>,
    /// The traffic's format: ndjson, iot-log, lifecycle, report, export, csv or parquet.
    #[arg(long, value_name = "FORMAT", requires = "traffic", value_parser = format)]
    traffic_format: Option<Format>,
    /// Stop at the first bad line of the traffic.
    #[arg(long, requires = "traffic")]
    strict: bool,
    /// The share of bad lines, 0 to 1, beyond which a file is refused.
    #[arg(long, value_name = "SHARE", requires = "traffic", default_value = "0.01", value_parser = share)]
    max_bad: f64,
    /// Traffic made from a scenario, a YAML file: the same seed gives the same events everywhere.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

fn format(text: &str) -> Result<Format, String> {
    let known = || Format::ALL.map(Format::as_str).join(", ");
    Format::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| format!("expected one of {}", known()))
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "expected 0 to 1".to_owned())
}

impl Input {
    /// Reads the scenario, or finds the files.
    pub fn source(&self) -> Result<Source, Failure> {
        if let Some(path) = &self.scenario {
            let scenario: Scenario = documents::yaml(path)?;
            scenario.check().map_err(|message| Failure::new(format!("{}: {message}", path.display())))?;
            return Ok(Source::made(scenario));
        }
        let mut names = Vec::new();
        for pattern in &self.traffic {
            names.extend(matching(pattern)?);
        }
        let options = Options {
            format: self.traffic_format,
            strict: self.strict,
            max_bad_share: self.max_bad,
            ..Options::default()
        };
        Ok(Source::recorded(names, options))
    }
}

/// The files that a name or glob stands for.
fn matching(pattern: &str) -> Result<Vec<String>, Failure> {
    if pattern == STDIN || Path::new(pattern).exists() {
        return Ok(vec![pattern.to_owned()]);
    }
    let unusable = |message: String| Failure::new(format!("--traffic {pattern}: {message}"));
    let paths = glob::glob(pattern).map_err(|error| unusable(error.to_string()))?;
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(|error| unusable(error.to_string()))?;
    match paths.is_empty() {
        true => Err(unusable("there is no such file".to_owned())),
        false => Ok(paths.iter().map(|path| path.display().to_string()).collect()),
    }
}

/// Where the events come from.
#[derive(Clone)]
pub struct Source {
    origin: Origin,
    shows_progress: bool,
}

#[derive(Clone)]
enum Origin {
    Scenario(Box<Scenario>),
    Recorded { names: Vec<String>, options: Options },
}

impl Source {
    /// Recorded traffic, from files of these names.
    pub fn recorded(names: Vec<String>, options: Options) -> Source {
        Source { origin: Origin::Recorded { names, options }, shows_progress: true }
    }

    /// Traffic made from a scenario.
    pub fn made(scenario: Scenario) -> Source {
        Source { origin: Origin::Scenario(Box::new(scenario)), shows_progress: true }
    }

    pub fn scenario(&self) -> Option<&Scenario> {
        match &self.origin {
            Origin::Scenario(scenario) => Some(scenario),
            Origin::Recorded { .. } => None,
        }
    }

    /// Makes the types of custom metrics known to the CSV reader.
    pub fn with_metrics(mut self, custom_metrics: CustomMetrics) -> Source {
        if let Origin::Recorded { options, .. } = &mut self.origin {
            options.custom_metrics = custom_metrics;
        }
        self
    }

    /// Shows no progress: the terminal is full of results.
    pub fn quiet(self) -> Source {
        Source { shows_progress: false, ..self }
    }

    /// Whether reading again gives the same events.
    pub fn is_repeatable(&self) -> bool {
        match &self.origin {
            Origin::Scenario(_) => true,
            Origin::Recorded { names, .. } => names.iter().all(|name| inputs::size(name).is_some()),
        }
    }

    /// Hands over every event, and returns what became of the lines of each input.
    pub fn feed(&self, mut take: impl FnMut(&[Event])) -> Result<Vec<(String, Tally)>, Failure> {
        self.feed_rounds(NonZeroUsize::MIN, Needs::ALL, |batches| batches.iter().for_each(|batch| take(batch.events())))
    }

    /// As [`Self::feed`], in rounds of batches that are parsed on several threads where the format allows it. Members
    /// that are not needed may be missing.
    pub fn feed_rounds(
        &self,
        threads: NonZeroUsize,
        needs: Needs,
        mut take: impl FnMut(&[Batch]),
    ) -> Result<Vec<(String, Tally)>, Failure> {
        let done = Arc::new(AtomicU64::new(0));
        let meter = |total| self.shows_progress.then(|| Meter::new(total, Arc::clone(&done)));
        let (names, options) = match &self.origin {
            Origin::Scenario(scenario) => {
                let generator = Generator::new(scenario).map_err(Failure::new)?;
                let (start, end) = generator.range();
                let mut meter = meter(Some((end - start).unsigned_abs()));
                let mut batch = Batch::default();
                generator.for_each(|event| {
                    batch.push(event.clone().into_owned());
                    if batch.events().len() == inputs::BATCH {
                        take(std::slice::from_ref(&batch));
                        batch = std::mem::take(&mut batch).recycled();
                    }
                    done.store(event.at.saturating_sub(start).max(0).unsigned_abs(), Ordering::Relaxed);
                    meter.iter_mut().for_each(|meter| meter.add(1));
                });
                take(std::slice::from_ref(&batch));
                return Ok(Vec::new());
            }
            Origin::Recorded { names, options } => (names, options),
        };
        let mut meter = meter(names.iter().map(|name| inputs::size(name)).sum());
        let take = |batches: &[Batch]| {
            take(batches);
            let events = batches.iter().map(Batch::len).sum();
            meter.iter_mut().for_each(|meter| meter.add(events));
        };
        // The share is looked at here instead, at the end, where the bad lines can still be shown.
        let lenient = Options { max_bad_share: 1.0, threads, needs, ..options.clone() };
        let tallies = inputs::read(names, &lenient, &done, take)?;
        check_shares(&tallies, options.max_bad_share)?;
        Ok(tallies)
    }
}

fn check_shares(tallies: &[(String, Tally)], share: f64) -> Result<(), Failure> {
    for (name, tally) in tallies {
        let (bad, lines) = (tally.bad_lines(), tally.lines);
        if bad as f64 > share * lines as f64 {
            let seen = tally.bad.iter().find_map(|(reason, lines)| Some((reason, lines.first.first()?)));
            let first =
                seen.map_or(String::new(), |(reason, (line, detail))| format!("; line {line}: {reason}: {detail}"));
            let error = TrafficError::TooManyBad { bad, lines, share };
            return Err(Failure::new(format!("{name}: {error}{first}"))
                .help("if these lines are no loss, allow a larger share with --max-bad"));
        }
    }
    Ok(())
}
