//! An HTTP answer before it is sent, and the four protocols behind one choice.

use serde_json::{Map, Value};

use super::{aws_json, cbor, query, rest_json};
use crate::error::AwsError;
use crate::model::{KnownError, Model, Operation};

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer with one content type.
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Reply {
        Reply { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body }
    }

    /// The same answer with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The protocol of one request. Services accept several, so the request decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// restJson1: IoT, Lambda.
    RestJson,
    /// awsJson1.0 and 1.1: Logs, tagging, CloudWatch.
    AwsJson,
    /// awsQuery: IAM, STS, SNS, CloudWatch.
    Query,
    /// Smithy RPC v2 CBOR: CloudWatch, tagging.
    Cbor,
}

/// An error with everything its wire form needs.
pub struct WireError<'a> {
    /// Exception shape's name, if the model knows it; else the code.
    pub shape: &'a str,
    /// Wire code.
    pub code: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Text.
    pub message: &'a str,
    /// Further members.
    pub fields: &'a [(&'static str, Value)],
}

impl Protocol {
    /// The answer for a result.
    pub fn answer(
        self,
        model: &Model,
        operation: (&str, &Operation),
        output: &Value,
        id: &str,
    ) -> Result<Reply, AwsError> {
        let reply = match self {
            Protocol::RestJson => rest_json::answer(model, operation.1, output)?,
            Protocol::AwsJson => aws_json::answer(model, operation.1, output)?,
            Protocol::Query => query::answer(model, operation, output, id)?,
            Protocol::Cbor => cbor::answer(model, operation.1, output)?,
        };
        Ok(reply.header("x-amzn-requestid", id))
    }

    /// The answer for an error. Without a model (the service is not known) the code stands as given.
    pub fn refuse(self, model: Option<&Model>, error: &AwsError, id: &str) -> Reply {
        let known = model.and_then(|model| model.error(&error.code));
        let unknown = KnownError { shape: &error.code, code: &error.code, status: 400 };
        let KnownError { shape, code, status } = known.unwrap_or(unknown);
        let status = error.status.unwrap_or(status);
        let error = WireError { shape, code, status, message: &error.message, fields: &error.fields };
        let reply = match self {
            Protocol::RestJson => rest_json::refuse(&error),
            Protocol::AwsJson => aws_json::refuse(model, &error),
            Protocol::Query => query::refuse(model, &error, id),
            Protocol::Cbor => cbor::refuse(&error),
        };
        reply.header("x-amzn-requestid", id)
    }
}

/// What to say when a request's body cannot be read.
pub fn unreadable(message: impl Into<String>) -> AwsError {
    AwsError::new("SerializationException", message)
}

impl WireError<'_> {
    /// The exception's members in JSON.
    pub fn members(&self) -> Map<String, Value> {
        let fields = self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let message = ("message".to_owned(), self.message.into());
        fields.chain([message]).collect()
    }
}

/// The handler's answer does not fit the model: a fault of the sandbox, said as one.
pub fn misfit(path: &str, reason: &str) -> AwsError {
    AwsError::internal(format!("the sandbox made an answer that its model forbids, at {path}: {reason}"))
}
