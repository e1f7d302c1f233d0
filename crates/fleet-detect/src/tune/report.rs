//! What tuning found, as data: every number that the table, the page and the patch show.

use serde::Serialize;

pub use super::outcome::Alarms;
use crate::behavior::Behavior;

/// Milliseconds in the month of a budget: 30 days.
pub const MONTH: i64 = 30 * 86_400_000;

/// The whole result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tuning {
    /// False alarms that one device may raise in a month of 30 days.
    pub budget: f64,
    /// First time, time from which the rest is held out, and last time; milliseconds since the Unix epoch.
    pub from: i64,
    pub held_out_from: i64,
    pub to: i64,
    pub behaviors: Vec<BehaviorTuning>,
    pub incidents: Vec<IncidentFound>,
}

/// One behaviour of one profile.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BehaviorTuning {
    /// Position of the profile in the configuration.
    #[serde(skip)]
    pub position: usize,
    pub profile: String,
    pub behavior: String,
    pub metric: String,
    pub unit: Option<&'static str>,
    pub devices: usize,
    pub datapoints: u64,
    /// Device-months observed in each part: for each device from its first datapoint to its last.
    pub training_months: f64,
    pub held_out_months: f64,
    /// False alarms that the budget allows in the training part.
    pub allowed: u64,
    /// Incidents that concern devices of the behaviour, by the part in which they begin.
    pub training_incidents: usize,
    pub held_out_incidents: usize,
    pub current: Choice,
    /// None where nothing keeps the budget; `notes` say why.
    pub proposed: Option<Choice>,
    /// The proposal for each number of datapoints to alarm.
    pub alternatives: Vec<Choice>,
    /// Alarms by threshold with the proposal's number of datapoints, from the least sensitive.
    pub curve: Vec<Choice>,
    pub suspects: Option<Suspects>,
    /// What the lists of the training part held, most seen first.
    pub elements: Vec<ElementSeen>,
    pub notes: Vec<String>,
    /// The behaviour as proposed, in AWS's form.
    #[serde(skip)]
    pub tuned: Option<Behavior>,
}

/// One way to set a behaviour, and what it would have raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// In the words of `alarmWhen`.
    pub alarm_when: String,
    /// Consecutive datapoints to alarm.
    pub alarm_after: u8,
    /// The fixed threshold, where it is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    pub training: Alarms,
    pub held_out: Alarms,
    /// False alarms per device and month in the held-out part; none without that part.
    pub held_out_rate: Option<f64>,
    /// The rate that the held-out part does not rule out, with 95 % confidence.
    pub held_out_rate_at_most: Option<f64>,
    /// Incidents with an alarm, by the part in which they begin.
    pub training_detected: usize,
    pub held_out_detected: usize,
    /// From the beginning of the incident to the alarm; the middle one, in milliseconds.
    pub median_delay: Option<i64>,
    #[serde(skip)]
    pub criteria: crate::Criteria,
}

/// Devices that alone hold the threshold where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspects {
    pub devices: Vec<Suspect>,
    /// What would keep the budget without them, in the words of `alarmWhen`.
    pub without: String,
}

/// One of them: between these times it had values beyond all that the others had. The times are what a label would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suspect {
    pub device: String,
    /// Milliseconds since the Unix epoch: what the first and the last such datapoint tell of, the end exclusive.
    pub from: i64,
    pub to: i64,
    pub datapoints: u64,
}

/// An element of lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ElementSeen {
    pub element: String,
    pub datapoints: u64,
    pub devices: u64,
}

/// An incident, and the first alarm that the proposals raise in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentFound {
    pub device: String,
    pub from: i64,
    pub to: i64,
    pub held_out: bool,
    /// Behaviour and milliseconds from the beginning.
    pub first_alarm: Option<(String, i64)>,
}
