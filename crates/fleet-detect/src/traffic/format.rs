//! Which format an input has: told by the user, or seen in its first record.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A traffic format; see the table in [`crate::traffic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Ndjson,
    IotLog,
    Lifecycle,
    Report,
    Export,
    Csv,
    Parquet,
}

impl Format {
    pub const ALL: [Self; 7] =
        [Self::Ndjson, Self::IotLog, Self::Lifecycle, Self::Report, Self::Export, Self::Csv, Self::Parquet];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::IotLog => "iot-log",
            Self::Lifecycle => "lifecycle",
            Self::Report => "report",
            Self::Export => "export",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The format of a JSON record, by the members that only it has.
    pub fn of_record(record: &Json) -> Option<Self> {
        let payload = match record.get("payload") {
            Some(Json::String(text)) => serde_json::from_str(text).ok(),
            other => other.cloned(),
        };
        let topic = record.get("topic").and_then(Json::as_str);
        if topic.is_some_and(|topic| topic.starts_with("$aws/things/") && topic.contains("/defender/metrics/")) {
            return Some(Self::Report);
        }
        let inner = payload.as_ref().filter(|payload| payload.is_object()).unwrap_or(record);
        let event_type = inner.get("eventType").and_then(Json::as_str);
        let exported = |batch: &Json| batch.get("metrics").is_some_and(Json::is_array);
        match event_type {
            Some("connected" | "disconnected" | "connect_failed" | "subscribed" | "unsubscribed") => {
                Some(Self::Lifecycle)
            }
            Some(_) => Some(Self::IotLog),
            None if inner.get("message").is_some_and(Json::is_string) => Some(Self::IotLog),
            None if exported(inner) => Some(Self::Export),
            None if record.get("type").is_some() && record.get("timestamp").is_some() => Some(Self::Ndjson),
            None => None,
        }
    }

    /// Whether a first line is the header of our CSV.
    pub(super) fn is_csv_header(line: &[u8]) -> bool {
        let text = String::from_utf8_lossy(line);
        let columns: Vec<_> = text.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
        ["thing", "timestamp", "metric", "value"].iter().all(|column| columns.contains(column))
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.as_str()).collect();
            format!("`{text}` is not a traffic format; expected {}", names.join(", "))
        })
    }
}
