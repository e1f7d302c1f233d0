//! One profile at work on one share of the devices: it collects what its rules measure and judges the datapoints when
//! they are due.

use std::sync::Arc;

use crate::arrival::{Arrivals, SLICE};
use crate::batch::Prepared;
use crate::connectivity::Connectivity;
use crate::device::{DeviceId, Devices, Found};
use crate::event::{Event, Exported, MetricName};
use crate::fleetwide::{Pool, Standard};
use crate::judge::{Alarms, Judge, Output, Verdict};
use crate::metric::{BuiltIn, Metric};
use crate::population::Population;
use crate::rules::{ArrivalRules, Column, Fold, ProfileRules, WindowRules};
use crate::semantics::{ExportedTime, Semantics};
use crate::stamped::Stamped;
use crate::value::Value;
use crate::window::{Seen, Window, Windows, message_bytes, window_start};

/// The state of one profile.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Position of the profile in the configuration.
    pub profile: usize,
    pub rules: Arc<ProfileRules>,
    /// In the order of `rules.windows`.
    pub windows: Vec<Windows>,
    /// For each window length the next end at which connections are sampled, if a rule asks for that.
    pub samples: Vec<Option<i64>>,
    pub arrivals: Arrivals,
    /// In the order of `rules.rules`.
    pub alarms: Vec<Alarms>,
    /// The window that was closed last, while its datapoints are judged.
    closing: Option<Closing>,
}

/// A closed window, whose datapoints are not yet judged.
#[derive(Debug)]
struct Closing {
    end: i64,
    /// Position of its length.
    position: usize,
    /// None if no device did anything in it.
    window: Option<Window>,
    /// Followed devices with their time without a connection, if connections are sampled at its end.
    sampled: Vec<(DeviceId, Value)>,
}

/// What judging needs beside the profile's own state.
pub(crate) struct Surroundings<'a> {
    pub devices: &'a Devices,
    pub semantics: &'a Semantics,
    pub output: &'a mut Output,
}

impl Watch {
    pub fn new(profile: usize, rules: Arc<ProfileRules>) -> Self {
        let windows = rules.windows.iter().map(|_| Windows::default()).collect();
        let samples = vec![None; rules.windows.len()];
        let alarms = rules.rules.iter().map(|_| Alarms::default()).collect();
        Self { profile, rules, windows, samples, arrivals: Arrivals::default(), alarms, closing: None }
    }

    /// Whether a rule needs to know who is connected.
    pub fn follows_connections(&self) -> bool {
        self.rules.windows.iter().any(samples_connections)
    }

    /// Has what [`Self::observe`] needs for a device fetched from memory.
    #[inline(always)]
    pub fn prefetch(&self, found: Found) {
        if found.profiles & (1 << self.profile) != 0 {
            self.windows.iter().for_each(|windows| windows.prefetch(found.device));
        }
    }

    /// Counts what the broker saw of devices that the profile watches.
    pub fn observe(&mut self, seen: &[Seen], batch: &Prepared, semantics: &Semantics) {
        let profiles = 1 << self.profile;
        for (windows, rules) in self.windows.iter_mut().zip(&self.rules.windows) {
            let mut rest = seen;
            while let Some(skipped) = rest.iter().position(|seen| seen.found.profiles & profiles != 0) {
                rest = &rest[skipped..];
                let start = window_start(rest[0].at, rules.length, semantics);
                let window = start..start.saturating_add(rules.length);
                let run = rest.iter().position(|seen| !window.contains(&seen.at)).unwrap_or(rest.len());
                windows.at(start, rules).observe(&rest[..run], profiles, batch, rules, semantics);
                rest = &rest[run..];
            }
        }
        if self.rules.arrivals.iter().any(takes_messages) {
            for seen in seen.iter().filter(|seen| seen.found.profiles & profiles != 0) {
                // Where sizes matter, events are read whole.
                if let Some(event) = batch.event(seen.position) {
                    self.add_message(seen, event);
                }
            }
        }
    }

