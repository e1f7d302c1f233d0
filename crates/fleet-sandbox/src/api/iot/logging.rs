//! Logging options V2 of the account.
//!
//! Sources: API:SetV2LoggingOptions, API:GetV2LoggingOptions (NotConfiguredException before the first
//! call); IoT developer guide, "Configure AWS IoT logging" (calls that name one option only). Chosen:
//! options not given keep their value; the first call needs a role.

use serde_json::{Value, json};

use super::refusal::invalid;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table =
    &[("GetV2LoggingOptions", get_v2_logging_options), ("SetV2LoggingOptions", set_v2_logging_options)];

const LOGGING: &str = "iot.logging";
const ACCOUNT: &str = "account";
const OPTIONS: [&str; 4] = ["roleArn", "defaultLogLevel", "disableAllLogs", "eventConfigurations"];

fn get_v2_logging_options(tx: &mut Tx<'_>, _request: &Request) -> Result<Value, AwsError> {
    let none = || AwsError::new("NotConfiguredException", "Logging options have not been set for this account.");
    tx.get(LOGGING, ACCOUNT).cloned().ok_or_else(none)
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
