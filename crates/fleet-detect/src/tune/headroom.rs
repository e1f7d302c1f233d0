//! How far beyond everything seen a threshold must lie when the budget asks for less than the traffic can show.
//!
//! The largest value of each device and day is taken. Above a level that the upper tenth of them exceeds, the excesses
//! are treated as exponential, which is what the tails of most ordinary distributions tend to (peaks over threshold:
//! Pickands, Annals of Statistics 3, 1975, with shape zero). So the level is found that the budget expects to be
//! exceeded as rarely. It is an extrapolation, and called that wherever it is used.

use std::collections::BTreeMap;

use super::candidate::Spread;
use super::outcome::Frame;
use super::record::key_number;

const DAY: i64 = 86_400_000;
/// Device-days below which no tail is fitted.
const LEAST_DAYS: usize = 10;

/// The level, as badness, that values exceed for `alarm_after` datapoints in a row no more than `expected` times in
/// the training part. Below [`LEAST_DAYS`] device-days: half again as far from the median as the worst value.
pub(crate) fn level(frame: &Frame, spread: &Spread, alarm_after: u8, expected: f64) -> f64 {
    let worst = spread.badness(spread.worst);
    let reach = worst - spread.badness(spread.median);
    let mut peaks = daily_peaks(frame, spread, usize::from(alarm_after));
    if peaks.len() < LEAST_DAYS {
        return worst + reach / 2.0;
    }
    peaks.sort_by(|a, b| b.total_cmp(a));
    let above = (peaks.len() / 10).clamp(5, peaks.len() - 1);
    let base = peaks[above];
    let mean_excess = peaks[..above].iter().map(|peak| peak - base).sum::<f64>() / above as f64;
    let level = base + mean_excess * (above as f64 / expected.max(f64::MIN_POSITIVE)).ln();
    level.clamp(peaks[0], (worst + reach).max(peaks[0]))
}

/// The largest badness that each device kept up for that many datapoints in a row, by day, outside of incidents.
fn daily_peaks(frame: &Frame, spread: &Spread, alarm_after: usize) -> Vec<f64> {
    let mut peaks = Vec::new();
    for (_, device, spells) in frame.devices() {
        let mut days: BTreeMap<i64, f64> = BTreeMap::new();
        let mut run: Vec<f64> = Vec::new();
        for (at, key) in device.points.iter().filter(|(at, _)| *at < frame.cut) {
            if spells.iter().any(|spell| spell.holds(*at)) {
                run.clear();
                continue;
            }
            if run.len() == alarm_after {
                run.remove(0);
            }
            run.push(spread.badness(key_number(*key, spread.whole)));
            if run.len() == alarm_after {
                let kept_up = run.iter().copied().fold(f64::INFINITY, f64::min);
                let day = days.entry(at.div_euclid(DAY)).or_insert(kept_up);
                *day = day.max(kept_up);
            }
        }
        peaks.extend(days.into_values());
    }
    peaks
}
