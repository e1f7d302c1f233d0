//! Custom metrics of Device Defender Detect.
//!
//! Sources: API:CreateCustomMetric (names may not start with `aws:`; name and type stay), API:
//! DeleteCustomMetric (a metric in use by a profile stays); General Reference (100 an account).
//! Chosen: an existing name is refused whatever the client token. The API text speaks of a different
//! token only, so AWS may let the same one succeed; a caller that takes the refusal is right with both.

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
    ("CreateCustomMetric", create_custom_metric),
    ("DescribeCustomMetric", describe_custom_metric),
    ("UpdateCustomMetric", update_custom_metric),
    ("DeleteCustomMetric", delete_custom_metric),
    ("ListCustomMetrics", list_custom_metrics),
];

/// Collection of custom metrics by name, in the form DescribeCustomMetric answers.
pub const METRICS: &str = "iot.custom-metric";
const MOST: usize = 100;

fn create_custom_metric(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    security_profile::check_available(request)?;
    let name = request.need("metricName")?;
    if name.starts_with("aws:") {
        return Err(invalid("The name of a custom metric cannot start with aws:."));
    }
    let arn = request.arn("iot", &format!("custommetric/{name}"));
    check_new(tx, METRICS, "Custom metric", name, &arn, MOST)?;
    let metric = json!({
        "metricName": name,
        "metricArn": arn,
        "metricType": request.get("metricType"),
        "displayName": request.get("displayName"),
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
    });
    tagging::create(tx, request, &arn)?;
    tx.put(METRICS, name, metric);
    Ok(json!({ "metricName": name, "metricArn": arn }))
}

fn describe_custom_metric(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("metricName")?)
}

fn update_custom_metric(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("metricName")?;
    let mut metric = find(tx, name)?;
    metric["displayName"] = request.need("displayName")?.into();
    metric["lastModifiedDate"] = request.now_ms.into();
    tx.put(METRICS, name, metric.clone());
    Ok(metric)
}

fn delete_custom_metric(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("metricName")?;
    if let Some(profile) = security_profile::user_of(tx, |user| user["metric"] == name || *user == name) {
        return Err(invalid(format!("The custom metric {name} is used by the security profile {profile}.")));
    }
    if tx.remove(METRICS, name).is_some() {
        tagging::forget(tx, request, &request.arn("iot", &format!("custommetric/{name}")));
    }
    Ok(json!({}))
}

fn list_custom_metrics(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let names = tx.scan(METRICS).map(|(name, _)| (name.to_owned(), name));
    let (names, next) = page(request, &paging::IOT, names)?;
    Ok(json!({ "metricNames": names, "nextToken": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(METRICS, name).cloned().ok_or_else(|| not_found("Custom metric", name))
}
