//! What makes an alarm complete and free of contradiction (API:PutMetricAlarm).

use aws_sdk_cloudwatch::types::{ComparisonOperator, StandardUnit, Statistic};

use super::{Spec, metric};
use crate::resources::names::check_choice;
use crate::resources::seconds::Seconds;
use crate::scope::Problems;

pub fn watched(spec: &Spec, problems: &mut Problems) {
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
        return metric::check_queries(&spec.metrics, spec.threshold_metric_id.as_deref(), problems);
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
    metric::check_dimensions("/dimensions", &spec.dimensions, problems);
    match spec.period {
        Some(period) => metric::check_period("/period", period, problems),
        None => problems.push("", "`period` is needed, for example `period: 5m` (API:PutMetricAlarm)"),
    }
}

pub fn condition(spec: &Spec, problems: &mut Problems) {
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
