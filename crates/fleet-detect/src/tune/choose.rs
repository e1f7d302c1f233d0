//! The proposal for each behaviour, and what has to be said about it.

use std::collections::BTreeMap;

use super::bound::poisson_upper;
use super::candidate::{Candidate, Conformity, Spread, spread, thresholds};
use super::elements;
use super::headroom;
use super::labels::Incident;
use super::notes;
use super::outcome::{Frame, Outcome};
use super::patch::alarm_when;
use super::plan::{Plan, Planned};
use super::record::{Recorder, Series, scalar_key};
use super::report::{BehaviorTuning, Choice, IncidentFound, Tuning};
use super::search::{Exposure, Framed, Limits, Scan, Terms, detected, framed, scan};
use super::suspects::suspects;
use crate::alarm::AlarmRules;

/// Numbers of datapoints to alarm that are tried beside the present one.
const RUNS: [u8; 4] = [1, 2, 3, 5];

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// False alarms that one device may raise in a month of 30 days, 0 or more.
    pub budget: f64,
    /// Share of the time, at its end, that the choice does not see: 0 up to, not including, 1.
    pub hold_out: f64,
}

/// One behaviour being tuned.
pub(crate) struct Case<'a> {
    pub planned: &'a Planned,
    pub terms: &'a Terms<'a>,
    framed: &'a [Framed<'a>],
    pub frames: Vec<Frame<'a>>,
    pub exposure: Exposure,
    pub limits: Limits,
    /// Where the values are numbers.
    pub spread: Option<Spread>,
}

/// The position of a candidate that keeps the budget, and the scan that says so.
struct Pick {
    rules: AlarmRules,
    scan: Scan,
    /// Most sensitive that keeps the budget.
    last: usize,
    /// Proposed: `last`, or further off where the budget asks for more than the traffic can show.
    chosen: usize,
}

/// Tunes every behaviour with criteria. None when there was no datapoint at all.
pub fn tune(plan: &Plan, recorder: &Recorder, incidents: &[Incident], settings: &Settings) -> Option<Tuning> {
    let (from, to) = recorder.range()?;
    // The last datapoint belongs to the held-out part, if there is one.
    let training = ((to - from + 1) as f64 * (1.0 - settings.hold_out)).ceil() as i64;
    let terms = Terms { incidents, from, cut: from + training, to, budget: settings.budget };
    let mut first_alarms: BTreeMap<usize, (i64, String)> = BTreeMap::new();
    let mut behaviors = Vec::new();
    for planned in &plan.behaviors {
        let (tuning, delays) = tune_behavior(plan, planned, recorder, &terms);
        for (incident, delay) in delays {
            let first = (delay, tuning.behavior.clone());
            let known = first_alarms.entry(incident).or_insert_with(|| first.clone());
            *known = first.min(known.clone());
        }
        behaviors.push(tuning);
    }
    let found = |(position, incident): (usize, &Incident)| IncidentFound {
        device: incident.device.clone(),
        from: incident.from,
        to: incident.to,
        held_out: incident.from >= terms.cut,
        first_alarm: first_alarms.get(&position).map(|(delay, behavior)| (behavior.clone(), *delay)),
    };
    let incidents = incidents.iter().enumerate().map(found).collect();
    Some(Tuning { budget: settings.budget, from, held_out_from: terms.cut, to, behaviors, incidents })
}

