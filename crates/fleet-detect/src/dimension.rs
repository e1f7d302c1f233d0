//! Dimensions: topic filters that decide which messages a metric counts.
//!
//! Source: API:CreateDimension, API:MetricDimension; developer guide, "Scoping metrics in security profiles using
//! dimensions". Matching follows MQTT 3.1.1 section 4.7, with `${iot:ClientId}` replaced literally: a wildcard inside
//! a client ID stays a character.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::behavior::DimensionOperator;

const CLIENT_ID: &str = "${iot:ClientId}";

/// A dimension as DescribeDimension returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dimension {
    pub name: String,
    #[serde(rename = "type", default = "topic_filter")]
    pub kind: String,
    /// 1 to 100 topic filters of 1 to 256 characters.
    pub string_values: Vec<String>,
}

fn topic_filter() -> String {
    "TOPIC_FILTER".to_owned()
}

/// One topic filter, split into levels.
#[derive(Clone, Debug)]
pub struct TopicFilter {
    levels: Vec<Level>,
}

#[derive(Clone, Debug)]
enum Level {
    /// `+`
    One,
    /// `#` as the last level
    Rest,
    Text(String),
    /// Text around one or more `${iot:ClientId}`.
    WithClient(String),
}

impl TopicFilter {
    /// Splits a filter into levels. Every text is a filter; `#` before the end and `+` beside other characters match
    /// only themselves (`validate` reports them).
    pub fn new(filter: &str) -> Self {
        let count = filter.split('/').count();
        let level = |(index, text): (usize, &str)| match text {
            "+" => Level::One,
            "#" if index + 1 == count => Level::Rest,
            _ if text.contains(CLIENT_ID) => Level::WithClient(text.to_owned()),
            _ => Level::Text(text.to_owned()),
        };
        Self { levels: filter.split('/').enumerate().map(level).collect() }
    }

    /// Whether the topic (or the text of a refused subscription's filter) matches.
    ///
    /// `dollar` lets a leading wildcard match topics that begin with `$`, which MQTT 4.7.2 forbids.
    pub fn matches(&self, topic: &str, client_id: &str, dollar: bool) -> bool {
        let leading_wildcard = matches!(self.levels.first(), Some(Level::One | Level::Rest));
        if leading_wildcard && !dollar && topic.starts_with('$') {
            return false;
        }
        let mut rest = Some(topic);
        for level in &self.levels {
            let text = match level {
                Level::Rest => return true,
                Level::One => {
                    let Some(remaining) = rest else { return false };
                    rest = remaining.split_once('/').map(|(_, after)| after);
                    continue;
                }
                Level::Text(text) => Cow::Borrowed(text.as_str()),
                Level::WithClient(text) => Cow::Owned(text.replace(CLIENT_ID, client_id)),
            };
            let Some(after) = rest.and_then(|remaining| remaining.strip_prefix(&*text)) else { return false };
            rest = match after.strip_prefix('/') {
                Some(next) => Some(next),
                None if after.is_empty() => None,
                None => return false,
            };
        }
        rest.is_none()
    }
}

/// A dimension with its operator, ready to match.
#[derive(Clone, Debug)]
pub struct TopicScope {
    pub dimension_name: String,
    pub operator: DimensionOperator,
    filters: Vec<TopicFilter>,
    dollar: bool,
}

impl TopicScope {
    /// Compiles the filters of a dimension. `dollar` as in [`TopicFilter::matches`].
    pub fn new(dimension: &Dimension, operator: DimensionOperator, dollar: bool) -> Self {
        let filters = dimension.string_values.iter().map(|filter| TopicFilter::new(filter)).collect();
        Self { dimension_name: dimension.name.clone(), operator, filters, dollar }
    }

    /// Whether a message counts. One without a topic counts for neither operator.
    pub fn accepts(&self, topic: Option<&str>, client_id: &str) -> bool {
        let Some(topic) = topic else { return false };
        let any = self.filters.iter().any(|filter| filter.matches(topic, client_id, self.dollar));
        any == (self.operator == DimensionOperator::In)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_mqtt_says() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a/b", "a/bc", false),
            ("a/+", "a/b", true),
            ("a/+", "a", false),
            ("a/+", "a/", true),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("+/b", "/b", true),
            ("#", "a/b", true),
            ("#", "$aws/x", false),
            ("+/x", "$aws/x", false),
            ("$aws/#", "$aws/x", true),
            ("d/${iot:ClientId}/up", "d/c-1/up", true),
            ("d/${iot:ClientId}/up", "d/c-2/up", false),
            ("d/x-${iot:ClientId}", "d/x-c-1", true),
            ("a/+b", "a/+b", true),
            ("a/+b", "a/bb", false),
            ("a/#/b", "a/#/b", true),
            ("a/#/b", "a/x/b", false),
        ];
        for (filter, topic, expected) in cases {
            assert_eq!(TopicFilter::new(filter).matches(topic, "c-1", false), expected, "{filter} on {topic}");
        }
        let filter = TopicFilter::new("d/${iot:ClientId}/up");
        assert!(filter.matches("d/a/b/up", "a/b", false), "a slash in the client ID makes two levels");
        assert!(!filter.matches("d/x/up", "+", false), "a wildcard in the client ID is a character");
        assert!(TopicFilter::new("#").matches("$aws/x", "c", true));
    }

    #[test]
    fn a_message_without_topic_counts_for_neither_operator() {
        let dimension = Dimension { name: "d".into(), kind: topic_filter(), string_values: vec!["a/#".into()] };
        for (operator, inside, outside) in
            [(DimensionOperator::In, true, false), (DimensionOperator::NotIn, false, true)]
        {
            let scope = TopicScope::new(&dimension, operator, false);
            assert_eq!(scope.accepts(Some("a/x"), "c"), inside);
            assert_eq!(scope.accepts(Some("b"), "c"), outside);
            assert!(!scope.accepts(None, "c"));
        }
    }
}
