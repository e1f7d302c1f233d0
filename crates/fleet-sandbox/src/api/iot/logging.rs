//! Logging options V2 of the account, and the levels of single targets.
//!
//! Sources: API:SetV2LoggingOptions, API:GetV2LoggingOptions (NotConfiguredException before the first
//! call), API:SetV2LoggingLevel, API:DeleteV2LoggingLevel (no "not found"), API:ListV2LoggingLevels; IoT
//! developer guide, "Configure AWS IoT logging" (calls that name one option only). Chosen: options not
//! given keep their value; the first call needs a role; a list of events replaces the one before; the
//! target DEFAULT stands for the default level and is not listed; whether a target exists is not looked at.

use serde_json::{Value, json};

use super::refusal::invalid;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("GetV2LoggingOptions", get_v2_logging_options),
    ("SetV2LoggingOptions", set_v2_logging_options),
    ("SetV2LoggingLevel", set_v2_logging_level),
    ("DeleteV2LoggingLevel", delete_v2_logging_level),
    ("ListV2LoggingLevels", list_v2_logging_levels),
];

const LOGGING: &str = "iot.logging";
const ACCOUNT: &str = "account";
const OPTIONS: [&str; 4] = ["roleArn", "defaultLogLevel", "disableAllLogs", "eventConfigurations"];
/// Levels by `targetType/targetName`, in the form ListV2LoggingLevels answers.
const LEVELS: &str = "iot.logging-level";
/// The target type that stands for all that have no level of their own.
const DEFAULT: &str = "DEFAULT";

/// The options, if they were ever set.
pub fn present<'t>(tx: &'t Tx<'_>) -> Option<&'t Value> {
    tx.get(LOGGING, ACCOUNT)
}

fn get_v2_logging_options(tx: &mut Tx<'_>, _request: &Request) -> Result<Value, AwsError> {
    options(tx)
}

fn set_v2_logging_options(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let mut options = tx.get(LOGGING, ACCOUNT).cloned().unwrap_or_else(|| json!({ "disableAllLogs": false }));
    for option in OPTIONS {
        if let Some(value) = request.get(option) {
            options[option] = value.clone();
        }
    }
    if options["roleArn"].is_null() {
        return Err(invalid("Logging needs a roleArn."));
    }
    tx.put(LOGGING, ACCOUNT, options);
    Ok(json!({}))
}

fn set_v2_logging_level(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let mut options = options(tx)?;
    let (target, level) = (request.get("logTarget").cloned().unwrap_or_default(), request.need("logLevel")?);
    let kind = target["targetType"].as_str().unwrap_or_default();
    match (kind, target["targetName"].as_str()) {
        (DEFAULT, None) => {
            options["defaultLogLevel"] = level.into();
            tx.put(LOGGING, ACCOUNT, options);
        }
        (DEFAULT, Some(_)) => return Err(invalid("The target type DEFAULT has no targetName.")),
        (_, None) => return Err(invalid(format!("A target of the type {kind} needs a targetName."))),
        (kind, Some(name)) => {
            let key = format!("{kind}/{name}");
            tx.put(LEVELS, &key, json!({ "logTarget": target, "logLevel": level }));
        }
    }
    Ok(json!({}))
}

fn delete_v2_logging_level(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let key = format!("{}/{}", request.need("targetType")?, request.need("targetName")?);
    tx.remove(LEVELS, &key);
    Ok(json!({}))
}

fn list_v2_logging_levels(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    options(tx)?;
    let wanted = request.str("targetType");
    let levels =
        tx.scan(LEVELS).filter(|(_, level)| wanted.is_none_or(|wanted| level["logTarget"]["targetType"] == wanted));
    let (levels, next) = page(request, &paging::IOT, levels.map(|(key, level)| (key.to_owned(), level.clone())))?;
    Ok(json!({ "logTargetConfigurations": levels, "nextToken": next }))
}

fn options(tx: &Tx<'_>) -> Result<Value, AwsError> {
    let none = || AwsError::new("NotConfiguredException", "Logging options have not been set for this account.");
    tx.get(LOGGING, ACCOUNT).cloned().ok_or_else(none)
}
