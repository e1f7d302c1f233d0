//! ML Detect, approximately. AWS does not publish its algorithm; what is published about it is kept: a first model
//! needs 14 days of history and 25,000 datapoints, it is rebuilt every day from the trailing 14 days, and HIGH
//! confidence alarms least (Device Defender guide, "ML Detect").
//!
//! The model is the Hampel identifier (Hampel, "The influence curve and its role in robust estimation", JASA 1974): a
//! value is abnormal when it lies too many scaled median absolute deviations from the median. Median and deviation are
//! those of the same hour on days of the same kind (working day or weekend, UTC), over all devices of the behaviour; a
//! burst in the history moves neither as long as it is less than half of the values. Deviations are taken on each side
//! of the median by itself, because counts are skewed.
//!
//! History is kept as histograms with 32 steps to a doubling, so a model costs the same for ten devices and a million,
//! and its quantiles are within three percent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::behavior::Confidence;
use crate::value::Value;

/// Days a model looks back, and that must have passed before the first one.
pub const TRAINING_DAYS: i64 = 14;
/// Datapoints a model needs in those days.
pub const MIN_DATAPOINTS: u64 = 25_000;
/// Datapoints below which an hour borrows from the other hours.
const MIN_HOUR: u64 = 100;
const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;
/// Makes the median absolute deviation of a normal distribution its standard deviation.
const NORMAL: f64 = 1.4826;

/// Scaled deviations from the median beyond which a value is abnormal.
fn tolerance(confidence: Confidence) -> f64 {
    match confidence {
        Confidence::Low => 4.0,
        Confidence::Medium => 6.0,
        Confidence::High => 9.0,
    }
}

/// The history and the model of one behaviour.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Learner {
    /// Values by day since the epoch and hour.
    days: BTreeMap<i64, BTreeMap<u8, Histogram>>,
    /// First day with a value.
    began: Option<i64>,
    /// Day for which the model was built.
    built: Option<i64>,
    model: Option<Model>,
}

/// What is normal for each hour of each kind of day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Model {
    bands: BTreeMap<(bool, u8), Band>,
}

/// Median, and scaled median absolute deviation below and above it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Band {
    median: f64,
    below: f64,
    above: f64,
}

impl Learner {
    /// Whether there is a model for the window that ends at `end`. Builds one at the first window of a day.
    pub fn is_ready(&mut self, end: i64) -> bool {
        let today = end.saturating_sub(1).div_euclid(DAY);
        if self.built != Some(today) {
            self.built = Some(today);
            self.days.retain(|day, _| (today - TRAINING_DAYS..=today).contains(day));
            let old_enough = self.began.is_some_and(|began| today.saturating_sub(began) >= TRAINING_DAYS);
            let history = self.days.range(..today).flat_map(|(_, hours)| hours.values());
            let datapoints = history.fold(0_u64, |sum, histogram| sum.saturating_add(histogram.total));
            self.model = (old_enough && datapoints >= MIN_DATAPOINTS).then(|| Model::build(&self.days, today));
        }
        self.model.is_some()
    }

    /// Whether a value is normal, and the limit it is nearest to, in the window that ends at `end`.
    pub fn judge(&self, end: i64, value: &Value, confidence: Confidence) -> Option<(bool, f64)> {
        let (weekend, hour) = season(end.saturating_sub(1));
        let band = self.model.as_ref()?.bands.get(&(weekend, hour))?;
        let value = value.as_f64()?;
        let tolerance = tolerance(confidence);
        let (low, high) = (band.median - tolerance * band.below, band.median + tolerance * band.above);
        let limit = if value < band.median { low } else { high };
        Some((low <= value && value <= high, limit))
    }

    /// Adds a value to the history.
    pub fn learn(&mut self, end: i64, value: &Value) {
        let Some(value) = value.as_f64() else { return };
        let (day, hour) = (end.saturating_sub(1).div_euclid(DAY), season(end.saturating_sub(1)).1);
        self.began = Some(self.began.map_or(day, |began| began.min(day)));
        self.days.entry(day).or_default().entry(hour).or_default().add(value);
    }
}

