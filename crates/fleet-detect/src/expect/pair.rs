//! Expected alarms beside actual ones: which belongs to which, and in what they differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Clock, Expectations, ExpectedAlarm, STANDS, withheld};
use crate::history::AlarmSpan;
use crate::violation::ViolationEventType;

/// Something in which an expected and an actual alarm differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    Profile,
    Raised,
    Ended,
    Suppressed,
}

impl Part {
    /// The part as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Raised => "raised",
            Self::Ended => "ended",
            Self::Suppressed => "message",
        }
    }
}

/// One part of a pair, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aspect {
    pub part: Part,
    pub expected: String,
    pub actual: String,
    pub differs: bool,
}

/// An expected alarm beside the actual one: that which meets it, otherwise that which comes nearest.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    /// None: nobody expected the actual one.
    pub expected: Option<ExpectedAlarm>,
    /// None: there is no such alarm.
    pub actual: Option<AlarmSpan>,
    /// In what they differ, where there are both.
    pub differs: Vec<Part>,
}

impl Pair {
    /// Whether the alarm is as expected.
    pub fn holds(&self) -> bool {
        self.expected.is_some() && self.actual.is_some() && self.differs.is_empty()
    }

    /// What was expected beside what is, part by part: when the alarm was raised and how it ended, and the rest where
    /// it was asked for. `start` is what relative moments count from.
    pub fn aspects(&self, clock: Clock, start: i64) -> Vec<Aspect> {
        let alone = self.expected.is_none() || self.actual.is_none();
        let aspect = |part: Part| {
            let no_alarm = || if part == Part::Raised { "no alarm".to_owned() } else { String::new() };
            let expected = self.expected.as_ref().map(|alarm| alarm.describe(part, clock, start));
            let asked = match &expected {
                Some(text) => !text.is_empty(),
                None => matches!(part, Part::Raised | Part::Ended),
            };
            let actual = self.actual.as_ref().map(|span| describe(span, part, clock));
            let differs = self.differs.contains(&part) || (alone && part == Part::Raised);
            let [expected, actual] = [expected, actual].map(|text| text.unwrap_or_else(no_alarm));
            asked.then_some(Aspect { part, expected, actual, differs })
        };
        [Part::Raised, Part::Ended, Part::Suppressed, Part::Profile].into_iter().filter_map(aspect).collect()
    }

    /// Device and behaviour.
    pub fn subject(&self) -> (&str, &str) {
        let expected = self.expected.as_ref().map(|alarm| (alarm.device.as_str(), alarm.behavior.as_str()));
        let actual = || self.actual.as_ref().map(|span| (span.device.as_str(), span.behavior.as_str()));
        expected.or_else(actual).unwrap_or_default()
    }
}

/// Compares; `start` is what relative moments count from, in milliseconds since the Unix epoch. As many expectations
/// as possible are met, each by an alarm of its own. The result is sorted by device, behaviour and time, and the
/// expectations hold if every pair does.
pub fn compare(expected: &Expectations, actual: &[AlarmSpan], start: i64) -> Vec<Pair> {
    let mut subjects: BTreeMap<(&str, &str), Subject> = BTreeMap::new();
    for alarm in &expected.alarms {
        subjects.entry((&alarm.device, &alarm.behavior)).or_default().expected.push(alarm);
    }
    for span in actual {
        subjects.entry((&span.device, &span.behavior)).or_default().actual.push(span);
    }
    let paired = subjects.into_values().flat_map(|subject| pair(&subject.expected, &subject.actual, start));
    paired.filter(|pair| pair.expected.is_some() || !expected.allow_others).collect()
}

/// What concerns one device and behaviour.
#[derive(Default)]
struct Subject<'a> {
    expected: Vec<&'a ExpectedAlarm>,
    actual: Vec<&'a AlarmSpan>,
}

/// The pairs of one device and behaviour.
fn pair(expected: &[&ExpectedAlarm], actual: &[&AlarmSpan], start: i64) -> Vec<Pair> {
    let fits: Vec<Vec<usize>> = expected
        .iter()
        .map(|alarm| (0..actual.len()).filter(|at| alarm.differs(actual[*at], start).is_empty()).collect())
        .collect();
    let mut taken: Vec<Option<usize>> = vec![None; actual.len()];
    for alarm in 0..expected.len() {
        assign(alarm, &fits, &mut taken, &mut vec![false; actual.len()]);
    }
    let mut free: Vec<usize> = (0..actual.len()).filter(|at| taken[*at].is_none()).collect();
    let mut pairs = Vec::new();
    for (index, alarm) in expected.iter().enumerate() {
        let met = taken.iter().position(|by| *by == Some(index));
        let span = met.or_else(|| {
            let near = |at: &&usize| alarm.wanted(start).map_or(0, |wanted| wanted.abs_diff(actual[**at].raised));
            let nearest = *free.iter().min_by_key(near)?;
            free.retain(|at| *at != nearest);
            Some(nearest)
        });
        let span = span.map(|at| actual[at]);
        let differs = span.map_or_else(Vec::new, |span| alarm.differs(span, start));
        pairs.push(Pair { expected: Some((*alarm).clone()), actual: span.cloned(), differs });
    }
    pairs.extend(free.iter().map(|at| Pair { expected: None, actual: Some(actual[*at].clone()), differs: Vec::new() }));
    let time = |pair: &Pair| {
        let wanted = pair.expected.as_ref().and_then(|alarm| alarm.wanted(start));
        pair.actual.as_ref().map(|span| span.raised).or(wanted).unwrap_or(start)
    };
    pairs.sort_by_key(time);
    pairs
}

