//! How IAM pages: `Marker`, `MaxItems`, `IsTruncated`. Source: API:ListRoles and its kin.

use serde_json::{Value, json};

use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;

const PAGING: Paging<'static> =
    Paging { token: "Marker", size: "MaxItems", default: 100, max: 1000, invalid: "ValidationError" };

/// The caller's page of `items`, sorted by key, under the member `name`.
pub fn listing(
    request: &Request,
    name: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let (shown, marker) = page(request, &PAGING, items)?;
    Ok(json!({ name: shown, "IsTruncated": marker.is_some(), "Marker": marker }))
}
