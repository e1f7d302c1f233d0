//! Datapoints at their own time: reports, and messages where each is evaluated alone.
//!
//! They wait until no earlier one can come any more, so that the order of arrival does not matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::DeviceId;
use crate::metric::ValueKind;
use crate::rules::ArrivalRules;
use crate::stamped::{Stamped, settle};
use crate::value::Value;

/// Values are kept in slices of this many milliseconds; only whole slices are evaluated.
pub(crate) const SLICE: i64 = 60_000;

/// Waiting values, and the deltas over which sums are still needed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    waiting: BTreeMap<i64, Slice>,
    /// For each series with a trailing sum: time and value of recent deltas, by device.
    trails: Vec<Vec<Trail>>,
}

type Trail = Vec<(i64, u64)>;

/// The values of one slice. Most are counts, of which a large fleet has many waiting, so those are kept small.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Slice {
    counts: Vec<Count>,
    others: Vec<Stamped>,
}

/// A count without a version.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Count {
    device: DeviceId,
    series: u16,
    /// Milliseconds since the slice began.
    offset: u16,
    count: u64,
}

impl Slice {
    fn add(&mut self, stamped: Stamped) {
        let Stamped { at, series, device, version, value } = stamped;
        // A slice has fewer milliseconds than 16 bits can tell apart.
        let offset = at.rem_euclid(SLICE) as u16;
        match (u16::try_from(series), version, value) {
            (Ok(series), None, Value::Count(count)) => self.counts.push(Count { device, series, offset, count }),
            (_, _, value) => self.others.push(Stamped { at, series, device, version, value }),
        }
    }

    /// All values, those of the slice with that number.
    fn into_stamped(self, number: i64) -> Vec<Stamped> {
        let Self { counts, others: mut all } = self;
        let begin = number.saturating_mul(SLICE);
        all.extend(counts.into_iter().map(|Count { device, series, offset, count }| Stamped {
            at: begin.saturating_add(i64::from(offset)),
            series: u32::from(series),
            device,
            version: None,
            value: Value::Count(count),
        }));
        all
    }

    fn fits(&self, rules: &[ArrivalRules], devices: usize) -> bool {
        let is = |series: usize, device: DeviceId, kind: ValueKind| {
            (device as usize) < devices && rules.get(series).is_some_and(|rules| rules.metric.value() == kind)
        };
        self.counts.iter().all(|count| is(count.series.into(), count.device, ValueKind::Count))
            && self.others.iter().all(|value| is(value.series as usize, value.device, value.value.kind()))
    }
}

/// One value that is due, as the rules of its series see it.
pub(crate) struct Due {
    pub at: i64,
    pub series: usize,
    pub device: DeviceId,
    pub value: Value,
}

impl Arrivals {
    pub fn add(&mut self, value: Stamped) {
        self.waiting.entry(value.at.div_euclid(SLICE)).or_default().add(value);
    }

    /// Everything before `horizon` (a multiple of [`SLICE`]), in order of time, or everything there is.
    pub fn due(&mut self, horizon: Option<i64>, rules: &[ArrivalRules]) -> Vec<Due> {
        let later = horizon.map(|horizon| self.waiting.split_off(&horizon.div_euclid(SLICE)));
        let slices = std::mem::replace(&mut self.waiting, later.unwrap_or_default());
        let mut due = Vec::new();
        for (number, slice) in slices {
            let mut slice = slice.into_stamped(number);
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
        trails && self.waiting.values().all(|slice| slice.fits(rules, devices))
    }
}
