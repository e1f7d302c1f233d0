//! One profile at work: it collects what its rules measure and judges the datapoints when they are due.

use std::collections::BTreeMap;

use crate::arrival::{Arrivals, SLICE};
use crate::behavior::Confidence;
use crate::connectivity::Connectivity;
use crate::device::{DeviceId, Devices};
use crate::event::{Event, EventKind, Exported, MetricName};
use crate::judge::{Alarms, Judge, Output, Verdict};
use crate::learned::Learner;
use crate::metric::{BuiltIn, Metric};
use crate::population::Population;
use crate::rules::{ArrivalRules, Check, Column, Fold, ProfileRules, compare};
use crate::semantics::{ExportedTime, Semantics};
use crate::stamped::Stamped;
use crate::value::Value;
use crate::window::{Windows, message_bytes, window_start};

/// The state of one profile.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Position of the profile in the configuration.
    pub profile: usize,
    pub rules: ProfileRules,
    /// In the order of `rules.windows`.
    pub windows: Vec<Windows>,
    /// For each window length the next end at which connections are sampled, if a rule asks for that.
    pub samples: Vec<Option<i64>>,
    pub arrivals: Arrivals,
    /// In the order of `rules.rules`.
    pub alarms: Vec<Alarms>,
    /// History and model of each rule that learns.
    pub learners: BTreeMap<usize, Learner>,
}

/// What closing a window needs beside the profile's own state.
pub(crate) struct Surroundings<'a> {
    pub devices: &'a Devices,
    pub connectivity: &'a mut Connectivity,
    pub semantics: &'a Semantics,
    pub output: &'a mut Output,
}

impl Watch {
    pub fn new(profile: usize, rules: ProfileRules) -> Self {
        let windows = rules.windows.iter().map(|_| Windows::default()).collect();
        let samples = vec![None; rules.windows.len()];
        let alarms = rules.rules.iter().map(|_| Alarms::default()).collect();
        Self { profile, rules, windows, samples, arrivals: Arrivals::default(), alarms, learners: BTreeMap::new() }
    }

    /// Whether a rule needs to know who is connected.
    pub fn follows_connections(&self) -> bool {
        self.rules.windows.iter().any(samples_connections)
    }

    /// Reads what [`Self::observe`] would change.
    pub fn peek(&self, device: DeviceId, at: i64, semantics: &Semantics) -> u64 {
        let cells = self.windows.iter().zip(&self.rules.windows);
        cells.fold(0, |sum, (windows, rules)| {
            sum.wrapping_add(windows.peek(device, window_start(at, rules.length, semantics)))
        })
    }

    /// Counts a broker event of a device that the profile watches.
    pub fn observe(&mut self, device: DeviceId, event: &Event, semantics: &Semantics) {
        for (windows, rules) in self.windows.iter_mut().zip(&self.rules.windows) {
            let start = window_start(event.at, rules.length, semantics);
            windows.at(start, rules).observe(device, event, rules, semantics);
        }
        if matches!(event.kind, EventKind::Publish { .. }) {
            for (series, rules) in self.rules.arrivals.iter().enumerate() {
                if rules.metric != Metric::BuiltIn(BuiltIn::MessageByteSize) {
                    continue;
                }
                if let Some(bytes) = message_bytes(rules.scope.as_ref(), event) {
                    let (at, series, value) = (event.at, series as u32, Value::Count(bytes));
                    self.arrivals.add(Stamped { at, series, device, version: None, value });
                }
            }
        }
    }

    /// Keeps a value that was measured elsewhere for every rule that wants it. Returns whether its kind was the one
    /// the metric has; a value of another kind is not kept.
    pub fn keep(&mut self, device: DeviceId, at: i64, exported: &Exported, semantics: &Semantics) -> bool {
        let mut fits = true;
        for (series, rules) in self.rules.arrivals.iter().enumerate() {
            if !rules.wants(exported) {
                continue;
            }
            fits &= rules.metric.value() == exported.value.kind();
            if fits {
                let (version, value) = (exported.version, exported.value.clone());
                self.arrivals.add(Stamped { at, series: series as u32, device, version, value });
            }
        }
        for (windows, rules) in self.windows.iter_mut().zip(&self.rules.windows) {
            for (index, column) in rules.columns.iter().enumerate() {
                if !column.wants(exported) {
                    continue;
                }
                fits &= column.metric.value() == exported.value.kind();
                if fits {
                    let early = column.metric.is_cloud_side() && semantics.exported_time == ExportedTime::JustBefore;
                    let start = window_start(at.saturating_sub(i64::from(early)), rules.length, semantics);
                    let value = column.in_unit(&exported.value, semantics);
                    windows.at(start, rules).keep(device, index, at, exported.version, value);
                }
            }
        }
        fits
    }

