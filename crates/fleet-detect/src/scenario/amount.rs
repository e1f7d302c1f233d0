//! Amounts and spans of time as a scenario writes them: `250` or `{min: 200, max: 300}`, `90s`, `1h30m`.

use std::fmt;

use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::traffic::time::parse_utc;

/// A whole number, or a range in which every number is equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub min: u64,
    pub max: u64,
}

impl Amount {
    /// Always the same.
    pub fn fixed(amount: u64) -> Self {
        Self { min: amount, max: amount }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AmountVisitor;

        impl<'de> Visitor<'de> for AmountVisitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number such as 250, or {min: 200, max: 300}")
            }

            fn visit_u64<E: Error>(self, amount: u64) -> Result<Amount, E> {
                Ok(Amount::fixed(amount))
            }

            fn visit_i64<E: Error>(self, amount: i64) -> Result<Amount, E> {
                let negative = |_| E::invalid_value(Unexpected::Signed(amount), &self);
                u64::try_from(amount).map(Amount::fixed).map_err(negative)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Range {
                    min: u64,
                    max: u64,
                }
                let Range { min, max } = Range::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                if min > max {
                    return Err(A::Error::custom(format!("min {min} is larger than max {max}")));
                }
                Ok(Amount { min, max })
            }
        }
        deserializer.deserialize_any(AmountVisitor)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        if self.min == self.max {
            return serializer.serialize_u64(self.min);
        }
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("min", &self.min)?;
        map.serialize_entry("max", &self.max)?;
        map.end()
    }
}

/// A length of time in milliseconds, written as numbers with `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

/// Longest span: a leap year.
const LONGEST: i64 = 366 * 86_400_000;

impl Span {
    /// # Errors
    /// Says what a span looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a length of time such as 90s, 5m, 1h30m or 2d, of at most 366d");
        let (mut total, mut rest) = (0_i64, text.trim());
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let unit = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let (unit, after) = after.split_at(unit);
            let factor = match unit {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(bad()),
            };
            let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(factor));
            total = part.and_then(|part| total.checked_add(part)).filter(|total| *total <= LONGEST).ok_or_else(bad)?;
            rest = after;
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest / length > 0 {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A moment: a span after the start of the scenario, or a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    After(Span),
    /// Milliseconds since the Unix epoch.
    At(i64),
}

impl Moment {
    /// Milliseconds since the Unix epoch.
    pub fn resolve(self, start: i64) -> i64 {
        match self {
            Self::After(span) => start.saturating_add(span.0),
            Self::At(at) => at,
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(at) = parse_utc(&text) {
            return Ok(Self::At(at));
        }
        let message = |_| format!("`{text}` is neither a span such as 1h5m nor a time such as 2026-01-05T08:00:00Z");
        Span::parse(&text).map(Self::After).map_err(message).map_err(D::Error::custom)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::After(span) => span.serialize(serializer),
            Self::At(at) => serializer.collect_str(&crate::traffic::time::format_utc(*at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_amounts_are_read_and_written_back() {
        for (text, millis) in [("90s", 90_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1s5ms", 1005), ("0s", 0)] {
            let span = Span::parse(text).unwrap();
            assert_eq!(span, Span(millis));
            assert_eq!(Span::parse(&span.to_string()), Ok(span), "{text}");
        }
        for bad in ["", "5", "m", "5x", "-5m", "5m 3", "9999999999999d", "367d"] {
            assert!(Span::parse(bad).is_err(), "{bad}");
        }
        for json in ["250", r#"{"min":1,"max":2}"#, r#"{"min":0,"max":18446744073709551615}"#] {
            let amount: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
        }
        for bad in ["-1", r#"{"min":2,"max":1}"#, r#"{"min":2}"#, "\"5\""] {
            assert!(serde_json::from_str::<Amount>(bad).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<Moment>("\"5m\"").unwrap().resolve(1000), 301_000);
        assert_eq!(serde_json::from_str::<Moment>("\"1970-01-01T00:00:01Z\"").unwrap().resolve(5), 1000);
    }
}
