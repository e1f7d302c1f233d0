//! The traffic's datapoints, by the evaluator. All that is shared with `simulate` is called from here.

use fleet_detect::scenario::model::Scenario;
use fleet_detect::tune::{MAX_DATAPOINTS, Plan, Recorder};
use fleet_detect::{Config, ConfigError, Evaluator, Output};

use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::simulate::profiles::Profiles;
use crate::cli::simulate::source::Source;

/// What is tuned.
pub fn config(profiles: &Profiles, global: &Global, scenario: Option<&Scenario>) -> Result<Config, Failure> {
    profiles.subject(global, scenario).map(|subject| subject.config)
}

pub fn invalid(error: ConfigError) -> Failure {
    Failure::new(error.to_string()).help(
        "a thing group that is not in the spec, and custom metrics, are made known by --registry and --custom-metrics",
    )
}

/// Evaluates all of the traffic and keeps every datapoint.
pub fn record(plan: &Plan, source: &Source, recorder: &mut Recorder) -> Result<(), Failure> {
    let mut evaluator = Evaluator::new(plan.evaluated()).map_err(invalid)?;
    let mut output = Output::with_datapoints();
    let traffic = source.feed(|events| {
        evaluator.observe_batch(events, &mut output);
        output.violations.clear();
        output.datapoints.drain(..).for_each(|found| recorder.add(&found, evaluator.device_name(found.device)));
    })?;
    let counts = evaluator.finish(&mut output);
    output.datapoints.drain(..).for_each(|found| recorder.add(&found, evaluator.device_name(found.device)));
    for (name, tally) in traffic.iter().filter(|(_, tally)| tally.bad_lines() > 0) {
        eprintln!("warning: {name}: {} of {} lines are bad and left out", tally.bad_lines(), tally.lines);
    }
    let left_out = [
        (counts.late + counts.ahead, "too far from the newest event in time"),
        (counts.untargeted, "of devices that no profile is attached to"),
        (counts.mistyped, "of another type than their metric has"),
    ];
    for (count, why) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        eprintln!("note: {count} events or values left out: {why}");
    }
    match recorder.left_out() {
        0 => Ok(()),
        more => Err(Failure::new(format!("{} datapoints are more than the {MAX_DATAPOINTS} that can be held", {
            more as usize + MAX_DATAPOINTS
        }))
        .help("tune some behaviors at a time with --behavior, or give less traffic: fewer devices say as much")),
    }
}
