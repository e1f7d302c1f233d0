//! Tags of alarms and dashboards. Source: API:TagResource, UntagResource, ListTagsForResource (CloudWatch).

use serde_json::{Value, json};

use super::{alarm, dashboard};
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

/// CloudWatch's codes for refused tags.
pub const CODES: Codes = Codes { too_many: "InvalidParameterValue", invalid: "InvalidParameterValue" };

/// The ARN with the part of the store that its tags are in.
fn existing<'t>(tx: &'t mut Tx<'_>, request: &'t Request) -> Result<(Tx<'t>, &'t str), AwsError> {
    let arn = request.need("ResourceARN")?;
    let missing = |kind: &str| {
        let error = AwsError::new("ResourceNotFoundException", format!("{arn} does not exist"));
        error.field("ResourceType", kind).field("ResourceId", arn)
    };
    if let Some(name) = arn.strip_prefix(&dashboard::arn(request, "")) {
        let global = tx.global();
        return if global.has(dashboard::DASHBOARD, name) { Ok((global, arn)) } else { Err(missing("dashboard")) };
    }
    match arn.strip_prefix(&alarm::arn(request, "")) {
        Some(name) if tx.has(alarm::ALARM, name) => Ok((tx.in_region(&request.region), arn)),
        Some(_) => Err(missing("alarm")),
        None => {
            Err(AwsError::new("InvalidParameterValue", format!("Invalid value for the parameter ResourceARN: {arn}")))
        }
    }
}

fn tag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (mut tx, arn) = existing(tx, request)?;
    tags::add_given(&mut tx, request, arn, "Tags", &CODES)
}

fn untag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (mut tx, arn) = existing(tx, request)?;
    tags::remove_given(&mut tx, request, arn, "TagKeys")
}

fn list_tags_for_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (tx, arn) = existing(tx, request)?;
    Ok(json!({ "Tags": tags::list(&tx, arn) }))
}
