//! The behaviours of a security profile: what users write, and the canonical form.
//!
//! The rules of behaviours (which operators, values and durations fit which metric) are those of `fleet-detect`, so
//! that what is checked here is what the evaluator understands.

mod wire;

use std::collections::BTreeSet;

use fleet_detect::alarm_when::parse_alarm_when;
use fleet_detect::behavior::{ComparisonOperator, Confidence, DimensionOperator, Percentile};
use fleet_detect::metric::{CustomMetrics, CustomType, Metric};
use fleet_detect::validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::release::Used;

/// A behaviour of devices. `criteria` says what is normal; `alarmWhen` says when to alarm and means the opposite
/// criteria. With neither, the metric is only retained.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Behavior")]
pub struct Declared {
    /// A metric of Device Defender such as `aws:num-messages-sent`, or the name of one of `customMetrics`.
    pub metric: String,
    /// What is normal, in AWS's own form. The alarm is its negation.
    #[serde(default)]
    pub criteria: Option<Criteria>,
    /// When to alarm: `> 5 in 5m`, `> p99 in 15m`, `any not in [10.0.0.0/8]`, `unusual with HIGH confidence`. Expands
    /// to the negated criteria: `> 5 in 5m` to comparisonOperator `less-than-equals`, value.count 5,
    /// durationSeconds 300.
    #[serde(default)]
    pub alarm_when: Option<String>,
    /// How many violating datapoints in a row raise the alarm: 1 to 10, default 1. Short for
    /// `criteria.consecutiveDatapointsToAlarm`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    pub alarm_after: Option<u8>,
    /// How many conforming datapoints in a row clear the alarm: 1 to 10, default 1. Short for
    /// `criteria.consecutiveDatapointsToClear`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    pub clear_after: Option<u8>,
    /// Count only messages whose topic a dimension matches (or, with NOT_IN, does not match).
    #[serde(default)]
    pub metric_dimension: Option<Dimension>,
    /// Evaluate and record, but send no alert. Default false.
    #[serde(default)]
    pub suppress_alerts: bool,
    /// Also export the metric's datapoints to the topic of `metricsExport`. Default false.
    #[serde(default)]
    pub export_metric: bool,
}

/// What is normal (API:BehaviorCriteria). Exactly one of `value`, `statisticalThreshold` and `mlDetectionConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Criteria {
    /// How a measurement must compare with the threshold to be normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ComparisonOperator::ALL.map(ComparisonOperator::as_str)))]
    comparison_operator: Option<ComparisonOperator>,
    /// A fixed threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<MetricValue>,
    /// The time over which the metric is measured: 300, 600, 900, 1800 or 3600 seconds. Not for lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u32>,
    /// 1 to 10, default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    consecutive_datapoints_to_alarm: Option<u8>,
    /// 1 to 10, default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    consecutive_datapoints_to_clear: Option<u8>,
    /// A percentile of the fleet's own measurements as the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    statistical_threshold: Option<StatisticalThreshold>,
    /// A model of each device's past as the threshold (ML Detect).
    #[serde(skip_serializing_if = "Option::is_none")]
    ml_detection_config: Option<MlDetectionConfig>,
}

/// API:MetricValue: the one member that fits the metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MetricValue {
    /// For the numeric metrics of Device Defender.
    Count(u64),
    /// IP addresses and networks, for the address metrics.
    Cidrs(BTreeSet<String>),
    /// 0 to 65535, for the port metrics.
    Ports(BTreeSet<u16>),
    /// For custom metrics of type `number`.
    Number(f64),
    /// For custom metrics of type `number-list`.
    Numbers(Vec<f64>),
    /// For custom metrics of type `string-list`.
    Strings(BTreeSet<String>),
}

/// API:StatisticalThreshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatisticalThreshold {
    /// The percentile of all reporting devices that a device is compared with.
    #[schemars(extend("enum" = Percentile::NAMES))]
    statistic: String,
}

/// API:MachineLearningDetectionConfig.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MlDetectionConfig {
    /// HIGH raises the fewest alarms.
    #[schemars(with = "String", extend("enum" = ["LOW", "MEDIUM", "HIGH"]))]
    confidence_level: Confidence,
}

/// API:MetricDimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dimension {
    /// The name of one of `dimensions`.
    dimension_name: String,
    /// IN (the default) counts messages that match, NOT_IN those that do not.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["IN", "NOT_IN"]))]
    operator: DimensionOperator,
}

