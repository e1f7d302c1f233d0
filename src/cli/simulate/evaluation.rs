//! Drives an evaluation: the one place that hands events to the evaluator and takes its output out again.

use std::num::NonZeroUsize;

use fleet_detect::traffic::tally::Tally;
use fleet_detect::{Config, Counts, Datapoint, Evaluator, Output, Violation};

use super::source::Source;
use crate::cli::failure::Failure;

/// What is done with the output, as it comes. Nothing is kept that a sink does not keep.
pub trait Sink {
    /// Whether [`Self::datapoint`] wants to be called.
    const DATAPOINTS: bool;

    /// Takes the next events of alarms, in order of time.
    fn violations(&mut self, found: std::vec::Drain<Violation>);

    /// Takes the next datapoint, with its device's name.
    fn datapoint(&mut self, datapoint: &Datapoint, device: &str);
}

/// What an evaluation says at its end.
pub struct Outcome {
    pub counts: Counts,
    /// What became of the lines of each input, by its name; empty for a scenario.
    pub traffic: Vec<(String, Tally)>,
    /// Behaviours, as positions of profile and behaviour, that AWS decides by an unpublished algorithm.
    pub approximate: Vec<(usize, usize)>,
}

/// Evaluates all of the traffic.
pub fn evaluate<S: Sink>(config: &Config, source: &Source, sink: &mut S) -> Result<Outcome, Failure> {
    let invalid = |error: fleet_detect::ConfigError| {
        Failure::new(error.to_string())
            .help("a thing group that is not in the spec, and custom metrics, are made known by --registry and --custom-metrics")
    };
    // Which result comes out does not depend on their number.
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut evaluator = Evaluator::with_threads(config, threads).map_err(invalid)?;
    let approximate = evaluator.approximate();
    let mut output = if S::DATAPOINTS { Output::with_datapoints() } else { Output::default() };
    let traffic = source.feed_rounds(threads, evaluator.needs(), |batches| {
        evaluator.observe_batches(batches, &mut output);
        if !output.violations.is_empty() {
            sink.violations(output.violations.drain(..));
        }
        output.datapoints.drain(..).for_each(|found| sink.datapoint(&found, evaluator.device_name(found.device)));
    })?;
    let counts = evaluator.finish(&mut output);
    sink.violations(output.violations.drain(..));
    output.datapoints.drain(..).for_each(|found| sink.datapoint(&found, evaluator.device_name(found.device)));
    Ok(Outcome { counts, traffic, approximate })
}
