//! What is normal, and values, in words that fit into a line.

use crate::behavior::{Behavior, ComparisonOperator};
use crate::value::MetricValue;

/// Elements of a list that are written out.
const SHOWN: usize = 3;

/// What a behaviour calls normal: `at most 100 in 5 min`. Empty for a metric that is only retained.
pub fn normal(behavior: &Behavior) -> String {
    let Some(criteria) = &behavior.criteria else { return String::new() };
    let mut text = match (&criteria.value, &criteria.statistical_threshold, &criteria.ml_detection_config) {
        (Some(value), _, _) => format!("{} {}", words(criteria.comparison_operator), brief(value)),
        (None, Some(threshold), _) => {
            let statistic = threshold.statistic.as_deref().unwrap_or("its default percentile");
            format!("{} {statistic} of the fleet", words(criteria.comparison_operator))
        }
        (None, None, Some(learned)) => {
            let confidence = serde_json::to_value(learned.confidence_level).unwrap_or_default();
            return format!("as learned, {} confidence", confidence.as_str().unwrap_or_default());
        }
        (None, None, None) => words(criteria.comparison_operator).to_owned(),
    };
    if let Some(seconds) = criteria.duration_seconds {
        text += &format!(" in {} min", seconds / 60);
    }
    text
}

fn words(operator: Option<ComparisonOperator>) -> &'static str {
    match operator {
        None => "",
        Some(ComparisonOperator::LessThan) => "below",
        Some(ComparisonOperator::LessThanEquals) => "at most",
        Some(ComparisonOperator::GreaterThan) => "above",
        Some(ComparisonOperator::GreaterThanEquals) => "at least",
        Some(ComparisonOperator::InCidrSet | ComparisonOperator::InPortSet | ComparisonOperator::InSet) => "only",
        Some(ComparisonOperator::NotInCidrSet | ComparisonOperator::NotInPortSet | ComparisonOperator::NotInSet) => {
            "none of"
        }
    }
}

/// A value in few words: the number, or the first elements of a list.
pub fn brief(value: &MetricValue) -> String {
    match value {
        MetricValue::Count(count) => count.to_string(),
        MetricValue::Number(number) => number.to_string(),
        MetricValue::Cidrs(list) | MetricValue::Strings(list) => elements(list),
        MetricValue::Ports(list) => elements(list),
        MetricValue::Numbers(list) => elements(list),
    }
}

fn elements<T: ToString>(list: &[T]) -> String {
    let shown: Vec<String> = list.iter().take(SHOWN).map(T::to_string).collect();
    match (list.len(), list.len().saturating_sub(SHOWN)) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_criteria_has_words() {
        let cases = [
            (
                json!({"comparisonOperator": "less-than-equals", "value": {"count": 5}, "durationSeconds": 300}),
                "at most 5 in 5 min",
            ),
            (json!({"comparisonOperator": "greater-than", "value": {"number": 1.5}}), "above 1.5"),
            (
                json!({"comparisonOperator": "in-port-set", "value": {"ports": [22, 443, 8883, 9]}}),
                "only 22, 443, 8883 and 1 more",
            ),
            (
                json!({"comparisonOperator": "not-in-cidr-set", "value": {"cidrs": ["10.0.0.0/8"]}}),
                "none of 10.0.0.0/8",
            ),
            (
                json!({"comparisonOperator": "less-than", "statisticalThreshold": {"statistic": "p99"}, "durationSeconds": 900}),
                "below p99 of the fleet in 15 min",
            ),
            (json!({"mlDetectionConfig": {"confidenceLevel": "HIGH"}}), "as learned, HIGH confidence"),
        ];
        for (criteria, words) in cases {
            let behavior = json!({"name": "b", "metric": "aws:num-disconnects", "criteria": criteria});
            assert_eq!(normal(&serde_json::from_value(behavior).unwrap()), words);
        }
        assert_eq!(normal(&Behavior::default()), "", "retained only");
    }
}