/// The canonical form: defaults filled in, sugar expanded, lists without order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metric_dimension: Option<Dimension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criteria: Option<Criteria>,
    suppress_alerts: bool,
    export_metric: bool,
}

/// A mistake: the field within the behaviour as a JSON pointer, and what is wrong.
pub type Mistake = (String, String);

impl Declared {
    /// The canonical form. Fails where sugar and AWS's form exclude each other, or `alarmWhen` makes no sense.
    /// `types` are those of the custom metrics that are known.
    pub fn compile(&self, name: &str, types: &CustomMetrics) -> Result<Behavior, Mistake> {
        let mut criteria = match (&self.criteria, &self.alarm_when) {
            (Some(_), Some(_)) => {
                let message = "`alarmWhen` and `criteria` exclude each other: criteria say what is normal, alarmWhen says the opposite";
                return Err(("/alarmWhen".into(), message.into()));
            }
            (Some(criteria), None) => Some(criteria.clone()),
            (None, Some(text)) => Some(self.parse(name, text, types)?),
            (None, None) => None,
        };
        if let Some(criteria) = &mut criteria {
            settle("/alarmAfter", self.alarm_after, &mut criteria.consecutive_datapoints_to_alarm)?;
            settle("/clearAfter", self.clear_after, &mut criteria.consecutive_datapoints_to_clear)?;
            if matches!(&criteria.value, Some(MetricValue::Count(count)) if i64::try_from(*count).is_err()) {
                return Err(("/criteria/value/count".into(), format!("a count is at most {}", i64::MAX)));
            }
        } else if self.alarm_after.or(self.clear_after).is_some() {
            let field = if self.alarm_after.is_some() { "/alarmAfter" } else { "/clearAfter" };
            let message = "this needs `alarmWhen` or `criteria`; without them the metric is only retained";
            return Err((field.into(), message.into()));
        }
        Ok(Behavior {
            metric: Some(self.metric.clone()),
            metric_dimension: self.metric_dimension.clone(),
            criteria: criteria.map(Criteria::canonical),
            suppress_alerts: self.suppress_alerts,
            export_metric: self.export_metric,
        })
    }

    /// The criteria that `alarmWhen` stands for.
    fn parse(&self, name: &str, text: &str, types: &CustomMetrics) -> Result<Criteria, Mistake> {
        let mut refusal = String::new();
        for metric in self.possible_metrics(name, types)? {
            match parse_alarm_when(text, &metric) {
                Ok(criteria) => return Ok(Criteria::from_detect(&criteria)),
                Err(error) => refusal = format!("{} (at character {})", error.message, error.at + 1),
            }
        }
        Err(("/alarmWhen".into(), refusal))
    }

    /// One metric, or for a custom metric whose type is not known each type that it may have.
    fn possible_metrics(&self, name: &str, types: &CustomMetrics) -> Result<Vec<Metric>, Mistake> {
        if let Some(metric) = types.metric(&self.metric) {
            return Ok(vec![metric]);
        }
        let bare = fleet_detect::behavior::Behavior {
            name: name.to_owned(),
            metric: Some(self.metric.clone()),
            ..Default::default()
        };
        let problems = validate::validate_behavior(&bare, &CustomMetrics::default(), &[]);
        if let Some(problem) = problems.into_iter().find(is_error) {
            return Err(explained(&problem));
        }
        let kinds = match self.alarm_when.as_deref().is_some_and(|text| text.trim_start().starts_with("any")) {
            true => [CustomType::IpAddressList, CustomType::NumberList, CustomType::StringList].as_slice(),
            false => &[CustomType::Number],
        };
        Ok(kinds.iter().map(|kind| Metric::Custom { name: self.metric.clone(), kind: *kind }).collect())
    }
}

