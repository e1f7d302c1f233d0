//! The datapoints of a run, by behaviour and device, in 16 bytes each.
//!
//! A value is kept as a key: numbers as bits whose order is that of the numbers, lists as their position among the
//! distinct lists seen, and what was judged against the fleet or a model as its verdict. So nothing is rounded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::judge::Datapoint;
use crate::value::Value;

/// Most datapoints kept: 1.5 GiB.
pub const MAX_DATAPOINTS: usize = 100_000_000;

/// One device's datapoints of one behaviour.
#[derive(Clone, Debug)]
pub(crate) struct DeviceSeries {
    pub name: String,
    /// Time in milliseconds since the Unix epoch, and key; in the order in which they were judged.
    pub points: Vec<(i64, u64)>,
    pub smallest: u64,
    pub largest: u64,
}

/// One behaviour's datapoints.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub devices: Vec<DeviceSeries>,
    /// The distinct lists, by key.
    pub lists: Vec<Value>,
    /// Devices by the evaluator's number. More than one name has a number when devices were split over evaluators.
    by_number: HashMap<u32, Vec<usize>>,
    keys: BTreeMap<String, u64>,
}

/// Collects the datapoints of one run.
#[derive(Debug, Default)]
pub struct Recorder {
    series: BTreeMap<(usize, usize), Series>,
    datapoints: usize,
    left_out: u64,
}

impl Recorder {
    /// Keeps a datapoint of the device of that name. Beyond [`MAX_DATAPOINTS`] it is only counted.
    pub fn add(&mut self, datapoint: &Datapoint, device: &str) {
        if self.datapoints == MAX_DATAPOINTS {
            self.left_out += 1;
            return;
        }
        self.datapoints += 1;
        let series = self.series.entry((datapoint.profile, datapoint.behavior_index)).or_default();
        let key = series.key(datapoint);
        let number = series.device(datapoint.device, device);
        let device = &mut series.devices[number];
        (device.smallest, device.largest) = (device.smallest.min(key), device.largest.max(key));
        device.points.push((datapoint.at, key));
    }

    /// Datapoints that were more than can be kept; results without them would be wrong.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Names of the devices with a datapoint.
    pub fn devices(&self) -> BTreeSet<&str> {
        self.series.values().flat_map(|series| &series.devices).map(|device| device.name.as_str()).collect()
    }

    /// First and last time, if there is any datapoint.
    pub fn range(&self) -> Option<(i64, i64)> {
        let times = || self.series.values().flat_map(|series| &series.devices).flat_map(|device| &device.points);
        let times = || times().map(|(at, _)| *at);
        Some((times().min()?, times().max()?))
    }

    /// The datapoints of a behaviour, by positions of profile and behaviour.
    pub(crate) fn of(&self, profile: usize, behavior: usize) -> Option<&Series> {
        self.series.get(&(profile, behavior))
    }
}

impl Series {
    pub fn datapoints(&self) -> u64 {
        self.devices.iter().map(|device| device.points.len() as u64).sum()
    }

    fn key(&mut self, datapoint: &Datapoint) -> u64 {
        if datapoint.threshold.is_some() {
            return u64::from(datapoint.conforms);
        }
        scalar_key(&datapoint.value).unwrap_or_else(|| {
            let text = serde_json::to_string(&datapoint.value).unwrap_or_default();
            *self.keys.entry(text).or_insert_with(|| {
                self.lists.push(datapoint.value.clone());
                self.lists.len() as u64 - 1
            })
        })
    }

    fn device(&mut self, number: u32, name: &str) -> usize {
        let named = self.by_number.entry(number).or_default();
        if let Some(known) = named.iter().find(|known| self.devices[**known].name == name) {
            return *known;
        }
        named.push(self.devices.len());
        let (smallest, largest) = (u64::MAX, u64::MIN);
        self.devices.push(DeviceSeries { name: name.to_owned(), points: Vec::new(), smallest, largest });
        self.devices.len() - 1
    }
}

const SIGN: u64 = 1 << 63;

/// A number as bits in its own order; none for lists.
pub(crate) fn scalar_key(value: &Value) -> Option<u64> {
    match value {
        Value::Count(count) => Some(*count),
        Value::Number(number) => {
            // Negative zero is zero.
            let bits = (number + 0.0).to_bits();
            Some(if bits & SIGN == 0 { bits | SIGN } else { !bits })
        }
        _ => None,
    }
}

/// The number of a key, for reckoning that need not be exact.
pub(crate) fn key_number(key: u64, whole: bool) -> f64 {
    if whole {
        return key as f64;
    }
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_order_and_value() {
        let numbers = [f64::MIN, -1.5, -1e-9, 0.0, 1e-9, 2.0, f64::MAX];
        let keys = numbers.map(|number| scalar_key(&Value::Number(number)).unwrap());
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!(keys.map(|key| key_number(key, false)), numbers);
        assert_eq!(scalar_key(&Value::Number(-0.0)), scalar_key(&Value::Number(0.0)));
        assert_eq!(scalar_key(&Value::Ports(Box::new([1]))), None);
    }
}
