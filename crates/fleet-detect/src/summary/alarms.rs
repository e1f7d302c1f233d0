//! Alarms with what raised them, joined from single events while these come.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::AlarmSpan;
use crate::value::MetricValue;
use crate::violation::{Violation, ViolationEventType, ViolationId};

/// An alarm, the value that raised it, and whose behaviour it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RaisedAlarm {
    #[serde(flatten)]
    pub span: AlarmSpan,
    /// The datapoint that raised it, as the alert carries it.
    pub value: Option<MetricValue>,
    /// Position of the profile in the configuration.
    #[serde(skip)]
    pub profile_index: usize,
    /// Position of the behaviour in its profile.
    #[serde(skip)]
    pub behavior_index: usize,
}

impl AsRef<AlarmSpan> for RaisedAlarm {
    fn as_ref(&self) -> &AlarmSpan {
        &self.span
    }
}

/// Joins events to alarms. What it holds grows with the alarms, not with the events of the traffic.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    raised: Vec<RaisedAlarm>,
    open: BTreeMap<ViolationId, usize>,
}

impl Alarms {
    /// Takes the next event, in the evaluator's order.
    pub fn add(&mut self, violation: &Violation) {
        if violation.event != ViolationEventType::InAlarm {
            if let Some(position) = self.open.remove(&violation.id) {
                self.raised[position].span.ended = Some((violation.at, violation.event));
            }
            return;
        }
        if self.open.contains_key(&violation.id) {
            return; // A repeated notification of a standing alarm.
        }
        self.open.insert(violation.id, self.raised.len());
        self.raised.push(RaisedAlarm {
            span: AlarmSpan {
                device: violation.device.clone(),
                profile: violation.profile_name.to_string(),
                behavior: violation.behavior.name.clone(),
                raised: violation.at,
                ended: None,
                suppressed: violation.suppressed,
            },
            value: violation.value.as_ref().map(|value| value.to_metric_value()),
            profile_index: violation.profile,
            behavior_index: violation.behavior_index,
        });
    }

    /// All alarms, in order of raising.
    pub fn finish(self) -> Vec<RaisedAlarm> {
        self.raised
    }
}
