//! Alarms by behaviour, by device and by day; who would be paged; where thresholds sit among the values seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::alarms::RaisedAlarm;
use super::normal::normal;
use crate::behavior::ComparisonOperator;
use crate::config::Config;
use crate::judge::Datapoint;
use crate::traffic::time::format_utc;
use crate::value::MetricValue;

/// The summary of one run. Everything is ordered, so equal runs give equal text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Time of the first and last datapoint, milliseconds since the Unix epoch.
    pub range: Option<(i64, i64)>,
    pub behaviors: Vec<BehaviorTotals>,
    /// Devices in alarm, those with most alarms first.
    pub devices: Vec<DeviceTotals>,
    /// Alarms by UTC day, `YYYY-MM-DD`.
    pub days: BTreeMap<String, u64>,
    pub paged: Vec<Paged>,
}

/// One behaviour's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BehaviorTotals {
    pub profile: String,
    pub behavior: String,
    /// What is normal, in words.
    pub normal: String,
    /// Zero says that it never fired.
    pub alarms: u64,
    /// Those of `alarms` that nobody is told of, because the behaviour says `suppressAlerts`.
    pub suppressed: u64,
    pub devices: u64,
    pub datapoints: u64,
    /// Datapoints that are not normal. Several in a row may be one alarm, or too few for one.
    pub violating: u64,
    /// Share of the values seen that lie below the fixed threshold, in percent: values equal to it count as below
    /// where equal is normal for an upper limit, or violating for a lower one.
    pub threshold_percentile: Option<f64>,
    /// Smallest and largest value seen; none for lists.
    pub lowest: Option<f64>,
    pub highest: Option<f64>,
}

/// One device's alarms.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTotals {
    pub device: String,
    pub alarms: u64,
}

/// Alarms that reach the same place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paged {
    /// ARN of the SNS topic; none when nobody is told.
    pub alert_target: Option<String>,
    /// Nobody is told because of `suppressAlerts`; otherwise because the profile has no alert target.
    pub suppressed: bool,
    pub alarms: u64,
    /// Who is subscribed to the topic, if that is known; whoever calls fills it in.
    pub subscribers: Option<Vec<String>>,
}

/// Collects a run's datapoints, a fixed amount of memory for each behaviour.
#[derive(Clone, Debug)]
pub struct Tallies {
    /// By profile and behaviour; none for a metric that is only retained.
    behaviors: Vec<Vec<Option<Seen>>>,
    range: Option<(i64, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The fixed threshold, and whether a value equal to it counts as below.
    threshold: Option<(f64, bool)>,
    datapoints: u64,
    violating: u64,
    below: u64,
    extremes: Option<(f64, f64)>,
}

impl Tallies {
    pub fn new(config: &Config) -> Self {
        let seen = |behavior: &crate::Behavior| {
            let criteria = behavior.criteria.as_ref()?;
            let threshold = criteria.value.as_ref().and_then(|value| match value {
                MetricValue::Count(count) => Some(*count as f64),
                MetricValue::Number(number) => number.as_f64(),
                _ => None,
            });
            let equal_is_below = matches!(
                criteria.comparison_operator,
                Some(ComparisonOperator::LessThanEquals | ComparisonOperator::GreaterThan)
            );
            Some(Seen { threshold: threshold.map(|threshold| (threshold, equal_is_below)), ..Seen::default() })
        };
        let profiles = config.profiles.iter();
        Self { behaviors: profiles.map(|one| one.profile.behaviors.iter().map(seen).collect()).collect(), range: None }
    }

