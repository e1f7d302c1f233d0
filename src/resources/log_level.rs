//! How much AWS IoT writes to its logs. Account-wide logging and the mitigation action that enables it share this.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// API:LogLevel, from the most to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
    Disabled,
}

impl LogLevel {
    /// `None` for a level that AWS has added since.
    pub fn from_aws(text: &str) -> Option<LogLevel> {
        use LogLevel::{Debug, Disabled, Error, Info, Warn};
        [Debug, Info, Warn, Error, Disabled].into_iter().find(|level| level.as_str() == text)
    }

    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
            LogLevel::Disabled => "DISABLED",
        }
    }
}
