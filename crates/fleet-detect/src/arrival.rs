//! Datapoints at their own time: reports, and messages where each is evaluated alone.
//!
//! They wait until no earlier one can come any more, so that the order of arrival does not matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::DeviceId;
use crate::rules::ArrivalRules;
use crate::stamped::{Stamped, settle};
use crate::value::Value;

/// Values are kept in slices of this many milliseconds; only whole slices are evaluated.
pub(crate) const SLICE: i64 = 60_000;

/// Waiting values, and the deltas over which sums are still needed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    waiting: BTreeMap<i64, Vec<Stamped>>,
    /// For each series with a trailing sum: time and value of recent deltas, by device.
    trails: Vec<Vec<Trail>>,
}

type Trail = Vec<(i64, u64)>;

/// One value that is due, as the rules of its series see it.
pub(crate) struct Due {
    pub at: i64,
    pub series: usize,
    pub device: DeviceId,
    pub value: Value,
}

impl Arrivals {
    pub fn add(&mut self, value: Stamped) {
        self.waiting.entry(value.at.div_euclid(SLICE)).or_default().push(value);
    }

    /// Everything before `horizon` (a multiple of [`SLICE`]), in order of time, or everything there is.
    pub fn due(&mut self, horizon: Option<i64>, rules: &[ArrivalRules]) -> Vec<Due> {
        let later = horizon.map(|horizon| self.waiting.split_off(&horizon.div_euclid(SLICE)));
        let slices = std::mem::replace(&mut self.waiting, later.unwrap_or_default());
        let mut due = Vec::new();
        for mut slice in slices.into_values() {
            settle(&mut slice);
            due.extend(slice.into_iter().map(|stamped| self.datapoint(stamped, rules)));
        }
        due
    }

    fn datapoint(&mut self, stamped: Stamped, rules: &[ArrivalRules]) -> Due {
        let Stamped { at, series, device, value, .. } = stamped;
        let series = series as usize;
        let value = match (rules[series].trailing, value) {
            (Some(trailing), Value::Count(delta)) => {
                Value::Count(self.trailing_sum(series, device, at, delta, trailing))
            }
            (_, value) => value,
        };
        Due { at, series, device, value }
    }

    /// Sum of the deltas later than `at - trailing`, this one included.
    fn trailing_sum(&mut self, series: usize, device: DeviceId, at: i64, delta: u64, trailing: i64) -> u64 {
        if self.trails.len() <= series {
            self.trails.resize_with(series + 1, Vec::new);
        }
        let trails = &mut self.trails[series];
        if trails.len() <= device as usize {
            trails.resize_with(device as usize + 1, Vec::new);
        }
        let trail = &mut trails[device as usize];
        trail.retain(|(earlier, _)| at.saturating_sub(*earlier) < trailing);
        trail.reserve_exact(1);
        trail.push((at, delta));
        trail.iter().fold(0, |sum: u64, (_, delta)| sum.saturating_add(*delta))
    }

    /// Whether saved values fit the rules and the devices.
    pub fn fits(&self, rules: &[ArrivalRules], devices: usize) -> bool {
        let trails = self.trails.len() <= rules.len() && self.trails.iter().all(|trails| trails.len() <= devices);
        let mut waiting = self.waiting.values().flatten();
        trails
            && waiting.all(|value| {
                let series = rules.get(value.series as usize);
                (value.device as usize) < devices && series.is_some_and(|s| s.metric.value() == value.value.kind())
            })
    }
}
