//! Security profiles, their targets, and the other documents that AWS calls return for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::behavior::{Behavior, MetricDimension};
use crate::dimension::Dimension;
use crate::metric::{CustomMetrics, CustomType};

/// A security profile as DescribeSecurityProfile returns it; members that do not matter for evaluation are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityProfile {
    pub security_profile_name: String,
    #[serde(default)]
    pub behaviors: Vec<Behavior>,
    /// Metrics kept without a behaviour, by name (deprecated form).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_metrics_to_retain: Vec<String>,
    #[serde(default, rename = "additionalMetricsToRetainV2", skip_serializing_if = "Vec::is_empty")]
    pub additional_metrics_to_retain_v2: Vec<MetricToRetain>,
    /// Target type to target; only `SNS` exists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alert_targets: BTreeMap<String, AlertTarget>,
}

/// API:AlertTarget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertTarget {
    pub alert_target_arn: String,
    pub role_arn: String,
}

/// API:MetricToRetain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricToRetain {
    pub metric: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_dimension: Option<MetricDimension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_metric: Option<bool>,
}

/// What a profile is attached to (developer guide, "Detect concepts": targets).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `all/things`: registered or not.
    AllThings,
    /// `all/registered-things`
    RegisteredThings,
    /// `all/unregistered-things`
    UnregisteredThings,
    /// A thing group with all groups below it.
    ThingGroup(String),
}

impl Target {
    /// Reads a target ARN; the partition, region and account are not looked at.
    ///
    /// # Errors
    /// When the text is not the ARN of a target, with the forms there are.
    pub fn from_arn(arn: &str) -> Result<Self, String> {
        let resource = arn.splitn(6, ':').nth(5).filter(|_| arn.starts_with("arn:"));
        match resource {
            Some("all/things") => Ok(Self::AllThings),
            Some("all/registered-things") => Ok(Self::RegisteredThings),
            Some("all/unregistered-things") => Ok(Self::UnregisteredThings),
            Some(resource) => match resource.strip_prefix("thinggroup/").filter(|name| !name.is_empty()) {
                Some(name) => Ok(Self::ThingGroup(name.to_owned())),
                None => Err(unknown_target(arn)),
            },
            None => Err(unknown_target(arn)),
        }
    }
}

fn unknown_target(arn: &str) -> String {
    format!(
        "`{arn}` is not a target of a security profile; expected \
         arn:aws:iot:REGION:ACCOUNT:all/things, …:all/registered-things, …:all/unregistered-things or …:thinggroup/NAME"
    )
}

/// Reads targets: the output of ListTargetsForSecurityProfile, `{"targets": […]}`, or a plain list; each item an ARN
/// or an object with `arn`.
///
/// # Errors
/// Says what is not a target.
pub fn targets_from_json(json: &Json) -> Result<Vec<Target>, String> {
    let listed = json.get("securityProfileTargets").or_else(|| json.get("targets")).unwrap_or(json);
    let Json::Array(items) = listed else {
        return Err("expected `securityProfileTargets`, `targets` or a list of target ARNs".to_owned());
    };
    let arn = |item: &Json| {
        let text = item.as_str().or_else(|| item.get("arn").and_then(Json::as_str));
        text.map(str::to_owned).ok_or_else(|| format!("`{item}` is neither an ARN nor an object with `arn`"))
    };
    items.iter().map(|item| Target::from_arn(&arn(item)?)).collect()
}

/// Reads dimensions: one DescribeDimension output, a list of them, or `{"dimensions": […]}`.
///
/// # Errors
/// Says which item is no dimension. The output of ListDimensions holds names only and is refused.
pub fn dimensions_from_json(json: &Json) -> Result<Vec<Dimension>, String> {
    if json.get("dimensionNames").is_some() {
        return Err("ListDimensions gives names only; use the outputs of DescribeDimension, as a list".to_owned());
    }
    items(json, "dimensions").map(|item| read(item, "dimension")).collect()
}

/// Reads custom metrics: one DescribeCustomMetric output, a list of them, or `{"customMetrics": […]}`.
///
/// # Errors
/// Says which item is no custom metric. The output of ListCustomMetrics holds names only and is refused.
pub fn custom_metrics_from_json(json: &Json) -> Result<CustomMetrics, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Described {
        metric_name: String,
        metric_type: CustomType,
    }
    if json.get("metricNames").is_some() {
        return Err("ListCustomMetrics gives names only; use the outputs of DescribeCustomMetric, as a list".to_owned());
    }
    let metrics = items(json, "customMetrics").map(|item| {
        let described: Described = read(item, "custom metric")?;
        Ok((described.metric_name, described.metric_type))
    });
    metrics.collect::<Result<_, String>>().map(CustomMetrics)
}

fn items<'a>(json: &'a Json, member: &str) -> impl Iterator<Item = &'a Json> {
    match json.get(member).unwrap_or(json) {
        Json::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn read<T: serde::de::DeserializeOwned>(item: &Json, what: &str) -> Result<T, String> {
    T::deserialize(item).map_err(|error| format!("not a {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_of_the_api_are_read() {
        let targets = json!({"securityProfileTargets": [
            {"arn": "arn:aws:iot:us-east-1:123456789012:all/things"},
            {"arn": "arn:aws-cn:iot:cn-north-1:123456789012:thinggroup/line:1"}]});
        let expected = vec![Target::AllThings, Target::ThingGroup("line:1".into())];
        assert_eq!(targets_from_json(&targets), Ok(expected));
        assert!(targets_from_json(&json!(["arn:aws:iot:r:a:thing/x"])).unwrap_err().contains("thinggroup/NAME"));

        let metric = json!({"metricName": "battery", "metricType": "number", "metricArn": "x", "displayName": "y"});
        let metrics = custom_metrics_from_json(&metric).unwrap();
        assert_eq!(metrics.0.get("battery"), Some(&CustomType::Number));
        assert_eq!(custom_metrics_from_json(&json!([metric.clone()])).unwrap(), metrics);
        assert_eq!(custom_metrics_from_json(&json!({"customMetrics": [metric]})).unwrap(), metrics);

        let dimension = json!({"name": "d", "arn": "x", "type": "TOPIC_FILTER", "stringValues": ["a/#"]});
        assert_eq!(dimensions_from_json(&json!([dimension])).unwrap()[0].string_values, ["a/#"]);
        assert!(dimensions_from_json(&json!({"dimensionNames": ["d"]})).unwrap_err().contains("DescribeDimension"));

        let profile = json!({"securityProfileName": "p", "version": 3, "creationDate": "2024-01-01",
            "behaviors": [{"name": "b", "metric": "aws:num-disconnects",
                "criteria": {"comparisonOperator": "less-than", "value": {"count": 10}, "durationSeconds": 300}}],
            "additionalMetricsToRetainV2": [{"metric": "aws:all-bytes-out"}]});
        let profile = SecurityProfile::deserialize(&profile).unwrap();
        assert_eq!(profile.behaviors[0].criteria.as_ref().unwrap().duration_seconds, Some(300));
    }
}
