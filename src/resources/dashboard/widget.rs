//! Widgets as people write them, and their form in AWS. What a widget is follows from what it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::resources::alarm::{self, metric};
use crate::resources::names::check_choice;
use crate::resources::seconds::Seconds;
use crate::scope::{Place, Problems, Reference};

/// One rectangle. It shows exactly one of `metrics`, `logGroups`, `alarms` and `markdown`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Widget {
    title: Option<String>,
    /// Column (0–23) and row of the upper left corner.
    at: Option<[u32; 2]>,
    /// Width (1–24) and height (1–1000) in grid units. Default 6 by 6.
    size: Option<[u32; 2]>,
    /// Metrics and metric math: `Namespace/Name` (what follows the last slash is the name), or an object.
    metrics: Vec<Line>,
    /// Log groups of a Logs Insights query, by name or ARN. Needs `query`.
    log_groups: BTreeSet<String>,
    /// A Logs Insights query without its sources, for example `fields @timestamp, @message | limit 20`.
    query: Option<String>,
    /// Alarms whose states are shown, by name or ARN.
    alarms: BTreeSet<String>,
    /// Text in Markdown.
    markdown: Option<String>,
    /// For metrics: seconds, or text such as `5m`. Default 5 minutes.
    period: Option<Seconds>,
    /// For metrics: the statistic of those that name none. Default `Average`.
    stat: Option<String>,
    /// For metrics and logs. Default: the region of the target.
    region: Option<String>,
    /// For metrics `timeSeries` (default), `singleValue`, `gauge`, `bar`, `pie` or `table`; for logs `table`, `timeSeries`,
    /// `bar` or `pie`.
    view: Option<String>,
    /// For metrics: whether areas are stacked.
    stacked: Option<bool>,
    y_axis: Option<Axes>,
    /// Further properties in AWS's form, for example `annotations`. They win over those above.
    properties: Map<String, Value>,
}

/// The vertical axes.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Axes {
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Axis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<Axis>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Axis {
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    show_units: Option<bool>,
}

/// A line of a metric widget.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
enum Line {
    Name(String),
    Detailed(Box<Detailed>),
}

/// A metric with its own settings, or an expression over the lines with an `id`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Detailed {
    /// `Namespace/Name`.
    metric: Option<String>,
    dimensions: BTreeMap<String, String>,
    /// Metric math instead of a metric, for example `m1 / m2`.
    expression: Option<String>,
    id: Option<String>,
    label: Option<String>,
    stat: Option<String>,
    /// Seconds, or text such as `5m`.
    period: Option<Seconds>,
    color: Option<String>,
    visible: Option<bool>,
    #[schemars(extend("enum" = AXES))]
    y_axis: Option<String>,
    region: Option<String>,
    account_id: Option<String>,
}

const AXES: &[&str] = &["left", "right"];

