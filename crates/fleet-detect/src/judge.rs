//! From datapoints to violations: the alarms of one profile's rules, by device.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::alarm::{Alarm, AlarmEvent, AlarmRules, Invalidated};
use crate::device::{DeviceId, Devices};
use crate::rules::{ProfileRules, Rule};
use crate::semantics::Semantics;
use crate::value::Value;
use crate::violation::{Violation, ViolationEventType, ViolationId};

/// What an evaluator says. Violations are in order of time; whoever reads them takes them out.
#[derive(Debug, Default)]
pub struct Output {
    pub violations: Vec<Violation>,
    /// Every datapoint, if [`Self::with_datapoints`] asked for them.
    pub datapoints: Vec<Datapoint>,
    pub(crate) wants_datapoints: bool,
}

impl Output {
    /// An output that also lists the datapoints, for charts and tuning.
    pub fn with_datapoints() -> Self {
        Self { wants_datapoints: true, ..Self::default() }
    }
}

/// One datapoint as a behaviour judged it.
#[derive(Clone, Debug, PartialEq)]
pub struct Datapoint {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// Position of the profile in the configuration.
    pub profile: usize,
    /// Position of the behaviour in its profile.
    pub behavior_index: usize,
    pub device: DeviceId,
    pub value: Value,
    pub conforms: bool,
    /// What it was compared with, where the criteria do not say: a percentile of the fleet, a limit learned.
    pub threshold: Option<Value>,
}

/// The alarms of one rule.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Alarms {
    /// By device.
    cells: Vec<Alarm>,
    raised: BTreeSet<DeviceId>,
}

impl Alarms {
    /// Whether saved alarms fit the number of devices, and the list of raised ones the alarms.
    pub fn fits(&self, devices: usize) -> bool {
        let raised = (0..self.cells.len()).filter(|device| self.cells[*device].is_raised());
        self.cells.len() <= devices && raised.eq(self.raised.iter().map(|device| *device as usize))
    }
}

/// Judges datapoints of one profile.
pub(crate) struct Judge<'a> {
    /// Position of the profile in the configuration.
    pub profile: usize,
    pub rules: &'a ProfileRules,
    pub alarms: &'a mut [Alarms],
    pub devices: &'a Devices,
    pub semantics: &'a Semantics,
    pub output: &'a mut Output,
}

/// A datapoint with its verdict.
pub(crate) struct Verdict<'a> {
    pub at: i64,
    pub device: DeviceId,
    pub value: &'a Value,
    pub conforms: bool,
    pub threshold: Option<&'a Value>,
}

impl Judge<'_> {
    /// Takes the next datapoint of a rule and device.
    #[inline]
    pub fn judge(&mut self, rule: usize, verdict: Verdict) {
        let Verdict { at, device, conforms, .. } = verdict;
        let cells = &mut self.alarms[rule].cells;
        if cells.len() <= device as usize {
            cells.resize(device as usize + 1, Alarm::default());
        }
        let (invalidated, event) = cells[device as usize].step(at, conforms, &self.rules.rules[rule].alarm);
        if invalidated.is_some() || event.is_some() {
            self.tell(rule, &verdict, invalidated, event);
        }
        if self.output.wants_datapoints {
            let behavior_index = self.rules.rules[rule].behavior_index;
            let (profile, value) = (self.profile, verdict.value.clone());
            let threshold = verdict.threshold.cloned();
            self.output.datapoints.push(Datapoint { at, profile, behavior_index, device, value, conforms, threshold });
        }
    }

    /// Says what a datapoint changed.
    #[cold]
    fn tell(&mut self, rule: usize, verdict: &Verdict, invalidated: Option<Invalidated>, event: Option<AlarmEvent>) {
        let Verdict { at, device, value, .. } = *verdict;
        let alarms = &mut self.alarms[rule];
        if alarms.cells[device as usize].is_raised() {
            alarms.raised.insert(device);
        } else {
            alarms.raised.remove(&device);
        }
        if let Some(Invalidated { at, started }) = invalidated {
            self.emit(rule, device, at, ViolationEventType::AlarmInvalidated, None, started);
        }
        match event {
            Some(AlarmEvent::Raised { started }) => {
                self.emit(rule, device, at, ViolationEventType::InAlarm, Some(value.clone()), started);
            }
            Some(AlarmEvent::Cleared { started }) => {
                let cleared_by = self.semantics.cleared_has_value.then(|| value.clone());
                self.emit(rule, device, at, ViolationEventType::AlarmCleared, cleared_by, started);
            }
            None => {}
        }
    }

    /// Invalidates the alarms that have heard nothing for too long at `until`.
    pub fn sweep(&mut self, until: i64) {
        for rule in 0..self.rules.rules.len() {
            let limits: AlarmRules = self.rules.rules[rule].alarm;
            let alarms = &mut self.alarms[rule];
            let mut lost = Vec::new();
            for device in &alarms.raised {
                lost.extend(alarms.cells[*device as usize].silent_until(until, &limits).map(|lost| (*device, lost)));
            }
            for (device, Invalidated { at, started }) in lost {
                self.alarms[rule].raised.remove(&device);
                self.emit(rule, device, at, ViolationEventType::AlarmInvalidated, None, started);
            }
        }
    }

    fn emit(
        &mut self,
        rule: usize,
        device: DeviceId,
        at: i64,
        event: ViolationEventType,
        value: Option<Value>,
        started: i64,
    ) {
        let Rule { behavior_index, behavior, .. } = &self.rules.rules[rule];
        let (name, registered) = (self.devices.name(device), self.devices.is_registered(device));
        self.output.violations.push(Violation {
            at,
            event,
            device: name.to_owned(),
            registered,
            profile: self.profile,
            behavior_index: *behavior_index,
            profile_name: Arc::clone(&self.rules.name),
            behavior: Arc::clone(behavior),
            value,
            id: ViolationId::new(&self.rules.name, &behavior.name, name, registered, started),
            suppressed: behavior.suppress_alerts == Some(true),
            started,
        });
    }
}