/// Weekend or not, and the hour, UTC.
fn season(at: i64) -> (bool, u8) {
    (is_weekend(at.div_euclid(DAY)), (at.rem_euclid(DAY) / HOUR) as u8)
}

/// Day 0 of the epoch was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 3).rem_euclid(7), 5 | 6)
}

impl Model {
    fn build(days: &BTreeMap<i64, BTreeMap<u8, Histogram>>, today: i64) -> Self {
        let mut hours: BTreeMap<(bool, u8), Histogram> = BTreeMap::new();
        let mut all = Histogram::default();
        for (day, by_hour) in days.range(..today) {
            for (hour, histogram) in by_hour {
                hours.entry((is_weekend(*day), *hour)).or_default().merge(histogram);
                all.merge(histogram);
            }
        }
        let place = |weekend: bool, hour: u8| {
            let here = hours.get(&(weekend, hour)).filter(|histogram| histogram.total >= MIN_HOUR);
            let other_days = || hours.get(&(!weekend, hour)).filter(|histogram| histogram.total >= MIN_HOUR);
            ((weekend, hour), here.or_else(other_days).unwrap_or(&all).band())
        };
        let seasons = [false, true].into_iter().flat_map(|weekend| (0..24).map(move |hour| (weekend, hour)));
        Self { bands: seasons.map(|(weekend, hour)| place(weekend, hour)).collect() }
    }
}

/// Counts of values by size.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Histogram {
    total: u64,
    steps: BTreeMap<i32, u64>,
}

/// Bits of a double's fraction that tell steps apart: 32 to a doubling.
const STEP_BITS: u32 = 5;

impl Histogram {
    fn add(&mut self, value: f64) {
        self.total = self.total.saturating_add(1);
        let count = self.steps.entry(step(value)).or_default();
        *count = count.saturating_add(1);
    }

    fn merge(&mut self, other: &Self) {
        // Saturating, because a damaged state may hold any numbers.
        self.total = self.total.saturating_add(other.total);
        for (step, count) in &other.steps {
            let mine = self.steps.entry(*step).or_default();
            *mine = mine.saturating_add(*count);
        }
    }

    /// The smallest step such that at least half of the given values are not above it.
    fn median_of(values: &[(f64, u64)]) -> f64 {
        let total: u128 = values.iter().map(|(_, count)| u128::from(*count)).sum();
        let mut seen = 0;
        for (value, count) in values {
            seen += u128::from(*count);
            if seen * 2 >= total {
                return *value;
            }
        }
        0.0
    }

    fn band(&self) -> Band {
        let values: Vec<(f64, u64)> = self.steps.iter().map(|(step, count)| (middle(*step), *count)).collect();
        let median = Self::median_of(&values);
        let deviation = |side: &dyn Fn(f64) -> bool| {
            let on_side = values.iter().filter(|(value, _)| side(*value));
            let mut distances: Vec<_> = on_side.map(|(value, count)| ((value - median).abs(), *count)).collect();
            distances.sort_by(|a, b| a.0.total_cmp(&b.0));
            // A fleet that always says the same still has a width: a tenth of the median, or one.
            (Self::median_of(&distances) * NORMAL).max(median.abs() * 0.1).max(1.0)
        };
        Band { median, below: deviation(&|value| value <= median), above: deviation(&|value| value >= median) }
    }
}

/// Number of a value's step; larger values have larger numbers.
fn step(value: f64) -> i32 {
    let bits = (value.abs().to_bits() >> (52 - STEP_BITS)) as i32;
    if value < 0.0 { -bits } else { bits }
}