/// By hand, because the generic way to accept two forms loses where the mistake is.
impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Line;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`Namespace/Name`, or an object with `metric` or `expression`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Line, E> {
                Ok(Line::Name(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Line, A::Error> {
                Detailed::deserialize(MapAccessDeserializer::new(map)).map(|line| Line::Detailed(Box::new(line)))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl Widget {
    pub fn check(&self, pointer: &str, problems: &mut Problems) {
        let (metrics, logs) = (!self.metrics.is_empty(), !self.log_groups.is_empty());
        let (alarms, text) = (!self.alarms.is_empty(), self.markdown.is_some());
        if [metrics, logs, alarms, text].iter().filter(|shown| **shown).count() != 1 {
            problems.push(pointer, "a widget shows exactly one of `metrics`, `logGroups`, `alarms` and `markdown`");
            return;
        }
        if logs != self.query.is_some() {
            problems.push(pointer, "`logGroups` and `query` go together");
        }
        let misplaced = [
            ("title", self.title.is_some() && text),
            ("period", self.period.is_some() && !metrics),
            ("stat", self.stat.is_some() && !metrics),
            ("stacked", self.stacked.is_some() && !metrics),
            ("yAxis", self.y_axis.is_some() && !metrics),
            ("view", self.view.is_some() && !(metrics || logs)),
            ("region", self.region.is_some() && !(metrics || logs)),
        ];
        for (field, _) in misplaced.iter().filter(|(_, wrong)| *wrong) {
            problems.push(format!("{pointer}/{field}"), format!("`{field}` means nothing in this kind of widget"));
        }
        if let Some([column, _]) = self.at.filter(|[column, _]| *column > 23) {
            problems.push(format!("{pointer}/at"), format!("column {column}: a dashboard has the columns 0 to 23"));
        }
        if let Some([width, height]) = self.size
            && (!(1..=24).contains(&width) || !(1..=1000).contains(&height))
        {
            problems.push(format!("{pointer}/size"), "the width is 1 to 24 and the height 1 to 1000 grid units");
        }
        if let Some(period) = self.period {
            metric::check_period(&format!("{pointer}/period"), period, problems);
        }
        if self.log_groups.len() > 50 {
            problems.push(format!("{pointer}/logGroups"), "a query reads at most 50 log groups (Logs quotas)");
        }
        for (index, line) in self.metrics.iter().enumerate() {
            line.check(&format!("{pointer}/metrics/{index}"), problems);
        }
    }

    pub fn references(&self, pointer: &str) -> Vec<Reference> {
        let logs = self.log_groups.iter().enumerate();
        let logs =
            logs.filter_map(|(index, name)| Reference::to("logGroups", name, format!("{pointer}/logGroups/{index}")));
        let alarms = self.alarms.iter().enumerate();
        let alarms =
            alarms.filter_map(|(index, name)| Reference::to("alarms", name, format!("{pointer}/alarms/{index}")));
        logs.chain(alarms).collect()
    }

    /// AWS's form.
    pub fn aws(&self, place: &Place) -> Value {
        let mut widget = Map::new();
        let (kind, mut properties) = self.content(place);
        widget.insert("type".into(), kind.into());
        if let Some([x, y]) = self.at {
            widget.insert("x".into(), x.into());
            widget.insert("y".into(), y.into());
        }
        if let Some([width, height]) = self.size {
            widget.insert("width".into(), width.into());
            widget.insert("height".into(), height.into());
        }
        let common = [("title", &self.title), ("region", &self.region), ("view", &self.view), ("stat", &self.stat)];
        for (key, value) in common {
            properties.extend(value.iter().map(|value| (key.to_owned(), Value::from(value.as_str()))));
        }
        properties.extend(self.period.map(|Seconds(seconds)| ("period".to_owned(), seconds.into())));
        properties.extend(self.stacked.map(|stacked| ("stacked".to_owned(), stacked.into())));
        properties.extend(self.y_axis.as_ref().map(|axes| ("yAxis".to_owned(), json!(axes))));
        properties.extend(self.properties.clone());
        widget.insert("properties".into(), properties.into());
        widget.into()
    }

    fn content(&self, place: &Place) -> (&'static str, Map<String, Value>) {
        let (kind, key, value) = if let Some(query) = &self.query {
            let sources = self.log_groups.iter().map(|group| format!("SOURCE '{}' | ", log_group_name(group)));
            ("log", "query", (sources.collect::<String>() + query.trim()).into())
        } else if let Some(markdown) = &self.markdown {
            ("text", "markdown", markdown.clone().into())
        } else if !self.alarms.is_empty() {
            let arns = self.alarms.iter().map(|text| Reference::arn(text, |name| alarm::arn(place, name)));
            ("alarm", "alarms", arns.collect())
        } else {
            ("metric", "metrics", self.metrics.iter().map(Line::aws).collect())
        };
        (kind, Map::from_iter([(key.to_owned(), value)]))
    }
}

/// A query names its sources, so an ARN gives its name: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, perhaps with `:*`.
fn log_group_name(text: &str) -> &str {
    match text.split_once(":log-group:") {
        Some((start, name)) if start.starts_with("arn:") => name.trim_end_matches(":*"),
        _ => text,
    }
}

impl Line {
    fn check(&self, pointer: &str, problems: &mut Problems) {
        let metric = match self {
            Line::Name(metric) => Some(metric),
            Line::Detailed(line) => {
                if line.metric.is_some() == line.expression.is_some() {
                    problems.push(pointer, "a line has either `metric` or `expression`");
                }
                if line.expression.is_some() && !line.dimensions.is_empty() {
                    problems.push(format!("{pointer}/dimensions"), "an expression has no dimensions");
                }
                check_choice(&format!("{pointer}/yAxis"), &line.y_axis, AXES, problems);
                metric::check_dimensions(&format!("{pointer}/dimensions"), &line.dimensions, problems);
                line.metric.as_ref()
            }
        };
        if let Some(metric) = metric.filter(|metric| metric::split(metric).is_none()) {
            problems.push_help(
                pointer,
                format!("`{metric}` has no namespace"),
                "write the namespace, a slash and the name, for example `AWS/IoT/Connect.Success`",
            );
        }
    }

    /// `[namespace, name, dimension, value, …, {options}]`.
    fn aws(&self) -> Value {
        let named = |metric: &str| metric::split(metric).map(|(namespace, name)| vec![namespace, name]);
        let line = match self {
            Line::Name(metric) => return json!(named(metric).unwrap_or_default()),
            Line::Detailed(line) => line,
        };
        let mut parts = line.metric.as_deref().and_then(named).unwrap_or_default();
        parts.extend(line.dimensions.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
        let mut options = Map::new();
        let texts = [
            ("expression", &line.expression),
            ("id", &line.id),
            ("label", &line.label),
            ("stat", &line.stat),
            ("color", &line.color),
            ("yAxis", &line.y_axis),
            ("region", &line.region),
            ("accountId", &line.account_id),
        ];
        for (key, value) in texts {
            options.extend(value.iter().map(|value| (key.to_owned(), Value::from(value.as_str()))));
        }
        options.extend(line.period.map(|Seconds(seconds)| ("period".to_owned(), seconds.into())));
        options.extend(line.visible.map(|visible| ("visible".to_owned(), visible.into())));
        let mut all: Vec<Value> = parts.into_iter().map(Value::from).collect();
        if !options.is_empty() {
            all.push(options.into());
        }
        all.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_widget_has_its_form_in_aws() {
        let aws = |spec: Value| {
            let widget: Widget = serde_json::from_value(spec).unwrap();
            let mut problems = Problems::default();
            widget.check("", &mut problems);
            assert!(problems.is_empty(), "{problems:?}");
            widget.aws(&Place::new("123456789012", "eu-west-1"))
        };
        let metric = aws(json!({
            "title": "Violations", "at": [0, 6], "size": [12, 6], "period": "5m", "yAxis": { "left": { "min": 0.0 } },
            "metrics": ["Fleet/Monitoring/Violations",
                { "metric": "AWS/IoT/Connect.Success", "dimensions": { "Protocol": "MQTT" }, "stat": "Sum" },
                { "expression": "m1 * 2", "label": "twice" }],
        }));
        let expected = json!({ "type": "metric", "x": 0, "y": 6, "width": 12, "height": 6, "properties": {
            "title": "Violations", "period": 300, "yAxis": { "left": { "min": 0.0 } }, "metrics": [
                ["Fleet/Monitoring", "Violations"],
                ["AWS/IoT", "Connect.Success", "Protocol", "MQTT", { "stat": "Sum" }],
                [{ "expression": "m1 * 2", "label": "twice" }],
            ] } });
        assert_eq!(metric, expected);
        let foreign = "arn:aws:logs:eu-west-1:123456789012:log-group:AWSIotLogsV2:*";
        let log = aws(json!({ "logGroups": ["/fleet/violations", foreign], "query": "fields @message" }));
        let query = "SOURCE '/fleet/violations' | SOURCE 'AWSIotLogsV2' | fields @message";
        assert_eq!(log["properties"]["query"], query);
        let alarm = aws(json!({ "alarms": ["high"] }));
        assert_eq!(alarm["properties"]["alarms"], json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:high"]));
        let text = aws(json!({ "markdown": "# Fleet", "properties": { "background": "transparent" } }));
        assert_eq!(text["properties"], json!({ "markdown": "# Fleet", "background": "transparent" }));
    }
}
