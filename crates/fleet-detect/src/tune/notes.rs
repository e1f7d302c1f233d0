//! What has to be said about a proposal: what it rests on, and what the traffic cannot show.

use super::bound::{poisson_lower, poisson_upper};
use super::choose::Case;
use super::report::{BehaviorTuning, Choice};

const DAY: i64 = 86_400_000;

/// The remarks, each a sentence. `furthest` says that the proposal is the last threshold offered.
pub(crate) fn notes(case: &Case, tuning: &BehaviorTuning, furthest: bool) -> Vec<String> {
    if tuning.datapoints == 0 {
        return vec![format!("no datapoints: {}", why_silent(case))];
    }
    let Some(proposed) = &tuning.proposed else { return vec![why_nothing(case, tuning)] };
    let mut notes: Vec<String> = Vec::new();
    notes.extend(too_short(case));
    notes.extend(extrapolated(case, furthest));
    if case.spread.is_some_and(|spread| spread.worst == spread.median) {
        notes.push("no value is beyond the median, so set the threshold by what the metric means".to_owned());
    }
    notes.extend(what_is_shown(case, proposed));
    notes.extend(faster(tuning, proposed));
    if case.planned.criteria.ml_detection_config.is_some() {
        notes.push("AWS does not publish its algorithm, so what ML Detect does is approximated".to_owned());
    }
    let rare = tuning.elements.iter().filter(|element| element.devices == 1 && tuning.devices > 1).count();
    if rare > 0 {
        let all = tuning.elements.len();
        notes.push(format!("{rare} of {all} elements were seen at one device only: are they normal?"));
    }
    notes
}

fn why_silent(case: &Case) -> &'static str {
    match case.planned.criteria.ml_detection_config {
        Some(_) => "ML Detect judges after 14 days with 25,000 datapoints",
        None if !case.planned.variants.is_empty() => "percentiles need enough devices in a window",
        None => "is the metric in the traffic, and the profile attached to the devices?",
    }
}

fn why_nothing(case: &Case, tuning: &BehaviorTuning) -> String {
    if case.planned.criteria.ml_detection_config.is_some() {
        return "no confidence keeps the budget and can fire on this traffic".to_owned();
    }
    if !case.planned.variants.is_empty() {
        return format!(
            "no statistic keeps the budget and can fire: with {} devices the outermost percentiles are the outermost \
             value itself, and the others alarm too often; a fixed threshold would be steadier",
            tuning.devices
        );
    }
    if !case.planned.metric.value().is_scalar() {
        return "nothing was seen that a set could be made of, or all of the set was seen".to_owned();
    }
    if case.spread.is_none() {
        return "no datapoint lies in the part it would be chosen on, outside of incidents".to_owned();
    }
    "no threshold keeps the budget: devices reach the most extreme value in ordinary use".to_owned()
}

/// Rhythms that the training part cannot hold.
fn too_short(case: &Case) -> Option<String> {
    let length = case.terms.cut - case.terms.from;
    let missing = match length {
        ..DAY => "less than a day: other hours may be louder",
        _ if length < 7 * DAY => "less than a week: other days may be louder",
        _ => return None,
    };
    Some(format!("it is chosen on {missing}"))
}

fn extrapolated(case: &Case, furthest: bool) -> Option<String> {
    let spread = case.spread.filter(|_| case.limits.false_alarms == 0)?;
    let expected = short(case.terms.budget * case.exposure.training);
    let mut text = format!(
        "the budget allows {expected} false alarms in the {} device-months it is chosen on, less than one: the \
         threshold is extrapolated beyond what was seen",
        short(case.exposure.training)
    );
    if furthest && spread.worst != spread.median {
        text += ", as far as twice the distance of the worst value from the median";
    }
    Some(text)
}

/// What the held-out part says, and what it would take to say more.
fn what_is_shown(case: &Case, proposed: &Choice) -> Option<String> {
    let (months, budget) = (case.exposure.held_out, case.terms.budget);
    let count = proposed.held_out.unlabelled;
    let (Some(rate), Some(at_most)) = (proposed.held_out_rate, proposed.held_out_rate_at_most) else {
        return Some("nothing was held out, so nothing shows that the budget is kept".to_owned());
    };
    let alarms = if count == 1 { "false alarm" } else { "false alarms" };
    let seen = format!("held out: {count} {alarms} in {} device-months", short(months));
    if poisson_lower(count) / months > budget {
        let rate = short(rate);
        return Some(format!(
            "{seen}, {rate} a device and month: the budget is broken there; the fleet has changed, or the part it was \
             chosen on is too short"
        ));
    }
    let at_most_text = short(at_most);
    if at_most <= budget {
        return Some(format!("{seen}: the rate is below {at_most_text} (95 %), which shows the budget"));
    }
    let mut text = format!("{seen}: the rate is below {at_most_text} (95 %), which does not show ");
    text += &format!("the budget of {}", short(budget));
    if budget > 0.0 {
        let needed = poisson_upper(0) / budget;
        let held_out_days = (case.terms.to - case.terms.cut).max(0) as f64 / DAY as f64;
        let days = (needed / months * held_out_days).ceil();
        text += &format!("; that takes {} device-months without one: {days} days", short(needed));
    }
    Some(text)
}

/// Another number of datapoints that sees no less, sooner, or sees more.
fn faster(tuning: &BehaviorTuning, proposed: &Choice) -> Option<String> {
    let detected = |choice: &Choice| choice.training_detected + choice.held_out_detected;
    let others = || tuning.alternatives.iter().filter(|other| other.alarm_after != proposed.alarm_after);
    if let Some(other) =
        others().filter(|other| detected(other) > detected(proposed)).max_by_key(|other| detected(other))
    {
        let (when, after, more) = (&other.alarm_when, other.alarm_after, detected(other) - detected(proposed));
        let incidents = if more == 1 { "incident" } else { "incidents" };
        return Some(format!("`{when}` after {after} would detect {more} more {incidents}"));
    }
    let sooner = |other: &&Choice| detected(other) == detected(proposed) && other.median_delay < proposed.median_delay;
    let other = others().filter(sooner).min_by_key(|other| other.median_delay)?;
    let earlier = minutes(proposed.median_delay? - other.median_delay?);
    Some(format!(
        "`{}` after {} would detect as many incidents, {earlier} earlier",
        other.alarm_when, other.alarm_after
    ))
}

/// A number for people: three digits that matter.
pub fn short(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let digits = (2 - number.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A length of time for people, from milliseconds.
pub fn minutes(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 if seconds % 60 == 0 => format!("{}m", seconds / 60),
        60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        _ if seconds % 3600 < 60 => format!("{}h", seconds / 3600),
        _ => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        for (number, text) in [(0.0, "0"), (0.012345, "0.0123"), (30.0, "30"), (292.4, "292"), (1234.5, "1234")] {
            assert_eq!(short(number), text);
        }
        for (millis, text) in [(30_000, "30s"), (600_000, "10m"), (90_000, "1m30s"), (7_200_000, "2h")] {
            assert_eq!(minutes(millis), text);
        }
    }
}
