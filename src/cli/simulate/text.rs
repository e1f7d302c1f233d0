//! Words, times and columns that several reports share.

use fleet_detect::summary::alarms::RaisedAlarm;
use fleet_detect::summary::normal::brief;
use fleet_detect::traffic::time::format_utc;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `1 alarm`, `2 alarms`.
pub fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A time to the minute, or finer where it has more: `2026-01-05 09:10`.
pub fn time(at: i64) -> String {
    let text = format_utc(at);
    let length = match (at.rem_euclid(MINUTE), at.rem_euclid(1000)) {
        (0, _) => 16,
        (_, 0) => 19,
        _ => 23,
    };
    text[..length].to_owned()
}

/// The time of day of [`time`].
pub fn clock(at: i64) -> String {
    time(at)[11..].to_owned()
}

/// A length of time in its largest sensible unit: `20 min`, `1.5 h`, `3 days`.
pub fn lasted(millis: i64) -> String {
    let (unit, word) = match millis {
        ..MINUTE => (1000, "s"),
        MINUTE..HOUR => (MINUTE, "min"),
        HOUR..DAY => (HOUR, "h"),
        _ => (DAY, "days"),
    };
    let tenths = (millis * 10 + unit / 2) / unit;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {word}"),
        (whole, tenth) => format!("{whole}.{tenth} {word}"),
    }
}

/// How an alarm went on: `for 20 min`, `still in alarm`.
pub fn end(alarm: &RaisedAlarm) -> String {
    match alarm.span.ended {
        None => "still in alarm".to_owned(),
        Some((at, event)) => format!("{} after {}", &event.as_str()["alarm-".len()..], lasted(at - alarm.span.raised)),
    }
}

/// The value that raised an alarm.
pub fn value(alarm: &RaisedAlarm) -> String {
    alarm.value.as_ref().map(brief).unwrap_or_default()
}

/// An alarm as one line.
pub fn alarm_line(alarm: &RaisedAlarm) -> String {
    let suppressed = if alarm.span.suppressed { ", suppressed" } else { "" };
    format!("{}  {}: {}, {}{suppressed}", time(alarm.span.raised), alarm.span.device, value(alarm), end(alarm))
}

/// `62nd`, `99.7th`: a percentile, with a digit after the point near the ends, where it matters.
pub fn ordinal(share: f64) -> String {
    let near_the_end = (share > 95.0 && share < 100.0) || (share > 0.0 && share < 5.0);
    if near_the_end && share.fract() != 0.0 {
        return format!("{:.1}th", share.clamp(0.1, 99.9));
    }
    let whole = share.round() as u64;
    let ending = match (whole % 100, whole % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{whole}{ending}")
}

/// Rows as columns, each as wide as its widest cell. Colour does not count as width, so cells must be plain.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_words() {
        let ordinals = [0.0, 1.0, 11.0, 62.4, 93.0, 98.89, 99.999, 100.0].map(ordinal);
        assert_eq!(ordinals, ["0th", "1st", "11th", "62nd", "93rd", "98.9th", "99.9th", "100th"]);
        assert_eq!([20 * MINUTE, 90 * MINUTE, 3 * DAY, 1000].map(lasted), ["20 min", "1.5 h", "3 days", "1 s"]);
        assert_eq!(time(1_767_604_200_000), "2026-01-05 09:10");
        assert_eq!(time(1_767_604_200_007), "2026-01-05 09:10:00.007");
    }
}
