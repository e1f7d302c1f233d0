//! Log groups. Source: API:CreateLogGroup, DeleteLogGroup, DescribeLogGroups.
//!
//! Collection `logs.group`, key: the name, value: the group as DescribeLogGroups shows it.

use serde_json::{Value, json};

use super::{log_stream, metric_filter, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateLogGroup", create_log_group),
    ("DeleteLogGroup", delete_log_group),
    ("DescribeLogGroups", describe_log_groups),
];

/// Collection of log groups.
pub const GROUP: &str = "logs.group";

/// Lists of groups, streams and filters: pages of 50.
pub const PAGING: Paging<'static> =
    Paging { token: "nextToken", size: "limit", default: 50, max: 50, invalid: "InvalidParameterException" };

/// The group's ARN as tags and permissions name it, without the trailing `:*`.
pub fn arn(request: &Request, name: &str) -> String {
    request.arn("logs", &format!("log-group:{name}"))
}

/// The group, or the refusal that there is none.
pub fn find<'t>(tx: &'t Tx<'_>, name: &str) -> Result<&'t Value, AwsError> {
    let missing = || AwsError::new("ResourceNotFoundException", "The specified log group does not exist.");
    tx.get(GROUP, name).ok_or_else(missing)
}

/// The name of the group a request means, by `logGroupName` or by name or ARN in
/// `logGroupIdentifier`; exactly one must be given.
pub fn named(request: &Request) -> Result<&str, AwsError> {
    match (request.str("logGroupName"), request.str("logGroupIdentifier")) {
        (Some(name), None) => Ok(name),
        (None, Some(arn)) => Ok(arn.split_once(":log-group:").map_or(arn, |(_, name)| name.trim_end_matches(":*"))),
        _ => Err(AwsError::new(
            "InvalidParameterException",
            "Exactly one of logGroupName and logGroupIdentifier must be specified.",
        )),
    }
}

fn create_log_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("logGroupName")?;
    if tx.has(GROUP, name) {
        return Err(AwsError::new("ResourceAlreadyExistsException", "The specified log group already exists"));
    }
    let arn = arn(request, name);
    let mut group = json!({
        "logGroupName": name,
        "creationTime": request.now_ms,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "storedBytes": 0,
        "logGroupClass": request.str("logGroupClass").unwrap_or("STANDARD"),
        "logGroupArn": arn,
        "deletionProtectionEnabled": request.flag("deletionProtectionEnabled").unwrap_or(false),
    });
    if let Some(key) = request.str("kmsKeyId") {
        group["kmsKeyId"] = key.into();
    }
    tx.put(GROUP, name, group);
    let tags = tags::read(request.get("tags"), &tag::CODES)?;
    tags::create(tx, request, &arn, tags, &tag::CODES)?;
    Ok(json!({}))
}

fn delete_log_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("logGroupName")?;
    if find(tx, name)?["deletionProtectionEnabled"] == true {
        return Err(AwsError::new("ValidationException", "The log group has deletion protection enabled."));
    }
    tx.remove(GROUP, name);
    log_stream::drop_all(tx, name);
    metric_filter::drop_all(tx, name);
    tags::delete(tx, request, &arn(request, name));
    Ok(json!({}))
}

fn describe_log_groups(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (prefix, pattern) = (request.str("logGroupNamePrefix"), request.str("logGroupNamePattern"));
    if prefix.is_some() && pattern.is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(AwsError::new("InvalidParameterException", message));
    }
    let pattern = pattern.map(str::to_lowercase);
    let identifiers = request.list("logGroupIdentifiers");
    let named = |name: &str| {
        let mut all = identifiers.iter().filter_map(Value::as_str);
        all.any(|wanted| wanted == name || wanted.trim_end_matches(":*") == arn(request, name))
    };
    let class = request.str("logGroupClass");
    let wanted = tx
        .scan_prefix(GROUP, prefix.unwrap_or_default())
        .filter(|(name, _)| pattern.as_ref().is_none_or(|part| name.to_lowercase().contains(part)))
        .filter(|(name, _)| identifiers.is_empty() || named(name))
        .filter(|(_, group)| class.is_none_or(|class| group["logGroupClass"] == class))
        .map(|(name, group)| (name.to_owned(), group.clone()));
    let (groups, token) = page(request, &PAGING, wanted)?;
    Ok(json!({ "logGroups": groups, "nextToken": token }))
}
