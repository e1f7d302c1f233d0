//! Which behaviours a security profile may hold: the rules of `ValidateSecurityProfileBehaviors`.
//!
//! The model checks types, names and enums; here are the rules between fields (API:BehaviorCriteria,
//! API:MetricValue, Device Defender developer guide, "Cloud-side metrics", "Device-side metrics",
//! "Custom metrics", "ML Detect"). AWS's texts for these refusals are not published; the wording is
//! ours. Where the guide is silent the looser reading is taken, except that statistical criteria
//! need a duration, which every published example has, and that `aws:disconnect-duration` takes
//! static criteria only.

use serde_json::Value;

use crate::store::Tx;

/// Durations a criterion may be evaluated over, in seconds (guide: "Cloud-side metrics").
const DURATIONS: [i64; 5] = [300, 600, 900, 1800, 3600];
/// Values of all behaviours of a profile together (General Reference, Device Defender quotas).
const MAX_VALUES: usize = 1000;

/// Whether static criteria carry `durationSeconds`.
#[derive(Clone, Copy, PartialEq)]
enum Duration {
    Required,
    Optional,
    Forbidden,
}

/// What a metric can be compared with.
#[derive(Clone, Copy)]
struct Metric {
    /// Member of `MetricValue`; it decides the operators too.
    value: &'static str,
    duration: Duration,
    /// Percentiles over many devices.
    statistical: bool,
    /// ML Detect.
    learned: bool,
    /// Accepts a topic filter.
    dimension: bool,
}

const fn counted(duration: Duration, dimension: bool) -> Metric {
    Metric { value: "count", duration, statistical: true, learned: true, dimension }
}

const fn listed(value: &'static str, dimension: bool) -> Metric {
    Metric { value, duration: Duration::Forbidden, statistical: false, learned: false, dimension }
}

/// The built-in metrics (guide: "Cloud-side metrics", "Device-side metrics").
fn built_in(name: &str) -> Option<Metric> {
    Some(match name {
        "aws:message-byte-size" => counted(Duration::Optional, true),
        "aws:num-messages-sent" | "aws:num-messages-received" | "aws:num-authorization-failures" => {
            counted(Duration::Required, true)
        }
        "aws:num-connection-attempts" | "aws:num-disconnects" => counted(Duration::Required, false),
        "aws:disconnect-duration" => {
            Metric { statistical: false, learned: false, ..counted(Duration::Optional, false) }
        }
        "aws:all-bytes-out" | "aws:all-bytes-in" | "aws:all-packets-out" | "aws:all-packets-in" => {
            counted(Duration::Required, false)
        }
        "aws:num-listening-tcp-ports" | "aws:num-listening-udp-ports" | "aws:num-established-tcp-connections" => {
            counted(Duration::Optional, false)
        }
        "aws:source-ip-address" => listed("cidrs", true),
        "aws:destination-ip-addresses" => listed("cidrs", false),
        "aws:listening-tcp-ports" | "aws:listening-udp-ports" => listed("ports", false),
        _ => return None,
    })
}

/// The four types of custom metrics (API:CustomMetricType).
fn custom(kind: &str) -> Metric {
    match kind {
        "number" => Metric { value: "number", ..counted(Duration::Optional, false) },
        "number-list" => listed("numbers", false),
        "ip-address-list" => listed("cidrs", false),
        _ => listed("strings", false),
    }
}

fn metric(tx: &Tx<'_>, name: &str) -> Option<Metric> {
    built_in(name).or_else(|| tx.get(super::custom_metric::METRICS, name)?["metricType"].as_str().map(custom))
}

/// What is wrong with these behaviours, one sentence each; empty if nothing.
pub fn problems(tx: &Tx<'_>, behaviors: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for behavior in behaviors {
        let name = behavior["name"].as_str().unwrap_or_default();
        if !names.insert(name) {
            found.push(format!("Behavior names must be unique, but {name} occurs more than once."));
        }
        let wrong = metric_problems(tx, behavior).into_iter().chain(criteria_problems(tx, behavior));
        found.extend(wrong.map(|problem| format!("Behavior {name}: {problem}")));
    }
    let values: usize = behaviors.iter().map(|b| value_count(&b["criteria"]["value"])).sum();
    if values > MAX_VALUES {
        found.push(format!("The behaviors have {values} values in all; at most {MAX_VALUES} are allowed."));
    }
    found
}

