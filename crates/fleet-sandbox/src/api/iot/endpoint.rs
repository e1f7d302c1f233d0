//! The account's endpoints: names that look like AWS's and stay the same.
//!
//! Source: API:DescribeEndpoint. Nothing listens on these names; the sandbox has no message broker.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refusal::invalid;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("DescribeEndpoint", describe_endpoint)];

fn describe_endpoint(_tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let digest = Sha256::digest(format!("{}/{}", request.account, request.region));
    let letters: String = digest.iter().take(13).map(|byte| char::from(b'a' + byte % 26)).collect();
    let kind = match request.str("endpointType").unwrap_or("iot:Data") {
        "iot:Data" => ".iot",
        "iot:Data-ATS" => "-ats.iot",
        "iot:CredentialProvider" => ".credentials.iot",
        "iot:Jobs" => ".jobs.iot",
        other => return Err(invalid(format!("{other} is not an endpoint type."))),
    };
    Ok(json!({ "endpointAddress": format!("a{letters}{kind}.{}.amazonaws.com", request.region) }))
}
