//! Which metric an alarm watches: names, dimensions, periods, and the entries of metric math.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StandardUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resources::names::{check_choice, check_length};
use crate::resources::seconds::Seconds;
use crate::scope::Problems;

/// One entry of metric math: a metric with its statistic, or an expression over other entries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Query {
    /// The name that expressions use: a lower-case letter, then letters, digits and `_`.
    pub id: String,
    metric_stat: Option<StatSpec>,
    /// Metric math over other entries, for example `m1 / m2 * 100`.
    expression: Option<String>,
    label: Option<String>,
    /// Whether the alarm watches this entry. Exactly one entry of an alarm does. Default true, as in AWS.
    #[serde(default = "yes")]
    return_data: bool,
    /// For an expression: seconds, or text such as `5m`.
    period: Option<Seconds>,
    /// The account that has the metric, where it is not this one.
    account_id: Option<String>,
}

fn yes() -> bool {
    true
}

/// A metric, a statistic of it and a period.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatSpec {
    metric: MetricSpec,
    /// Seconds, or text such as `5m`: 10, 20, 30 or a multiple of 60.
    period: Seconds,
    /// A statistic or an extended statistic, for example `Sum` or `p90`.
    stat: String,
    unit: Option<String>,
}

/// A metric in AWS's form; dimensions by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MetricSpec {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryState {
    metric_stat: Option<StatState>,
    expression: Option<String>,
    label: Option<String>,
    return_data: bool,
    /// Seconds.
    period: Option<i32>,
    account_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatState {
    namespace: String,
    metric_name: String,
    dimensions: BTreeMap<String, String>,
    /// Seconds.
    period: i32,
    stat: String,
    unit: Option<String>,
}

/// Splits `Namespace/Name` at the last slash; a namespace may hold slashes, a metric's name seldom does.
pub fn split(metric: &str) -> Option<(String, String)> {
    let (namespace, name) = metric.rsplit_once('/')?;
    (!namespace.is_empty() && !name.is_empty()).then(|| (namespace.to_owned(), name.to_owned()))
}

pub fn check_dimensions(pointer: &str, dimensions: &BTreeMap<String, String>, problems: &mut Problems) {
    if dimensions.len() > 30 {
        problems.push(pointer, "a metric has at most 30 dimensions (API:Dimensions)");
    }
    for (name, value) in dimensions {
        let pointer = format!("{pointer}/{}", crate::spec::node::pointer_token(name));
        check_length(&pointer, name, 255, "API:DimensionName", problems);
        check_length(&pointer, value, 1024, "API:DimensionValue", problems);
        if name.is_empty() || value.is_empty() || name.starts_with(':') {
            problems.push(&pointer, "a dimension has a name, which does not start with `:`, and a value");
        }
    }
}

pub fn check_period(pointer: &str, Seconds(seconds): Seconds, problems: &mut Problems) {
    if !matches!(seconds, 10 | 20 | 30) && (seconds == 0 || seconds % 60 != 0) {
        let message = format!("a period of {seconds} s is not allowed: 10, 20, 30 or a multiple of 60 (API:Period)");
        problems.push(pointer, message);
    }
}

