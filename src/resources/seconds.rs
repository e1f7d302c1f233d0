//! A length of time in a spec: whole seconds, or a number with a unit such as `5m`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Whole seconds. Written as a number of seconds, or as text with one unit: `30s`, `5m`, `1h`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u32);

const FORM: &str = "seconds as a number, or a number with one of the units s, m, h, d, for example `5m`";

impl Seconds {
    fn parse(text: &str) -> Option<Seconds> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let unit = match &text[digits..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        text[..digits].parse::<u32>().ok()?.checked_mul(unit).map(Seconds)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl Visitor<'_> for Form {
            type Value = Seconds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(FORM)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Seconds, E> {
                u32::try_from(value).map(Seconds).map_err(|_| E::custom(format!("{value} seconds are too many")))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Seconds, E> {
                u32::try_from(value).map(Seconds).map_err(|_| E::custom(format!("{value} is not {FORM}")))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Seconds, E> {
                Seconds::parse(text).ok_or_else(|| E::custom(format!("`{text}` is not {FORM}")))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+[smhd]$" })
    }
}
