//! The proposal for each behaviour, and what has to be said about it.

use std::collections::BTreeMap;

use super::bound::{poisson_lower, poisson_upper};
use super::candidate::{Candidate, Conformity, Spread, spread, thresholds};
use super::elements;
use super::headroom;
use super::labels::Incident;
use super::outcome::{Frame, Outcome};
use super::patch::alarm_when;
use super::plan::{Plan, Planned};
use super::record::{Recorder, Series, scalar_key};
use super::report::{BehaviorTuning, Choice, IncidentFound, MONTH, Tuning};
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
struct Case<'a> {
    planned: &'a Planned,
    terms: &'a Terms<'a>,
    framed: &'a [Framed<'a>],
    frames: Vec<Frame<'a>>,
    exposure: Exposure,
    limits: Limits,
    /// Where the values are numbers.
    spread: Option<Spread>,
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
    let terms = Terms { incidents, cut: from + training, budget: settings.budget };
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
    tuning.notes = case.notes(&tuning, chosen.map(|(_, pick)| pick));
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
        let spread = operator.and_then(|operator| spread(operator, whole, quiet_keys(&frames[0])));
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

    /// The present number of datapoints, unless another detects more of the labelled incidents, or it has no pick.
    fn best(&self, picks: &[Pick]) -> Option<usize> {
        let found = |pick: &Pick| detected(&pick.scan.outcomes[pick.chosen].delays, self.terms).0;
        let rank = |position: &usize| {
            let pick = &picks[*position];
            let distance = pick.rules.to_alarm.abs_diff(self.planned.alarm.to_alarm);
            (found(pick), std::cmp::Reverse(distance))
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

    fn notes(&self, tuning: &BehaviorTuning, pick: Option<&Pick>) -> Vec<String> {
        let mut notes = Vec::new();
        if tuning.datapoints == 0 {
            let why = match self.planned.criteria.ml_detection_config {
                Some(_) => "ML Detect judges after 14 days with 25,000 datapoints",
                None if !self.planned.variants.is_empty() => "percentiles need enough devices in a window",
                None => "is the metric in the traffic, and the profile attached to the devices?",
            };
            return vec![format!("no datapoints: {why}")];
        }
        let Some(proposed) = &tuning.proposed else {
            notes.push(self.why_nothing(tuning));
            return notes;
        };
        let expected = self.terms.budget * self.exposure.training;
        if self.limits.false_alarms == 0 && self.spread.is_some() {
            notes.push(format!(
                "the training part has {} device-months, in which the budget allows {} false alarms: less than one, so \
                 the threshold is extrapolated beyond what was seen",
                short(self.exposure.training),
                short(expected)
            ));
        }
        if self.spread.is_some_and(|spread| spread.worst == spread.median) {
            notes.push(
                "nearly all values are equal, so the traffic does not tell how far an ordinary device strays; set this \
                 threshold by what the metric means"
                    .to_owned(),
            );
        }
        notes.extend(self.what_is_shown(proposed));
        let faster = tuning.alternatives.iter().filter(|other| {
            other.training_detected + other.held_out_detected >= proposed.training_detected + proposed.held_out_detected
                && other.median_delay < proposed.median_delay
                && other.median_delay.is_some()
        });
        if let Some(faster) = faster.min_by_key(|other| other.median_delay) {
            notes.push(format!(
                "`{}` after {} would detect as many incidents, {} earlier",
                faster.alarm_when,
                faster.alarm_after,
                minutes(proposed.median_delay.unwrap_or_default() - faster.median_delay.unwrap_or_default())
            ));
        }
        if pick.is_some_and(|pick| pick.chosen == 0 && self.spread.is_some()) {
            notes.push(
                "the threshold is the furthest that is offered: twice as far from the median as anything seen"
                    .to_owned(),
            );
        }
        let rare = tuning.elements.iter().filter(|element| element.devices == 1 && tuning.devices > 1).count();
        if rare > 0 {
            notes.push(format!(
                "{rare} of {} elements were seen at one device only: are they normal?",
                tuning.elements.len()
            ));
        }
        notes
    }

    fn why_nothing(&self, tuning: &BehaviorTuning) -> String {
        if !self.planned.variants.is_empty() {
            let devices = tuning.devices;
            return format!(
                "no statistic keeps the budget and can fire: with {devices} devices the highest percentiles are the \
                 largest value itself, and the next ones alarm too often; a fixed threshold would be steadier"
            );
        }
        if !self.planned.metric.value().is_scalar() {
            return "nothing was seen that a set could be made of, or all of the set was seen".to_owned();
        }
        "no threshold keeps the budget: devices reach the most extreme value in ordinary use".to_owned()
    }

    /// What the held-out part says, and what it would take to say more.
    fn what_is_shown(&self, proposed: &Choice) -> Vec<String> {
        let months = self.exposure.held_out;
        let budget = self.terms.budget;
        let count = proposed.held_out.unlabelled;
        let (Some(rate), Some(at_most)) = (proposed.held_out_rate, proposed.held_out_rate_at_most) else {
            return vec!["nothing was held out, so nothing shows that the budget is kept".to_owned()];
        };
        let seen = format!("held out: {count} false alarms in {} device-months", short(months));
        if poisson_lower(count) / months > budget {
            return vec![format!(
                "{seen}, {} a device and month: the budget is broken there; the fleet has changed, or the training part \
                 is too short",
                short(rate)
            )];
        }
        if at_most <= budget {
            return vec![format!("{seen}: the rate is below {}, so the budget is shown to be kept", short(at_most))];
        }
        let mut text =
            format!("{seen}: the rate is below {} with 95 % confidence, which does not show ", short(at_most));
        text += &format!("the budget of {}", short(budget));
        if budget > 0.0 {
            let needed = poisson_upper(0) / budget;
            let days = needed / months.max(f64::MIN_POSITIVE) * (self.held_out_days());
            text += &format!(
                "; that takes {} device-months without one, about {} days of these devices",
                short(needed),
                short(days.ceil())
            );
        }
        vec![text]
    }

    fn held_out_days(&self) -> f64 {
        let times = self.frames[0].series.devices.iter().flat_map(|device| device.points.last());
        let last = times.map(|(at, _)| *at).max().unwrap_or(self.terms.cut);
        (last - self.terms.cut).max(0) as f64 / (MONTH as f64 / 30.0)
    }
}

/// Keys of the training part outside of incidents.
fn quiet_keys<'f>(frame: &'f Frame) -> impl Iterator<Item = u64> + 'f {
    frame.devices().flat_map(|(_, device, spells)| {
        let points = device.points.iter().filter(|(at, _)| *at < frame.cut);
        let quiet = points.filter(|(at, _)| !spells.iter().any(|spell| spell.holds(*at)));
        quiet.map(|(_, key)| *key)
    })
}

/// A number for people: three digits that matter.
pub fn short(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A length of time for people, from milliseconds.
pub fn minutes(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 if seconds % 60 == 0 => format!("{}m", seconds / 60),
        60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        _ if seconds % 3600 < 60 => format!("{}h", seconds / 3600),
        _ => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
    }
}
