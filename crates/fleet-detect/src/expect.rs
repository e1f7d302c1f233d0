//! Expected alarms: what a test says that traffic must raise, and the comparison with what it did raise.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::history::AlarmSpan;
use crate::scenario::amount::{Moment, Span};
use crate::traffic::time::format_utc;
use crate::violation::ViolationEventType;

/// JSON Schema of the `expect` block of a test file, draft 2020-12.
pub const SCHEMA: &str = include_str!("../schema/expectations.schema.json");

/// The alarms that a test expects.
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
    /// Whether and when it is cleared; not looked at where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Ending>,
    /// When it is invalidated, because nothing was measured for two days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidated: Option<When>,
    /// Whether the message is withheld (`suppressAlerts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<bool>,
}

/// Bounds of a moment, all inclusive; none of them means any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// How an alarm ends: `never`, or cleared within bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// It still stands at the end of the traffic.
    Never,
    Cleared(When),
}

impl<'de> Deserialize<'de> for Ending {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EndingVisitor;

        impl<'de> Visitor<'de> for EndingVisitor {
            type Value = Ending;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("`never`, or bounds such as {until: 1h30m}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Ending, E> {
                if text == "never" {
                    Ok(Ending::Never)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ending, A::Error> {
                When::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Ending::Cleared)
            }
        }
        deserializer.deserialize_any(EndingVisitor)
    }
}

impl Serialize for Ending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::Cleared(when) => when.serialize(serializer),
        }
    }
}

/// How times are written: as spans since the start of the traffic, or as UTC times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Since this moment, milliseconds since the Unix epoch.
    Since(i64),
    Utc,
}

impl Clock {
    /// The moment as text: `1h5m`, or `2026-01-05 09:05:00`, with milliseconds where there are some.
    pub fn show(self, at: i64) -> String {
        match self {
            Self::Since(start) if at >= start => Span(at - start).to_string(),
            _ => format_utc(at).trim_end_matches(".000").to_owned(),
        }
    }
}

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

impl When {
    fn holds(self, at: i64, start: i64) -> bool {
        self.at.is_none_or(|moment| moment.resolve(start) == at)
            && self.from.is_none_or(|moment| moment.resolve(start) <= at)
            && self.until.is_none_or(|moment| at <= moment.resolve(start))
    }

    fn moments(self) -> impl Iterator<Item = (&'static str, Moment)> {
        let named = [("at", self.at), ("from", self.from), ("until", self.until)];
        named.into_iter().filter_map(|(word, moment)| Some((word, moment?)))
    }

    /// `at 1h5m`, `from 1h until 2h`, or nothing.
    fn describe(self, clock: Clock, start: i64) -> String {
        let words = self.moments().map(|(word, moment)| format!("{word} {}", clock.show(moment.resolve(start))));
        words.collect::<Vec<_>>().join(" ")
    }
}

impl ExpectedAlarm {
    fn when(&self) -> When {
        When { at: self.at, from: self.from, until: self.until }
    }

    /// When it should be raised, as near as the expectation says.
    fn wanted(&self, start: i64) -> Option<i64> {
        self.at.or(self.from).or(self.until).map(|moment| moment.resolve(start))
    }

    fn differs(&self, span: &AlarmSpan, start: i64) -> Vec<Part> {
        let ended = |how: ViolationEventType| span.ended.filter(|(_, event)| *event == how).map(|(at, _)| at);
        let cleared = self.cleared.is_none_or(|ending| match ending {
            Ending::Never => span.ended.is_none(),
            Ending::Cleared(when) => ended(ViolationEventType::AlarmCleared).is_some_and(|at| when.holds(at, start)),
        });
        let invalidated = self
            .invalidated
            .is_none_or(|when| ended(ViolationEventType::AlarmInvalidated).is_some_and(|at| when.holds(at, start)));
        let parts = [
            (Part::Profile, self.profile.as_ref().is_none_or(|profile| *profile == span.profile)),
            (Part::Raised, self.when().holds(span.raised, start)),
            (Part::Ended, cleared && invalidated),
            (Part::Suppressed, self.suppressed.is_none_or(|suppressed| suppressed == span.suppressed)),
        ];
        parts.into_iter().filter(|(_, fits)| !fits).map(|(part, _)| part).collect()
    }

    /// A part in words; nothing for what is not asked for.
    fn describe(&self, part: Part, clock: Clock, start: i64) -> String {
        let bounded = |word: &str, when: When| format!("{word} {}", when.describe(clock, start)).trim_end().to_owned();
        match part {
            Part::Raised if self.when() == When::default() => "an alarm, at any time".to_owned(),
            Part::Raised => self.when().describe(clock, start),
            Part::Ended => match (self.cleared, self.invalidated) {
                (Some(Ending::Never), _) => STANDS.to_owned(),
                (Some(Ending::Cleared(when)), _) => bounded("cleared", when),
                (None, Some(when)) => bounded("invalidated", when),
                (None, None) => String::new(),
            },
            Part::Suppressed => self.suppressed.map_or("", withheld).to_owned(),
            Part::Profile => self.profile.clone().unwrap_or_default(),
        }
    }
}

const STANDS: &str = "still in alarm at the end";

fn withheld(suppressed: bool) -> &'static str {
    if suppressed { "withheld" } else { "sent" }
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

    #[test]
    fn the_schema_names_the_members_that_are_read() {
        use crate::scenario::schema::assert_members;
        assert_members::<Expectations>(SCHEMA, "Expectations", &[]);
        // `devices` stands for one expectation a device, which whoever reads the file writes out.
        assert_members::<ExpectedAlarm>(SCHEMA, "ExpectedAlarm", &["devices"]);
        assert_members::<When>(SCHEMA, "When", &[]);
    }
}
