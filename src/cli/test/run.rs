//! Runs one case: its traffic through the evaluator, and what came out beside what was expected.

use std::collections::{BTreeMap, BTreeSet};

use fleet_detect::expect::{Clock, Pair, compare};
use fleet_detect::history::alarm_spans;
use fleet_detect::value::Value;
use fleet_detect::{Counts, Datapoint, Evaluator, Output};

use super::case::Case;
use super::read::Reading;
use super::traffic::Traffic;
use crate::cli::failure::Failure;
use crate::diagnostic::Diagnostic;

/// What came of a case.
pub struct Outcome {
    pub pairs: Vec<Pair>,
    /// What relative moments count from, milliseconds since the Unix epoch.
    pub start: i64,
    pub clock: Clock,
    /// What the behaviour measured where an alarm is missing, by device and behaviour.
    pub measured: BTreeMap<(String, String), Measured>,
    /// Whether a security profile watched any device of the traffic.
    pub watched: bool,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.pairs.iter().all(Pair::holds)
    }
}

/// The values of one device and behaviour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    pub values: u64,
    pub violating: u64,
    /// Most violating values in a row.
    pub in_a_row: u64,
    /// How many in a row raise the alarm.
    pub needed: u64,
    row: u64,
    /// Least and greatest, of numbers.
    pub range: Option<(f64, f64)>,
}

impl Measured {
    fn add(&mut self, datapoint: &Datapoint) {
        self.values += 1;
        self.violating += u64::from(!datapoint.conforms);
        self.row = if datapoint.conforms { 0 } else { self.row + 1 };
        self.in_a_row = self.in_a_row.max(self.row);
        let number = match datapoint.value {
            Value::Count(count) => count as f64,
            Value::Number(number) => number,
            _ => return,
        };
        let (least, greatest) = self.range.unwrap_or((number, number));
        self.range = Some((least.min(number), greatest.max(number)));
    }
}

/// Runs the case; nothing where its traffic cannot be read.
pub fn run(case: &Case, reading: &mut Reading) -> Option<Outcome> {
    let mut output = Output::default();
    let ran = evaluate(case, &mut output, |_, _| {});
    let ran = ran.map_err(|failure| refuse(case, &failure, reading)).ok()?;
    if case.traffic.devices().is_none() {
        case.check_devices(&ran.devices, reading);
    }
    let alarms = alarm_spans(&output.violations);
    let pairs = compare(&case.expected, &alarms, ran.start);
    let clock = if matches!(case.traffic, Traffic::Recorded(_)) { Clock::Utc } else { Clock::Since(ran.start) };
    let measured = measure_missing(case, &pairs);
    let watched = ran.counts.accepted > ran.counts.untargeted;
    Some(Outcome { pairs, start: ran.start, clock, measured, watched })
}

struct Ran {
    start: i64,
    counts: Counts,
    devices: BTreeSet<String>,
}

/// Evaluates all of the traffic; datapoints, where the output has them, go to `take` with the device's name.
fn evaluate(case: &Case, output: &mut Output, mut take: impl FnMut(&Datapoint, &str)) -> Result<Ran, Failure> {
    let mut evaluator = Evaluator::new(&case.config).map_err(|error| Failure::new(error.to_string()))?;
    let mut first = None;
    case.traffic.feed(|events| {
        first = first.or_else(|| events.first().map(|event| event.at));
        evaluator.observe_batch(events, output);
        output.datapoints.drain(..).for_each(|datapoint| take(&datapoint, evaluator.device_name(datapoint.device)));
    })?;
    let counts = evaluator.finish(output);
    output.datapoints.drain(..).for_each(|datapoint| take(&datapoint, evaluator.device_name(datapoint.device)));
    let devices = (0..evaluator.device_count() as u32).map(|id| evaluator.device_name(id).to_owned());
    let start = case.traffic.start().or(first).unwrap_or_default();
    Ok(Ran { start, counts, devices: devices.collect() })
}

fn refuse(case: &Case, failure: &Failure, reading: &mut Reading) {
    if let Failure::Message(message, help) = failure {
        let diagnostic = Diagnostic::error("bad-traffic", message.clone()).at(case.at);
        reading.diagnostics.push(diagnostic.help_if(help.clone()));
    }
}

/// Where alarms are missing, says how near the values came: a second run that looks at them.
fn measure_missing(case: &Case, pairs: &[Pair]) -> BTreeMap<(String, String), Measured> {
    let missing = pairs.iter().filter(|pair| pair.actual.is_none()).map(Pair::subject);
    let mut measured: BTreeMap<(String, String), Measured> =
        missing.map(|(device, behavior)| ((device.to_owned(), behavior.to_owned()), Measured::default())).collect();
    if !measured.is_empty() {
        let take = |datapoint: &Datapoint, device: &str| {
            let profile = &case.config.profiles[datapoint.profile].profile;
            let behavior = &profile.behaviors[datapoint.behavior_index];
            if let Some(measured) = measured.get_mut(&(device.to_owned(), behavior.name.clone())) {
                let needed = behavior.criteria.as_ref().and_then(|criteria| criteria.consecutive_datapoints_to_alarm);
                measured.needed = needed.unwrap_or(1).into();
                measured.add(datapoint);
            }
        };
        // It went well the first time.
        let _ = evaluate(case, &mut Output::with_datapoints(), take);
    }
    measured
}