/// What is wrong with the `metric` and `metricDimension` of a behaviour or a retained metric.
pub fn metric_problems(tx: &Tx<'_>, holder: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let name = holder["metric"].as_str();
    let known = name.and_then(|name| metric(tx, name));
    if let (Some(name), None) = (name, known) {
        found.push(format!("the metric {name} is neither a built-in metric nor a custom metric of this account."));
    }
    if let Some(dimension) = holder["metricDimension"]["dimensionName"].as_str() {
        if !tx.has(super::dimension::DIMENSIONS, dimension) {
            found.push(format!("the dimension {dimension} does not exist."));
        }
        if known.is_some_and(|metric| !metric.dimension) {
            found.push(format!("the metric {} cannot be used with a dimension.", name.unwrap_or_default()));
        }
    }
    if holder["exportMetric"] == true && name.is_none() {
        found.push("exportMetric needs a metric.".to_owned());
    }
    found
}

fn criteria_problems(tx: &Tx<'_>, behavior: &Value) -> Vec<String> {
    let Some(criteria) = behavior["criteria"].as_object() else {
        return Vec::new();
    };
    let criteria = &Value::Object(criteria.clone());
    let Some(name) = behavior["metric"].as_str() else {
        return vec!["criteria need a metric.".to_owned()];
    };
    let Some(metric) = metric(tx, name) else {
        return Vec::new(); // reported with the metric
    };
    let forms = ["value", "statisticalThreshold", "mlDetectionConfig"];
    let given: Vec<_> = forms.into_iter().filter(|form| !criteria[form].is_null()).collect();
    let mut found = match given.as_slice() {
        ["value"] => static_problems(criteria, name, metric),
        ["statisticalThreshold"] => statistical_problems(criteria, name, metric),
        ["mlDetectionConfig"] => learned_problems(criteria, name, metric),
        _ => vec!["criteria need exactly one of value, statisticalThreshold and mlDetectionConfig.".to_owned()],
    };
    if let Some(seconds) = criteria["durationSeconds"].as_i64().filter(|s| !DURATIONS.contains(s)) {
        found.push(format!("durationSeconds is {seconds}, but must be one of {DURATIONS:?}."));
    }
    found
}

fn static_problems(criteria: &Value, name: &str, metric: Metric) -> Vec<String> {
    let mut found = Vec::new();
    let members: Vec<&String> = criteria["value"].as_object().into_iter().flatten().map(|(member, _)| member).collect();
    if members != [metric.value] {
        found.push(format!("the metric {name} is compared with value.{} and nothing else.", metric.value));
    }
    found.extend(operator_problem(criteria, name, metric));
    match (metric.duration, criteria["durationSeconds"].is_null()) {
        (Duration::Required, true) => found.push(format!("the metric {name} needs durationSeconds.")),
        (Duration::Forbidden, false) => found.push(format!("the metric {name} cannot be used with durationSeconds.")),
        _ => {}
    }
    found
}

fn statistical_problems(criteria: &Value, name: &str, metric: Metric) -> Vec<String> {
    let mut found = Vec::new();
    if !metric.statistical {
        found.push(format!("the metric {name} cannot be used with a statisticalThreshold."));
    }
    if criteria["statisticalThreshold"]["statistic"].is_null() {
        found.push("statisticalThreshold needs a statistic.".to_owned());
    }
    if criteria["durationSeconds"].is_null() {
        found.push("a statisticalThreshold needs durationSeconds.".to_owned());
    }
    found.extend(operator_problem(criteria, name, metric));
    found
}

fn learned_problems(criteria: &Value, name: &str, metric: Metric) -> Vec<String> {
    let mut found = Vec::new();
    if !metric.learned {
        found.push(format!("the metric {name} cannot be used with mlDetectionConfig."));
    }
    for field in ["comparisonOperator", "durationSeconds"] {
        if !criteria[field].is_null() {
            found.push(format!("{field} cannot be used with mlDetectionConfig."));
        }
    }
    found
}

