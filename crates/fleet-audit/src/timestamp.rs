//! Points in time as AWS writes them: epoch seconds on the wire, ISO 8601 in the output
//! of the AWS CLI version 2. Both are read; epoch seconds are written.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01T00:00:00Z; negative before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Timestamp(pub i64);

/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;

impl Timestamp {
    /// This time plus `days` of 24 hours; saturates.
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_SECONDS)))
    }

    /// Whole days from `earlier` to this time, rounded down.
    pub fn days_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(DAY_SECONDS)
    }

    /// The UTC date, e.g. `2026-11-21`, or the seconds if outside the calendar.
    pub fn date(self) -> String {
        match OffsetDateTime::from_unix_timestamp(self.0) {
            Ok(at) => at.date().to_string(),
            Err(_) => format!("@{}", self.0),
        }
    }

    /// The UTC time to the second, e.g. `2026-11-21T06:00:00Z`.
    pub fn moment(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|at| at.format(&Rfc3339).ok());
        at.unwrap_or_else(|| format!("@{}", self.0))
    }

    /// Reads ISO 8601 with a zone (`2026-11-21T06:00:00Z`) or a bare date (midnight UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let full = if text.len() == "2026-11-21".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let at = OffsetDateTime::parse(&full, &Rfc3339).ok()?;
        Some(Self(at.unix_timestamp()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("epoch seconds or an ISO 8601 time with a zone")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
        Ok(Timestamp(seconds))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
        i64::try_from(seconds).map(Timestamp).map_err(|_| E::custom("epoch seconds out of range"))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
        // Beyond this a float no longer holds whole seconds.
        if seconds.abs() < 9.0e15 {
            Ok(Timestamp(seconds.floor() as i64))
        } else {
            Err(E::custom("epoch seconds out of range"))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).ok_or_else(|| E::custom("not an ISO 8601 time with a zone, e.g. 2026-11-21T06:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_and_cli_forms_are_the_same_time() {
        let forms = ["1795240800", "1795240800.25", "\"2026-11-21T06:00:00Z\"", "\"2026-11-21T07:00:00.250000+01:00\""];
        for form in forms {
            let read: Timestamp = serde_json::from_str(form).unwrap();
            assert_eq!(read, Timestamp(1_795_240_800), "{form}");
        }
        assert_eq!(Timestamp::parse("2026-11-21").unwrap().0 + 6 * 3600, 1_795_240_800);
        for wrong in ["\"2026-11-21T06:00:00\"", "\"soon\"", "1e300", "null"] {
            assert!(serde_json::from_str::<Timestamp>(wrong).is_err(), "{wrong}");
        }
    }
}