    fn add_message(&mut self, seen: &Seen, event: &Event) {
        let device = seen.found.device;
        for (series, rules) in self.rules.arrivals.iter().enumerate().filter(|(_, rules)| takes_messages(rules)) {
            if let Some(bytes) = message_bytes(rules.scope.as_ref(), event) {
                let (at, series, value) = (event.at, series as u32, Value::Count(bytes));
                self.arrivals.add(Stamped { at, series, device, version: None, value });
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

    /// Closes the window of that length which ends at `end`, and returns what its rules need to know of the fleet.
    /// [`Self::judge_closed`] comes next.
    pub fn close(
        &mut self,
        end: i64,
        position: usize,
        devices: &Devices,
        connectivity: &mut Connectivity,
        semantics: &Semantics,
    ) -> Vec<Pool> {
        let rules = Arc::clone(&self.rules);
        let window_rules = &rules.windows[position];
        let mut window = self.windows[position].take(end.saturating_sub(window_rules.length));
        if let Some(window) = &mut window {
            window.close(window_rules);
        }
        let mut sampled = Vec::new();
        if self.samples[position] == Some(end) {
            connectivity.advance(end);
            self.samples[position] = Some(end.saturating_add(window_rules.length));
            sampled = sample(end, self.profile, connectivity, devices, semantics);
        }
        let closing = Closing { end, position, window, sampled };
        let fleetwide = window_rules.rules.iter().filter(|(_, rule)| rules.rules[*rule].check.is_fleetwide());
        let pools = fleetwide.map(|(column, rule)| {
            let mut population = Population::default();
            closing.each_datapoint(window_rules, *column, semantics, |_, value| population.add(value));
            Pool { rule: *rule, population }
        });
        let pools = pools.collect();
        self.closing = Some(closing);
        pools
    }

    /// Judges the datapoints of the window that was closed last. `standards` are those of its fleet-wide rules, in
    /// their order.
    pub fn judge_closed(&mut self, standards: &[Standard], around: &mut Surroundings) {
        let Some(closing) = self.closing.take() else { return };
        let rules = Arc::clone(&self.rules);
        let window_rules = &rules.windows[closing.position];
        let mut standards = standards.iter();
        for (column, rule) in &window_rules.rules {
            let check = &rules.rules[*rule].check;
            let standard =
                if check.is_fleetwide() { standards.next().unwrap_or(&Standard::None) } else { &Standard::Own };
            if matches!(standard, Standard::None) {
                continue;
            }
            let mut judge = self.judge(around.devices, around.semantics, around.output);
            closing.each_datapoint(window_rules, *column, around.semantics, |device, value| {
                if let Some((conforms, threshold)) = standard.verdict(check, closing.end, value) {
                    let threshold = threshold.as_ref();
                    judge.judge(*rule, Verdict { at: closing.end, device, value, conforms, threshold });
                }
            });
        }
        if let Some(window) = closing.window {
            self.windows[closing.position].recycle(window);
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

impl Closing {
    /// Hands over the datapoints of a column. A device with an exported value of its time without a connection keeps
    /// that.
    #[inline]
    fn each_datapoint(
        &self,
        rules: &WindowRules,
        column: usize,
        semantics: &Semantics,
        mut take: impl FnMut(DeviceId, &Value),
    ) {
        if rules.columns[column].fold != Fold::Disconnected {
            if let Some(window) = &self.window {
                window.each_datapoint(column, semantics, take);
            }
            return;
        }
        let mut exported = Vec::new();
        if let Some(window) = &self.window {
            window.each_datapoint(column, semantics, |device, value| {
                exported.push(device);
                take(device, value);
            });
        }
        for (device, value) in self.sampled.iter().filter(|(device, _)| exported.binary_search(device).is_err()) {
            take(*device, value);
        }
    }
}

fn takes_messages(rules: &ArrivalRules) -> bool {
    rules.metric == Metric::BuiltIn(BuiltIn::MessageByteSize)
}

fn samples_connections(rules: &crate::rules::WindowRules) -> bool {
    rules.columns.iter().any(|column| column.fold == Fold::Disconnected)
}

/// The devices that are followed and watched at `end`, with their time without a connection.
fn sample(
    end: i64,
    profile: usize,
    connectivity: &Connectivity,
    devices: &Devices,
    semantics: &Semantics,
) -> Vec<(DeviceId, Value)> {
    let unit = semantics.disconnect_duration.millis();
    let watched = connectivity.sample(end).filter(|(device, _)| devices.profiles(*device, end) & (1 << profile) != 0);
    watched.map(|(device, millis)| (device, Value::Count((millis / unit) as u64))).collect()
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