fn tune_behavior(
    plan: &Plan,
    planned: &Planned,
    recorder: &Recorder,
    terms: &Terms,
) -> (BehaviorTuning, BTreeMap<usize, i64>) {
    let (position, index) = planned.place;
    let profile = &plan.config().profiles[position].profile;
    let behavior = &profile.behaviors[index];
    let nothing = Series::default();
    let own = std::iter::once(index).chain(planned.variants.iter().map(|(_, index)| *index));
    let series = own.map(|index| recorder.of(position, index).unwrap_or(&nothing));
    let framed: Vec<Framed> = series.map(|series| framed(terms, planned, &behavior.name, series)).collect();
    let case = Case::new(planned, terms, &framed);
    let mut elements = Vec::new();
    let (current, candidates) = case.candidates(&mut elements);
    let current_outcome = case.frames[0].run(&current.conformity, &planned.alarm);
    let picks = case.picks(&candidates);
    let best = case.best(&picks);
    let chosen = best.map(|pick| (pick, &picks[pick]));
    let concerned = case.concerned();
    let series = framed[0].series;
    let mut tuning = BehaviorTuning {
        position,
        profile: profile.security_profile_name.clone(),
        behavior: behavior.name.clone(),
        metric: planned.metric.name().to_owned(),
        unit: planned.metric.unit(),
        devices: series.devices.len(),
        datapoints: series.datapoints(),
        training_months: case.exposure.training,
        held_out_months: case.exposure.held_out,
        allowed: case.limits.false_alarms,
        training_incidents: concerned.0,
        held_out_incidents: concerned.1,
        current: case.choice(&current, planned.alarm.to_alarm, &current_outcome),
        proposed: chosen.map(|(_, pick)| case.picked(&candidates, pick, pick.chosen)),
        alternatives: picks.iter().map(|pick| case.picked(&candidates, pick, pick.chosen)).collect(),
        curve: chosen.map_or_else(Vec::new, |(_, pick)| case.curve(&candidates, pick)),
        suspects: chosen.and_then(|(_, pick)| case.suspects(&candidates, pick)),
        elements,
        notes: Vec::new(),
        tuned: None,
    };
    tuning.tuned = tuning.proposed.as_ref().map(|proposed| {
        let mut tuned = behavior.clone();
        tuned.criteria = Some(proposed.criteria.clone());
        tuned
    });
    let furthest = case.spread.is_some() && chosen.is_some_and(|(_, pick)| pick.chosen == 0);
    tuning.notes = notes::notes(&case, &tuning, furthest);
    let delays = chosen.map_or(current_outcome.delays, |(_, pick)| pick.scan.outcomes[pick.chosen].delays.clone());
    (tuning, delays)
}

