//! Checks a behaviour against what the API and the developer guide allow, before anything is created or evaluated.
//!
//! Each problem names the field, what is wrong, what to write instead, and the source of the rule. An error is what
//! AWS refuses or the evaluator cannot evaluate; a warning is what works but probably does not mean what it says.

use std::fmt;

use crate::behavior::{Behavior, ComparisonOperator, Criteria, Percentile};
use crate::dimension::Dimension;
use crate::metric::{BuiltIn, CustomMetrics, CustomType, DurationRule, Metric, ValueKind};
use crate::profile::SecurityProfile;
use crate::value::MetricValue;

/// Durations the developer guide lists, in seconds.
pub const DURATIONS: [u32; 5] = [300, 600, 900, 1800, 3600];
/// Behaviours a profile may have (AWS General Reference, Device Defender quotas).
pub const MAX_BEHAVIORS: usize = 100;
/// Value elements a profile may have (same source).
pub const MAX_VALUE_ELEMENTS: usize = 1000;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// One thing wrong with a behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Path inside the behaviour, such as `criteria.durationSeconds`.
    pub field: &'static str,
    pub message: String,
    /// Where the rule comes from.
    pub source: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.field, self.message, self.source)
    }
}

const CLOUD_OR_DEVICE: &str = "Device Defender guide, cloud-side and device-side metrics";

struct Problems(Vec<Problem>);

impl Problems {
    fn error(&mut self, field: &'static str, message: impl Into<String>, source: &'static str) {
        self.0.push(Problem { severity: Severity::Error, field, message: message.into(), source });
    }

    fn warn(&mut self, field: &'static str, message: impl Into<String>, source: &'static str) {
        self.0.push(Problem { severity: Severity::Warning, field, message: message.into(), source });
    }
}

/// Everything wrong with one behaviour. `custom` and `dimensions` are those that exist or will exist beside it.
pub fn validate_behavior(behavior: &Behavior, custom: &CustomMetrics, dimensions: &[Dimension]) -> Vec<Problem> {
    let mut problems = Problems(Vec::new());
    if !is_name(&behavior.name) {
        problems.error("name", "must be 1 to 128 characters of a-z A-Z 0-9 : _ -", "API:BehaviorName");
    }
    let Some(name) = &behavior.metric else {
        problems.error("metric", "is missing; there is nothing to measure", "API:Behavior");
        return problems.0;
    };
    check_metric_name(name, custom, &mut problems);
    let Some(metric) = infer_metric(behavior, custom) else { return problems.0 };
    check_dimension(behavior, &metric, dimensions, &mut problems);
    if let Some(criteria) = &behavior.criteria {
        check_criteria(criteria, &metric, &mut problems);
    }
    problems.0
}

/// Everything wrong with a profile's behaviours, each with the behaviour's name where it is about one.
pub fn validate_profile(
    profile: &SecurityProfile,
    custom: &CustomMetrics,
    dimensions: &[Dimension],
) -> Vec<(Option<String>, Problem)> {
    const QUOTAS: &str = "AWS General Reference, Device Defender quotas";
    let mut whole = Problems(Vec::new());
    if profile.behaviors.len() > MAX_BEHAVIORS {
        let count = profile.behaviors.len();
        whole.error("behaviors", format!("{count} behaviors; a profile may have {MAX_BEHAVIORS}"), QUOTAS);
    }
    let values = profile.behaviors.iter().filter_map(|behavior| behavior.criteria.as_ref()?.value.as_ref());
    let elements: usize = values.map(MetricValue::elements).sum();
    if elements > MAX_VALUE_ELEMENTS {
        let message = format!("{elements} value elements in all; a profile may have {MAX_VALUE_ELEMENTS}");
        whole.error("criteria.value", message, QUOTAS);
    }
    for (index, behavior) in profile.behaviors.iter().enumerate() {
        if profile.behaviors[..index].iter().any(|earlier| earlier.name == behavior.name) {
            let message = format!("`{}` is used by two behaviors of the profile", behavior.name);
            whole.error("name", message, "API:Behavior");
        }
    }
    let of_behaviors = profile.behaviors.iter().flat_map(|behavior| {
        let problems = validate_behavior(behavior, custom, dimensions);
        problems.into_iter().map(|problem| (Some(behavior.name.clone()), problem))
    });
    whole.0.into_iter().map(|problem| (None, problem)).chain(of_behaviors).collect()
}

