//! What a handler is given: the caller, the time and the validated input.

use serde_json::{Map, Value};

use crate::error::AwsError;
use crate::sandbox::Realism;

/// A decoded, validated request. The same for every protocol.
#[derive(Debug, Clone)]
pub struct Request {
    /// Operation name, as in the model.
    pub operation: String,
    /// Account of 12 digits.
    pub account: String,
    /// Region of the credential scope, also for global services.
    pub region: String,
    /// Access key id of the caller.
    pub access_key: String,
    /// The sandbox clock, epoch milliseconds.
    pub now_ms: i64,
    /// Base URL of this server, for answers that hold links.
    pub endpoint: String,
    /// How real waiting times are.
    pub realism: Realism,
    /// Input by the model's member names, typed as the model says: numbers are numbers, timestamps
    /// epoch milliseconds, blobs base64 text. Members that were absent or null are absent.
    pub input: Map<String, Value>,
}

impl Request {
    /// A text member, if present.
    pub fn str(&self, name: &str) -> Option<&str> {
        self.input.get(name)?.as_str()
    }

    /// A text member the model requires. Absence cannot happen after validation; if the model does
    /// not require it, the answer is a plain validation error.
    pub fn need(&self, name: &str) -> Result<&str, AwsError> {
        self.str(name)
            .ok_or_else(|| AwsError::new("ValidationError", format!("The request must contain the parameter {name}.")))
    }

    /// An integer or timestamp member, if present.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.input.get(name)?.as_i64()
    }

    /// A boolean member, if present.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.input.get(name)?.as_bool()
    }

    /// A list member; empty if absent.
    pub fn list(&self, name: &str) -> &[Value] {
        self.input.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Any member, if present.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.input.get(name)
    }

    /// The caller's own ARN: the account's root user, since a sandbox has no other.
    pub fn caller_arn(&self) -> String {
        caller_arn(&self.account)
    }

    /// An ARN in the caller's account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// The ARN of the sandbox's only user in an account.
pub fn caller_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}