/// Gives an expectation an alarm that fits, moving others to their alternatives: Kuhn's matching.
fn assign(alarm: usize, fits: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for at in &fits[alarm] {
        if std::mem::replace(&mut seen[*at], true) {
            continue;
        }
        if taken[*at].is_none_or(|other| assign(other, fits, taken, seen)) {
            taken[*at] = Some(alarm);
            return true;
        }
    }
    false
}

fn describe(span: &AlarmSpan, part: Part, clock: Clock) -> String {
    match part {
        Part::Raised => format!("at {}", clock.show(span.raised)),
        Part::Ended => match span.ended {
            None => STANDS.to_owned(),
            Some((at, ViolationEventType::AlarmInvalidated)) => format!("invalidated at {}", clock.show(at)),
            Some((at, _)) => format!("cleared at {}", clock.show(at)),
        },
        Part::Suppressed => withheld(span.suppressed).to_owned(),
        Part::Profile => span.profile.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn span(device: &str, raised: i64, ended: Option<i64>) -> AlarmSpan {
        AlarmSpan {
            device: device.into(),
            profile: "p".into(),
            behavior: "b".into(),
            raised: raised * 60_000,
            ended: ended.map(|at| (at * 60_000, ViolationEventType::AlarmCleared)),
            suppressed: false,
        }
    }

    /// Expectations met, not met, and alarms that nobody expected.
    fn outcome(expected: serde_json::Value, actual: &[AlarmSpan]) -> (usize, usize, usize) {
        let expected: Expectations = serde_json::from_value(expected).unwrap();
        let pairs = compare(&expected, actual, 0);
        let count = |test: fn(&Pair) -> bool| pairs.iter().filter(|pair| test(pair)).count();
        (
            count(Pair::holds),
            count(|pair| pair.expected.is_some() && !pair.holds()),
            count(|pair| pair.expected.is_none()),
        )
    }

    #[test]
    fn each_expectation_takes_an_alarm_of_its_own() {
        let actual = [span("a", 5, Some(10)), span("a", 15, None), span("c", 5, None)];
        let a = |more: serde_json::Value| {
            let mut alarm = json!({"device": "a", "behavior": "b"});
            alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            alarm
        };
        let c = json!({"device": "c", "behavior": "b", "profile": "p", "suppressed": false});
        let others = |alarm: serde_json::Value| json!({"alarms": [alarm], "allowOthers": true});
        assert_eq!(outcome(json!({"alarms": [a(json!({})), a(json!({"at": "5m"})), c]}), &actual), (3, 0, 0));
        // The first could take either alarm, the second only the one that the first would take.
        let loose = [a(json!({"from": "4m"})), a(json!({"until": "6m"}))];
        assert_eq!(outcome(json!({"alarms": loose, "allowOthers": true}), &actual), (2, 0, 0));
        assert_eq!(outcome(json!({"alarms": [a(json!({"from": "6m", "until": "15m"}))]}), &actual), (1, 0, 2));
        assert_eq!(outcome(others(a(json!({"at": "6m"}))), &actual), (0, 1, 0));
        assert_eq!(outcome(others(a(json!({"cleared": {"at": "10m"}}))), &actual), (1, 0, 0));
        assert_eq!(outcome(others(a(json!({"at": "5m", "cleared": "never"}))), &actual), (0, 1, 0));
        assert_eq!(outcome(others(a(json!({"at": "15m", "cleared": "never"}))), &actual), (1, 0, 0));
        assert_eq!(outcome(others(a(json!({"invalidated": {}}))), &actual), (0, 1, 0));
        assert_eq!(outcome(others(a(json!({"suppressed": true}))), &actual), (0, 1, 0));
        assert_eq!(outcome(json!({"alarms": []}), &actual), (0, 0, 3));
        assert_eq!(outcome(json!({}), &[]), (0, 0, 0));
    }

    #[test]
    fn what_differs_is_named_beside_the_nearest_alarm() {
        let expected: Expectations = serde_json::from_value(json!({"alarms": [
            {"device": "a", "behavior": "b", "at": "16m", "cleared": {"until": "20m"}},
            {"device": "a", "behavior": "c"}]}))
        .unwrap();
        let actual = [span("a", 5, Some(10)), span("a", 15, None)];
        let pairs = compare(&expected, &actual, 0);
        let clock = Clock::Since(0);
        let mut lines = Vec::new();
        for pair in &pairs {
            for Aspect { part, expected, actual, differs } in pair.aspects(clock, 0) {
                let sign = if differs { "≠" } else { "=" };
                lines.push(format!("{} {}: {expected} {sign} {actual}", pair.subject().1, part.as_str()));
            }
        }
        assert_eq!(
            lines,
            [
                "b raised: no alarm ≠ at 5m",
                "b ended:  = cleared at 10m",
                "b raised: at 16m ≠ at 15m",
                "b ended: cleared until 20m ≠ still in alarm at the end",
                "c raised: an alarm, at any time ≠ no alarm",
            ]
        );
        assert_eq!(Clock::Utc.show(60_000), "1970-01-01 00:01:00");
    }
}
