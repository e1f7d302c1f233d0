//! Logging options V1 of the account, the older generation beside `logging`.
//!
//! Sources: API:GetLoggingOptions, API:SetLoggingOptions. Chosen: before the first call there is no role and the level
//! is DISABLED.

use serde_json::{Value, json};

use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("GetLoggingOptions", get_logging_options), ("SetLoggingOptions", set_logging_options)];

const LOGGING: &str = "iot.logging-v1";
const ACCOUNT: &str = "account";

/// The options, in the form GetLoggingOptions answers.
pub fn options(tx: &Tx<'_>) -> Value {
    tx.get(LOGGING, ACCOUNT).cloned().unwrap_or_else(|| json!({ "logLevel": "DISABLED" }))
}

fn get_logging_options(tx: &mut Tx<'_>, _request: &Request) -> Result<Value, AwsError> {
    Ok(options(tx))
}

fn set_logging_options(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let given = request.get("loggingOptionsPayload").cloned().unwrap_or_default();
    let mut present = options(tx);
    for option in ["roleArn", "logLevel"] {
        if !given[option].is_null() {
            present[option] = given[option].clone();
        }
    }
    tx.put(LOGGING, ACCOUNT, present);
    Ok(json!({}))
}
