//! Metrics: who produces which, and who reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fleet::text;
use super::function::Function;
use super::topic_rule::TopicRule;
use crate::address::Address;

/// One metric that an alarm or a widget reads.
#[derive(Clone, Debug)]
pub struct Read {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Seconds.
    pub period: u64,
    pub unit: Option<String>,
    /// Which of the reader's metrics this is.
    pub subject: String,
    /// Where it stands in the entry, the best place first.
    pub pointers: Vec<String>,
}

impl Read {
    /// From the fields that an alarm and an entry of its metric math have in common.
    pub fn of_alarm(state: &Value, statistic: &str) -> Option<Read> {
        let dimensions = state["dimensions"].as_object().into_iter().flatten();
        let metric = text(state, "metricName")?;
        Some(Read {
            namespace: text(state, "namespace")?,
            dimensions: dimensions
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            statistic: text(state, statistic).unwrap_or_default(),
            period: state["period"].as_u64().unwrap_or(300),
            unit: text(state, "unit"),
            subject: metric.clone(),
            metric,
            pointers: Vec::new(),
        })
    }

    /// `Namespace/Name`, with the names of the dimensions where there are any.
    pub fn in_words(&self) -> String {
        in_words(&self.namespace, &self.metric, self.dimensions.keys())
    }

    pub fn dimension_names(&self) -> BTreeSet<&str> {
        self.dimensions.keys().map(String::as_str).collect()
    }
}

fn in_words<'a>(namespace: &str, metric: &str, dimensions: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = dimensions.map(String::as_str).collect();
    match names.is_empty() {
        true => format!("{namespace}/{metric}"),
        false => format!("{namespace}/{metric} by {}", names.join(" and ")),
    }
}

/// A metric that something of the spec puts into CloudWatch.
#[derive(Clone, Debug)]
pub struct Produced {
    pub namespace: String,
    /// `${…}` in it stands for any text.
    pub metric: String,
    pub dimensions: BTreeSet<String>,
    pub unit: Option<String>,
    /// The value of every datapoint, where it is always the same.
    pub constant: Option<f64>,
    pub by: Address,
    /// Where the producer says so.
    pub pointer: String,
}

impl Produced {
    pub fn in_words(&self) -> String {
        in_words(&self.namespace, &self.metric, self.dimensions.iter())
    }

    /// Whether this is the metric that is read, whatever its dimensions.
    pub fn is_named(&self, read: &Read) -> bool {
        fits(&self.namespace, &read.namespace) && fits(&self.metric, &read.metric)
    }

    /// Whether this feeds what is read. CloudWatch takes each set of dimensions for a metric of its own.
    pub fn feeds(&self, read: &Read) -> bool {
        self.is_named(read) && self.dimensions.iter().map(String::as_str).eq(read.dimension_names())
    }
}

/// Whether `text` can come from `template`, in which each `${…}` stands for any text.
fn fits(template: &str, text: &str) -> bool {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.push_str(&glob::Pattern::escape(before));
        pattern.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern.push_str(&glob::Pattern::escape(rest));
    glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(text))
}

/// What the functions and rules produce. A disabled rule produces nothing.
pub fn produced(functions: &[Function], rules: &[TopicRule]) -> Vec<Produced> {
    let mut all = Vec::new();
    for function in functions {
        for (index, emission) in function.emits.iter().enumerate() {
            all.extend(emission.metrics.iter().map(|metric| Produced {
                namespace: emission.namespace.clone(),
                metric: metric.clone(),
                dimensions: emission.dimensions.iter().cloned().collect(),
                unit: emission.unit.clone(),
                constant: None,
                by: function.address.clone(),
                pointer: format!("/emits/{index}"),
            }));
        }
    }
    for rule in rules.iter().filter(|rule| !rule.disabled) {
        for action in rule.actions.iter().filter(|action| action.kind == "cloudwatchMetric") {
            all.push(Produced {
                namespace: action.text("metricNamespace").unwrap_or_default(),
                metric: action.text("metricName").unwrap_or_default(),
                dimensions: BTreeSet::new(),
                unit: action.text("metricUnit"),
                constant: action.text("metricValue").and_then(|value| value.parse().ok()),
                by: rule.address.clone(),
                pointer: action.pointer.clone(),
            });
        }
    }
    all
}

/// The metrics that AWS IoT publishes, with the dimensions that its page names for them (AWS IoT developer guide,
/// "AWS IoT metrics and dimensions", June 2023; later ones may be missing).
pub fn published_by_iot() -> impl Iterator<Item = (&'static str, BTreeSet<&'static str>)> {
    include_str!("aws_iot_metrics.txt").lines().map(|line| {
        let (name, dimensions) = line.split_once(' ').unwrap_or((line, ""));
        (name, dimensions.split(',').filter(|name| !name.is_empty()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_substitution_template_stands_for_any_text() {
        assert!(fits("Devices-${eventType}", "Devices-connected"));
        assert!(fits("a[b]${x}c", "a[b]zzc") && !fits("a[b]${x}c", "abzzc"));
        assert!(fits("Plain", "Plain") && !fits("Plain", "Plainer"));
    }
}