/// The metric a behaviour measures. A custom metric that is not declared has the type its threshold implies, or
/// `number` where there is none. None when the behaviour names no metric or an unknown one of AWS's.
pub fn infer_metric(behavior: &Behavior, custom: &CustomMetrics) -> Option<Metric> {
    let name = behavior.metric.as_deref()?;
    if let Some(metric) = custom.metric(name) {
        return Some(metric);
    }
    if name.starts_with("aws:") {
        return None;
    }
    let value = behavior.criteria.as_ref().and_then(|criteria| criteria.value.as_ref());
    let kind = match value.map(MetricValue::kind) {
        Some(ValueKind::Numbers) => CustomType::NumberList,
        Some(ValueKind::Strings) => CustomType::StringList,
        Some(ValueKind::Cidrs) => CustomType::IpAddressList,
        _ => CustomType::Number,
    };
    Some(Metric::Custom { name: name.to_owned(), kind })
}

fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte))
}

fn check_metric_name(name: &str, custom: &CustomMetrics, problems: &mut Problems) {
    if custom.metric(name).is_some() {
        return;
    }
    if name.starts_with("aws:") {
        let message = match closest_metric(name) {
            Some(close) => format!("AWS has no metric `{name}`; did you mean `{close}`?"),
            None => format!("AWS has no metric `{name}`"),
        };
        problems.error("metric", message, CLOUD_OR_DEVICE);
    } else if !is_name(name) {
        problems.error("metric", "a custom metric's name is 1 to 128 of a-z A-Z 0-9 : _ -", "API:CreateCustomMetric");
    } else {
        let message = format!("custom metric `{name}` is not declared; its type is taken from the threshold");
        problems.warn("metric", message, "API:CreateCustomMetric");
    }
}

/// The built-in metric with the fewest differing characters, if not more than a third differ.
fn closest_metric(name: &str) -> Option<&'static str> {
    let ranked = BuiltIn::ALL.iter().map(|metric| (edit_distance(name, metric.info().name), metric.info().name));
    ranked.min().filter(|(distance, close)| distance * 3 <= close.len()).map(|(_, close)| close)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn check_dimension(behavior: &Behavior, metric: &Metric, dimensions: &[Dimension], problems: &mut Problems) {
    const SCOPING: &str = "Device Defender guide, scoping metrics with dimensions; API:Behavior";
    let Some(wanted) = &behavior.metric_dimension else { return };
    if !metric.dimension() {
        let with: Vec<_> =
            BuiltIn::ALL.iter().filter(|metric| metric.info().dimension).map(|metric| metric.info().name).collect();
        let message = format!("`{}` takes no dimension; those that do: {}", metric.name(), with.join(", "));
        problems.error("metricDimension", message, SCOPING);
    }
    if !dimensions.iter().any(|dimension| dimension.name == wanted.dimension_name) {
        let message = format!("dimension `{}` is not known", wanted.dimension_name);
        problems.error("metricDimension.dimensionName", message, "API:MetricDimension");
    }
}

fn check_criteria(criteria: &Criteria, metric: &Metric, problems: &mut Problems) {
    for (field, count) in [
        ("criteria.consecutiveDatapointsToAlarm", criteria.consecutive_datapoints_to_alarm),
        ("criteria.consecutiveDatapointsToClear", criteria.consecutive_datapoints_to_clear),
    ] {
        if count.is_some_and(|count| !(1..=10).contains(&count)) {
            problems.error(field, "must lie between 1 and 10", "API:BehaviorCriteria");
        }
    }
    if criteria.duration_seconds.is_some_and(|seconds| !DURATIONS.contains(&seconds)) {
        problems.error("criteria.durationSeconds", "must be 300, 600, 900, 1800 or 3600", CLOUD_OR_DEVICE);
    }
    match (&criteria.value, &criteria.statistical_threshold, &criteria.ml_detection_config) {
        (Some(value), None, None) => check_static(criteria, value, metric, problems),
        (None, Some(threshold), None) => check_statistical(criteria, threshold.statistic.as_deref(), metric, problems),
        (None, None, Some(_)) => check_learned(criteria, metric, problems),
        _ => problems.error(
            "criteria",
            "needs exactly one of value, statisticalThreshold and mlDetectionConfig",
            "API:BehaviorCriteria",
        ),
    }
}

