//! What a count of alarms says about their rate.
//!
//! Bounds are Garwood's for a Poisson count (Biometrika 28, 1936), through the Wilson and Hilferty approximation of the
//! chi-squared quantile (PNAS 17, 1931): the confidence is 95 % within half a point above and one and a half below, and
//! without any alarm the bound is exact.
//! Alarms of one device come in clusters, so a bound is rather too narrow than too wide when few devices raise them all.

/// Quantile of the normal distribution at 95 %.
const Z: f64 = 1.644_853_627;
/// Confidence of every bound.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// The largest expected count with which seeing at most `count` is no rarer than one in twenty.
pub fn poisson_upper(count: u64) -> f64 {
    if count == 0 {
        return -(1.0 - CONFIDENCE).ln();
    }
    wilson_hilferty(count as f64 + 1.0, Z)
}

/// The smallest expected count with which seeing at least `count` is no rarer than one in twenty.
pub(crate) fn poisson_lower(count: u64) -> f64 {
    if count == 0 { 0.0 } else { wilson_hilferty(count as f64, -Z) }
}

fn wilson_hilferty(count: f64, z: f64) -> f64 {
    let root = 1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt());
    count * root.max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probability of at most `count` events where `mean` are expected.
    fn cumulative(count: u64, mean: f64) -> f64 {
        let mut term = (-mean).exp();
        let mut sum = term;
        for event in 1..=count {
            term *= mean / event as f64;
            sum += term;
        }
        sum
    }

    #[test]
    fn bounds_have_their_confidence() {
        for count in 0..60 {
            assert!((cumulative(count, poisson_upper(count)) - 0.05).abs() < 0.005, "{count}");
        }
        for count in 1..60 {
            assert!((1.0 - cumulative(count - 1, poisson_lower(count)) - 0.05).abs() < 0.015, "{count}");
        }
        assert_eq!(poisson_lower(0), 0.0);
    }
}
