//! Devices that alone hold a threshold where it is: an incident that nobody has labelled looks like that.

use std::collections::BTreeSet;

use super::candidate::{Candidate, Spread};
use super::outcome::Frame;
use super::patch::alarm_when;
use super::record::key_number;
use super::report::{Suspect, Suspects};
use super::search::{Exposure, Limits, scan};
use crate::alarm::AlarmRules;

/// The threshold's distance from the median must shrink to less than this part without the devices, and by more than
/// the other devices stray from the median at all.
const SHRINKS_TO: f64 = 0.5;
/// And by at least so many steps of the grid.
const STEPS: usize = 3;
/// Largest part of the devices that may be called exceptional.
const MOST: f64 = 0.1;

/// Looks for the fewest devices without which the threshold would be much lower. `last` is the position of the most
/// sensitive candidate that keeps the budget with all devices.
pub(crate) fn suspects(
    frame: &Frame,
    candidates: &[Candidate],
    rules: &AlarmRules,
    (spread, budget): (&Spread, f64),
    exposure: &dyn Fn(&Frame) -> Exposure,
    last: usize,
) -> Option<Suspects> {
    let order = by_reach(frame, candidates, rules, last);
    let all = frame.devices().count();
    let most = ((all as f64 * MOST) as usize).max(1).min(order.len());
    if all < 3 {
        return None;
    }
    let distance = |position: usize| Some((candidates[position].number? - spread.median).abs());
    for count in 1..=most {
        let without: BTreeSet<usize> = order[..count].iter().copied().collect();
        let frame = Frame { without, ..*frame };
        let found =
            scan(std::slice::from_ref(&frame), candidates, rules, Limits::new(budget, &exposure(&frame))).last?;
        let (before, after) = (distance(last)?, distance(found)?);
        let strays = others_stray(&frame, spread);
        if found >= last + STEPS && after < before * SHRINKS_TO && before - after > strays {
            let devices = order[..count].iter().map(|device| seen_beyond(&frame, *device, spread, strays));
            let without = alarm_when(&candidates[found].criteria);
            let devices: Vec<Suspect> = devices.filter(|suspect| suspect.datapoints > 0).collect();
            return (!devices.is_empty()).then_some(Suspects { devices, without });
        }
    }
    None
}

/// How far the worst quiet value of the training part lies from the median.
fn others_stray(frame: &Frame, spread: &Spread) -> f64 {
    let badness = |key: u64| spread.badness(key_number(key, spread.whole)) - spread.badness(spread.median);
    frame.quiet_keys().map(badness).fold(0.0, f64::max)
}

/// Devices with false alarms just beyond the last candidate, those that need the least sensitive one first.
fn by_reach(frame: &Frame, candidates: &[Candidate], rules: &AlarmRules, last: usize) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    for candidate in candidates.iter().take(last + STEPS + 1) {
        let outcome = frame.run(&candidate.conformity, rules);
        let new: Vec<usize> = outcome.devices.iter().copied().filter(|device| !order.contains(device)).collect();
        order.extend(new);
    }
    order
}

/// What a device did beyond everything that the others did.
fn seen_beyond(frame: &Frame, device: usize, spread: &Spread, others_stray: f64) -> Suspect {
    let (series, spells) = (&frame.series.devices[device], &frame.spells[device]);
    let labelled = |at: i64| spells.iter().any(|spell| spell.holds(at));
    let stray = |key: u64| spread.badness(key_number(key, spread.whole)) - spread.badness(spread.median);
    let beyond =
        series.points.iter().filter(|(at, key)| *at < frame.cut && !labelled(*at) && stray(*key) > others_stray);
    let times: Vec<i64> = beyond.map(|(at, _)| *at).collect();
    Suspect {
        device: series.name.clone(),
        from: times.first().map_or(0, |at| at.saturating_sub(frame.reach.millis)),
        // A window ends before its datapoint, a report does not.
        to: times.last().map_or(0, |at| at + i64::from(!frame.reach.windowed)),
        datapoints: times.len() as u64,
    }
}
