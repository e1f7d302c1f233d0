//! Drives an evaluation: the one place that hands events to the evaluator and takes its output out again.

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
    let mut evaluator = Evaluator::new(config).map_err(invalid)?;
    let approximate = evaluator.approximate();
    let mut output = if S::DATAPOINTS { Output::with_datapoints() } else { Output::default() };
    let traffic = source.feed(|events| {
        evaluator.observe_batch(events, &mut output);
        if !output.violations.is_empty() {
            sink.violations(output.violations.drain(..));
        }
        output.datapoints.drain(..).for_each(|found| sink.datapoint(&found, evaluator.device_name(found.device)));
    })?;
    // The end of the input uses the evaluator up, and the last windows still need the names.
    let named = if S::DATAPOINTS { evaluator.device_count() } else { 0 };
    let names: Vec<String> = (0..named as u32).map(|id| evaluator.device_name(id).into()).collect();
    let counts = evaluator.finish(&mut output);
    sink.violations(output.violations.drain(..));
    output.datapoints.drain(..).for_each(|found| sink.datapoint(&found, &names[found.device as usize]));
    Ok(Outcome { counts, traffic, approximate })
}
