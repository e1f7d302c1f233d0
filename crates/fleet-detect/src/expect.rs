//! Expected alarms: what a test file says a scenario must raise, and the comparison with what it did.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::history::AlarmSpan;
use crate::scenario::amount::Moment;
use crate::traffic::time::format_utc;

/// The `expect` block of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectations {
    /// Alarms that must be raised; an empty list says that there must be none.
    #[serde(default)]
    pub alarms: Vec<ExpectedAlarm>,
    /// Whether other alarms than these are no failure.
    #[serde(default)]
    pub allow_others: bool,
}

/// One alarm that must be raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedAlarm {
    pub device: String,
    pub behavior: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// When exactly. Beside `from` and `until`, which bound it, both inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// When it must be cleared; not looked at where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<ExpectedEnd>,
}

/// How an alarm must end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedEnd {
    /// Not at all, which excludes the others.
    #[serde(default)]
    pub never: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// The difference between expected and actual alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mismatch {
    pub missing: Vec<ExpectedAlarm>,
    pub unexpected: Vec<AlarmSpan>,
}

/// Compares; `start` is what relative moments count from. Each expectation takes one alarm, the earliest that fits.
///
/// # Errors
/// What is missing and what was not expected.
pub fn compare(expected: &Expectations, actual: &[AlarmSpan], start: i64) -> Result<(), Mismatch> {
    let mut free: Vec<&AlarmSpan> = actual.iter().collect();
    let mut mismatch = Mismatch::default();
    // The narrowest expectations choose first, so that a loose one does not take what a strict one needs.
    let mut order: Vec<&ExpectedAlarm> = expected.alarms.iter().collect();
    order.sort_by_key(|alarm| std::cmp::Reverse(alarm.strictness()));
    for alarm in order {
        match free.iter().position(|span| alarm.fits(span, start)) {
            Some(position) => {
                free.remove(position);
            }
            None => mismatch.missing.push(alarm.clone()),
        }
    }
    if !expected.allow_others {
        mismatch.unexpected = free.into_iter().cloned().collect();
    }
    if mismatch == Mismatch::default() { Ok(()) } else { Err(mismatch) }
}

impl ExpectedAlarm {
    fn strictness(&self) -> usize {
        let bounds = [self.at.is_some(), self.at.is_some(), self.from.is_some(), self.until.is_some()];
        bounds.iter().chain([&self.cleared.is_some()]).filter(|given| **given).count()
    }

    fn fits(&self, span: &AlarmSpan, start: i64) -> bool {
        self.device == span.device
            && self.behavior == span.behavior
            && self.profile.as_ref().is_none_or(|profile| *profile == span.profile)
            && within(span.raised, self.at, self.from, self.until, start)
            && self.cleared.as_ref().is_none_or(|end| end.fits(span, start))
    }

    /// The expectation as one line of text.
    fn describe(&self, start: i64) -> String {
        let mut text = format!("{} {}", self.device, self.behavior);
        for (word, moment) in [("at", self.at), ("from", self.from), ("until", self.until)] {
            if let Some(moment) = moment {
                let _ = write!(text, " {word} {}", format_utc(moment.resolve(start)));
            }
        }
        if let Some(end) = &self.cleared {
            text += if end.never { ", never cleared" } else { ", cleared" };
            for (word, moment) in [("at", end.at), ("from", end.from), ("until", end.until)] {
                if let Some(moment) = moment {
                    let _ = write!(text, " {word} {}", format_utc(moment.resolve(start)));
                }
            }
        }
        text
    }
}

impl ExpectedEnd {
    fn fits(&self, span: &AlarmSpan, start: i64) -> bool {
        match span.ended {
            None => self.never,
            Some((at, _)) => !self.never && within(at, self.at, self.from, self.until, start),
        }
    }
}

