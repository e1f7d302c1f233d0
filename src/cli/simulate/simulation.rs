//! One simulation as reports need it: alarms and totals, and of the rest only what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use fleet_detect::summary::alarms::{Alarms, RaisedAlarm};
use fleet_detect::summary::incidents::incidents;
use fleet_detect::summary::series::{Collector, MAX_SERIES, Point, SeriesKey};
use fleet_detect::summary::totals::{Tallies, Totals};
use fleet_detect::{Datapoint, Violation};

use super::evaluation::{Outcome, Sink, evaluate};
use super::profiles::Subject;
use super::source::Source;
use super::subscribers;
use crate::cli::failure::Failure;

/// What came of a simulation.
pub struct Simulation {
    pub alarms: Vec<RaisedAlarm>,
    pub totals: Totals,
    pub outcome: Outcome,
    /// Every event of every alarm, if they were asked for.
    pub violations: Vec<Violation>,
}

/// Values to draw, and whether some were left out.
pub type Series = (BTreeMap<SeriesKey, Vec<Point>>, bool);

/// Keeps what the reports need.
struct Keeper {
    alarms: Alarms,
    tallies: Tallies,
    violations: Option<Vec<Violation>>,
    series: Option<Collector>,
}

impl Sink for Keeper {
    const DATAPOINTS: bool = true;

    fn violations(&mut self, found: std::vec::Drain<Violation>) {
        for violation in found {
            self.alarms.add(&violation);
            if let Some(violations) = &mut self.violations {
                violations.push(violation);
            }
        }
    }

    fn datapoint(&mut self, datapoint: &Datapoint, device: &str) {
        self.tallies.add(datapoint);
        if let Some(series) = &mut self.series {
            series.add(datapoint, device);
        }
    }
}

impl Simulation {
    /// Evaluates the traffic. `keeps_violations` keeps the single events beside the alarms that they make up.
    pub fn run(subject: &Subject, source: &Source, keeps_violations: bool) -> Result<Simulation, Failure> {
        Ok(Self::collect(subject, source, keeps_violations, None)?.0)
    }

    /// As [`Self::run`], and collects values to draw. What can be read twice is: the second time only devices in alarm
    /// are drawn. Without alarms, and from a pipe, the first series that fit are.
    pub fn charted(subject: &Subject, source: &Source, keeps_violations: bool) -> Result<(Self, Series), Failure> {
        let (simulation, first) = Self::collect(subject, source, keeps_violations, Some(Collector::default()))?;
        if simulation.alarms.is_empty() || !source.is_repeatable() {
            return Ok((simulation, first.map(Collector::finish).unwrap_or_default()));
        }
        let (keys, left_out) = telling(&simulation.alarms);
        let mut drawn = Drawn(Collector::of(keys));
        evaluate(&subject.config, source, &mut drawn)?;
        let (series, _) = drawn.0.finish();
        Ok((simulation, (series, left_out)))
    }

    fn collect(
        subject: &Subject,
        source: &Source,
        keeps_violations: bool,
        series: Option<Collector>,
    ) -> Result<(Simulation, Option<Collector>), Failure> {
        let (alarms, tallies) = (Alarms::default(), Tallies::new(&subject.config));
        let mut keeper = Keeper { alarms, tallies, violations: keeps_violations.then(Vec::new), series };
        let outcome = evaluate(&subject.config, source, &mut keeper)?;
        let alarms = keeper.alarms.finish();
        let mut totals = keeper.tallies.totals(&subject.config, &alarms);
        subscribers::fill(&mut totals.paged, &subject.subscribers);
        let violations = keeper.violations.unwrap_or_default();
        Ok((Simulation { alarms, totals, outcome, violations }, keeper.series))
    }
}

/// Draws what is wanted, and nothing else.
struct Drawn(Collector);

impl Sink for Drawn {
    const DATAPOINTS: bool = true;

    fn violations(&mut self, found: std::vec::Drain<Violation>) {
        drop(found);
    }

    fn datapoint(&mut self, datapoint: &Datapoint, device: &str) {
        self.0.add(datapoint, device);
    }
}

/// The series worth drawing: those in alarm, of devices that alarmed together and of one behaviour only some, behaviours
/// taking turns, so that a noisy one leaves room for the others. Also whether some are left out.
fn telling(alarms: &[RaisedAlarm]) -> (BTreeSet<SeriesKey>, bool) {
    const ALIKE: usize = 3;
    const OF_ONE_BEHAVIOR: usize = 12;
    let mut behaviors: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut left_out = false;
    for incident in incidents(alarms) {
        left_out |= incident.alarms.len() > ALIKE;
        for alarm in incident.alarms.iter().take(ALIKE) {
            let (profile, behavior_index) = (alarm.profile_index, alarm.behavior_index);
            if known.insert((profile, behavior_index, alarm.span.device.as_str())) {
                behaviors.entry((profile, behavior_index)).or_default().push(&alarm.span.device);
            }
        }
    }
    let most = behaviors.values().map(Vec::len).max().unwrap_or_default().min(OF_ONE_BEHAVIOR);
    let turns = (0..most).flat_map(|turn| {
        let devices = behaviors.iter().filter_map(move |(place, devices)| Some((place, *devices.get(turn)?)));
        devices.collect::<Vec<_>>()
    });
    let key = |((profile, behavior_index), device): (&(usize, usize), &str)| SeriesKey {
        profile: *profile,
        behavior_index: *behavior_index,
        device: device.to_owned(),
    };
    let chosen: BTreeSet<SeriesKey> = turns.take(MAX_SERIES).map(key).collect();
    let left_out = left_out || known.len() > chosen.len();
    (chosen, left_out)
}
