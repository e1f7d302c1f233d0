//! Alarms from their raising to their end, joined from single events.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::traffic::time::format_utc;
use crate::violation::{Violation, ViolationEventType, ViolationId};

/// One alarm from its raising to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmSpan {
    pub device: String,
    pub profile: String,
    pub behavior: String,
    /// Milliseconds since the Unix epoch.
    pub raised: i64,
    /// When and how it ended, if it did.
    pub ended: Option<(i64, ViolationEventType)>,
    /// Nobody is told (`suppressAlerts`).
    pub suppressed: bool,
}

impl AlarmSpan {
    /// The alarm as one line of text.
    pub fn describe(&self) -> String {
        let end = match self.ended {
            None => "still in alarm at the end".to_owned(),
            Some((at, event)) => format!("{} {}", event.as_str(), format_utc(at)),
        };
        format!("{} {} at {}, {end}", self.device, self.behavior, format_utc(self.raised))
    }
}

/// Joins the events of each alarm, in order of raising.
pub fn alarm_spans(violations: &[Violation]) -> Vec<AlarmSpan> {
    let mut spans: Vec<AlarmSpan> = Vec::new();
    let mut open: BTreeMap<ViolationId, usize> = BTreeMap::new();
    for violation in violations {
        match (violation.event, open.get(&violation.id)) {
            (ViolationEventType::InAlarm, None) => {
                open.insert(violation.id, spans.len());
                spans.push(AlarmSpan {
                    device: violation.device.clone(),
                    profile: violation.profile_name.to_string(),
                    behavior: violation.behavior.name.clone(),
                    raised: violation.at,
                    ended: None,
                    suppressed: violation.suppressed,
                });
            }
            // Repeated notifications of a standing alarm, or an end without a beginning in this list.
            (ViolationEventType::InAlarm, Some(_)) | (_, None) => {}
            (event, Some(position)) => spans[*position].ended = Some((violation.at, event)),
        }
    }
    spans
}