impl<'a> Case<'a> {
    fn new(planned: &'a Planned, terms: &'a Terms<'a>, framed: &'a [Framed<'a>]) -> Self {
        let frames: Vec<Frame> = framed.iter().map(Framed::frame).collect();
        let exposure = framed[0].exposure(&frames[0]);
        let limits = Limits::new(terms.budget, &exposure);
        let fixed = planned.variants.is_empty() && planned.metric.value().is_scalar();
        let operator = planned.criteria.comparison_operator.filter(|_| fixed);
        let whole = planned.metric.value() == crate::metric::ValueKind::Count;
        let spread = operator.and_then(|operator| spread(operator, whole, frames[0].quiet_keys()));
        Self { planned, terms, framed, frames, exposure, limits, spread }
    }

    /// What the behaviour asks now, and what it could ask, from the least sensitive.
    fn candidates(&self, elements: &mut Vec<super::report::ElementSeen>) -> (Candidate, Vec<Candidate>) {
        let Planned { criteria, variants, metric, .. } = self.planned;
        let as_judged = |criteria: &crate::Criteria, frame: usize| Candidate {
            criteria: criteria.clone(),
            conformity: Conformity::AsJudged,
            frame,
            number: None,
        };
        if !variants.is_empty() {
            let alternatives = variants.iter().enumerate();
            let alternatives = alternatives.map(|(position, (criteria, _))| as_judged(criteria, position + 1));
            // A percentile that nothing lies beyond, such as p100, cannot tell anything.
            let fires = |candidate: &Candidate| {
                let devices = &self.frames[candidate.frame].series.devices;
                devices.iter().any(|device| !candidate.conformity.always_conforms(device))
            };
            return (as_judged(criteria, 0), alternatives.filter(fires).collect());
        }
        if !metric.value().is_scalar() {
            let current = elements::as_is(criteria, self.frames[0].series);
            let (proposed, seen) = elements::cover(criteria, &self.frames[0]);
            *elements = seen;
            let current = current.unwrap_or_else(|| as_judged(criteria, 0));
            return (current, proposed.into_iter().collect());
        }
        let threshold = criteria.value.as_ref().and_then(|value| value.measured().ok());
        let key = threshold.as_ref().and_then(scalar_key).unwrap_or_default();
        let conformity = match criteria.comparison_operator {
            Some(operator) => Conformity::Threshold(operator, key),
            None => Conformity::AsJudged,
        };
        let number = threshold.and_then(|value| value.as_f64());
        let current = Candidate { criteria: criteria.clone(), conformity, frame: 0, number };
        (current, self.spread.map_or_else(Vec::new, |spread| thresholds(criteria, &spread)))
    }

    /// For each number of datapoints to alarm the candidate that keeps the budget, where there is one.
    fn picks(&self, candidates: &[Candidate]) -> Vec<Pick> {
        let present = self.planned.alarm.to_alarm;
        let mut runs: Vec<u8> = RUNS.into_iter().chain([present]).collect();
        // A set is not traded against time: what is not in it is foreign at once.
        if !self.planned.metric.value().is_scalar() {
            runs = vec![present];
        }
        runs.sort_unstable();
        runs.dedup();
        let pick = |to_alarm: u8| {
            let rules = AlarmRules { to_alarm, ..self.planned.alarm };
            let scan = scan(&self.frames, candidates, &rules, self.limits);
            let last = scan.last?;
            let chosen = self.with_headroom(candidates, &scan, last, to_alarm);
            Some(Pick { rules, scan, last, chosen })
        };
        runs.into_iter().filter_map(pick).collect()
    }

    /// Where the budget allows no alarm at all in the training part, the largest value seen there is no limit: the
    /// proposal moves beyond it, but not past what labelled incidents need.
    fn with_headroom(&self, candidates: &[Candidate], scan: &Scan, last: usize, to_alarm: u8) -> usize {
        let Some(spread) = self.spread.filter(|_| self.limits.false_alarms == 0) else { return last };
        let expected = self.terms.budget * self.exposure.training;
        let level = headroom::level(&self.frames[0], &spread, to_alarm, expected);
        let far = |position: &usize| candidates[*position].number.is_some_and(|number| spread.badness(number) >= level);
        let mut chosen = (0..last).rev().find(far).unwrap_or(0);
        let found = |position: usize| detected(&scan.outcomes[position].delays, self.terms).0;
        while chosen < last && found(chosen) < found(last) {
            chosen += 1;
        }
        chosen
    }

    /// The present number of datapoints, unless it has no pick or another detects more of the incidents that were
    /// labelled as this behaviour's. Others are no reason: that one stray value more falls into them is chance.
    fn best(&self, picks: &[Pick]) -> Option<usize> {
        let ours = |pick: &Pick| {
            let delays = &pick.scan.outcomes[pick.chosen].delays;
            let named = delays.iter().filter(|(incident, _)| !self.terms.incidents[**incident].behaviors.is_empty());
            detected(&named.map(|(incident, delay)| (*incident, *delay)).collect(), self.terms).0
        };
        let rank = |position: &usize| {
            let pick = &picks[*position];
            let distance = pick.rules.to_alarm.abs_diff(self.planned.alarm.to_alarm);
            (ours(pick), std::cmp::Reverse(distance))
        };
        (0..picks.len()).max_by_key(rank)
    }

    fn choice(&self, candidate: &Candidate, alarm_after: u8, outcome: &Outcome) -> Choice {
        let months = self.exposure.held_out;
        let rate = |count: f64| (months > 0.0).then(|| count / months);
        let (training_detected, held_out_detected) = detected(&outcome.delays, self.terms);
        let mut criteria = candidate.criteria.clone();
        let present = criteria.consecutive_datapoints_to_alarm;
        if present.unwrap_or(1) != u32::from(alarm_after) {
            criteria.consecutive_datapoints_to_alarm = Some(alarm_after.into());
        }
        Choice {
            alarm_when: alarm_when(&criteria),
            alarm_after,
            threshold: candidate.number,
            training: outcome.training,
            held_out: outcome.held_out,
            held_out_rate: rate(outcome.held_out.unlabelled as f64),
            held_out_rate_at_most: rate(poisson_upper(outcome.held_out.unlabelled)),
            training_detected,
            held_out_detected,
            median_delay: outcome.median_delay(),
            criteria,
        }
    }

    fn picked(&self, candidates: &[Candidate], pick: &Pick, position: usize) -> Choice {
        self.choice(&candidates[position], pick.rules.to_alarm, &pick.scan.outcomes[position])
    }

    fn curve(&self, candidates: &[Candidate], pick: &Pick) -> Vec<Choice> {
        (0..pick.scan.outcomes.len()).map(|position| self.picked(candidates, pick, position)).collect()
    }

    fn suspects(&self, candidates: &[Candidate], pick: &Pick) -> Option<super::report::Suspects> {
        let exposure = |frame: &Frame| self.framed[0].exposure(frame);
        let spread = (&self.spread?, self.terms.budget);
        suspects(&self.frames[0], candidates, &pick.rules, spread, &exposure, pick.last)
    }

    /// Incidents at devices of the series, by the part in which they begin.
    fn concerned(&self) -> (usize, usize) {
        let spells = self.framed[0].spells.iter().flatten();
        let all = spells.map(|spell| (spell.incident, 0)).collect();
        detected(&all, self.terms)
    }
}
