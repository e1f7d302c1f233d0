//! An error with everything its wire form needs, in whichever protocol.

use serde_json::{Map, Value};

use crate::error::AwsError;
use crate::model::Model;

/// Errors of AWS's front end, which no model holds: their names in typed protocols and their codes
/// in awsQuery. Source: "Common Errors" of the IAM, CloudWatch and Lambda API references.
const COMMON: &[(&str, &str)] = &[
    ("AccessDeniedException", "AccessDenied"),
    ("ExpiredTokenException", "ExpiredToken"),
    ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
    ("ThrottlingException", "Throttling"),
    ("UnknownOperationException", "InvalidAction"),
    ("UnrecognizedClientException", "InvalidClientTokenId"),
    ("ValidationException", "ValidationError"),
];

/// An error answer.
pub struct WireError<'a> {
    /// Exception shape's name, for typed protocols.
    pub shape: &'a str,
    /// Code, for awsQuery and for services that once spoke it.
    pub code: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Text.
    pub message: &'a str,
    /// The member that holds the text: `message` or `Message`.
    message_member: &'a str,
    fields: &'a [(&'static str, Value)],
    /// Whether the service speaks awsQuery too, and so repeats the code in a header.
    query_compatible: bool,
}

impl<'a> WireError<'a> {
    /// Looks the error up in the model. Without one (the service is not known), or if the model does
    /// not hold it, the code stands as given.
    pub fn of(model: Option<&'a Model>, error: &'a AwsError) -> WireError<'a> {
        let known = model.and_then(|model| model.error(&error.code));
        let common = COMMON.iter().find(|(shape, code)| *shape == error.code || *code == error.code);
        let (shape, code) = match (&known, common) {
            (Some(known), _) => (known.shape, known.code),
            (None, Some((shape, code))) => (*shape, *code),
            (None, None) => (error.code.as_str(), error.code.as_str()),
        };
        WireError {
            shape,
            code,
            status: error.status.or(known.as_ref().map(|known| known.status)).unwrap_or(400),
            message: &error.message,
            message_member: known.map_or("message", |known| known.message_member),
            fields: &error.fields,
            query_compatible: model.is_some_and(Model::query_compatible),
        }
    }

    /// The exception's members in JSON.
    pub fn members(&self) -> Map<String, Value> {
        let fields = self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let message = (self.message_member.to_owned(), self.message.into());
        fields.chain([message]).collect()
    }

    /// Whose fault it is, as awsQuery says it.
    pub fn fault(&self) -> &'static str {
        if self.status >= 500 { "Receiver" } else { "Sender" }
    }

    /// The header that repeats the awsQuery code (Smithy: awsQueryCompatible).
    pub fn query_header(&self) -> Option<String> {
        self.query_compatible.then(|| format!("{};{}", self.code, self.fault()))
    }
}
