//! An HTTP answer before it is sent, and the four protocols behind one choice.

use serde_json::Value;

use super::wire_error::WireError;
use super::{aws_json, cbor, query, rest_json};
use crate::error::AwsError;
use crate::model::{Model, Operation};

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
        let error = WireError::of(model, error);
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

/// The handler's answer does not fit the model: a fault of the sandbox, said as one.
pub fn misfit(path: &str, reason: &str) -> AwsError {
    AwsError::internal(format!("the sandbox made an answer that its model forbids, at {path}: {reason}"))
}
