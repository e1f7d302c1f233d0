//! Tags of functions. Source: API:TagResource, UntagResource, ListTags (Lambda).

use serde_json::{Value, json};

use super::function_state::{self, FUNCTION, refuse};
use crate::api::service::Table;
use crate::api::tags::{self, Codes};
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table =
    &[("TagResource", tag_resource), ("UntagResource", untag_resource), ("ListTags", list_tags)];

/// Lambda's codes for refused tags.
pub const CODES: Codes =
    Codes { too_many: "InvalidParameterValueException", invalid: "InvalidParameterValueException" };

fn existing<'r>(tx: &Tx<'_>, request: &'r Request) -> Result<&'r str, AwsError> {
    let arn = request.need("Resource")?;
    let name = arn.strip_prefix(&function_state::arn(request, ""));
    match name.filter(|name| tx.has(FUNCTION, name)) {
        Some(_) => Ok(arn),
        None => Err(refuse("ResourceNotFoundException", format!("Function not found: {arn}"))),
    }
}

fn tag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::add_given(tx, request, arn, "Tags", &CODES)
}

fn untag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::remove_given(tx, request, arn, "TagKeys")
}

fn list_tags(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    Ok(json!({ "Tags": tags::of(tx, arn) }))
}
