//! Metric filters. Source: API:PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter.
//!
//! Collection `logs.metricFilter`, key: `GROUP:FILTER`. Filters are kept, not run.

use serde_json::{Value, json};

use super::log_group::{self, GROUP, PAGING};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::page;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutMetricFilter", put_metric_filter),
    ("DescribeMetricFilters", describe_metric_filters),
    ("DeleteMetricFilter", delete_metric_filter),
];

const FILTER: &str = "logs.metricFilter";

/// Metric filters of a log group (CloudWatch Logs quotas).
const MOST_FILTERS: usize = 100;

/// Removes the filters of a group.
pub fn drop_all(tx: &mut Tx<'_>, group: &str) {
    let keys: Vec<String> = tx.scan_prefix(FILTER, &format!("{group}:")).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        tx.remove(FILTER, &key);
    }
}

/// Writes the number of filters into the group, which shows it.
fn recount(tx: &mut Tx<'_>, group: &str) -> Result<(), AwsError> {
    let count = tx.scan_prefix(FILTER, &format!("{group}:")).count();
    let mut shown = log_group::find(tx, group)?.clone();
    shown["metricFilterCount"] = count.into();
    tx.put(GROUP, group, shown);
    Ok(())
}

fn put_metric_filter(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, name) = (request.need("logGroupName")?, request.need("filterName")?);
    log_group::find(tx, group)?;
    let key = format!("{group}:{name}");
    if !tx.has(FILTER, &key) && tx.scan_prefix(FILTER, &format!("{group}:")).count() >= MOST_FILTERS {
        return Err(AwsError::new("LimitExceededException", "Resource limit exceeded."));
    }
    let mut filter = Value::Object(request.input.clone());
    filter["creationTime"] = request.now_ms.into();
    tx.put(FILTER, &key, filter);
    recount(tx, group)?;
    Ok(json!({}))
}

fn describe_metric_filters(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let prefix = match request.str("logGroupName") {
        Some(group) => {
            log_group::find(tx, group)?;
            format!("{group}:{}", request.str("filterNamePrefix").unwrap_or_default())
        }
        None => String::new(),
    };
    let metric = |filter: &Value, member: &str, wanted: Option<&str>| {
        let mut all = filter["metricTransformations"].as_array().into_iter().flatten();
        wanted.is_none_or(|wanted| all.any(|transformation| transformation[member] == wanted))
    };
    let wanted = tx
        .scan_prefix(FILTER, &prefix)
        .filter(|(_, filter)| metric(filter, "metricName", request.str("metricName")))
        .filter(|(_, filter)| metric(filter, "metricNamespace", request.str("metricNamespace")))
        .map(|(key, filter)| (key.to_owned(), filter.clone()));
    let (filters, token) = page(request, &PAGING, wanted)?;
    Ok(json!({ "metricFilters": filters, "nextToken": token }))
}

fn delete_metric_filter(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, name) = (request.need("logGroupName")?, request.need("filterName")?);
    log_group::find(tx, group)?;
    let missing = || AwsError::new("ResourceNotFoundException", "The specified metric filter does not exist.");
    tx.remove(FILTER, &format!("{group}:{name}")).ok_or_else(missing)?;
    recount(tx, group)?;
    Ok(json!({}))
}