fn within(at: i64, exactly: Option<Moment>, from: Option<Moment>, until: Option<Moment>, start: i64) -> bool {
    exactly.is_none_or(|moment| moment.resolve(start) == at)
        && from.is_none_or(|moment| moment.resolve(start) <= at)
        && until.is_none_or(|moment| at <= moment.resolve(start))
}

impl Mismatch {
    /// Expected and actual side by side: for each missing alarm those that came closest, of its device and behaviour.
    pub fn describe(&self, actual: &[AlarmSpan], start: i64) -> String {
        let mut text = String::new();
        for missing in &self.missing {
            let _ = writeln!(text, "expected  {}", missing.describe(start));
            let close = actual.iter().filter(|span| span.device == missing.device && span.behavior == missing.behavior);
            let close: Vec<_> = close.map(AlarmSpan::describe).collect();
            let found = if close.is_empty() { "no such alarm".to_owned() } else { close.join("\n          ") };
            let _ = writeln!(text, "  actual  {found}");
        }
        for span in &self.unexpected {
            let _ = writeln!(text, "unexpected  {}", span.describe());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::violation::ViolationEventType;
    use serde_json::json;

    fn span(device: &str, raised: i64, ended: Option<i64>) -> AlarmSpan {
        AlarmSpan {
            device: device.into(),
            profile: "p".into(),
            behavior: "b".into(),
            raised,
            ended: ended.map(|at| (at, ViolationEventType::AlarmCleared)),
            suppressed: false,
        }
    }

    fn outcome(expected: serde_json::Value, actual: &[AlarmSpan]) -> (usize, usize) {
        let expected: Expectations = serde_json::from_value(expected).unwrap();
        match compare(&expected, actual, 0) {
            Ok(()) => (0, 0),
            Err(mismatch) => (mismatch.missing.len(), mismatch.unexpected.len()),
        }
    }

    #[test]
    fn expectations_take_the_alarms_that_fit() {
        let actual = [span("a", 300_000, Some(600_000)), span("a", 900_000, None), span("c", 300_000, None)];
        let a = |more: serde_json::Value| {
            let mut alarm = json!({"device": "a", "behavior": "b"});
            alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            alarm
        };
        let c = json!({"device": "c", "behavior": "b", "profile": "p"});
        assert_eq!(outcome(json!({"alarms": [a(json!({})), a(json!({"at": "5m"})), c]}), &actual), (0, 0));
        assert_eq!(outcome(json!({"alarms": [a(json!({"from": "6m", "until": "15m"}))]}), &actual), (0, 2));
        assert_eq!(outcome(json!({"alarms": [a(json!({"at": "6m"}))], "allowOthers": true}), &actual), (1, 0));
        assert_eq!(
            outcome(json!({"alarms": [a(json!({"cleared": {"at": "10m"}}))], "allowOthers": true}), &actual),
            (0, 0)
        );
        let never = json!({"alarms": [a(json!({"at": "5m", "cleared": {"never": true}}))], "allowOthers": true});
        assert_eq!(outcome(never, &actual), (1, 0));
        assert_eq!(outcome(json!({"alarms": []}), &actual), (0, 3));
        assert_eq!(outcome(json!({}), &[]), (0, 0));
    }

    #[test]
    fn a_failure_shows_both_sides() {
        let expected: Expectations =
            serde_json::from_value(json!({"alarms": [{"device": "a", "behavior": "b", "at": "6m"}]})).unwrap();
        let actual = [span("a", 300_000, None), span("x", 0, None)];
        let text = compare(&expected, &actual, 0).unwrap_err().describe(&actual, 0);
        assert_eq!(
            text,
            "expected  a b at 1970-01-01 00:06:00.000\n\
             \x20 actual  a b at 1970-01-01 00:05:00.000, still in alarm at the end\n\
             unexpected  a b at 1970-01-01 00:05:00.000, still in alarm at the end\n\
             unexpected  x b at 1970-01-01 00:00:00.000, still in alarm at the end\n"
        );
    }
}