    /// From now on connections are sampled, at the latest at the end of the window that contains `at`.
    pub fn sample_from(&mut self, at: i64, semantics: &Semantics) {
        for (next, rules) in self.samples.iter_mut().zip(&self.rules.windows) {
            if samples_connections(rules) {
                let end = window_start(at, rules.length, semantics).saturating_add(rules.length);
                *next = Some(next.map_or(end, |next| next.min(end)));
            }
        }
    }

    /// The earliest window end that is due and not yet dealt with, with the position of its length. A window is due
    /// when it ends by `horizon`, or, at the end of the input, when it began by the time of the newest event.
    pub fn next_end(&self, horizon: Option<i64>, newest: i64) -> Option<(i64, usize)> {
        let ends = self.rules.windows.iter().enumerate().filter_map(|(position, rules)| {
            let oldest = self.windows[position].oldest().map(|start| start.saturating_add(rules.length));
            let end = [oldest, self.samples[position]].into_iter().flatten().min()?;
            let due = horizon.map_or(end.saturating_sub(rules.length) <= newest, |horizon| end <= horizon);
            due.then_some((end, position))
        });
        ends.min()
    }

    /// Closes the window of that length which ends at `end`, and judges its datapoints.
    pub fn close(&mut self, end: i64, position: usize, around: &mut Surroundings) {
        let Self { profile, rules, windows, samples, alarms, learners, .. } = self;
        let window_rules = &rules.windows[position];
        let mut window = windows[position].take(end.saturating_sub(window_rules.length));
        if let Some(window) = &mut window {
            window.close(window_rules);
        }
        let sampled = samples[position] == Some(end);
        if sampled {
            around.connectivity.advance(end);
            samples[position] = Some(end.saturating_add(window_rules.length));
        }
        let Surroundings { devices, connectivity, semantics, output } = around;
        let mut judge = Judge { profile: *profile, rules, alarms, devices, semantics, output };
        for (column, rule) in &window_rules.rules {
            let measured = || window.iter().flat_map(|window| window.datapoints(*column, semantics));
            if let Check::Learned { confidence } = rules.rules[*rule].check {
                judge.learned(*rule, end, measured, confidence, learners.entry(*rule).or_default());
            } else if sampled && window_rules.columns[*column].fold == Fold::Disconnected {
                let exported: BTreeMap<DeviceId, Value> = measured().collect();
                let sampled = sample(&exported, end, *profile, connectivity, devices, semantics);
                judge.window(*rule, end, || exported.clone().into_iter().chain(sampled.iter().cloned()));
            } else {
                judge.window(*rule, end, measured);
            }
        }
        if let Some(window) = window {
            windows[position].recycle(window);
        }
    }

    /// Judges what arrived before `horizon`, or all of it.
    pub fn judge_arrivals(&mut self, horizon: Option<i64>, around: &mut Surroundings) {
        debug_assert!(horizon.is_none_or(|horizon| horizon.rem_euclid(SLICE) == 0));
        let due = self.arrivals.due(horizon, &self.rules.arrivals);
        let mut judge = self.judge(around.devices, around.semantics, around.output);
        for arrived in due {
            for rule in &judge.rules.arrivals[arrived.series].rules {
                let conforms = judge.rules.rules[*rule].check.conforms(&arrived.value);
                let (at, device, value) = (arrived.at, arrived.device, &arrived.value);
                let verdict = Verdict { at, device, value, conforms, threshold: None };
                judge.judge(*rule, verdict);
            }
        }
    }

    /// Invalidates alarms whose devices have been silent too long at `until`.
    pub fn sweep(&mut self, until: i64, around: &mut Surroundings) {
        self.judge(around.devices, around.semantics, around.output).sweep(until);
    }

