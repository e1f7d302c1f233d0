//! Metric alarms. Source: API:PutMetricAlarm, DescribeAlarms, DeleteAlarms, DescribeAlarmsForMetric.
//!
//! Collection `cloudwatch.alarm`, key: the name, value: the alarm as DescribeAlarms shows it.
//! Alarms do not evaluate metrics; SetAlarmState changes their state.

use serde_json::{Map, Value, json};

use super::{alarm_configuration, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutMetricAlarm", put_metric_alarm),
    ("DescribeAlarms", describe_alarms),
    ("DescribeAlarmsForMetric", describe_alarms_for_metric),
    ("DeleteAlarms", delete_alarms),
];

/// Collection of alarms.
pub const ALARM: &str = "cloudwatch.alarm";

const PAGING: Paging<'static> =
    Paging { token: "NextToken", size: "MaxRecords", default: 50, max: 100, invalid: "InvalidNextToken" };

/// Members of the input that the alarm shows as they were given.
const CONFIGURATION: &[&str] = &[
    "AlarmName",
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionConfiguration",
];

/// Members that carry an alarm's state over a new configuration (API:PutMetricAlarm: "state is
/// unchanged").
const STATE: &[&str] =
    &["StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp"];

/// The alarm's ARN.
pub fn arn(request: &Request, name: &str) -> String {
    request.arn("cloudwatch", &format!("alarm:{name}"))
}

fn put_metric_alarm(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    alarm_configuration::check(request)?;
    let name = request.need("AlarmName")?;
    let known = tx.get(ALARM, name).cloned();
    let mut alarm = json!({
        "AlarmArn": arn(request, name),
        "AlarmConfigurationUpdatedTimestamp": request.now_ms,
        "ActionsEnabled": request.flag("ActionsEnabled").unwrap_or(true),
        "Dimensions": request.list("Dimensions"),
    });
    for list in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        alarm[list] = request.list(list).into();
    }
    for member in CONFIGURATION {
        if let Some(value) = request.get(member) {
            alarm[*member] = value.clone();
        }
    }
    if let Some(known) = &known {
        for member in STATE.iter().filter(|member| known.get(**member).is_some()) {
            alarm[*member] = known[*member].clone();
        }
    } else {
        alarm["StateValue"] = "INSUFFICIENT_DATA".into();
        alarm["StateReason"] = "Unchecked: Initial alarm creation".into();
        alarm["StateUpdatedTimestamp"] = request.now_ms.into();
        alarm["StateTransitionedTimestamp"] = request.now_ms.into();
        // Tags count at creation only; an update ignores them.
        let tags = tags::read(request.get("Tags"), &tag::CODES)?;
        tags::create(tx, request, &arn(request, name), tags, &tag::CODES)?;
    }
    tx.put(ALARM, name, alarm);
    Ok(json!({}))
}

fn describe_alarms(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let names = request.list("AlarmNames");
    let types = request.list("AlarmTypes");
    let actions = |alarm: &Value, prefix: &str| {
        let lists = ["OKActions", "AlarmActions", "InsufficientDataActions"].iter();
        let mut all = lists.filter_map(|list| alarm[*list].as_array()).flatten().filter_map(Value::as_str);
        all.any(|action| action.starts_with(prefix))
    };
    let wanted = tx
        .scan(ALARM)
        .filter(|_| types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"))
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .filter(|(name, _)| request.str("AlarmNamePrefix").is_none_or(|prefix| name.starts_with(prefix)))
        .filter(|(_, alarm)| request.str("StateValue").is_none_or(|state| alarm["StateValue"] == state))
        .filter(|(_, alarm)| request.str("ActionPrefix").is_none_or(|prefix| actions(alarm, prefix)))
        .map(|(name, alarm)| (name.to_owned(), alarm.clone()));
    let (alarms, token) = page(request, &PAGING, wanted)?;
    Ok(json!({ "MetricAlarms": alarms, "CompositeAlarms": [], "NextToken": token }))
}

fn describe_alarms_for_metric(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let asked: Map<String, Value> = request.input.clone();
    let fits = |alarm: &Value| asked.iter().all(|(name, value)| alarm[name] == *value);
    let alarms: Vec<Value> = tx.scan(ALARM).filter(|(_, alarm)| fits(alarm)).map(|(_, alarm)| alarm.clone()).collect();
    Ok(json!({ "MetricAlarms": alarms }))
}

/// Wrong names among right ones are ignored (API:DeleteAlarms); that a call with wrong names only
/// is refused is our reading of the declared ResourceNotFound.
fn delete_alarms(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let names: Vec<&str> = request.list("AlarmNames").iter().filter_map(Value::as_str).collect();
    let mut deleted = 0;
    for name in &names {
        if tx.remove(ALARM, name).is_some() {
            tags::delete(tx, request, &arn(request, name));
            deleted += 1;
        }
    }
    if deleted == 0 && !names.is_empty() {
        return Err(AwsError::new("ResourceNotFound", format!("Alarm not found: {}", names.join(", "))));
    }
    Ok(json!({}))
}
