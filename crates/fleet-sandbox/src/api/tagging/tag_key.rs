//! Keys and values in use. Source: API:GetTagKeys, GetTagValues.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::resource;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("GetTagKeys", get_tag_keys), ("GetTagValues", get_tag_values)];

const PAGING: Paging<'static> =
    Paging { token: "PaginationToken", size: "", default: 1000, max: 1000, invalid: "PaginationTokenExpiredException" };

fn listing(request: &Request, member: &str, texts: BTreeSet<String>) -> Result<Value, AwsError> {
    let (shown, token) = page(request, &PAGING, texts.into_iter().map(|text| (text.clone(), text)))?;
    Ok(json!({ member: shown, "PaginationToken": token.unwrap_or_default() }))
}

fn get_tag_keys(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let all = resource::indexed(tx, request);
    listing(request, "TagKeys", all.into_iter().flat_map(|(_, tags)| tags.into_iter().map(|(key, _)| key)).collect())
}

fn get_tag_values(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let key = request.need("Key")?;
    let all = resource::indexed(tx, request);
    let values = all.into_iter().filter_map(|(_, tags)| tags.get(key)?.as_str().map(str::to_owned));
    listing(request, "TagValues", values.collect())
}
