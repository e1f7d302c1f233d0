//! CloudWatch metric alarms, on one metric or on metric math.
//!
//! `PutMetricAlarm` overwrites an alarm wholly and ignores tags when the alarm exists (API:PutMetricAlarm). PromQL
//! alarms, wall-clock windows and warm-up periods are not declared here; a declared alarm has none of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, StandardUnit, Statistic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alarm_condition::Condition;
use super::alarm_metric::{self, Query, QueryState};
use super::names::{check_choice, check_length};
use super::seconds::Seconds;
use super::{function, topic};
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
/// The principal by which an alarm invokes a function (API:PutMetricAlarm, "Lambda actions").
const INVOKES_AS: &str = "lambda.alarms.cloudwatch.amazonaws.com";

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

/// One of the three lists of actions, with its sugar and the names of its fields.
struct Actions<'a> {
    notify: (&'static str, &'a BTreeSet<String>),
    invoke: (&'static str, &'a BTreeSet<String>),
    others: &'a BTreeSet<String>,
}

impl Spec {
    fn actions(&self) -> [Actions<'_>; 3] {
        [
            Actions { notify: ("notify", &self.notify), invoke: ("invoke", &self.invoke), others: &self.alarm_actions },
            Actions {
                notify: ("notifyOk", &self.notify_ok),
                invoke: ("invokeOk", &self.invoke_ok),
                others: &self.ok_actions,
            },
            Actions {
                notify: ("notifyInsufficientData", &self.notify_insufficient_data),
                invoke: ("invokeInsufficientData", &self.invoke_insufficient_data),
                others: &self.insufficient_data_actions,
            },
        ]
    }