/// `band` is the entry that stands in for the threshold. Beside it, the metric it was learnt from returns data too.
pub fn check_queries(queries: &[Query], band: Option<&str>, problems: &mut Problems) {
    let mut ids = BTreeSet::new();
    for (index, query) in queries.iter().enumerate() {
        let pointer = format!("/metrics/{index}");
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !query.id.starts_with(|c: char| c.is_ascii_lowercase()) || !query.id.chars().all(word) {
            let message = format!("`{}`: an id is a lower-case letter, then letters, digits and `_`", query.id);
            problems.push(format!("{pointer}/id"), message);
        }
        check_length(&format!("{pointer}/id"), &query.id, 255, "API:MetricId", problems);
        if !ids.insert(&query.id) {
            problems.push(format!("{pointer}/id"), format!("the id `{}` is used twice", query.id));
        }
        if query.metric_stat.is_some() == query.expression.is_some() {
            problems.push(&pointer, "an entry has either `metricStat` or `expression` (API:MetricDataQuery)");
        }
        if let Some(expression) = &query.expression {
            check_length(&format!("{pointer}/expression"), expression, 2048, "API:MetricExpression", problems);
        }
        if let Some(stat) = &query.metric_stat {
            let pointer = format!("{pointer}/metricStat");
            check_period(&format!("{pointer}/period"), stat.period, problems);
            check_choice(&format!("{pointer}/unit"), &stat.unit, StandardUnit::values(), problems);
            check_dimensions(&format!("{pointer}/metric/dimensions"), &stat.metric.dimensions, problems);
        }
    }
    if band.is_none() && queries.iter().filter(|query| query.return_data).count() != 1 {
        problems.push_help(
            "/metrics",
            "exactly one entry may return data: it is the one that the alarm watches (API:PutMetricAlarm)",
            "write `returnData: false` in the others",
        );
    }
    if let Some(band) = band.filter(|band| !ids.contains(&band.to_string())) {
        problems.push("/thresholdMetricId", format!("no entry of `metrics` has the id `{band}`"));
    }
}

pub fn dimensions(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let pair = |found: &Dimension| Some((found.name()?.to_owned(), found.value().unwrap_or_default().to_owned()));
    dimensions.iter().filter_map(pair).collect()
}

pub fn wire_dimensions(dimensions: &BTreeMap<String, String>) -> Option<Vec<Dimension>> {
    let build = |(name, value)| Dimension::builder().name(name).value(value).build();
    (!dimensions.is_empty()).then(|| dimensions.iter().map(build).collect())
}

impl From<Query> for QueryState {
    fn from(query: Query) -> QueryState {
        QueryState {
            metric_stat: query.metric_stat.map(|stat| StatState {
                namespace: stat.metric.namespace,
                metric_name: stat.metric.metric_name,
                dimensions: stat.metric.dimensions,
                period: stat.period.0 as i32,
                stat: stat.stat,
                unit: stat.unit,
            }),
            expression: query.expression,
            label: query.label,
            return_data: query.return_data,
            period: query.period.map(|Seconds(seconds)| seconds as i32),
            account_id: query.account_id,
        }
    }
}

impl From<&MetricDataQuery> for QueryState {
    fn from(query: &MetricDataQuery) -> QueryState {
        let text = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
        QueryState {
            metric_stat: query.metric_stat().map(|stat| StatState {
                namespace: stat.metric().and_then(Metric::namespace).unwrap_or_default().to_owned(),
                metric_name: stat.metric().and_then(Metric::metric_name).unwrap_or_default().to_owned(),
                dimensions: stat.metric().map(|metric| dimensions(metric.dimensions())).unwrap_or_default(),
                period: stat.period().unwrap_or_default(),
                stat: stat.stat().unwrap_or_default().to_owned(),
                unit: stat.unit().map(|unit| unit.as_str().to_owned()),
            }),
            expression: text(query.expression()),
            label: text(query.label()),
            return_data: query.return_data().unwrap_or(true),
            period: query.period(),
            account_id: text(query.account_id()),
        }
    }
}

impl QueryState {
    pub fn wire(&self, id: &str) -> MetricDataQuery {
        MetricDataQuery::builder()
            .id(id)
            .set_metric_stat(self.metric_stat.as_ref().map(StatState::wire))
            .set_expression(self.expression.clone())
            .set_label(self.label.clone())
            .return_data(self.return_data)
            .set_period(self.period)
            .set_account_id(self.account_id.clone())
            .build()
    }
}

impl StatState {
    fn wire(&self) -> MetricStat {
        let metric = Metric::builder().namespace(&self.namespace).metric_name(&self.metric_name);
        MetricStat::builder()
            .metric(metric.set_dimensions(wire_dimensions(&self.dimensions)).build())
            .period(self.period)
            .stat(&self.stat)
            .set_unit(self.unit.as_deref().map(StandardUnit::from))
            .build()
    }
}
