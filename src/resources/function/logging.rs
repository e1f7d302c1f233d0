//! Where and how a function logs.

use aws_sdk_lambda::types::{ApplicationLogLevel, LogFormat, LoggingConfig, SystemLogLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use crate::resources::log_group;
use crate::scope::{Problems, Reference};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Logging {
    /// `Text` or `JSON`, by default `Text`.
    log_format: Format,
    /// A log group of this spec, or an ARN. By default `/aws/lambda/NAME`, which Lambda makes itself.
    log_group: Option<String>,
    /// `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`; only with `JSON`, by default `INFO`.
    application_log_level: Option<String>,
    /// `DEBUG`, `INFO` or `WARN`; only with `JSON`, by default `INFO`.
    system_log_level: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Format {
    #[default]
    Text,
    #[serde(rename = "JSON")]
    Json,
}

/// The canonical form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogSettings {
    log_format: String,
    log_group: String,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

/// The log group that Lambda makes for a function that names none.
fn default_log_group(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

impl Logging {
    pub fn check(&self, problems: &mut Problems) {
        let application = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
        let levels = [
            ("/logging/applicationLogLevel", &self.application_log_level, &application[..]),
            ("/logging/systemLogLevel", &self.system_log_level, &application[1..4]),
        ];
        for (pointer, level, choices) in levels {
            check::choice(pointer, level.as_ref(), choices, problems);
            if level.is_some() && self.log_format == Format::Text {
                problems.push_help(pointer, "log levels need the log format JSON", "add `logFormat: JSON`");
            }
        }
    }

    /// The log group, where it is one of this spec.
    pub fn reference(&self) -> Option<Reference> {
        Reference::to(log_group::SECTION, self.log_group.as_ref()?, "/logging/logGroup")
    }

    /// The settings of the function with this name, all defaults applied.
    pub fn settings(self, function: &str) -> LogSettings {
        let json = self.log_format == Format::Json;
        let level = |declared: Option<String>| declared.or_else(|| json.then(|| "INFO".to_owned()));
        LogSettings {
            log_format: if json { "JSON" } else { "Text" }.to_owned(),
            log_group: self
                .log_group
                .map_or_else(|| default_log_group(function), |text| log_group::name_of(&text).to_owned()),
            application_log_level: level(self.application_log_level),
            system_log_level: level(self.system_log_level),
        }
    }
}

impl LogSettings {
    pub fn wire(&self) -> LoggingConfig {
        LoggingConfig::builder()
            .log_format(LogFormat::from(self.log_format.as_str()))
            .log_group(&self.log_group)
            .set_application_log_level(self.application_log_level.as_deref().map(ApplicationLogLevel::from))
            .set_system_log_level(self.system_log_level.as_deref().map(SystemLogLevel::from))
            .build()
    }

    /// Levels mean nothing for the format Text, so what is left of them there is no setting.
    pub fn live(live: Option<&LoggingConfig>, function: &str) -> LogSettings {
        let log_format = live.and_then(|config| config.log_format()).map_or("Text", |format| format.as_str());
        let leveled = live.filter(|_| log_format == "JSON");
        let application = leveled.and_then(|config| config.application_log_level()).map(|level| level.as_str());
        let system = leveled.and_then(|config| config.system_log_level()).map(|level| level.as_str());
        LogSettings {
            log_format: log_format.to_owned(),
            log_group: live
                .and_then(|config| config.log_group())
                .map_or_else(|| default_log_group(function), str::to_owned),
            application_log_level: application.map(str::to_owned),
            system_log_level: system.map(str::to_owned),
        }
    }
}
