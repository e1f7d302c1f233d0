//! A proposal as YAML: a behaviour set that a spec can `use`, and criteria in the words of `alarmWhen`.

use std::fmt::Write;

use super::report::BehaviorTuning;
use crate::behavior::{Behavior, ComparisonOperator, Criteria, DimensionOperator};
use crate::value::MetricValue;

/// Elements of a list that `alarmWhen` shows; the rest is counted.
const SHOWN: usize = 4;

/// When criteria alarm: `> 5 in 5m`. Long lists are cut short, so this is for reading.
pub fn alarm_when(criteria: &Criteria) -> String {
    when(criteria, SHOWN)
}

fn when(criteria: &Criteria, shown: usize) -> String {
    if let Some(learned) = &criteria.ml_detection_config {
        let level = format!("{:?}", learned.confidence_level).to_uppercase();
        return format!("unusual with {level} confidence");
    }
    let Some(operator) = criteria.comparison_operator else { return "never".to_owned() };
    let duration = criteria.duration_seconds.map_or(String::new(), |seconds| match seconds {
        3600 => " in 1h".to_owned(),
        seconds => format!(" in {}m", seconds / 60),
    });
    let statistic = criteria.statistical_threshold.as_ref().and_then(|threshold| threshold.statistic.clone());
    let against = match (&criteria.value, statistic) {
        (_, Some(statistic)) => statistic,
        (Some(MetricValue::Count(count)), None) => count.to_string(),
        (Some(MetricValue::Number(number)), None) => number.to_string(),
        (Some(list), None) => listed(list, shown),
        (None, None) => String::new(),
    };
    format!("{} {against}{duration}", sign(operator))
}

/// The opposite of what is normal.
fn sign(operator: ComparisonOperator) -> &'static str {
    use ComparisonOperator::*;
    match operator {
        LessThan => ">=",
        LessThanEquals => ">",
        GreaterThan => "<=",
        GreaterThanEquals => "<",
        InCidrSet | InPortSet | InSet => "any not in",
        NotInCidrSet | NotInPortSet | NotInSet => "any in",
    }
}

fn listed(value: &MetricValue, shown: usize) -> String {
    let elements: Vec<String> = match value {
        MetricValue::Cidrs(list) | MetricValue::Strings(list) => list.clone(),
        MetricValue::Ports(list) => list.iter().map(ToString::to_string).collect(),
        MetricValue::Numbers(list) => list.iter().map(ToString::to_string).collect(),
        MetricValue::Count(_) | MetricValue::Number(_) => Vec::new(),
    };
    match elements.len().checked_sub(shown).filter(|more| *more > 0) {
        Some(more) => format!("[{}, … {more} more]", elements[..shown].join(", ")),
        None => format!("[{}]", elements.join(", ")),
    }
}

/// The proposals as a behaviour set, `comments` before each behaviour; empty where nothing is proposed.
pub fn behavior_set<'t>(
    tunings: impl Iterator<Item = &'t BehaviorTuning>,
    comments: impl Fn(&BehaviorTuning) -> Vec<String>,
) -> String {
    let mut text = String::new();
    for tuning in tunings {
        let Some(behavior) = &tuning.tuned else { continue };
        if text.is_empty() {
            text += "behaviors:\n";
        }
        for comment in comments(tuning) {
            let _ = writeln!(text, "  # {comment}");
        }
        text += &entry(behavior);
    }
    text
}

fn entry(behavior: &Behavior) -> String {
    let mut text = format!("  {}:\n", key(&behavior.name));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "    {name}: {value}");
    };
    line("metric", quoted(behavior.metric.as_deref().unwrap_or_default()));
    if let Some(criteria) = &behavior.criteria {
        match &criteria.value {
            // Texts may hold what `alarmWhen` separates by.
            Some(MetricValue::Strings(strings)) => {
                let operator = criteria.comparison_operator.map_or("in-set", ComparisonOperator::as_str);
                let strings: Vec<String> = strings.iter().map(|string| quoted(string)).collect();
                let value = format!("{{ strings: [{}] }}", strings.join(", "));
                line("criteria", format!("{{ comparisonOperator: {operator}, value: {value} }}"));
            }
            _ => line("alarmWhen", quoted(&when(criteria, usize::MAX))),
        }
        for (name, count) in [
            ("alarmAfter", criteria.consecutive_datapoints_to_alarm),
            ("clearAfter", criteria.consecutive_datapoints_to_clear),
        ] {
            count.into_iter().for_each(|count| line(name, count.to_string()));
        }
    }
    if let Some(dimension) = &behavior.metric_dimension {
        let operator = match dimension.operator.unwrap_or_default() {
            DimensionOperator::In => "IN",
            DimensionOperator::NotIn => "NOT_IN",
        };
        let name = quoted(&dimension.dimension_name);
        line("metricDimension", format!("{{ dimensionName: {name}, operator: {operator} }}"));
    }
    for (name, set) in [("suppressAlerts", behavior.suppress_alerts), ("exportMetric", behavior.export_metric)] {
        set.filter(|set| *set).into_iter().for_each(|set| line(name, set.to_string()));
    }
    text
}

/// JSON's quotes are YAML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name as a key: quoted unless it can only be read as a text.
fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name.to_lowercase().as_str());
    if plain && !word { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{BuiltIn, CustomType, Metric};
    use crate::parse_alarm_when;

    #[test]
    fn words_compile_to_the_same_criteria() {
        let built_in = |name: &str| Metric::BuiltIn(BuiltIn::from_name(name).unwrap());
        let custom = |kind| Metric::Custom { name: "m".into(), kind };
        let cases = [
            ("> 5 in 5m", built_in("aws:num-messages-sent")),
            (">= 10 in 1h", built_in("aws:num-messages-sent")),
            ("<= -0.5", custom(CustomType::Number)),
            ("< p0.1 in 30m", built_in("aws:num-messages-sent")),
            ("any not in [10.0.0.0/8, ::1]", built_in("aws:source-ip-address")),
            ("any in [23, 2323]", built_in("aws:listening-tcp-ports")),
            ("any in [1, 2.5]", custom(CustomType::NumberList)),
            ("unusual with MEDIUM confidence", built_in("aws:num-messages-sent")),
        ];
        for (text, metric) in cases {
            assert_eq!(alarm_when(&parse_alarm_when(text, &metric).unwrap()), text);
        }
        let long = Criteria {
            comparison_operator: Some(ComparisonOperator::InPortSet),
            value: Some(MetricValue::Ports((0..12).collect())),
            ..Criteria::default()
        };
        assert_eq!(alarm_when(&long), "any not in [0, 1, 2, 3, … 8 more]");
    }
}