fn check_static(criteria: &Criteria, value: &MetricValue, metric: &Metric, problems: &mut Problems) {
    let kind = metric.value();
    if value.kind() != kind {
        let message = format!("`{}` compares with `{}`, not `{}`", metric.name(), kind.member(), value.kind().member());
        problems.error("criteria.value", message, "API:MetricValue; Device Defender guide, custom metrics");
    } else if let Err(message) = value.measured() {
        problems.error("criteria.value", message, "API:MetricValue");
    } else if !kind.is_scalar() && value.elements() == 0 {
        let message = "is empty: `in` would allow nothing and `not-in` everything";
        problems.warn("criteria.value", message, "API:BehaviorCriteria");
    }
    check_operator(criteria, metric, problems);
    match (metric.duration(), criteria.duration_seconds) {
        (DurationRule::Forbidden, Some(_)) => {
            problems.error("criteria.durationSeconds", "may not be used with a list", "API:BehaviorCriteria");
        }
        (DurationRule::Required, None) => {
            let message = "is missing; the guide asks for it with this metric, and 300 is assumed";
            problems.warn("criteria.durationSeconds", message, CLOUD_OR_DEVICE);
        }
        (DurationRule::Absent, Some(_)) => {
            let message = "the guide shows none for this metric's static form";
            problems.warn("criteria.durationSeconds", message, CLOUD_OR_DEVICE);
        }
        _ => {}
    }
}

/// The operators a metric's static form takes.
pub fn operators(metric: &Metric) -> Vec<ComparisonOperator> {
    use ComparisonOperator::*;
    match (metric, metric.value()) {
        (Metric::BuiltIn(BuiltIn::DisconnectDuration), _) => vec![LessThan, LessThanEquals],
        (_, ValueKind::Count | ValueKind::Number) => vec![LessThan, LessThanEquals, GreaterThan, GreaterThanEquals],
        (_, ValueKind::Cidrs) => vec![InCidrSet, NotInCidrSet],
        (_, ValueKind::Ports) => vec![InPortSet, NotInPortSet],
        (_, ValueKind::Numbers | ValueKind::Strings) => vec![InSet, NotInSet],
    }
}

fn check_operator(criteria: &Criteria, metric: &Metric, problems: &mut Problems) {
    let allowed = operators(metric);
    let names: Vec<_> = allowed.iter().map(|operator| operator.as_str()).collect();
    let message = match criteria.comparison_operator {
        Some(operator) if allowed.contains(&operator) => return,
        Some(operator) => format!("`{operator}` does not fit `{}`; use {}", metric.name(), names.join(", ")),
        None => format!("is missing; use {}", names.join(", ")),
    };
    problems.error("criteria.comparisonOperator", message, CLOUD_OR_DEVICE);
}

fn check_statistical(criteria: &Criteria, statistic: Option<&str>, metric: &Metric, problems: &mut Problems) {
    let field = "criteria.statisticalThreshold.statistic";
    match statistic {
        Some(name) if Percentile::from_name(name).is_some() => {}
        Some(name) => {
            let message = format!("`{name}` is not one of {}", Percentile::NAMES.join(", "));
            problems.error(field, message, "API:EvaluationStatistic");
        }
        None => problems.error(field, "is missing", "API:StatisticalThreshold"),
    }
    if !metric.statistical() {
        let message = format!("`{}` has no statistical form", metric.name());
        problems.error("criteria.statisticalThreshold", message, "Device Defender guide, custom metrics and behaviors");
    }
    if !criteria.comparison_operator.is_some_and(ComparisonOperator::is_numeric) {
        let message = "needs less-than, less-than-equals, greater-than or greater-than-equals";
        problems.error("criteria.comparisonOperator", message, "API:StatisticalThreshold");
    }
}

