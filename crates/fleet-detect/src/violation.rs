//! Violations: what Device Defender would send to SNS, with field order and types of the published alert bodies.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::behavior::{Behavior, Confidence};
use crate::value::{MetricValue, Value};

/// API:ViolationEventType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationEventType {
    InAlarm,
    AlarmCleared,
    AlarmInvalidated,
}

impl ViolationEventType {
    /// The name in AWS's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InAlarm => "in-alarm",
            Self::AlarmCleared => "alarm-cleared",
            Self::AlarmInvalidated => "alarm-invalidated",
        }
    }
}

/// API:VerificationState: what people found out about a violation. Never sent by the evaluator itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerificationState {
    FalsePositive,
    BenignPositive,
    TruePositive,
    #[default]
    Unknown,
}

/// One event in the life of an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub event: ViolationEventType,
    /// Thing name, or client ID of an unregistered device.
    pub device: String,
    pub registered: bool,
    /// Position of the profile in the configuration.
    pub profile: usize,
    /// Position of the behaviour in its profile.
    pub behavior_index: usize,
    pub profile_name: Arc<str>,
    pub behavior: Arc<Behavior>,
    /// The datapoint that decided; none when an alarm is invalidated.
    pub value: Option<Value>,
    /// The same for all events of one alarm.
    pub id: ViolationId,
    /// The behaviour says `suppressAlerts`: the event is history, no message is sent.
    pub suppressed: bool,
    /// When the alarm was raised, milliseconds since the Unix epoch.
    pub started: i64,
}

impl Violation {
    /// The body of the SNS message.
    pub fn message(&self) -> Message<'_> {
        Message {
            violation_event_time: self.at,
            thing_name: &self.device,
            behavior: &self.behavior,
            violation_event_type: self.event,
            metric_value: self.value.as_ref().map(Value::to_metric_value),
            violation_id: self.id.to_string(),
            security_profile_name: &self.profile_name,
            violation_event_additional_info: self.confidence().map(|confidence_level| Info { confidence_level }),
        }
    }

    /// The body as one line of JSON.
    pub fn to_json(&self) -> String {
        // Writing plain strings and numbers to memory cannot fail.
        serde_json::to_string(&self.message()).unwrap_or_default()
    }

    fn confidence(&self) -> Option<Confidence> {
        Some(self.behavior.criteria.as_ref()?.ml_detection_config.as_ref()?.confidence_level)
    }

    /// Everything that orders events: time first, then position, device and kind.
    pub(crate) fn order(&self) -> (i64, usize, usize, &str, bool) {
        (self.at, self.profile, self.behavior_index, &self.device, self.registered)
    }
}

/// The members of an alert body, in the order of the published samples.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message<'a> {
    violation_event_time: i64,
    thing_name: &'a str,
    behavior: &'a Behavior,
    violation_event_type: ViolationEventType,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_value: Option<MetricValue>,
    violation_id: String,
    security_profile_name: &'a str,
    /// API:ViolationEventAdditionalInfo, for ML behaviours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    violation_event_additional_info: Option<Info>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    confidence_level: Confidence,
}

/// Identity of an alarm: 32 hex digits, as in the published samples. AWS does not say how it makes them; here they are
/// the 128-bit FNV-1a hash of profile, behaviour, device and start, so the same input gives the same IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViolationId(pub u128);

impl ViolationId {
    pub(crate) fn new(profile: &str, behavior: &str, device: &str, registered: bool, started: i64) -> Self {
        let mut hash = Fnv::default();
        for text in [profile, behavior, device] {
            hash.write(text.as_bytes());
            hash.write(&[0xff]); // no UTF-8 text contains it, so the parts cannot run into each other
        }
        hash.write(&[u8::from(registered)]);
        hash.write(&started.to_be_bytes());
        Self(hash.0)
    }
}

impl std::fmt::Display for ViolationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// 128-bit FNV-1a: the same on every machine and for ever, unlike the standard library's hashers.
pub(crate) struct Fnv(pub u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    const PRIME: u128 = (1 << 88) + 0x13b;

    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_gives_the_published_values() {
        let mut hash = Fnv::default();
        hash.write(b"foobar");
        assert_eq!(hash.0, 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }
}
