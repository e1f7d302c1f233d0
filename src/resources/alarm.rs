//! CloudWatch metric alarms, on one metric or on metric math.
//!
//! `PutMetricAlarm` overwrites an alarm wholly and ignores tags when the alarm exists (API:PutMetricAlarm). PromQL
//! alarms, wall-clock windows and warm-up periods are not declared here; a declared alarm has none of them.

mod actions;
mod check;
mod condition;
pub mod metric;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{ComparisonOperator, StandardUnit, Statistic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::actions::Actions;
use self::condition::Condition;
use self::metric::{Query, QueryState};
use super::names::{check_choice, check_length};
use super::seconds::Seconds;
use crate::aws::cloudwatch_tags;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Alarm;

const MISSING_DATA: &[&str] = &["breaching", "notBreaching", "ignore", "missing"];
const LOW_SAMPLES: &[&str] = &["evaluate", "ignore"];

/// A CloudWatch metric alarm. It watches one metric (`metric`, or `namespace` with `metricName`) or metric math
/// (`metrics`), and fires on `alarmWhen` or on AWS's four fields of a condition.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// At most 1024 characters.
    description: String,
    /// Namespace and name in one, for example `Fleet/Monitoring/SecurityViolations`: what follows the last slash is
    /// the name. Expands to `namespace` and `metricName`.
    metric: Option<String>,
    namespace: Option<String>,
    metric_name: Option<String>,
    /// Up to 30, by name. An alarm reads exactly the metric with these dimensions, no more and no fewer.
    dimensions: BTreeMap<String, String>,
    #[schemars(extend("enum" = Statistic::values()))]
    statistic: Option<String>,
    /// Instead of `statistic`: for example `p90`, `tm90`, `IQM` or `PR(1:10)`.
    extended_statistic: Option<String>,
    /// Seconds, or text such as `5m`: 10, 20, 30 or a multiple of 60.
    period: Option<Seconds>,
    /// Only datapoints of this unit count. Left out, all of them do.
    #[schemars(extend("enum" = StandardUnit::values()))]
    unit: Option<String>,
    /// Metric math: metrics and expressions, one of which returns data and is watched.
    metrics: Vec<Query>,
    /// When to alarm: `> 5`, `>= 1 for 3 periods`, `< 3 for 2 of 5 periods`. Without `for`, one period decides.
    /// Expands to `comparisonOperator`, `threshold`, `evaluationPeriods` and `datapointsToAlarm`.
    alarm_when: Option<String>,
    #[schemars(extend("enum" = ComparisonOperator::values()))]
    comparison_operator: Option<String>,
    threshold: Option<f64>,
    /// The `id` of the `ANOMALY_DETECTION_BAND` expression in `metrics` that stands in for a threshold.
    threshold_metric_id: Option<String>,
    /// Default 1.
    evaluation_periods: Option<u32>,
    /// How many of the evaluated periods must breach. Default: all of them.
    datapoints_to_alarm: Option<u32>,
    /// Default `missing`.
    #[schemars(extend("enum" = MISSING_DATA))]
    treat_missing_data: Option<String>,
    /// For percentiles only. Default `evaluate`.
    #[schemars(extend("enum" = LOW_SAMPLES))]
    evaluate_low_sample_count_percentile: Option<String>,
    /// Default true.
    actions_enabled: Option<bool>,
    /// Topics, by name or ARN, that are told when the alarm fires. Expands to `alarmActions`.
    notify: BTreeSet<String>,
    /// Topics that are told when the alarm ends.
    notify_ok: BTreeSet<String>,
    /// Topics that are told when data is missing.
    notify_insufficient_data: BTreeSet<String>,
    /// Functions, by name or ARN, that are invoked when the alarm fires.
    invoke: BTreeSet<String>,
    /// Functions that are invoked when the alarm ends.
    invoke_ok: BTreeSet<String>,
    /// Functions that are invoked when data is missing.
    invoke_insufficient_data: BTreeSet<String>,
    /// Other actions by ARN. At most five actions per state, topics and functions included.
    alarm_actions: BTreeSet<String>,
    ok_actions: BTreeSet<String>,
    insufficient_data_actions: BTreeSet<String>,
}

impl Spec {
    /// Namespace and name of the single metric, whichever way they are written.
    fn single(&self) -> Option<(String, String)> {
        match &self.metric {
            Some(metric) => metric::split(metric),
            None => Some((self.namespace.clone()?, self.metric_name.clone()?)),
        }
    }

