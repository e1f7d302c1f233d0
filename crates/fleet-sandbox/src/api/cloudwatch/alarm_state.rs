//! State and actions of alarms. Source: API:SetAlarmState, EnableAlarmActions, DisableAlarmActions.

use serde_json::{Value, json};

use super::alarm::ALARM;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("SetAlarmState", set_alarm_state),
    ("EnableAlarmActions", |tx, request| switch_actions(tx, request, true)),
    ("DisableAlarmActions", |tx, request| switch_actions(tx, request, false)),
];

fn set_alarm_state(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("AlarmName")?;
    let missing = || AwsError::new("ResourceNotFound", format!("Alarm not found: {name}"));
    let mut alarm = tx.get(ALARM, name).cloned().ok_or_else(missing)?;
    if let Some(data) = request.str("StateReasonData") {
        if serde_json::from_str::<Value>(data).is_err() {
            return Err(AwsError::new("InvalidFormat", "StateReasonData was not valid JSON"));
        }
        alarm["StateReasonData"] = data.into();
    }
    if alarm["StateValue"] != request.need("StateValue")? {
        alarm["StateTransitionedTimestamp"] = request.now_ms.into();
    }
    alarm["StateValue"] = request.need("StateValue")?.into();
    alarm["StateReason"] = request.need("StateReason")?.into();
    alarm["StateUpdatedTimestamp"] = request.now_ms.into();
    tx.put(ALARM, name, alarm);
    Ok(json!({}))
}

/// Names of no alarm are ignored: neither operation declares an error.
fn switch_actions(tx: &mut Tx<'_>, request: &Request, enabled: bool) -> Result<Value, AwsError> {
    for name in request.list("AlarmNames").iter().filter_map(Value::as_str) {
        if let Some(mut alarm) = tx.get(ALARM, name).cloned() {
            alarm["ActionsEnabled"] = enabled.into();
            alarm["AlarmConfigurationUpdatedTimestamp"] = request.now_ms.into();
            tx.put(ALARM, name, alarm);
        }
    }
    Ok(json!({}))
}
