//! Tags of topics. Source: API:TagResource, UntagResource, ListTagsForResource (SNS).

use serde_json::{Value, json};

use super::topic;
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

/// SNS's codes for refused tags.
pub const CODES: Codes = Codes { too_many: "TagLimitExceeded", invalid: "InvalidParameter" };

fn existing<'r>(tx: &Tx<'_>, request: &'r Request) -> Result<&'r str, AwsError> {
    let arn = request.need("ResourceArn")?;
    let missing = |_| AwsError::new("ResourceNotFound", "Resource does not exist");
    topic::find(tx, request, arn).map(|_| arn).map_err(missing)
}

fn tag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::add_given(tx, request, arn, "Tags", &CODES)
}

fn untag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::remove_given(tx, request, arn, "TagKeys")
}

fn list_tags_for_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    Ok(json!({ "Tags": tags::list(tx, arn) }))
}
