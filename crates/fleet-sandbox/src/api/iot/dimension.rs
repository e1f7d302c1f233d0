//! Dimensions of Device Defender Detect: named lists of topic filters.
//!
//! Sources: API:CreateDimension (name and type stay), API:UpdateDimension (values replaced), API:
//! DeleteDimension; General Reference (ten an account). Deleting one in use is refused.

use serde_json::{Value, json};

use super::refusal::{check_new, invalid, not_found};
use super::{security_profile, tagging};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateDimension", create_dimension),
    ("DescribeDimension", describe_dimension),
    ("UpdateDimension", update_dimension),
    ("DeleteDimension", delete_dimension),
    ("ListDimensions", list_dimensions),
];

/// Collection of dimensions by name, in the form DescribeDimension answers.
pub const DIMENSIONS: &str = "iot.dimension";
const MOST: usize = 10;

fn create_dimension(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    security_profile::check_available(request)?;
    let name = request.need("name")?;
    let arn = request.arn("iot", &format!("dimension/{name}"));
    check_new(tx, DIMENSIONS, "Dimension", name, &arn, MOST)?;
    let dimension = json!({
        "name": name,
        "arn": arn,
        "type": request.get("type"),
        "stringValues": request.get("stringValues"),
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
    });
    tagging::create(tx, request, &arn)?;
    tx.put(DIMENSIONS, name, dimension);
    Ok(json!({ "name": name, "arn": arn }))
}

fn describe_dimension(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("name")?)
}

fn update_dimension(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("name")?;
    let mut dimension = find(tx, name)?;
    dimension["stringValues"] = request.list("stringValues").into();
    dimension["lastModifiedDate"] = request.now_ms.into();
    tx.put(DIMENSIONS, name, dimension.clone());
    Ok(dimension)
}

fn delete_dimension(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("name")?;
    if let Some(profile) = security_profile::user_of(tx, |user| user["metricDimension"]["dimensionName"] == name) {
        return Err(invalid(format!("The dimension {name} is used by the security profile {profile}.")));
    }
    if tx.remove(DIMENSIONS, name).is_some() {
        tagging::forget(tx, request, &request.arn("iot", &format!("dimension/{name}")));
    }
    Ok(json!({}))
}

fn list_dimensions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let names = tx.scan(DIMENSIONS).map(|(name, _)| (name.to_owned(), name));
    let (names, next) = page(request, &paging::IOT, names)?;
    Ok(json!({ "dimensionNames": names, "nextToken": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(DIMENSIONS, name).cloned().ok_or_else(|| not_found("Dimension", name))
}
