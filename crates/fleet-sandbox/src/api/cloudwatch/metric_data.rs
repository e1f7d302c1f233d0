//! Metric data. Source: API:PutMetricData, ListMetrics.
//!
//! Collections: `cloudwatch.metric`, key: the metric's identity as JSON text, value: the metric;
//! `cloudwatch.datapoint`, key: `IDENTITY#MS#NUMBER`, value: one datum as statistics.

use serde_json::{Value, json};

use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("PutMetricData", put_metric_data), ("ListMetrics", list_metrics)];

const METRIC: &str = "cloudwatch.metric";
/// Collection of data.
pub const DATAPOINT: &str = "cloudwatch.datapoint";

const PAGING: Paging<'static> =
    Paging { token: "NextToken", size: "", default: 500, max: 500, invalid: "InvalidParameterValue" };

/// Data of one call.
const MOST_DATA: usize = 1000;
/// How old and how far ahead a time stamp may be: two weeks, two hours.
const OLDEST_MS: i64 = 14 * 24 * 3_600_000;
const AHEAD_MS: i64 = 2 * 3_600_000;

/// The text that identifies a metric: namespace, name and dimensions, whatever their order.
pub fn identity(namespace: &str, name: &str, dimensions: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = dimensions.as_array().into_iter().flatten().map(|d| (text(&d["Name"]), text(&d["Value"])));
    let mut pairs: Vec<(String, String)> = pairs.collect();
    pairs.sort();
    json!([namespace, name, pairs]).to_string()
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValue", message)
}

fn put_metric_data(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let namespace = request.need("Namespace")?;
    if namespace.starts_with("AWS/") {
        return Err(invalid(format!("The value {namespace} for parameter Namespace is invalid: AWS/ is reserved.")));
    }
    let data = request.list("MetricData");
    if data.len() > MOST_DATA {
        return Err(invalid(format!("The collection MetricData must not have a size greater than {MOST_DATA}.")));
    }
    for (index, datum) in data.iter().enumerate() {
        let place = format!("MetricData.member.{}", index + 1);
        let statistics = statistics(datum, &place)?;
        let at_ms = datum["Timestamp"].as_i64().unwrap_or(request.now_ms);
        if at_ms < request.now_ms - OLDEST_MS || at_ms > request.now_ms + AHEAD_MS {
            return Err(invalid(format!(
                "The parameter {place}.Timestamp must specify a time within the past two weeks and not more than two hours in the future."
            )));
        }
        let name = datum["MetricName"].as_str().unwrap_or_default();
        let dimensions = datum.get("Dimensions").cloned().unwrap_or_else(|| json!([]));
        let identity = identity(namespace, name, &dimensions);
        tx.put(METRIC, &identity, json!({"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}));
        let moment = format!("{identity}#{at_ms:015}#");
        let number = tx.scan_prefix(DATAPOINT, &moment).count();
        tx.put(DATAPOINT, &format!("{moment}{number:06}"), statistics);
    }
    Ok(json!({}))
}

/// A datum as `{SampleCount, Sum, Minimum, Maximum, Unit}`.
fn statistics(datum: &Value, place: &str) -> Result<Value, AwsError> {
    let forms = ["Value", "Values", "StatisticValues"].iter().filter(|form| datum.get(**form).is_some()).count();
    if forms != 1 {
        let message = format!(
            "The parameters {place}.Value, Values and StatisticValues are mutually exclusive and one is required."
        );
        return Err(AwsError::new("InvalidParameterCombination", message));
    }
    let unit = datum["Unit"].as_str().unwrap_or("None");
    if let Some(set) = datum.get("StatisticValues") {
        let mut set = set.clone();
        set["Unit"] = unit.into();
        return Ok(set);
    }
    let single = [datum["Value"].clone()];
    let values = datum["Values"].as_array().map_or(&single[..], Vec::as_slice);
    let counts = datum["Counts"].as_array().map_or(&[][..], Vec::as_slice);
    if !counts.is_empty() && counts.len() != values.len() {
        return Err(invalid(format!("The parameters {place}.Values and {place}.Counts must be of the same size.")));
    }
    let (mut count, mut sum, mut least, mut most) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for (index, value) in values.iter().enumerate() {
        let value =
            value.as_f64().ok_or_else(|| invalid(format!("The value for parameter {place}.Value is invalid.")))?;
        let times = counts.get(index).and_then(Value::as_f64).unwrap_or(1.0);
        count += times;
        sum += value * times;
        least = f64::min(least, value);
        most = f64::max(most, value);
    }
    Ok(json!({"SampleCount": count, "Sum": sum, "Minimum": least, "Maximum": most, "Unit": unit}))
}

fn list_metrics(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let filters = request.list("Dimensions");
    let has = |metric: &Value, filter: &Value| {
        let dimensions = metric["Dimensions"].as_array();
        let value = filter.get("Value");
        dimensions.is_some_and(|all| {
            all.iter().any(|d| d["Name"] == filter["Name"] && value.is_none_or(|v| d["Value"] == *v))
        })
    };
    let wanted = tx
        .scan(METRIC)
        .filter(|(_, metric)| request.get("Namespace").is_none_or(|namespace| metric["Namespace"] == *namespace))
        .filter(|(_, metric)| request.get("MetricName").is_none_or(|name| metric["MetricName"] == *name))
        .filter(|(_, metric)| filters.iter().all(|filter| has(metric, filter)))
        .map(|(key, metric)| (key.to_owned(), metric.clone()));
    let (metrics, token) = page(request, &PAGING, wanted)?;
    Ok(json!({ "Metrics": metrics, "NextToken": token }))
}