fn check_learned(criteria: &Criteria, metric: &Metric, problems: &mut Problems) {
    const ML: &str = "Device Defender guide, ML Detect";
    if !metric.ml() {
        let message = format!("ML Detect does not offer `{}`", metric.name());
        problems.error("criteria.mlDetectionConfig", message, ML);
    }
    if criteria.comparison_operator.is_some() {
        problems.warn("criteria.comparisonOperator", "means nothing in an ML behavior", ML);
    }
    if criteria.duration_seconds.is_some() {
        problems.warn("criteria.durationSeconds", "means nothing in an ML behavior", ML);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::BuiltIn;

    fn problems(json: &str) -> Vec<String> {
        let behavior: Behavior = serde_json::from_str(json).unwrap();
        let dimensions = [Dimension { name: "d".into(), kind: "TOPIC_FILTER".into(), string_values: vec![] }];
        let custom = CustomMetrics([("battery".to_owned(), CustomType::Number)].into());
        validate_behavior(&behavior, &custom, &dimensions).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_mistake_is_named_with_its_field() {
        let cases = [
            (r#"{"name":"a b","metric":"battery"}"#, "name: "),
            (r#"{"name":"b"}"#, "metric: is missing"),
            (r#"{"name":"b","metric":"aws:num-message-sent"}"#, "did you mean `aws:num-messages-sent`"),
            (r#"{"name":"b","metric":"battery","metricDimension":{"dimensionName":"d"}}"#, "takes no dimension"),
            (
                r#"{"name":"b","metric":"aws:num-messages-sent","metricDimension":{"dimensionName":"x"}}"#,
                "dimension `x` is not known",
            ),
            (r#"{"name":"b","metric":"battery","criteria":{}}"#, "exactly one of"),
            (
                r#"{"name":"b","metric":"battery","criteria":{"comparisonOperator":"less-than","value":{"count":1}}}"#,
                "compares with `number`, not `count`",
            ),
            (
                r#"{"name":"b","metric":"aws:listening-tcp-ports","criteria":{"comparisonOperator":"in-port-set","value":{"ports":[22]},"durationSeconds":300}}"#,
                "may not be used with a list",
            ),
            (
                r#"{"name":"b","metric":"aws:num-disconnects","criteria":{"comparisonOperator":"less-than","value":{"count":1},"durationSeconds":60}}"#,
                "must be 300, 600",
            ),
            (
                r#"{"name":"b","metric":"aws:disconnect-duration","criteria":{"comparisonOperator":"greater-than","value":{"count":1}}}"#,
                "use less-than, less-than-equals",
            ),
            (
                r#"{"name":"b","metric":"aws:source-ip-address","criteria":{"comparisonOperator":"in-cidr-set","value":{"cidrs":["10.0.0.0/33"]}}}"#,
                "10.0.0.0/33",
            ),
            (
                r#"{"name":"b","metric":"aws:num-disconnects","criteria":{"comparisonOperator":"less-than","statisticalThreshold":{"statistic":"p95"}}}"#,
                "`p95` is not one of",
            ),
            (
                r#"{"name":"b","metric":"aws:disconnect-duration","criteria":{"mlDetectionConfig":{"confidenceLevel":"LOW"}}}"#,
                "does not offer",
            ),
            (
                r#"{"name":"b","metric":"battery","criteria":{"mlDetectionConfig":{"confidenceLevel":"LOW"},"consecutiveDatapointsToAlarm":11}}"#,
                "between 1 and 10",
            ),
        ];
        for (json, expected) in cases {
            let found = problems(json);
            assert!(found.iter().any(|problem| problem.contains(expected)), "{json}: {found:?}");
        }
    }

    #[test]
    fn every_metric_has_a_form_without_problems() {
        for metric in BuiltIn::ALL {
            let info = metric.info();
            let value = match info.value {
                ValueKind::Count => r#"{"count":1}"#,
                ValueKind::Cidrs => r#"{"cidrs":["10.0.0.0/8"]}"#,
                _ => r#"{"ports":[22]}"#,
            };
            let duration = if info.duration == DurationRule::Required { r#","durationSeconds":300"# } else { "" };
            for operator in operators(&Metric::BuiltIn(*metric)) {
                let json = format!(
                    r#"{{"name":"b","metric":"{}","criteria":{{"comparisonOperator":"{operator}","value":{value}{duration}}}}}"#,
                    info.name
                );
                assert_eq!(problems(&json), Vec::<String>::new(), "{json}");
            }
        }
    }
}
