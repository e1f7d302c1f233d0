//! Objects by tag. Source: API:GetResources.
//!
//! An index, late by `realism.tag_index_lag`: new objects appear late, deleted ones stay as long.
//! Objects without a region are shown in us-east-1. IAM roles are not shown anywhere: the service
//! accepts tags for them but does not find them (github.com/aws/aws-sdk, issue 581).

use serde_json::{Map, Value, json};

use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("GetResources", get_resources)];

/// Region in which objects of global services are indexed.
const GLOBAL_REGION: &str = "us-east-1";

/// Most tags of one object; a page of N tags holds N/50 objects at least.
const TAGS_OF_ONE: i64 = 50;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

/// All objects the index shows in the caller's region, in the order of their ARNs.
pub fn indexed(tx: &mut Tx<'_>, request: &Request) -> Vec<(String, Map<String, Value>)> {
    let mut all = tags::index(tx, request);
    if request.region == GLOBAL_REGION {
        all.extend(tags::index(&tx.global(), request));
        all.sort_by(|a, b| a.0.cmp(&b.0));
    }
    all.retain(|(arn, _)| !(arn.starts_with("arn:aws:iam:") && arn.contains(":role/")));
    all
}

/// `service:type` of an ARN, as the type filters name it: `iot:thinggroup`, `lambda:function`. An SNS
/// topic's ARN names no type.
fn kind(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    match resource.find([':', '/']) {
        Some(end) => format!("{service}:{}", &resource[..end]),
        None if service == "sns" => "sns:topic".to_owned(),
        None => service.to_owned(),
    }
}

fn has_type(arn: &str, filters: &[Value]) -> bool {
    let kind = kind(arn);
    let service = kind.split(':').next();
    filters.is_empty()
        || filters.iter().filter_map(Value::as_str).any(|filter| filter == kind || Some(filter) == service)
}

/// Every filter must fit; a filter fits if the tag has one of its values, or any if it names none.
fn has_tags(tags: &Map<String, Value>, filters: &[Value]) -> bool {
    filters.iter().all(|filter| {
        let value = filter["Key"].as_str().and_then(|key| tags.get(key));
        let wanted = filter["Values"].as_array().filter(|values| !values.is_empty());
        value.is_some_and(|value| wanted.is_none_or(|wanted| wanted.contains(value)))
    })
}

/// Objects of a page, from either of the two ways to ask for its size.
fn size(request: &Request) -> Result<usize, AwsError> {
    let (resources, tags) = (request.int("ResourcesPerPage"), request.int("TagsPerPage"));
    if resources.is_some_and(|n| !(1..=100).contains(&n)) {
        return Err(invalid("ResourcesPerPage must be between 1 and 100."));
    }
    if tags.is_some_and(|n| !(100..=500).contains(&n) || n % 100 != 0) {
        return Err(invalid("TagsPerPage must be a multiple of 100 between 100 and 500."));
    }
    let size = match (resources, tags) {
        (Some(resources), Some(tags)) => resources.min(tags / TAGS_OF_ONE),
        (Some(resources), None) => resources,
        (None, Some(tags)) => tags / TAGS_OF_ONE,
        (None, None) => 50,
    };
    usize::try_from(size).map_err(|_| invalid("ResourcesPerPage must be between 1 and 100."))
}

fn get_resources(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arns, types, filters) =
        (request.list("ResourceARNList"), request.list("ResourceTypeFilters"), request.list("TagFilters"));
    let others = !types.is_empty() || !filters.is_empty() || request.get("ResourcesPerPage").is_some();
    if !arns.is_empty() && others {
        return Err(invalid("ResourceARNList cannot be combined with other filters or a page size."));
    }
    if filters.iter().any(|filter| filter.get("Key").is_none()) {
        return Err(invalid("A tag filter needs a Key."));
    }
    let default = size(request)?;
    let wanted = indexed(tx, request)
        .into_iter()
        .filter(|(arn, _)| arns.is_empty() || arns.iter().any(|wanted| wanted == arn))
        .filter(|(arn, tags)| has_type(arn, types) && has_tags(tags, filters))
        .map(|(arn, tags)| (arn.clone(), json!({"ResourceARN": arn, "Tags": tags::pairs(tags)})));
    let paging =
        Paging { token: "PaginationToken", size: "", default, max: 100, invalid: "PaginationTokenExpiredException" };
    let (shown, token) = page(request, &paging, wanted)?;
    // The last page has an empty token, not none.
    Ok(json!({ "ResourceTagMappingList": shown, "PaginationToken": token.unwrap_or_default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_off_the_arn_and_filters_combine() {
        let arn = "arn:aws:iot:us-east-1:1:thinggroup/g";
        assert_eq!(kind(arn), "iot:thinggroup");
        assert_eq!(kind("arn:aws:sns:us-east-1:1:t"), "sns:topic");
        assert_eq!(kind("arn:aws:logs:us-east-1:1:log-group:/a/b"), "logs:log-group");
        assert!(has_type(arn, &[json!("sns"), json!("iot")]) && !has_type(arn, &[json!("iot:thing")]));
        let tags = Map::from_iter([("a".to_owned(), json!("1")), ("b".to_owned(), json!("2"))]);
        let either = json!([{"Key": "a", "Values": ["0", "1"]}, {"Key": "b"}]);
        assert!(has_tags(&tags, either.as_array().unwrap()));
        assert!(!has_tags(&tags, &[json!({"Key": "a", "Values": ["1"]}), json!({"Key": "c"})]));
    }
}
