//! Tags of log groups. Source: API:TagResource, UntagResource, ListTagsForResource (Logs).

use serde_json::{Value, json};

use super::log_group;
use crate::api::service::Table;
use crate::api::tags::{self, Codes};
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("TagResource", tag_resource),
    ("UntagResource", untag_resource),
    ("ListTagsForResource", list_tags_for_resource),
];

/// The service's codes for refused tags.
pub const CODES: Codes = Codes { too_many: "TooManyTagsException", invalid: "InvalidParameterException" };

/// The ARN of an existing group.
fn existing<'r>(tx: &Tx<'_>, request: &'r Request) -> Result<&'r str, AwsError> {
    let arn = request.need("resourceArn")?;
    let name = arn.strip_prefix(&log_group::arn(request, ""));
    let missing = || AwsError::new("ResourceNotFoundException", "The specified resource does not exist.");
    log_group::find(tx, name.ok_or_else(missing)?).map(|_| arn)
}

fn tag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::add_given(tx, request, arn, "tags", &CODES)
}

fn untag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::remove_given(tx, request, arn, "tagKeys")
}

fn list_tags_for_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    Ok(json!({ "tags": tags::of(tx, arn) }))
}
