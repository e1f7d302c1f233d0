//! Goes from the least sensitive candidate to more sensitive ones as far as the budget allows.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::labels::{Incident, spells};
use super::outcome::{Frame, Outcome};
use super::plan::{Planned, Reach};
use super::record::Series;
use super::report::MONTH;
use crate::alarm::AlarmRules;

/// Candidates looked at beyond the last one that keeps the budget, to show how alarms grow.
const BEYOND: usize = 12;
/// Largest share of datapoints at which a false alarm may stand. A threshold in the middle of ordinary values raises
/// few alarms, because they never clear; it is no answer to a budget.
const MOST_IN_ALARM: f64 = 0.01;
/// Datapoints in alarm that are never too many: an hour of five-minute windows.
const SHORT_ALARM: u64 = 12;

/// The parts of the time, the incidents and the budget: what all behaviours share.
pub(crate) struct Terms<'a> {
    pub incidents: &'a [Incident],
    /// First datapoint of all, the time from which is held out, and last; milliseconds since the Unix epoch.
    pub from: i64,
    pub cut: i64,
    pub to: i64,
    /// False alarms a device and month.
    pub budget: f64,
}

/// How much was observed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exposure {
    /// Device-months.
    pub training: f64,
    pub held_out: f64,
    /// Datapoints of the training part outside of incidents.
    pub quiet_datapoints: u64,
}

/// The outcome of each candidate that was looked at, and the most sensitive one such that it and all before it keep
/// the budget. The number of alarms does not always grow with sensitivity: where alarms do not clear they are few.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub outcomes: Vec<Outcome>,
    pub last: Option<usize>,
}

/// A series with its incidents.
pub(crate) fn framed<'a>(terms: &Terms, planned: &Planned, behavior: &str, series: &'a Series) -> Framed<'a> {
    let spells = spells(terms.incidents, behavior, series, planned.reach);
    Framed { series, spells, cut: terms.cut, reach: planned.reach }
}

/// Owns what a [`Frame`] borrows.
pub(crate) struct Framed<'a> {
    pub series: &'a Series,
    pub spells: Vec<Vec<super::labels::Spell>>,
    cut: i64,
    reach: Reach,
}

impl Framed<'_> {
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            series: self.series,
            spells: &self.spells,
            cut: self.cut,
            reach: self.reach,
            without: Default::default(),
        }
    }

    /// What was observed of the devices in a frame.
    pub fn exposure(&self, frame: &Frame) -> Exposure {
        let mut exposure = Exposure::default();
        let (mut training, mut held_out) = (0, 0);
        for (_, device, spells) in frame.devices() {
            let times = || device.points.iter().map(|(at, _)| *at);
            let (Some(first), Some(last)) = (times().min(), times().max()) else { continue };
            let first = first.saturating_sub(self.reach.millis);
            training += last.min(self.cut).saturating_sub(first).max(0);
            held_out += last.saturating_sub(first.max(self.cut)).max(0);
            let quiet = |at: i64| at < self.cut && !spells.iter().any(|spell| spell.holds(at));
            exposure.quiet_datapoints += times().filter(|at| quiet(*at)).count() as u64;
        }
        exposure.training = training as f64 / MONTH as f64;
        exposure.held_out = held_out as f64 / MONTH as f64;
        exposure
    }
}

/// Looks at candidates as far as they keep the budget, and a few more. `frames` are those that candidates name.
pub(crate) fn scan(frames: &[Frame], candidates: &[Candidate], rules: &AlarmRules, limits: Limits) -> Scan {
    let mut scan = Scan::default();
    let (mut open, mut beyond) = (true, 0);
    for (position, candidate) in candidates.iter().enumerate() {
        let outcome = frames[candidate.frame].run(&candidate.conformity, rules);
        open &= limits.keeps(&outcome);
        scan.outcomes.push(outcome);
        if open {
            scan.last = Some(position);
            continue;
        }
        beyond += 1;
        if beyond == BEYOND {
            break;
        }
    }
    scan
}

/// What the budget comes to in the training part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub false_alarms: u64,
    pub datapoints_in_alarm: u64,
}

impl Limits {
    pub fn new(budget: f64, exposure: &Exposure) -> Self {
        let share = exposure.quiet_datapoints as f64 * MOST_IN_ALARM;
        Self {
            false_alarms: (budget * exposure.training + 1e-9).floor() as u64,
            datapoints_in_alarm: (share as u64).max(SHORT_ALARM),
        }
    }

    /// Whether an outcome keeps them.
    pub fn keeps(&self, outcome: &Outcome) -> bool {
        outcome.training.unlabelled <= self.false_alarms
            && outcome.training.datapoints_in_alarm <= self.datapoints_in_alarm
    }
}

/// Incidents detected, by the part in which they begin: training, held out.
pub(crate) fn detected(delays: &BTreeMap<usize, i64>, terms: &Terms) -> (usize, usize) {
    let training = delays.keys().filter(|incident| terms.incidents[**incident].from < terms.cut).count();
    (training, delays.len() - training)
}
