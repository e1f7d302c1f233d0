//! Reserved concurrency. Source: API:PutFunctionConcurrency, GetFunctionConcurrency,
//! DeleteFunctionConcurrency.
//!
//! Collection `lambda.concurrency`, key: the function's name, value: `{ReservedConcurrentExecutions}`.

use serde_json::{Value, json};

use super::function_state::{self, invalid};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutFunctionConcurrency", put_function_concurrency),
    ("GetFunctionConcurrency", get_function_concurrency),
    ("DeleteFunctionConcurrency", delete_function_concurrency),
];

/// Collection of reservations.
pub const CONCURRENCY: &str = "lambda.concurrency";

const RESERVED: &str = "ReservedConcurrentExecutions";

/// Concurrent executions of an account, and those that must stay unreserved (Lambda quotas).
const ACCOUNT: i64 = 1000;
const UNRESERVED: i64 = 100;

/// The function's reservation, if it has one.
pub fn of(tx: &Tx<'_>, name: &str) -> Option<Value> {
    tx.get(CONCURRENCY, name).cloned()
}

fn put_function_concurrency(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, _) = function_state::find(tx, request)?;
    let wanted = request.int(RESERVED).unwrap_or_default();
    let others: i64 =
        tx.scan(CONCURRENCY).filter(|(other, _)| **other != name).filter_map(|(_, c)| c[RESERVED].as_i64()).sum();
    if ACCOUNT - others - wanted < UNRESERVED {
        return Err(invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
        )));
    }
    let reservation = json!({ RESERVED: wanted });
    tx.put(CONCURRENCY, &name, reservation.clone());
    Ok(reservation)
}

fn get_function_concurrency(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, _) = function_state::find(tx, request)?;
    Ok(of(tx, &name).unwrap_or_else(|| json!({})))
}

fn delete_function_concurrency(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, _) = function_state::find(tx, request)?;
    tx.remove(CONCURRENCY, &name);
    Ok(json!({}))
}
