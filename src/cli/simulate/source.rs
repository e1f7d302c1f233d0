//! Where the events come from: recorded traffic, or a scenario.

use std::fs::File;
use std::path::{Path, PathBuf};

use fleet_detect::Event;
use fleet_detect::metric::CustomMetrics;
use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::merge::Merge;
use fleet_detect::traffic::reader::{Options, Traffic, TrafficError};
use fleet_detect::traffic::tally::Tally;

use super::profiles;
use crate::cli::failure::Failure;

const STDIN: &str = "-";

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
            let scenario: Scenario = profiles::yaml(path)?;
            scenario.check().map_err(|message| Failure::new(format!("{}: {message}", path.display())))?;
            return Ok(Source::Scenario(Box::new(scenario)));
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
        Ok(Source::Recorded { names, options })
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

pub enum Source {
    Scenario(Box<Scenario>),
    Recorded { names: Vec<String>, options: Options },
}

impl Source {
    pub fn scenario(&self) -> Option<&Scenario> {
        match self {
            Source::Scenario(scenario) => Some(scenario),
            Source::Recorded { .. } => None,
        }
    }

    /// Makes the types of custom metrics known to the CSV reader.
    pub fn with_metrics(mut self, custom_metrics: CustomMetrics) -> Source {
        if let Source::Recorded { options, .. } = &mut self {
            options.custom_metrics = custom_metrics;
        }
        self
    }

    /// Whether reading again gives the same events.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Source::Scenario(_) => true,
            // A pipe with a name, such as a shell's process substitution, is read once too.
            Source::Recorded { names, .. } => {
                names.iter().all(|name| name != STDIN && std::fs::metadata(name).is_ok_and(|found| found.is_file()))
            }
        }
    }

    /// Hands over every event, and returns what became of the lines of each input.
    pub fn feed(&self, mut take: impl FnMut(&[Event])) -> Result<Vec<(String, Tally)>, Failure> {
        let (names, options) = match self {
            Source::Scenario(scenario) => {
                let generator = Generator::new(scenario).map_err(Failure::new)?;
                generator.for_each(|event| take(std::slice::from_ref(event)));
                return Ok(Vec::new());
            }
            Source::Recorded { names, options } => (names, options),
        };
        // The share is looked at here instead, at the end, where the bad lines can still be shown.
        let lenient = Options { max_bad_share: 1.0, ..options.clone() };
        let open = |name: &String| open(name, &lenient).map_err(|error| unusable(name, &error));
        let mut inputs = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let tallies = match inputs.len() {
            1 => vec![inputs.remove(0).for_each_batch(take).map_err(|error| unusable(&names[0], &error))?],
            _ => {
                let merged = |error: TrafficError| unusable(&names.join(", "), &error);
                let mut merge = Merge::new(inputs).map_err(merged)?;
                while let Some(event) = merge.next_event().map_err(merged)? {
                    take(&[event]);
                }
                merge.tallies().cloned().collect()
            }
        };
        let tallies: Vec<(String, Tally)> = names.iter().cloned().zip(tallies).collect();
        check_shares(&tallies, options.max_bad_share)?;
        Ok(tallies)
    }
}

fn open(name: &str, options: &Options) -> Result<Traffic<'static>, TrafficError> {
    if name == STDIN {
        return Traffic::open(std::io::stdin(), options.clone());
    }
    let file = File::open(name)?;
    // A pipe with a name can only be read on.
    match file.metadata()?.is_file() {
        true => Traffic::open_file(file, options.clone()),
        false => Traffic::open(file, options.clone()),
    }
}

fn unusable(name: &str, error: &TrafficError) -> Failure {
    let failure = Failure::new(format!("{name}: {error}"));
    match error {
        TrafficError::UnknownFormat => failure.help("name the format with --traffic-format"),
        TrafficError::Strict { .. } => failure.help("mend the line, or leave out --strict to count bad lines instead"),
        TrafficError::ParquetStream => failure.help("save it to a file first, and decompress it"),
        TrafficError::Parquet(_) => failure.help("docs/traffic.md describes the columns"),
        TrafficError::Io(_) | TrafficError::TooManyBad { .. } => failure,
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
