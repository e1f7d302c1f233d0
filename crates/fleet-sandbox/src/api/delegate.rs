//! One operation that carries out others, as an audit reads roles and a mitigation deactivates a certificate.
//!
//! The inner operation is the same handler that a caller would reach; only validation by the model is left out, since
//! the input is the sandbox's own.

use serde_json::{Map, Value};

use super::service;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Carries out an operation for the caller of `request`, within the same transaction. `input` is an object of the
/// operation's member names.
pub fn call(
    tx: &mut Tx<'_>,
    request: &Request,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, AwsError> {
    let missing = || AwsError::internal(format!("{service}:{operation} is not offered here"));
    let service = service::find(service).ok_or_else(missing)?;
    let handler = service.handler(operation).ok_or_else(missing)?;
    let input = input.as_object().cloned().unwrap_or_else(Map::new);
    let inner = Request { operation: operation.to_owned(), input, ..request.clone() };
    if service.global { handler(&mut tx.global(), &inner) } else { handler(tx, &inner) }
}
