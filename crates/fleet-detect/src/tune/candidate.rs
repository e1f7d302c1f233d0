//! What a behaviour could ask instead, from the least to the most sensitive.

use serde_json::Number;

use super::grid::grid;
use super::record::{DeviceSeries, key_number, scalar_key};
use crate::behavior::{ComparisonOperator, Criteria};
use crate::value::{MetricValue, Value};

/// How a recorded key compares with a candidate.
#[derive(Clone, Debug)]
pub(crate) enum Conformity {
    /// A key of a number against the key of a threshold.
    Threshold(ComparisonOperator, u64),
    /// The key is the verdict.
    AsJudged,
    /// A verdict for every distinct list.
    Listed(Vec<bool>),
}

impl Conformity {
    pub fn conforms(&self, key: u64) -> bool {
        match self {
            Self::Threshold(operator, threshold) => operator.holds(key, *threshold),
            Self::AsJudged => key == 1,
            Self::Listed(verdicts) => verdicts.get(key as usize).copied().unwrap_or(true),
        }
    }

    /// Whether no datapoint of the device violates, where that shows without looking at each.
    pub fn always_conforms(&self, device: &DeviceSeries) -> bool {
        match self {
            Self::Threshold(operator, threshold) => {
                let worst = if operator.bounds_above() { device.largest } else { device.smallest };
                operator.holds(worst, *threshold)
            }
            Self::AsJudged => device.smallest == 1,
            Self::Listed(_) => false,
        }
    }
}

/// One alternative.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub criteria: Criteria,
    pub conformity: Conformity,
    /// Position of the frame with its datapoints; percentiles and models have their own.
    pub frame: usize,
    /// The fixed threshold as a number.
    pub number: Option<f64>,
}

/// How values of a behaviour with a fixed number spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub operator: ComparisonOperator,
    /// Counts have whole thresholds.
    pub whole: bool,
    pub median: f64,
    /// The largest where the operator bounds above, else the smallest.
    pub worst: f64,
    /// The other end.
    pub mildest: f64,
}

impl Spread {
    /// How bad a number is: larger is worse.
    pub fn badness(&self, number: f64) -> f64 {
        if self.operator.bounds_above() { number } else { -number }
    }

    /// The furthest threshold that is offered: twice as far from the median as anything seen.
    pub fn furthest(&self) -> f64 {
        let doubled = self.worst + (self.worst - self.median);
        // Where all values are equal nothing tells how far is far.
        let step = if self.whole { 2.0 } else { (self.worst.abs() * 0.5).max(1e-9) };
        let step = if self.operator.bounds_above() { step } else { -step };
        let furthest =
            if self.operator.bounds_above() { doubled.max(self.worst + step) } else { doubled.min(self.worst + step) };
        if self.whole { furthest.clamp(0.0, i64::MAX as f64) } else { furthest.clamp(f64::MIN, f64::MAX) }
    }
}

/// Fixed thresholds, from the least to the most sensitive. A threshold that nothing can ever violate is none.
pub(crate) fn thresholds(criteria: &Criteria, spread: &Spread) -> Vec<Candidate> {
    let (a, b) = (spread.furthest(), spread.mildest);
    let mut numbers = grid(a.min(b), a.max(b), spread.whole);
    if spread.operator.bounds_above() {
        numbers.reverse();
    }
    let candidates = numbers.into_iter().filter_map(|number| threshold(criteria, spread, number));
    candidates.filter(|candidate| !never_violated(&candidate.conformity, spread.whole)).collect()
}

fn threshold(criteria: &Criteria, spread: &Spread, number: f64) -> Option<Candidate> {
    let (value, written) = if spread.whole {
        let count = number as u64;
        (Value::Count(count), MetricValue::Count(count))
    } else {
        let whole = number.fract() == 0.0 && number.abs() < 1e15;
        let json = if whole { Number::from(number as i64) } else { Number::from_f64(number)? };
        (Value::Number(number), MetricValue::Number(json))
    };
    let conformity = Conformity::Threshold(spread.operator, scalar_key(&value)?);
    let criteria = Criteria { value: Some(written), ..criteria.clone() };
    Some(Candidate { criteria, conformity, frame: 0, number: Some(number) })
}

/// `greater-than-equals 0` holds for every count.
fn never_violated(conformity: &Conformity, whole: bool) -> bool {
    whole && matches!(conformity, Conformity::Threshold(ComparisonOperator::GreaterThanEquals, 0))
}

/// How the values of the training part spread, `cut` excluded; none without any.
pub(crate) fn spread(operator: ComparisonOperator, whole: bool, numbers: impl Iterator<Item = u64>) -> Option<Spread> {
    let mut keys: Vec<u64> = numbers.collect();
    let middle = keys.len() / 2;
    let (smallest, largest) = (*keys.iter().min()?, *keys.iter().max()?);
    let median = *keys.select_nth_unstable(middle).1;
    let [median, smallest, largest] = [median, smallest, largest].map(|key| key_number(key, whole));
    let (worst, mildest) = if operator.bounds_above() { (largest, smallest) } else { (smallest, largest) };
    Some(Spread { operator, whole, median, worst, mildest })
}