/// The value in the middle of a step. Zero, and small whole numbers, are their own middle.
fn middle(step: i32) -> f64 {
    if step == 0 {
        return 0.0;
    }
    let low = u64::from(step.unsigned_abs()) << (52 - STEP_BITS);
    let (low, high) = (f64::from_bits(low), f64::from_bits(low.saturating_add((1 << (52 - STEP_BITS)) - 1)));
    let middle = if low.fract() == 0.0 && high - low < 1.0 { low } else { (low + high) / 2.0 };
    if step < 0 { -middle } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// What a device of the labelled series sends in a window: more by day, little on weekends, some noise.
    fn usual(at: i64, state: &mut u64) -> u64 {
        let (weekend, hour) = season(at);
        let base = if weekend {
            20
        } else if (8..18).contains(&hour) {
            200
        } else {
            40
        };
        base + random(state) % (base / 2) - base / 4
    }

    /// The baseline to beat: mean and standard deviation of all values of the trailing days.
    #[derive(Default)]
    struct Gaussian {
        count: f64,
        sum: f64,
        squares: f64,
    }

    impl Gaussian {
        fn learn(&mut self, value: f64) {
            (self.count, self.sum, self.squares) = (self.count + 1.0, self.sum + value, self.squares + value * value);
        }

        fn normal(&self, value: f64, tolerance: f64) -> bool {
            let mean = self.sum / self.count;
            let deviation = (self.squares / self.count - mean * mean).max(0.0).sqrt();
            (value - mean).abs() <= tolerance * deviation
        }
    }

    #[test]
    fn steps_are_ordered_and_close() {
        let values = [-1e9, -5.5, -1.0, 0.0, 0.001, 1.0, 2.0, 7.0, 63.0, 64.5, 1000.0, 1e15];
        assert!(values.is_sorted_by_key(|value| step(*value)));
        for value in values {
            assert!((middle(step(value)) - value).abs() <= value.abs() * 0.03, "{value} {}", middle(step(value)));
        }
    }

    /// On a labelled series with days, weekends and a burst in the history, the model finds the anomalies at night and
    /// on weekends that a windowed Gaussian cannot see, and raises no false alarm.
    #[test]
    fn it_beats_a_windowed_gaussian_on_a_labelled_series() {
        let start = 20_454 * DAY; // Thursday, 2026-01-01
        let (mut learner, mut gaussian, mut state) = (Learner::default(), Gaussian::default(), 5);
        let (mut caught, mut missed, mut false_alarms, mut baseline) = (0, 0, 0, 0);
        for window in 1..=(17 * 288_i64) {
            let end = start + window * 300_000;
            let ready = learner.is_ready(end);
            assert_eq!(ready, window > 14 * 288, "window {window}");
            for _device in 0..8 {
                let burst = !ready && window % 997 < 5;
                let anomaly = ready && random(&mut state).is_multiple_of(500);
                let value = usual(end - 1, &mut state) * if burst || anomaly { 4 } else { 1 };
                if ready {
                    let counted = Value::Count(value);
                    let (normal, _) = learner.judge(end, &counted, Confidence::High).unwrap();
                    match (anomaly, normal) {
                        (true, false) => caught += 1,
                        (true, true) => missed += 1,
                        (false, false) => false_alarms += 1,
                        (false, true) => {}
                    }
                    // At the same tolerance the Gaussian sees the loudest hours only.
                    baseline += i32::from(anomaly && !gaussian.normal(value as f64, 4.0));
                    for (stricter, looser) in
                        [(Confidence::Low, Confidence::Medium), (Confidence::Medium, Confidence::High)]
                    {
                        let of = |confidence| learner.judge(end, &counted, confidence).unwrap().0;
                        assert!(!of(stricter) || of(looser), "HIGH alarms least");
                    }
                }
                learner.learn(end, &Value::Count(value));
                gaussian.learn(value as f64);
            }
        }
        assert_eq!((missed, false_alarms), (0, 0), "{caught} caught");
        assert!(caught > 8 && baseline * 2 < caught, "caught {caught}, the baseline {baseline}");
    }
}
