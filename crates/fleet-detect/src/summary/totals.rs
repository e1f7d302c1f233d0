//! Alarms by behaviour, by device and by day; who would be paged; where thresholds sit among the values seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::config::Config;
use crate::history::AlarmSpan;
use crate::judge::Datapoint;
use crate::traffic::time::format_utc;
use crate::value::MetricValue;

/// The summary of one run. Everything is ordered, so equal runs give equal text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub behaviors: Vec<BehaviorTotals>,
    /// Alarms by device, most first.
    pub devices: Vec<(String, u64)>,
    /// Alarms by UTC day, `YYYY-MM-DD`.
    pub days: BTreeMap<String, u64>,
    /// Messages by alert target: the ARN, or `nobody` for alarms of profiles without one.
    pub paged: BTreeMap<String, u64>,
}

/// One behaviour's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BehaviorTotals {
    pub profile: String,
    pub behavior: String,
    /// Zero says that it never fired.
    pub alarms: u64,
    pub devices: u64,
    pub datapoints: u64,
    /// Share of the scalar values seen that lie below the fixed threshold, in percent.
    pub threshold_percentile: Option<f64>,
}

/// Collects a run's datapoints, a fixed amount of memory for each behaviour.
#[derive(Clone, Debug)]
pub struct Tallies {
    thresholds: BTreeMap<(usize, usize), Option<f64>>,
    seen: BTreeMap<(usize, usize), Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    datapoints: u64,
    below: u64,
}

impl Tallies {
    pub fn new(config: &Config) -> Self {
        let mut thresholds = BTreeMap::new();
        for (position, targeted) in config.profiles.iter().enumerate() {
            for (index, behavior) in targeted.profile.behaviors.iter().enumerate() {
                if let Some(criteria) = &behavior.criteria {
                    let threshold = criteria.value.as_ref().and_then(|value| match value {
                        MetricValue::Count(count) => Some(*count as f64),
                        MetricValue::Number(number) => number.as_f64(),
                        _ => None,
                    });
                    thresholds.insert((position, index), threshold);
                }
            }
        }
        Self { thresholds, seen: BTreeMap::new() }
    }

    /// Counts datapoints in.
    pub fn add(&mut self, datapoints: &[Datapoint]) {
        for datapoint in datapoints {
            let place = (datapoint.profile, datapoint.behavior_index);
            let seen = self.seen.entry(place).or_default();
            seen.datapoints += 1;
            if let (Some(Some(threshold)), Some(value)) = (self.thresholds.get(&place), datapoint.value.as_f64()) {
                seen.below += u64::from(value < *threshold);
            }
        }
    }

    /// The summary of the run that gave these datapoints and alarms.
    pub fn totals(&self, config: &Config, alarms: &[AlarmSpan]) -> Totals {
        let mut totals = Totals::default();
        for ((position, index), threshold) in &self.thresholds {
            let profile = &config.profiles[*position].profile;
            let (name, behavior) = (&profile.security_profile_name, &profile.behaviors[*index].name);
            let mine: Vec<_> = alarms.iter().filter(|a| a.profile == *name && a.behavior == *behavior).collect();
            let devices: BTreeSet<&str> = mine.iter().map(|alarm| alarm.device.as_str()).collect();
            let Seen { datapoints, below } = self.seen.get(&(*position, *index)).copied().unwrap_or_default();
            let percentile = threshold.filter(|_| datapoints > 0).map(|_| below as f64 * 100.0 / datapoints as f64);
            totals.behaviors.push(BehaviorTotals {
                profile: name.clone(),
                behavior: behavior.clone(),
                alarms: mine.len() as u64,
                devices: devices.len() as u64,
                datapoints,
                threshold_percentile: percentile,
            });
        }
        totals.count_alarms(config, alarms);
        totals
    }
}

impl Totals {
    fn count_alarms(&mut self, config: &Config, alarms: &[AlarmSpan]) {
        let mut devices: BTreeMap<&str, u64> = BTreeMap::new();
        for alarm in alarms {
            *devices.entry(&alarm.device).or_default() += 1;
            *self.days.entry(format_utc(alarm.raised)[..10].to_owned()).or_default() += 1;
            let profiles = config.profiles.iter().map(|targeted| &targeted.profile);
            let profile = profiles.into_iter().find(|profile| profile.security_profile_name == alarm.profile);
            let target = profile.and_then(|profile| profile.alert_targets.get("SNS"));
            let target = target.filter(|_| !alarm.suppressed).map_or("nobody", |target| &target.alert_target_arn);
            *self.paged.entry(target.to_owned()).or_default() += 1;
        }
        self.devices = devices.into_iter().map(|(device, count)| (device.to_owned(), count)).collect();
        self.devices.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
}