    fn condition(&self) -> Result<Condition, String> {
        match &self.alarm_when {
            Some(text) => text.parse(),
            None => {
                let periods = self.evaluation_periods.unwrap_or(1);
                Ok(Condition {
                    comparison_operator: self.comparison_operator.clone().unwrap_or_default(),
                    threshold: self.threshold,
                    evaluation_periods: periods,
                    datapoints_to_alarm: self.datapoints_to_alarm.unwrap_or(periods),
                })
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    description: String,
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: BTreeMap<String, String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    /// Seconds.
    period: Option<i32>,
    unit: Option<String>,
    /// By `id`; their order means nothing.
    metrics: BTreeMap<String, QueryState>,
    comparison_operator: String,
    threshold: Option<f64>,
    threshold_metric_id: Option<String>,
    evaluation_periods: i32,
    datapoints_to_alarm: i32,
    treat_missing_data: String,
    evaluate_low_sample_count_percentile: String,
    actions_enabled: bool,
    alarm_actions: BTreeSet<String>,
    ok_actions: BTreeSet<String>,
    insufficient_data_actions: BTreeSet<String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("cloudwatch", format_args!("alarm:{name}"))
}

impl Kind for Alarm {
    const SECTION: &'static str = "alarms";
    const NOUN: &'static str = "alarm";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 85;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        if name.is_empty() {
            problems.push("", "an alarm needs a name");
        }
        check_length("", name, 255, "API:AlarmName", problems);
        check_length("/description", &spec.description, 1024, "API:AlarmDescription", problems);
        check::watched(spec, problems);
        check::condition(spec, problems);
        check_choice("/treatMissingData", &spec.treat_missing_data, MISSING_DATA, problems);
        let low = &spec.evaluate_low_sample_count_percentile;
        check_choice("/evaluateLowSampleCountPercentile", low, LOW_SAMPLES, problems);
        for actions in spec.actions() {
            if actions.notify.1.len() + actions.invoke.1.len() + actions.others.len() > 5 {
                let pointer = format!("/{}", actions.notify.0);
                problems.push(pointer, "an alarm has at most five actions per state (API:PutMetricAlarm)");
            }
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        spec.actions().iter().flat_map(Actions::references).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let condition = spec.condition().map_err(|message| Problems::one("/alarmWhen", message))?;
        let [alarm_actions, ok_actions, insufficient_data_actions] =
            spec.actions().map(|actions| actions.arns(scope.place));
        let (namespace, metric_name) = spec.single().unzip();
        Ok(State {
            namespace,
            metric_name,
            description: spec.description,
            dimensions: spec.dimensions,
            statistic: spec.statistic,
            extended_statistic: spec.extended_statistic,
            period: spec.period.map(|Seconds(seconds)| seconds as i32),
            unit: spec.unit,
            metrics: spec.metrics.into_iter().map(|query| (query.id.clone(), query.into())).collect(),
            comparison_operator: condition.comparison_operator,
            threshold: condition.threshold,
            threshold_metric_id: spec.threshold_metric_id,
            evaluation_periods: condition.evaluation_periods as i32,
            datapoints_to_alarm: condition.datapoints_to_alarm as i32,
            treat_missing_data: spec.treat_missing_data.unwrap_or_else(|| "missing".into()),
            evaluate_low_sample_count_percentile: spec
                .evaluate_low_sample_count_percentile
                .unwrap_or_else(|| "evaluate".into()),
            actions_enabled: spec.actions_enabled.unwrap_or(true),
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        Ok(Self::read_many(cx, &[name]).await?.pop())
    }

    async fn read_many(cx: &Context, names: &[&str]) -> Result<Vec<Live<State>>, AwsError> {
        let mut found = Vec::new();
        // API:DescribeAlarms takes up to 100 names and answers up to 100 alarms on a page.
        for names in names.chunks(100) {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let page = cx
                .call("cloudwatch:DescribeAlarms", || {
                    let request = cx.session.clients.cloudwatch.describe_alarms().max_records(100);
                    request.set_alarm_names(Some(names.clone())).send()
                })
                .await?;
            for alarm in page.metric_alarms() {
                let name = alarm.alarm_name().unwrap_or_default();
                // Without tags it is not ours. To call it absent would let a creation overwrite it.
                let tags = cloudwatch_tags::read(cx, &arn(cx.place(), name)).await.optional()?.unwrap_or_default();
                found.push(Live { id: name.to_owned(), state: wire::state(alarm), tags, version: None });
            }
        }
        Ok(found)
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        wire::put(cx, name, desired).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        wire::put(cx, &live.id, desired).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        cloudwatch_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.cloudwatch.delete_alarms().alarm_names(&live.id).send();
        cx.call("cloudwatch:DeleteAlarms", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list =
            |token| cx.session.clients.cloudwatch.describe_alarms().max_records(100).set_next_token(token).send();
        let pages = pages::all(cx, "cloudwatch:DescribeAlarms", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.metric_alarms())
            .filter_map(|alarm| alarm.alarm_name().map(str::to_owned))
            .collect())
    }
}