    fn judge<'a>(&'a mut self, devices: &'a Devices, semantics: &'a Semantics, output: &'a mut Output) -> Judge<'a> {
        Judge { profile: self.profile, rules: &self.rules, alarms: &mut self.alarms, devices, semantics, output }
    }
}

impl Judge<'_> {
    /// Judges one rule's datapoints of a window, which `datapoints` gives as often as it is asked.
    fn window<I: Iterator<Item = (DeviceId, Value)>>(&mut self, rule: usize, at: i64, datapoints: impl Fn() -> I) {
        let rules = self.rules;
        let check = &rules.rules[rule].check;
        let threshold = match check {
            Check::Percentile { percentile, .. } => {
                let mut population = Population::default();
                datapoints().for_each(|(_, value)| population.add(&value));
                match population.percentile(*percentile, self.semantics.minimum_population) {
                    Some(threshold) => Some(threshold),
                    None => return,
                }
            }
            _ => None,
        };
        for (device, value) in datapoints() {
            let conforms = match (check, &threshold) {
                (Check::Percentile { operator, .. }, Some(threshold)) => compare(*operator, &value, threshold),
                _ => check.conforms(&value),
            };
            self.judge(rule, Verdict { at, device, value: &value, conforms, threshold: threshold.as_ref() });
        }
    }
}

impl Judge<'_> {
    /// Judges a learning rule's datapoints of a window, once there is a model, and learns from them.
    fn learned<I: Iterator<Item = (DeviceId, Value)>>(
        &mut self,
        rule: usize,
        at: i64,
        datapoints: impl Fn() -> I,
        confidence: Confidence,
        learner: &mut Learner,
    ) {
        let ready = learner.is_ready(at);
        for (device, value) in datapoints() {
            if ready && let Some((conforms, limit)) = learner.judge(at, &value, confidence) {
                let threshold = Some(Value::Number(limit));
                self.judge(rule, Verdict { at, device, value: &value, conforms, threshold: threshold.as_ref() });
            }
            learner.learn(at, &value);
        }
    }
}

fn samples_connections(rules: &crate::rules::WindowRules) -> bool {
    rules.columns.iter().any(|column| column.fold == Fold::Disconnected)
}

/// The devices that are followed and watched at `end`; one with an exported value keeps that.
fn sample(
    exported: &BTreeMap<DeviceId, Value>,
    end: i64,
    profile: usize,
    connectivity: &Connectivity,
    devices: &Devices,
    semantics: &Semantics,
) -> Vec<(DeviceId, Value)> {
    let unit = semantics.disconnect_duration.millis();
    let sampled = connectivity
        .sample(end)
        .filter(|(device, _)| !exported.contains_key(device) && devices.profiles(*device, end) & (1 << profile) != 0);
    sampled.map(|(device, millis)| (device, Value::Count((millis / unit) as u64))).collect()
}

impl ArrivalRules {
    fn wants(&self, exported: &Exported) -> bool {
        is(&self.metric, &exported.metric) && in_scope(self.scope.as_ref(), exported)
    }
}

impl Column {
    fn wants(&self, exported: &Exported) -> bool {
        is(&self.metric, &exported.metric) && in_scope(self.scope.as_ref(), exported)
    }

    /// The value in the unit of thresholds: exports give disconnect durations in seconds (developer guide, "Metrics
    /// export").
    fn in_unit(&self, value: &Value, semantics: &Semantics) -> Value {
        match (self.fold, value) {
            (Fold::Disconnected, Value::Count(seconds)) => {
                Value::Count(seconds / (semantics.disconnect_duration.millis() / 1000) as u64)
            }
            (_, value) => value.clone(),
        }
    }
}

fn is(metric: &Metric, name: &MetricName) -> bool {
    match (metric, name) {
        (Metric::BuiltIn(metric), MetricName::BuiltIn(name)) => metric == name,
        (Metric::Custom { name: metric, .. }, MetricName::Custom(name)) => metric == name,
        _ => false,
    }
}

fn in_scope(scope: Option<&crate::dimension::TopicScope>, exported: &Exported) -> bool {
    match (scope, &exported.dimension) {
        (None, None) => true,
        (Some(scope), Some((name, operator))) => scope.dimension_name == *name && scope.operator == *operator,
        _ => false,
    }
}
