//! The fleet-wide stage of statistical behaviours: the values of all devices in one window and their percentile.
//!
//! It is the only part that looks beyond one device. Partial populations of disjoint sets of devices merge, in any
//! order, into the population of all of them, so the devices may be spread over threads or machines.

use crate::behavior::Percentile;
use crate::value::Value;

/// The values of one behaviour in one window, one a device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    counts: Vec<u64>,
    numbers: Vec<f64>,
}

impl Population {
    /// Adds one device's value; lists have no percentile and are ignored.
    pub fn add(&mut self, value: &Value) {
        match value {
            Value::Count(count) => self.counts.push(*count),
            Value::Number(number) => self.numbers.push(*number),
            _ => {}
        }
    }

    /// Adds the devices of another part.
    pub fn merge(&mut self, other: Self) {
        self.counts.extend(other.counts);
        self.numbers.extend(other.numbers);
    }

    /// All values, in no particular order.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.counts.iter().map(|count| *count as f64).chain(self.numbers.iter().copied())
    }

    /// The value at a percentile by nearest rank; p0 is the smallest value.
    ///
    /// None when there are fewer than `minimum` devices, or when any value is negative (developer guide, "Custom
    /// metrics": statistical thresholds need non-negative values). Negative zero counts as zero.
    pub fn percentile(mut self, percentile: Percentile, minimum: u32) -> Option<Value> {
        let devices = self.counts.len() + self.numbers.len();
        if devices == 0 || devices < minimum as usize || self.numbers.iter().any(|number| *number < 0.0) {
            return None;
        }
        let rank = nearest_rank(percentile, devices);
        if self.numbers.is_empty() {
            return Some(Value::Count(*self.counts.select_nth_unstable(rank).1));
        }
        // A behaviour has one metric and so one kind of value.
        let (_, value, _) = self.numbers.select_nth_unstable_by(rank, f64::total_cmp);
        Some(Value::Number(*value))
    }
}

/// Position, from zero, of the nearest-rank percentile among `devices` sorted values.
fn nearest_rank(percentile: Percentile, devices: usize) -> usize {
    let rank = (devices as u128 * u128::from(percentile.0)).div_ceil(10_000);
    (rank as usize).clamp(1, devices) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Population {
        let mut population = Population::default();
        values.iter().for_each(|value| population.add(&Value::Count(*value)));
        population
    }

    #[test]
    fn nearest_rank_of_merged_parts() {
        let mut whole = of(&[15, 50, 20]);
        whole.merge(of(&[40, 35]));
        for (name, expected) in [("p0", 15), ("p0.01", 15), ("p10", 15), ("p50", 35), ("p90", 50), ("p100", 50)] {
            let percentile = Percentile::from_name(name).unwrap();
            assert_eq!(whole.clone().percentile(percentile, 5), Some(Value::Count(expected)), "{name}");
        }
        assert_eq!(whole.percentile(Percentile(5000), 6), None);
        assert_eq!(Population::default().percentile(Percentile(5000), 0), None);
        let mut negative = Population::default();
        negative.add(&Value::Number(-0.5));
        assert_eq!(negative.percentile(Percentile(0), 1), None);
    }
}
