//! What the evaluator does where AWS publishes nothing: one value, every choice a field.
//!
//! The defaults follow the few published traces (alert samples, CLI examples) and otherwise the simplest reading. Each
//! field says what it decides and why the default is what it is. Written as JSON or YAML in camelCase; a missing field
//! has its default, an unknown one is an error.

use serde::{Deserialize, Serialize};

/// Largest setting in seconds: one leap year. It keeps every time calculation far from overflow.
const LONGEST_SECONDS: u32 = 366 * 24 * 3600;

/// The choices. See the module documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Semantics {
    /// Whether an active device has a zero for every broker count it did not move. The AWS CLI's example of
    /// ListViolationEvents shows an authorization-failure alarm of value 0 for a device that sent a message.
    pub zeros: Zeros,
    /// Seconds by which window edges are shifted from multiples of the duration since the Unix epoch. Published alerts
    /// have times that are multiples of 300 s, hence 0.
    pub window_offset_seconds: u32,
    /// Window length where a behaviour gives no `durationSeconds`. The broker's metrics come every five minutes.
    pub default_duration_seconds: u32,
    /// When device-side and custom metrics under static criteria are evaluated. The developer guide
    /// ("troubleshooting") says when a report arrives.
    pub device_side: DeviceSide,
    /// What a static `aws:message-byte-size` behaviour evaluates. The CLI example shows one event at a window's end.
    pub message_size: MessageSize,
    /// Which events show a device's source address.
    pub source_address: SourceAddress,
    /// Unit of `aws:disconnect-duration`; AWS names none for thresholds, its blog speaks of minutes.
    pub disconnect_duration: DurationUnit,
    /// Lets `#` and `+` at the start of a filter match `$` topics, against MQTT 4.7.2.
    pub leading_wildcard_matches_dollar: bool,
    /// How far behind the newest event an event may be and still count.
    pub lateness_seconds: u32,
    /// How far ahead of the newest event an event may be and still count. A clock that is decades ahead would otherwise
    /// make everything after it late; the default, a leap year, is longer than any gap in real traffic.
    pub longest_gap_seconds: u32,
    /// Whether a missing datapoint ends a run towards alarm or clear. Behaviours evaluated by window only.
    pub gaps_reset_runs: bool,
    /// Whether each further violating datapoint of a standing alarm is another `in-alarm` event.
    pub renotify: bool,
    /// Silence after which an alarm is invalidated; the guide says "more than two days".
    pub invalidate_after_seconds: u32,
    /// Devices below which a statistical behaviour has no datapoints in a window.
    pub minimum_population: u32,
    /// Whether `alarm-cleared` carries the value that cleared it. A published sample does.
    pub cleared_has_value: bool,
    /// Which window a cloud-side value of a metrics export or CSV file belongs to.
    pub exported_time: ExportedTime,
    /// What is known about devices when no registry is given.
    pub without_registry: WithoutRegistry,
}

impl Default for Semantics {
    fn default() -> Self {
        Self {
            zeros: Zeros::ActiveDevices,
            window_offset_seconds: 0,
            default_duration_seconds: 300,
            device_side: DeviceSide::OnReport,
            message_size: MessageSize::PerWindow,
            source_address: SourceAddress::Decisive,
            disconnect_duration: DurationUnit::Minutes,
            leading_wildcard_matches_dollar: false,
            lateness_seconds: 600,
            longest_gap_seconds: LONGEST_SECONDS,
            gaps_reset_runs: false,
            renotify: false,
            invalidate_after_seconds: 48 * 3600,
            minimum_population: 20,
            cleared_has_value: true,
            exported_time: ExportedTime::AsStamped,
            without_registry: WithoutRegistry::EveryTarget,
        }
    }
}

impl Semantics {
    /// # Errors
    /// Names the first setting out of range.
    pub fn check(&self) -> Result<(), String> {
        let limits = [
            ("windowOffsetSeconds", self.window_offset_seconds, 0),
            ("defaultDurationSeconds", self.default_duration_seconds, 1),
            ("latenessSeconds", self.lateness_seconds, 0),
            ("longestGapSeconds", self.longest_gap_seconds, 1),
            ("invalidateAfterSeconds", self.invalidate_after_seconds, 1),
        ];
        for (name, value, least) in limits {
            if value < least || value > LONGEST_SECONDS {
                return Err(format!("semantics: {name} is {value}; it must lie between {least} and {LONGEST_SECONDS}"));
            }
        }
        Ok(())
    }
}

/// See [`Semantics::zeros`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zeros {
    /// A device with any broker event in the window has a value, zero included, for every broker count.
    ActiveDevices,
    /// Only what moved has a value.
    Never,
}

/// See [`Semantics::device_side`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceSide {
    /// At the report's time: deltas summed over the trailing duration, gauges and lists as reported.
    OnReport,
    /// At the window's end: deltas add up, the last gauge and the union of lists count.
    ByWindow,
}

/// See [`Semantics::message_size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageSize {
    /// One datapoint a window with a message: the largest size for less-than, the smallest for greater-than.
    PerWindow,
    /// One datapoint a message, at its time.
    PerMessage,
}

/// See [`Semantics::source_address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceAddress {
    /// Successful connects; with a dimension, successful publishes and subscribes whose topic is accepted.
    Decisive,
    /// Every event with an address; with a dimension, every one whose topic is accepted.
    EveryEvent,
}

/// See [`Semantics::disconnect_duration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DurationUnit {
    /// Whole minutes, rounded down.
    Minutes,
    /// Whole seconds, rounded down.
    Seconds,
}

impl DurationUnit {
    /// Milliseconds in one unit.
    pub fn millis(self) -> i64 {
        match self {
            Self::Minutes => 60_000,
            Self::Seconds => 1000,
        }
    }
}

/// See [`Semantics::exported_time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportedTime {
    /// The one that contains its timestamp, as for every other event.
    AsStamped,
    /// The one that contains the millisecond before, so that a value stamped with a window's end falls into it.
    JustBefore,
}

/// See [`Semantics::without_registry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutRegistry {
    /// Every device is in every target: nothing is left out for want of a file.
    EveryTarget,
    /// Every device is unregistered.
    Unregistered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_files_are_completed_and_unknown_names_refused() {
        let partial: Semantics = serde_json::from_str(r#"{"zeros":"never","latenessSeconds":0}"#).unwrap();
        assert_eq!(partial, Semantics { zeros: Zeros::Never, lateness_seconds: 0, ..Semantics::default() });
        let unknown = serde_json::from_str::<Semantics>(r#"{"zeroes":"never"}"#).unwrap_err().to_string();
        assert!(unknown.contains("zeroes") && unknown.contains("minimumPopulation"), "{unknown}");
        let text = serde_json::to_string(&Semantics::default()).unwrap();
        assert_eq!(serde_json::from_str::<Semantics>(&text).unwrap(), Semantics::default());
        let zero = Semantics { default_duration_seconds: 0, ..Semantics::default() };
        assert!(zero.check().unwrap_err().contains("defaultDurationSeconds"));
    }
}