    /// Namespace and name of the single metric, whichever way they are written.
    fn single(&self) -> Option<(String, String)> {
        match &self.metric {
            Some(metric) => alarm_metric::split(metric),
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

impl Actions<'_> {
    fn arns(&self, place: &Place) -> BTreeSet<String> {
        let topics = self.notify.1.iter().map(|text| Reference::arn(text, |name| topic::arn(place, name)));
        let functions = self.invoke.1.iter().map(|text| Reference::arn(text, |name| function::arn(place, name)));
        topics.chain(functions).chain(self.others.iter().cloned()).collect()
    }

    fn references(&self) -> impl Iterator<Item = Reference> {
        let (notify, topics) = self.notify;
        let (invoke, functions) = self.invoke;
        let topics = topics.iter().enumerate();
        let functions = functions.iter().enumerate();
        let topics =
            topics.filter_map(move |(index, name)| Reference::to("topics", name, format!("/{notify}/{index}")));
        let functions = functions.filter_map(move |(index, name)| {
            Some(Reference::to("functions", name, format!("/{invoke}/{index}"))?.invoking_as(INVOKES_AS))
        });
        topics.chain(functions)
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
        check_metric(spec, problems);
        check_condition(spec, problems);
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
        let describe = || cx.session.clients.cloudwatch.describe_alarms().alarm_names(name).send();
        let found = cx.call("cloudwatch:DescribeAlarms", describe).await?;
        let Some(alarm) = found.metric_alarms().iter().find(|alarm| alarm.alarm_name() == Some(name)) else {
            return Ok(None);
        };
        // Without tags it is not ours. To call it absent would let a creation overwrite it.
        let tags = cloudwatch_tags::read(cx, &arn(cx.place(), name)).await.optional()?.unwrap_or_default();
        Ok(Some(Live { id: name.to_owned(), state: state(alarm), tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        put(cx, name, desired).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        put(cx, &live.id, desired).await
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

fn check_metric(spec: &Spec, problems: &mut Problems) {
    let forms =
        [spec.metric.is_some(), spec.namespace.is_some() || spec.metric_name.is_some(), !spec.metrics.is_empty()];
    if forms.iter().filter(|given| **given).count() != 1 {
        let message = "say what to watch in one way: `metric`, or `namespace` with `metricName`, or `metrics`";
        problems.push("", message);
    }
    if !spec.metrics.is_empty() {
        let single = [
            ("dimensions", !spec.dimensions.is_empty()),
            ("statistic", spec.statistic.is_some()),
            ("extendedStatistic", spec.extended_statistic.is_some()),
            ("period", spec.period.is_some()),
            ("unit", spec.unit.is_some()),
        ];
        for (field, _) in single.iter().filter(|(_, given)| *given) {
            let message = format!("`{field}` belongs into the entries of `metrics` (API:PutMetricAlarm)");
            problems.push(format!("/{field}"), message);
        }
        return alarm_metric::check_queries(&spec.metrics, spec.threshold_metric_id.as_deref(), problems);
    }
    match (&spec.metric, spec.single()) {
        (Some(metric), None) => problems.push_help(
            "/metric",
            format!("`{metric}` has no namespace"),
            "write the namespace, a slash and the name, for example `AWS/IoT/Connect.Success`",
        ),
        (None, None) if forms[1] => problems.push("", "`namespace` and `metricName` go together"),
        _ => {}
    }
    if spec.statistic.is_some() == spec.extended_statistic.is_some() {
        problems.push("", "exactly one of `statistic` and `extendedStatistic` is needed (API:PutMetricAlarm)");
    }
    check_choice("/statistic", &spec.statistic, Statistic::values(), problems);
    check_choice("/unit", &spec.unit, StandardUnit::values(), problems);
    alarm_metric::check_dimensions("/dimensions", &spec.dimensions, problems);
    match spec.period {
        Some(period) => alarm_metric::check_period("/period", period, problems),
        None => problems.push("", "`period` is needed, for example `period: 5m` (API:PutMetricAlarm)"),
    }
}

fn check_condition(spec: &Spec, problems: &mut Problems) {
    let own = [
        ("comparisonOperator", spec.comparison_operator.is_some()),
        ("threshold", spec.threshold.is_some()),
        ("evaluationPeriods", spec.evaluation_periods.is_some()),
        ("datapointsToAlarm", spec.datapoints_to_alarm.is_some()),
    ];
    if spec.alarm_when.is_some() {
        for (field, _) in own.iter().filter(|(_, given)| *given) {
            problems.push(format!("/{field}"), format!("`alarmWhen` says `{field}` already; keep one of the two"));
        }
    } else if spec.comparison_operator.is_none() {
        problems.push("", "say when to alarm: `alarmWhen: \"> 5\"`, or `comparisonOperator` and `threshold`");
    }
    check_choice("/comparisonOperator", &spec.comparison_operator, ComparisonOperator::values(), problems);
    let condition = match spec.condition() {
        Ok(condition) => condition,
        Err(message) => return problems.push("/alarmWhen", message),
    };
    if condition.threshold.is_some() == spec.threshold_metric_id.is_some() {
        problems.push("", "exactly one of a threshold and `thresholdMetricId` is needed (API:PutMetricAlarm)");
    }
    let (periods, datapoints) = (condition.evaluation_periods, condition.datapoints_to_alarm);
    if periods == 0 || datapoints == 0 || datapoints > periods {
        problems.push("", format!("{datapoints} of {periods} periods cannot be: 1 ≤ datapoints ≤ periods is needed"));
    }
    if let Some(Seconds(seconds)) = spec.period {
        let (longest, rule) = match seconds < 3600 {
            true => (86_400, "one day when the period is shorter than an hour"),
            false => (604_800, "seven days"),
        };
        if u64::from(seconds) * u64::from(periods) > longest {
            let message = format!("{periods} periods of {seconds} s are longer than {rule} (API:PutMetricAlarm)");
            problems.push("/period", message);
        }
    }
}

fn state(alarm: &MetricAlarm) -> State {
    let text = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
    let set = |values: &[String]| values.iter().cloned().collect();
    let evaluation_periods = alarm.evaluation_periods().unwrap_or_default();
    State {
        description: alarm.alarm_description().unwrap_or_default().to_owned(),
        namespace: text(alarm.namespace()),
        metric_name: text(alarm.metric_name()),
        dimensions: alarm_metric::dimensions(alarm.dimensions()),
        statistic: alarm.statistic().map(|statistic| statistic.as_str().to_owned()),
        extended_statistic: text(alarm.extended_statistic()),
        period: alarm.period(),
        unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
        metrics: alarm.metrics().iter().filter_map(|query| Some((query.id()?.to_owned(), query.into()))).collect(),
        comparison_operator: alarm.comparison_operator().map(|o| o.as_str().to_owned()).unwrap_or_default(),
        threshold: alarm.threshold(),
        threshold_metric_id: text(alarm.threshold_metric_id()),
        evaluation_periods,
        datapoints_to_alarm: alarm.datapoints_to_alarm().unwrap_or(evaluation_periods),
        treat_missing_data: text(alarm.treat_missing_data()).unwrap_or_else(|| "missing".into()),
        evaluate_low_sample_count_percentile: text(alarm.evaluate_low_sample_count_percentile())
            .unwrap_or_else(|| "evaluate".into()),
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        alarm_actions: set(alarm.alarm_actions()),
        ok_actions: set(alarm.ok_actions()),
        insufficient_data_actions: set(alarm.insufficient_data_actions()),
    }
}

async fn put(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
    let list = |set: &BTreeSet<String>| Some(set.iter().cloned().collect::<Vec<_>>()).filter(|all| !all.is_empty());
    // The setting exists for percentiles only; AWS refuses it beside other statistics.
    let percentile = desired.extended_statistic.is_some();
    let low_samples = percentile.then(|| desired.evaluate_low_sample_count_percentile.clone());
    let metrics: Vec<_> = desired.metrics.iter().map(|(id, query)| query.wire(id)).collect();
    cx.call("cloudwatch:PutMetricAlarm", || {
        let request = cx.session.clients.cloudwatch.put_metric_alarm().alarm_name(name);
        let request = request.alarm_description(&desired.description).actions_enabled(desired.actions_enabled);
        let request = request.set_namespace(desired.namespace.clone()).set_metric_name(desired.metric_name.clone());
        let request = request.set_dimensions(alarm_metric::wire_dimensions(&desired.dimensions));
        let request = request.set_statistic(desired.statistic.as_deref().map(Statistic::from));
        let request = request.set_extended_statistic(desired.extended_statistic.clone()).set_period(desired.period);
        let request = request.set_unit(desired.unit.as_deref().map(StandardUnit::from));
        let request = request.set_metrics(Some(metrics.clone()).filter(|metrics| !metrics.is_empty()));
        let request = request.comparison_operator(desired.comparison_operator.as_str().into());
        let request = request.set_threshold(desired.threshold);
        let request = request.set_threshold_metric_id(desired.threshold_metric_id.clone());
        let request = request.evaluation_periods(desired.evaluation_periods);
        let request = request.datapoints_to_alarm(desired.datapoints_to_alarm);
        let request = request.treat_missing_data(&desired.treat_missing_data);
        let request = request.set_evaluate_low_sample_count_percentile(low_samples.clone());
        let request = request.set_alarm_actions(list(&desired.alarm_actions)).set_ok_actions(list(&desired.ok_actions));
        let request = request.set_insufficient_data_actions(list(&desired.insufficient_data_actions));
        // Counts when the alarm is new; ignored otherwise.
        request.set_tags(cloudwatch_tags::wire(&cx.tags())).send()
    })
    .await?;
    Ok(())
}
