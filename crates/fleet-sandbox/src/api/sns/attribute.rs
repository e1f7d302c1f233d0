//! What attribute values of topics and subscriptions may be, and how SNS refuses others.

use serde_json::Value;

use crate::error::AwsError;

/// SNS's refusal of a parameter.
pub fn invalid(what: impl std::fmt::Display) -> AwsError {
    AwsError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// Refuses text that is not a JSON object.
pub fn json_object(name: &str, text: &str) -> Result<Value, AwsError> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(invalid(format!("{name}: failed to parse JSON."))),
    }
}

/// Refuses text that is no truth value.
pub fn boolean(name: &str, text: &str) -> Result<(), AwsError> {
    match text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        true => Ok(()),
        false => Err(invalid(format!("{name} Reason: Invalid value [{text}]. Must be true or false."))),
    }
}
