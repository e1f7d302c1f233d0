//! Security profiles.

use fleet_detect::Behavior;
use fleet_detect::behavior::ComparisonOperator;
use fleet_detect::metric::{BuiltIn, CustomType, DurationRule, Metric};
use fleet_detect::value::MetricValue;
use serde_json::Value;

use super::fleet::{text, texts};
use crate::address::Address;

pub struct Profile {
    pub address: Address,
    pub arn: String,
    pub behaviors: Vec<Behavior>,
    pub alert: Option<Target>,
    /// ARNs.
    pub attached: Vec<String>,
    /// Metrics that are kept without a behaviour.
    pub retained: Vec<String>,
    pub export: Option<Target>,
}

/// Where something is published, and the role that Device Defender takes for it.
pub struct Target {
    /// A topic's ARN; for metrics export an MQTT topic.
    pub to: String,
    /// An ARN.
    pub role: String,
}

impl Profile {
    pub fn new(address: &Address, arn: String, state: &Value) -> Profile {
        let behaviors = state["behaviors"].as_object().into_iter().flatten();
        let behaviors = behaviors.filter_map(|(name, declared)| {
            let mut declared = declared.clone();
            declared["name"] = name.as_str().into();
            serde_json::from_value(declared).ok()
        });
        let target = |value: &Value, to: &str| Some(Target { to: text(value, to)?, role: text(value, "roleArn")? });
        let retained = state["retained"].as_array().into_iter().flatten();
        Profile {
            address: address.clone(),
            arn,
            behaviors: behaviors.collect(),
            alert: target(&state["alertTargets"]["SNS"], "alertTargetArn"),
            attached: texts(state, "attachedTo"),
            retained: retained.filter_map(|one| text(one, "metric")).collect(),
            export: target(&state["metricsExport"], "mqttTopic"),
        }
    }

    /// The behaviours that raise alerts.
    pub fn alerting(&self) -> impl Iterator<Item = &Behavior> {
        self.behaviors.iter().filter(|behavior| behavior.criteria.is_some() && behavior.suppress_alerts != Some(true))
    }
}

/// A fixed numeric threshold of a behaviour.
pub struct Threshold {
    pub operator: ComparisonOperator,
    pub value: f64,
    /// What is measured over; 300 where the criteria do not say.
    pub seconds: u32,
}

impl Threshold {
    pub fn of(behavior: &Behavior) -> Option<Threshold> {
        let criteria = behavior.criteria.as_ref()?;
        let operator = criteria.comparison_operator.filter(|operator| operator.is_numeric())?;
        let value = match criteria.value.as_ref()? {
            MetricValue::Count(count) => *count as f64,
            MetricValue::Number(number) => number.as_f64()?,
            _ => return None,
        };
        Some(Threshold { operator, value, seconds: criteria.duration_seconds.unwrap_or(300) })
    }

    pub fn is_normal(&self, measured: f64) -> bool {
        self.operator.holds(measured, self.value)
    }

    /// `> 5 in 5m` for the sign `>`.
    pub fn alarm_when(&self, sign: &str, metric: &Metric) -> String {
        let window = match metric.duration() {
            DurationRule::Required => format!(" in {}m", self.seconds / 60),
            _ => String::new(),
        };
        format!("{sign} {}{window}", self.value)
    }
}

/// The metric of a behaviour; one that is not built in is taken for a custom number.
pub fn metric(behavior: &Behavior) -> Option<Metric> {
    let name = behavior.metric.as_deref()?;
    let custom = || Metric::Custom { name: name.to_owned(), kind: CustomType::Number };
    Some(BuiltIn::from_name(name).map_or_else(custom, Metric::BuiltIn))
}
