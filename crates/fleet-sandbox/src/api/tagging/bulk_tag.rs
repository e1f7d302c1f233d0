//! Tags of many objects at once. Source: API:TagResources, UntagResources.

use serde_json::{Map, Value, json};

use crate::api::service::Table;
use crate::api::tags::{self, Codes};
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("TagResources", tag_resources), ("UntagResources", untag_resources)];

const CODES: Codes = Codes { too_many: "InvalidParameterException", invalid: "InvalidParameterException" };

/// Changes each object; those that fail are named in the answer and do not hinder the others.
fn each(
    tx: &mut Tx<'_>,
    request: &Request,
    change: impl Fn(&mut Tx<'_>, &str) -> Result<(), AwsError>,
) -> Result<Value, AwsError> {
    let mut failed = Map::new();
    for arn in request.list("ResourceARNList").iter().filter_map(Value::as_str) {
        let done = if tags::exists(tx, arn) {
            change(tx, arn)
        } else if tags::exists(&tx.global(), arn) {
            change(&mut tx.global(), arn)
        } else {
            Err(AwsError::new(CODES.invalid, format!("The resource {arn} does not exist in this region.")))
        };
        if let Err(error) = done {
            failed.insert(
                arn.to_owned(),
                json!({"StatusCode": 400, "ErrorCode": error.code, "ErrorMessage": error.message}),
            );
        }
    }
    Ok(json!({ "FailedResourcesMap": failed }))
}

fn tag_resources(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let added = tags::read(request.get("Tags"), &CODES)?;
    each(tx, request, |tx, arn| tags::add(tx, request, arn, added.clone(), &CODES))
}

fn untag_resources(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    each(tx, request, |tx, arn| {
        tags::remove(tx, request, arn, request.list("TagKeys").iter().filter_map(Value::as_str));
        Ok(())
    })
}
