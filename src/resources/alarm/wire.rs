//! An alarm's state in the SDK's types.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{MetricAlarm, StandardUnit, Statistic};

use super::{State, metric};
use crate::aws::cloudwatch_tags;
use crate::aws::context::Context;
use crate::aws::error::AwsError;

pub fn state(alarm: &MetricAlarm) -> State {
    let text = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
    let set = |values: &[String]| values.iter().cloned().collect();
    let evaluation_periods = alarm.evaluation_periods().unwrap_or_default();
    State {
        description: alarm.alarm_description().unwrap_or_default().to_owned(),
        namespace: text(alarm.namespace()),
        metric_name: text(alarm.metric_name()),
        dimensions: metric::dimensions(alarm.dimensions()),
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

pub async fn put(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
    let list = |set: &BTreeSet<String>| Some(set.iter().cloned().collect::<Vec<_>>()).filter(|all| !all.is_empty());
    // The setting exists for percentiles only; AWS refuses it beside other statistics.
    let percentile = desired.extended_statistic.is_some();
    let low_samples = percentile.then(|| desired.evaluate_low_sample_count_percentile.clone());
    let metrics: Vec<_> = desired.metrics.iter().map(|(id, query)| query.wire(id)).collect();
    cx.call("cloudwatch:PutMetricAlarm", || {
        let request = cx.session.clients.cloudwatch.put_metric_alarm().alarm_name(name);
        let request = request.alarm_description(&desired.description).actions_enabled(desired.actions_enabled);
        let request = request.set_namespace(desired.namespace.clone()).set_metric_name(desired.metric_name.clone());
        let request = request.set_dimensions(metric::wire_dimensions(&desired.dimensions));
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
