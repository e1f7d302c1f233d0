//! `--format jsonl`: the bodies of the messages that Device Defender would have sent to SNS, each written as soon as it
//! is certain. Nothing is held.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use fleet_detect::{Config, Datapoint, Violation, ViolationEventType};

use super::evaluation::{Outcome, Sink, evaluate};
use super::notes;
use super::source::Source;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Writes the messages to a file, or else to stdout; the choices behind them go to stderr. Returns how many alarms were
/// raised beside what the evaluation says.
pub fn run(config: &Config, source: &Source, out: Option<&Path>, explains: bool) -> Result<(Outcome, usize), Failure> {
    let unwritable = |path: &Path, error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    let file = out.map(|path| File::create(path).map_err(|error| unwritable(path, error))).transpose()?;
    let mut lines = Lines { config, file, explains, alarms: 0, failed: None };
    let outcome = evaluate(config, source, &mut lines)?;
    match (out, lines.failed) {
        (Some(path), Some(error)) => Err(unwritable(path, error)),
        _ => Ok((outcome, lines.alarms)),
    }
}

struct Lines<'c> {
    config: &'c Config,
    file: Option<File>,
    explains: bool,
    alarms: usize,
    failed: Option<std::io::Error>,
}

impl Sink for Lines<'_> {
    const DATAPOINTS: bool = false;

    fn violations(&mut self, found: std::vec::Drain<Violation>) {
        let mut text = String::new();
        for violation in found {
            self.alarms += usize::from(violation.event == ViolationEventType::InAlarm);
            if !violation.suppressed {
                text += &violation.to_json();
                text.push('\n');
            }
            if self.explains {
                eprint!("{}", notes::explanation(self.config, &violation));
            }
        }
        match &mut self.file {
            _ if text.is_empty() || self.failed.is_some() => {}
            Some(file) => self.failed = file.write_all(text.as_bytes()).err(),
            None => output::text(&text),
        }
    }

    fn datapoint(&mut self, _: &Datapoint, _: &str) {}
}
