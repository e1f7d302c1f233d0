//! The errors a handler can answer with, before a protocol gives them their wire form.

use serde_json::Value;

/// An error answer in AWS's terms.
///
/// `code` is the shape's name in the service model (`ResourceNotFoundException`) or the code that
/// stands on the wire (`NoSuchEntity`); either finds the other. The HTTP status comes from the
/// model unless [`AwsError::status`] sets it.
#[derive(Debug, Clone)]
pub struct AwsError {
    /// Error code or exception shape name.
    pub code: String,
    /// Text for people, in the service's style.
    pub message: String,
    /// HTTP status; `None` takes the model's, or 400.
    pub status: Option<u16>,
    /// Further members of the exception, by model name (for example `resourceArn`).
    pub fields: Vec<(&'static str, Value)>,
}

impl AwsError {
    /// An error with the status its model states.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        AwsError { code: code.to_owned(), message: message.into(), status: None, fields: Vec::new() }
    }

    /// The same error with an explicit HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same error with one more member of its exception shape.
    pub fn field(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// What the sandbox answers when it cannot do its own work (journal not writable and the like).
    pub fn internal(message: impl Into<String>) -> Self {
        AwsError::new("InternalFailure", message).status(500)
    }
}