/// Puts sugar in its place, unless AWS's own field stands there already.
fn settle(field: &'static str, sugar: Option<u8>, own: &mut Option<u8>) -> Result<(), Mistake> {
    match (sugar, &own) {
        (Some(_), Some(_)) => {
            Err((field.into(), "this says the same as the field in `criteria`; keep one of them".into()))
        }
        (Some(count), None) => {
            *own = Some(count);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

impl Criteria {
    fn canonical(mut self) -> Criteria {
        self.consecutive_datapoints_to_alarm.get_or_insert(1);
        self.consecutive_datapoints_to_clear.get_or_insert(1);
        if let Some(MetricValue::Numbers(numbers)) = &mut self.value {
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
        }
        self
    }
}

/// Everything AWS would refuse in the behaviours of one profile, each with the behaviour where it is about one.
pub fn mistakes<'a>(
    profile: &str,
    behaviors: impl Iterator<Item = (&'a String, &'a Behavior)>,
    types: &CustomMetrics,
) -> Vec<(Option<String>, Mistake)> {
    let behaviors: Vec<_> = behaviors.map(|(name, behavior)| behavior.to_detect(name)).collect();
    // The profile does not say what dimensions there are; one that it names is taken to exist.
    let named = behaviors.iter().filter_map(|behavior| behavior.metric_dimension.as_ref());
    let dimensions: Vec<_> = named
        .map(|dimension| fleet_detect::dimension::Dimension {
            name: dimension.dimension_name.clone(),
            kind: "TOPIC_FILTER".into(),
            string_values: Vec::new(),
        })
        .collect();
    let profile = fleet_detect::profile::SecurityProfile {
        security_profile_name: profile.to_owned(),
        behaviors,
        ..Default::default()
    };
    let problems = validate::validate_profile(&profile, types, &dimensions);
    let errors = problems.into_iter().filter(|(_, problem)| is_error(problem));
    errors.map(|(behavior, problem)| (behavior, explained(&problem))).collect()
}

fn is_error(problem: &validate::Problem) -> bool {
    problem.severity == validate::Severity::Error
}

/// `criteria.durationSeconds` becomes `/criteria/durationSeconds`.
fn explained(problem: &validate::Problem) -> Mistake {
    (format!("/{}", problem.field.replace('.', "/")), format!("{} ({})", problem.message, problem.source))
}

impl Dimension {
    pub fn name(&self) -> &str {
        &self.dimension_name
    }
}

impl Behavior {
    pub fn uses(&self, used: Used) -> bool {
        match used {
            Used::Metric(name) => self.metric.as_deref() == Some(name),
            Used::Dimension(name) => self.metric_dimension.as_ref().is_some_and(|own| own.dimension_name == name),
        }
    }

    fn to_detect(&self, name: &str) -> fleet_detect::behavior::Behavior {
        let dimension = self.metric_dimension.as_ref();
        fleet_detect::behavior::Behavior {
            name: name.to_owned(),
            metric: self.metric.clone(),
            metric_dimension: dimension.map(|own| fleet_detect::behavior::MetricDimension {
                dimension_name: own.dimension_name.clone(),
                operator: Some(own.operator),
            }),
            criteria: self.criteria.as_ref().map(Criteria::to_detect),
            suppress_alerts: Some(self.suppress_alerts),
            export_metric: Some(self.export_metric),
        }
    }
}

impl Criteria {
    fn to_detect(&self) -> fleet_detect::behavior::Criteria {
        let json = serde_json::to_value(self).expect("criteria are plain data");
        serde_json::from_value(json).expect("both follow API:BehaviorCriteria")
    }

    fn from_detect(criteria: &fleet_detect::behavior::Criteria) -> Criteria {
        let json = serde_json::to_value(criteria).expect("criteria are plain data");
        serde_json::from_value(json).expect("both follow API:BehaviorCriteria")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compiled(json: serde_json::Value) -> Result<Behavior, Mistake> {
        serde_json::from_value::<Declared>(json).unwrap().compile("b", &CustomMetrics::default())
    }

    #[test]
    fn alarm_when_means_the_negated_criteria_and_survives_the_sdk() {
        let pairs = [
            (
                json!({ "metric": "aws:num-messages-sent", "alarmWhen": "> 5 in 5m", "alarmAfter": 2 }),
                json!({ "metric": "aws:num-messages-sent", "criteria": { "comparisonOperator": "less-than-equals",
                    "value": { "count": 5 }, "durationSeconds": 300, "consecutiveDatapointsToAlarm": 2 } }),
            ),
            (
                json!({ "metric": "aws:listening-tcp-ports", "alarmWhen": "any in [2323, 23]" }),
                json!({ "metric": "aws:listening-tcp-ports", "criteria": { "comparisonOperator": "not-in-port-set",
                    "value": { "ports": [23, 2323] }, "consecutiveDatapointsToClear": 1 } }),
            ),
            (
                json!({ "metric": "aws:num-disconnects", "alarmWhen": "unusual with MEDIUM confidence" }),
                json!({ "metric": "aws:num-disconnects", "criteria": { "mlDetectionConfig": { "confidenceLevel": "MEDIUM" } } }),
            ),
            (
                json!({ "metric": "aws:num-messages-sent", "alarmWhen": "> p99 in 15m",
                    "metricDimension": { "dimensionName": "d" } }),
                json!({ "metric": "aws:num-messages-sent", "criteria": { "comparisonOperator": "less-than-equals",
                    "statisticalThreshold": { "statistic": "p99" }, "durationSeconds": 900 },
                    "metricDimension": { "dimensionName": "d", "operator": "IN" } }),
            ),
            (
                json!({ "metric": "modes", "alarmWhen": "any not in [idle, run]" }),
                json!({ "metric": "modes", "criteria": { "comparisonOperator": "in-set",
                    "value": { "strings": ["run", "idle"] } } }),
            ),
        ];
        for (sugar, own) in pairs {
            let behavior =
                compiled(sugar.clone()).unwrap_or_else(|(field, message)| panic!("{sugar}: {field} {message}"));
            assert_eq!(Ok(&behavior), compiled(own).as_ref());
            assert_eq!(behavior, Behavior::from_sdk(&behavior.to_sdk("b")));
            let name = "b".to_owned();
            assert_eq!(mistakes("p", std::iter::once((&name, &behavior)), &CustomMetrics::default()), []);
        }
    }

    #[test]
    fn contradictions_and_nonsense_are_placed() {
        let metric = "aws:num-messages-sent";
        let criteria = json!({ "comparisonOperator": "less-than", "value": { "count": 5 }, "durationSeconds": 300,
            "consecutiveDatapointsToAlarm": 2 });
        let cases = [
            (json!({ "metric": metric, "alarmWhen": "> 5 in 5m", "criteria": criteria }), "/alarmWhen", "exclude"),
            (json!({ "metric": metric, "alarmAfter": 3, "criteria": criteria }), "/alarmAfter", "keep one"),
            (json!({ "metric": metric, "clearAfter": 3 }), "/clearAfter", "retained"),
            (json!({ "metric": metric, "alarmWhen": "> lots" }), "/alarmWhen", "at character 3"),
            (json!({ "metric": "aws:num-message-sent", "alarmWhen": "> 5" }), "/metric", "aws:num-messages-sent"),
        ];
        for (json, field, message) in cases {
            let (at, text) = compiled(json.clone()).unwrap_err();
            assert!(at == field && text.contains(message), "{json}: {at} {text}");
        }
        let wrong = json!({ "metric": "aws:listening-tcp-ports", "criteria": { "comparisonOperator": "in-cidr-set",
            "value": { "ports": [22] }, "durationSeconds": 300 } });
        let wrong = compiled(wrong).unwrap();
        let found = mistakes("p", std::iter::once((&"b".to_owned(), &wrong)), &CustomMetrics::default());
        let fields: Vec<&str> = found.iter().map(|(_, (field, _))| field.as_str()).collect();
        assert_eq!(fields, ["/criteria/comparisonOperator", "/criteria/durationSeconds"]);
    }

    #[test]
    fn the_declared_type_of_a_custom_metric_decides() {
        let behavior = |alarm_when: &str| json!({ "metric": "peers", "alarmWhen": alarm_when });
        let compile = |kind: CustomType, alarm_when: &str| {
            let types = CustomMetrics([("peers".to_owned(), kind)].into());
            let compiled = serde_json::from_value::<Declared>(behavior(alarm_when)).unwrap().compile("b", &types)?;
            let wrong = mistakes("p", std::iter::once((&"b".to_owned(), &compiled)), &types);
            wrong.into_iter().next().map_or(Ok(compiled.criteria.unwrap().value), |(_, mistake)| Err(mistake))
        };
        let texts = BTreeSet::from(["10.0.0.1".to_owned()]);
        let set = "any in [10.0.0.1]";
        assert_eq!(compile(CustomType::StringList, set), Ok(Some(MetricValue::Strings(texts.clone()))));
        assert_eq!(compile(CustomType::IpAddressList, set), Ok(Some(MetricValue::Cidrs(texts))));
        assert_eq!(compile(CustomType::Number, "> 5"), Ok(Some(MetricValue::Number(5.0))));
        assert_eq!(compile(CustomType::Number, set).unwrap_err().0, "/alarmWhen");
        assert_eq!(compile(CustomType::StringList, "> 5").unwrap_err().0, "/alarmWhen");
        let unusual = compile(CustomType::NumberList, "unusual with HIGH confidence").unwrap_err();
        assert!(["/alarmWhen", "/criteria/mlDetectionConfig"].contains(&unusual.0.as_str()), "{unusual:?}");
    }
}
