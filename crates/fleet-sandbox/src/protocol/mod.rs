//! The wire protocols: how a request becomes input and a result becomes an answer.

pub mod aws_json;
pub mod cbor;
pub mod json;
pub mod query;
pub mod reply;
pub mod rest_json;
pub mod wire_error;
