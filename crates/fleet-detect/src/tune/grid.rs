//! Thresholds that people would write: one or two digits that matter.

/// Steps of a linear grid between the smallest and the largest value.
const STEPS: f64 = 50.0;
/// A grid over more than a decade has finer numbers for finer digits: 10, 11 … 20, 22 … 50, 55 … 100.
const DECADE: f64 = 10.0;
/// A grid from zero has numbers down to this part of the largest.
const SMALLEST_PART: f64 = 1e-6;

/// The grid from `low` to `high`, both covered, ascending; whole numbers only where the metric is a count.
pub(crate) fn grid(low: f64, high: f64, whole: bool) -> Vec<f64> {
    let mut points = if low < 0.0 || (low > 0.0 && high / low < DECADE) || high <= 0.0 {
        linear(low, high, whole)
    } else {
        let least = if whole { 1.0 } else { high * SMALLEST_PART };
        let mut points = decades(low.max(least), high);
        points.extend((low < least).then_some(0.0));
        points
    };
    if whole {
        points.retain(|point| point.fract() == 0.0 && *point >= 0.0);
    }
    points.sort_by(f64::total_cmp);
    points.dedup();
    points
}

/// The largest of 1, 2 and 5 times a power of ten that is not above `most`: digit and exponent.
fn round_step(most: f64) -> (i64, i32) {
    let mut exponent = most.log10().floor() as i32;
    // The logarithm of a power of ten may come out just below the whole number.
    if decimal(1, exponent + 1) <= most {
        exponent += 1;
    }
    let digit = [5, 2, 1].into_iter().find(|digit| decimal(*digit, exponent) <= most).unwrap_or(1);
    (digit, exponent)
}

/// `digits` times ten to the `exponent`, correctly rounded: 0.3, not 0.30000000000000004.
fn decimal(digits: i64, exponent: i32) -> f64 {
    format!("{digits}e{exponent}").parse().unwrap_or(f64::MAX)
}

fn linear(low: f64, high: f64, whole: bool) -> Vec<f64> {
    let range = (high - low).max(f64::MIN_POSITIVE);
    let (mut digit, mut exponent) = round_step(range / STEPS);
    if whole && exponent < 0 {
        (digit, exponent) = (1, 0);
    }
    let step = decimal(digit, exponent);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    // Beyond this the numbers of the grid are no longer told apart by doubles.
    if !(first.abs() < 1e15 && last.abs() < 1e15 && last - first < 1e4) {
        return vec![low, high];
    }
    (first as i64..=last as i64).map(|count| decimal(count * digit, exponent)).collect()
}

fn decades(low: f64, high: f64) -> Vec<f64> {
    let digits = (10..20).chain((20..50).step_by(2)).chain((50..100).step_by(5));
    let digits: Vec<i64> = digits.collect();
    let exponents = low.log10().floor() as i32 - 2..=high.log10().ceil() as i32 - 1;
    let all: Vec<f64> =
        exponents.flat_map(|exponent| digits.iter().map(move |digit| decimal(*digit, exponent))).collect();
    let first = all.partition_point(|point| *point <= low).saturating_sub(1);
    let last = all.partition_point(|point| *point < high);
    all[first..(last + 1).min(all.len())].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_people_write() {
        let counts = grid(0.0, 130.0, true);
        assert_eq!(counts[..5], [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(counts[counts.len() - 4..], [100.0, 110.0, 120.0, 130.0]);
        let volts = grid(3.3, 4.1, false);
        assert!(volts.starts_with(&[3.3, 3.31]) && volts.contains(&3.67) && volts.len() < 100, "{volts:?}");
        assert_eq!(grid(-2.0, 2.0, false).len(), 81);
        assert_eq!(grid(0.0, 0.0, true), [0.0]);
        for (low, high, whole) in
            [(0.0, 1.8e19, true), (7.0, 7.0, true), (1e-7, 1.0, false), (-1e300, 1e300, false), (1e15, 2e15, true)]
        {
            let points = grid(low, high, whole);
            assert!(points.len() < 800 && points.is_sorted_by(|a, b| a < b), "{low} {high}: {}", points.len());
            assert!(points[0] <= low && points[points.len() - 1] >= high, "{low} {high}: {points:?}");
        }
    }
}