    /// Counts a datapoint in.
    pub fn add(&mut self, datapoint: &Datapoint) {
        let at = datapoint.at;
        self.range = Some(self.range.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let seen = self.behaviors.get_mut(datapoint.profile).and_then(|all| all.get_mut(datapoint.behavior_index));
        let Some(Some(seen)) = seen else { return };
        seen.datapoints += 1;
        seen.violating += u64::from(!datapoint.conforms);
        let Some(value) = datapoint.value.as_f64() else { return };
        if let Some((threshold, equal_is_below)) = seen.threshold {
            seen.below += u64::from(value < threshold || (equal_is_below && value == threshold));
        }
        seen.extremes = Some(seen.extremes.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
    }

    /// The summary of the run that gave these datapoints and alarms.
    pub fn totals(&self, config: &Config, alarms: &[RaisedAlarm]) -> Totals {
        let mut totals = Totals { range: self.range, ..Totals::default() };
        let mut counts: BTreeMap<(usize, usize), (u64, u64, BTreeSet<&str>)> = BTreeMap::new();
        for alarm in alarms {
            let (count, suppressed, devices) = counts.entry((alarm.profile_index, alarm.behavior_index)).or_default();
            *count += 1;
            *suppressed += u64::from(alarm.span.suppressed);
            devices.insert(&alarm.span.device);
        }
        for (position, behaviors) in self.behaviors.iter().enumerate() {
            let profile = &config.profiles[position].profile;
            for (index, seen) in behaviors.iter().enumerate() {
                let Some(seen) = seen else { continue };
                let (alarms, suppressed, devices) = counts.remove(&(position, index)).unwrap_or_default();
                totals.behaviors.push(BehaviorTotals {
                    profile: profile.security_profile_name.clone(),
                    behavior: profile.behaviors[index].name.clone(),
                    normal: normal(&profile.behaviors[index]),
                    alarms,
                    suppressed,
                    devices: devices.len() as u64,
                    datapoints: seen.datapoints,
                    violating: seen.violating,
                    threshold_percentile: seen.percentile(),
                    lowest: seen.extremes.map(|(low, _)| low),
                    highest: seen.extremes.map(|(_, high)| high),
                });
            }
        }
        totals.count_alarms(config, alarms);
        totals
    }
}

impl Seen {
    fn percentile(&self) -> Option<f64> {
        self.threshold.filter(|_| self.datapoints > 0)?;
        Some(self.below as f64 * 100.0 / self.datapoints as f64)
    }
}

impl Totals {
    fn count_alarms(&mut self, config: &Config, alarms: &[RaisedAlarm]) {
        let mut devices: BTreeMap<&str, u64> = BTreeMap::new();
        let mut paged: BTreeMap<(Option<&str>, bool), u64> = BTreeMap::new();
        for alarm in alarms {
            let span = &alarm.span;
            *devices.entry(&span.device).or_default() += 1;
            *self.days.entry(format_utc(span.raised)[..10].to_owned()).or_default() += 1;
            let target = config.profiles[alarm.profile_index].profile.alert_targets.get("SNS");
            let target = target.filter(|_| !span.suppressed).map(|target| target.alert_target_arn.as_str());
            *paged.entry((target, span.suppressed)).or_default() += 1;
        }
        let one = |(device, alarms): (&str, u64)| DeviceTotals { device: device.to_owned(), alarms };
        self.devices = devices.into_iter().map(one).collect();
        self.devices.sort_by(|a, b| b.alarms.cmp(&a.alarms).then_with(|| a.device.cmp(&b.device)));
        let one = |((target, suppressed), alarms): ((Option<&str>, bool), u64)| Paged {
            alert_target: target.map(str::to_owned),
            suppressed,
            alarms,
            subscribers: None,
        };
        self.paged = paged.into_iter().map(one).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use crate::{Config, SecurityProfile};

    #[test]
    fn a_threshold_sits_where_its_values_begin_to_violate() {
        let behavior = |name: &str, operator: &str| {
            serde_json::json!({"name": name, "metric": "aws:num-messages-sent", "criteria":
                {"comparisonOperator": operator, "value": {"count": 3}, "durationSeconds": 300}})
        };
        let profile: SecurityProfile =
            serde_json::from_value(serde_json::json!({"securityProfileName": "p", "behaviors": [
            behavior("below", "less-than"), behavior("at most", "less-than-equals"),
            behavior("above", "greater-than"), behavior("at least", "greater-than-equals")]}))
            .unwrap();
        let config = Config { profiles: vec![profile.into()], ..Config::default() };
        let mut tallies = Tallies::new(&config);
        for behavior_index in 0..4 {
            for count in 1..=4 {
                let conforms = [count < 3, count <= 3, count > 3, count >= 3][behavior_index];
                let value = Value::Count(count);
                tallies.add(&Datapoint {
                    at: 0,
                    profile: 0,
                    behavior_index,
                    device: 0,
                    value,
                    conforms,
                    threshold: None,
                });
            }
        }
        let totals = tallies.totals(&config, &[]);
        let seen = |totals: &BehaviorTotals| (totals.threshold_percentile, totals.violating, totals.highest);
        let expected = [(50.0, 2), (75.0, 1), (75.0, 3), (50.0, 2)].map(|(share, bad)| (Some(share), bad, Some(4.0)));
        assert_eq!(totals.behaviors.iter().map(seen).collect::<Vec<_>>(), expected);
    }
}