fn operator_problem(criteria: &Value, name: &str, metric: Metric) -> Option<String> {
    let allowed: &[&str] = match (name, metric.value) {
        ("aws:disconnect-duration", _) => &["less-than", "less-than-equals"],
        (_, "cidrs") => &["in-cidr-set", "not-in-cidr-set"],
        (_, "ports") => &["in-port-set", "not-in-port-set"],
        (_, "numbers" | "strings") => &["in-set", "not-in-set"],
        _ => &["less-than", "less-than-equals", "greater-than", "greater-than-equals"],
    };
    let Some(operator) = criteria["comparisonOperator"].as_str() else {
        return Some("criteria need a comparisonOperator.".to_owned());
    };
    let fits = allowed.contains(&operator);
    (!fits).then(|| format!("the metric {name} takes {}, not {operator}.", allowed.join(", ")))
}

fn value_count(value: &Value) -> usize {
    value.as_object().into_iter().flatten().map(|(_, v)| v.as_array().map_or(1, Vec::len)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use serde_json::json;

    /// Changes to a sound behaviour, and a word of the problem each must bring; none for a sound one.
    #[test]
    fn rules_between_fields_hold_and_name_what_they_refuse() {
        let ports = json!({ "metric": "aws:listening-tcp-ports", "criteria": { "comparisonOperator": "in-port-set", "value": { "ports": [22] } } });
        let learned = json!({ "criteria": { "mlDetectionConfig": { "confidenceLevel": "LOW" } } });
        let percentile = json!({ "criteria": { "comparisonOperator": "less-than", "statisticalThreshold": { "statistic": "p99" }, "durationSeconds": 300 } });
        let with = |base: &Value, place: &str, value: Value| {
            let mut changed = base.clone();
            *changed.pointer_mut(place).unwrap() = value;
            changed
        };
        let cases = [
            (json!({}), ""),
            (ports.clone(), ""),
            (learned.clone(), ""),
            (percentile.clone(), ""),
            (
                json!({ "metric": "battery", "criteria": { "comparisonOperator": "greater-than", "value": { "number": -1.5 } } }),
                "",
            ),
            (json!({ "metric": null, "criteria": null }), ""),
            (json!({ "metricDimension": { "dimensionName": "d" } }), ""),
            (json!({ "metric": null }), "need a metric"),
            (json!({ "metric": "aws:none" }), "neither"),
            (json!({ "metric": "battery" }), "value.number"),
            (
                json!({ "metric": "aws:disconnect-duration", "criteria": { "comparisonOperator": "greater-than", "value": { "count": 1 } } }),
                "less-than-equals",
            ),
            (
                json!({ "metric": "aws:num-disconnects", "metricDimension": { "dimensionName": "d" } }),
                "with a dimension",
            ),
            (json!({ "metricDimension": { "dimensionName": "none" } }), "does not exist"),
            (with(&ports, "/criteria/comparisonOperator", json!("in-cidr-set")), "in-port-set"),
            (with(&ports, "/metric", json!("aws:source-ip-address")), "value.cidrs"),
            (
                with(&learned, "/criteria", json!({ "mlDetectionConfig": {}, "durationSeconds": 300 })),
                "durationSeconds",
            ),
            (with(&percentile, "/criteria/statisticalThreshold", json!({})), "statistic"),
            (with(&percentile, "/criteria/durationSeconds", json!(null)), "durationSeconds"),
            (with(&percentile, "/criteria/durationSeconds", json!(299)), "one of"),
            (json!({ "criteria": { "comparisonOperator": "less-than" } }), "exactly one"),
            (json!({ "criteria": { "value": { "count": 1 }, "durationSeconds": 300 } }), "comparisonOperator"),
            (
                json!({ "criteria": { "comparisonOperator": "less-than", "value": { "count": 1 } } }),
                "needs durationSeconds",
            ),
        ];
        let store = Store::open(None);
        let run = store.transact("1", "r", false, |tx| -> std::io::Result<()> {
            tx.put(super::super::custom_metric::METRICS, "battery", json!({ "metricType": "number" }));
            tx.put(super::super::dimension::DIMENSIONS, "d", json!({}));
            for (change, word) in &cases {
                let criteria =
                    json!({ "comparisonOperator": "less-than", "value": { "count": 5 }, "durationSeconds": 300 });
                let mut behavior = json!({ "name": "b", "metric": "aws:num-messages-sent", "criteria": criteria });
                behavior.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
                let found = problems(tx, &[behavior]).join(" ");
                assert!(
                    found.is_empty() == word.is_empty() && found.contains(word),
                    "{change}: expected {word:?}, found {found:?}"
                );
            }
            Ok(())
        });
        run.unwrap();
    }
}
