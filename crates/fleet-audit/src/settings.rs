//! What an audit is told to do: which checks, their thresholds, the look-back.

use crate::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::fmt;

/// AWS's range for both certificate thresholds, in days.
/// Source: device-defender guide, "Device certificate age check" and "Device certificate expiring".
pub const THRESHOLD_DAYS: std::ops::RangeInclusive<i64> = 30..=3652;

/// Settings of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// AWS's names of the checks to run; see [`crate::registry::find`] for aliases.
    pub checks: BTreeSet<&'static str>,
    /// `CERT_EXPIRATION_THRESHOLD_IN_DAYS`.
    expiration_threshold_days: i64,
    /// `CERT_AGE_THRESHOLD_IN_DAYS`.
    age_threshold_days: i64,
    /// When the same scheduled audit ran last; the checks on connections then look back
    /// to it. Without it they look back 31 days, as an on-demand audit does.
    pub previous_run: Option<Timestamp>,
}

impl Default for Settings {
    /// All checks, AWS's default thresholds (30 and 365 days), an on-demand run.
    fn default() -> Self {
        Self {
            checks: crate::registry::ALL.iter().map(|check| check.name).collect(),
            expiration_threshold_days: 30,
            age_threshold_days: 365,
            previous_run: None,
        }
    }
}

/// A setting that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Runs only the named checks (AWS's names or their aliases).
    pub fn only<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, SettingsError> {
        self.checks.clear();
        for name in names {
            match crate::registry::find(name) {
                Some(check) => self.checks.insert(check.name),
                None => {
                    return Err(SettingsError(format!(
                        "unknown audit check {name:?}; the names are listed in \
                         the Device Defender guide, e.g. LOGGING_DISABLED_CHECK"
                    )));
                }
            };
        }
        Ok(self)
    }

    /// Sets `CERT_EXPIRATION_THRESHOLD_IN_DAYS`, 30 to 3652.
    pub fn with_expiration_threshold(mut self, days: i64) -> Result<Self, SettingsError> {
        self.expiration_threshold_days = in_range("CERT_EXPIRATION_THRESHOLD_IN_DAYS", days)?;
        Ok(self)
    }

    /// Sets `CERT_AGE_THRESHOLD_IN_DAYS`, 30 to 3652.
    pub fn with_age_threshold(mut self, days: i64) -> Result<Self, SettingsError> {
        self.age_threshold_days = in_range("CERT_AGE_THRESHOLD_IN_DAYS", days)?;
        Ok(self)
    }

    /// Days before its end from which a device certificate counts as expiring.
    pub fn expiration_threshold_days(&self) -> i64 {
        self.expiration_threshold_days
    }

    /// Days of age from which a device certificate counts as old.
    pub fn age_threshold_days(&self) -> i64 {
        self.age_threshold_days
    }
}

fn in_range(key: &str, days: i64) -> Result<i64, SettingsError> {
    if THRESHOLD_DAYS.contains(&days) {
        Ok(days)
    } else {
        Err(SettingsError(format!(
            "{key} is {days}; it must be {} to {} days",
            THRESHOLD_DAYS.start(),
            THRESHOLD_DAYS.end()
        )))
    }
}
