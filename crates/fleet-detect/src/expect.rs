//! Expected alarms: what a test says that traffic must raise, and the comparison with what it did raise.

mod pair;

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::history::AlarmSpan;
use crate::scenario::amount::{Moment, Span};
use crate::traffic::time::format_utc;
use crate::violation::ViolationEventType;

pub use self::pair::{Aspect, Pair, Part, compare};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_the_members_that_are_read() {
        use crate::scenario::schema::assert_members;
        assert_members::<Expectations>(SCHEMA, "Expectations", &[]);
        // `devices` stands for one expectation a device, which whoever reads the file writes out.
        assert_members::<ExpectedAlarm>(SCHEMA, "ExpectedAlarm", &["devices"]);
        assert_members::<When>(SCHEMA, "When", &[]);
    }
}
