//! Violations of security profiles: those in alarm now, their events, and what people found out about them.
//!
//! Sources: API:ListActiveViolations, API:ListViolationEvents, API:PutVerificationStateOnViolation, API:ActiveViolation;
//! Device Defender developer guide, "Detect concepts" (UNKNOWN until somebody says otherwise); General Reference (events
//! are kept 30 days). They come from device traffic, see [`super::traffic`]. Chosen: alarms of behaviours that suppress
//! alerts are listed only with `listSuppressedAlerts`; the state of a violation that does not exist is refused.

use fleet_detect::{Violation, ViolationEventType};
use serde_json::{Value, json};

use super::refusal::invalid;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("ListActiveViolations", list_active_violations),
    ("ListViolationEvents", list_violation_events),
    ("PutVerificationStateOnViolation", put_verification_state_on_violation),
];

/// Alarms by id, in the form of ActiveViolation; those that ended have `ended`.
const VIOLATIONS: &str = "iot.violation";
/// Events as `time/id/type`, in the form of ViolationEvent.
const EVENTS: &str = "iot.violation-event";
const KEPT_MS: i64 = 30 * 86_400_000;

/// Keeps an event of an alarm.
pub fn record(tx: &mut Tx<'_>, violation: &Violation) -> Result<(), serde_json::Error> {
    let message = serde_json::to_value(violation.message())?;
    let id = violation.id.to_string();
    let shared = |time: &str, value: &str| {
        json!({
            "violationId": id,
            "thingName": message["thingName"],
            "securityProfileName": message["securityProfileName"],
            "behavior": message["behavior"],
            "violationEventAdditionalInfo": message["violationEventAdditionalInfo"],
            value: message["metricValue"],
            time: violation.at,
        })
    };
    let mut event = shared("violationEventTime", "metricValue");
    event["violationEventType"] = violation.event.as_str().into();
    tx.put(EVENTS, &format!("{:020}/{id}/{}", violation.at, violation.event.as_str()), event);
    let known = tx.get(VIOLATIONS, &id).cloned();
    let mut alarm = known.unwrap_or_else(|| json!({}));
    if violation.event == ViolationEventType::InAlarm {
        let ended = alarm["ended"].clone();
        alarm = shared("lastViolationTime", "lastViolationValue");
        alarm["violationStartTime"] = violation.started.into();
        alarm["ended"] = ended;
    } else {
        alarm["ended"] = true.into();
    }
    tx.put(VIOLATIONS, &id, alarm);
    Ok(())
}

fn list_active_violations(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let active = tx.scan(VIOLATIONS).filter(|(_, alarm)| alarm["ended"] != true && is_wanted(request, alarm, alarm));
    let mut keyed: Vec<(String, Value)> = active.map(|(id, alarm)| (id.to_owned(), shown(alarm, alarm))).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let (violations, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "activeViolations": violations, "nextToken": next }))
}

fn list_violation_events(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (from, to) = (request.int("startTime"), request.int("endTime"));
    let oldest = Some(request.now_ms - KEPT_MS);
    let mut keyed: Vec<(String, Value)> = Vec::new();
    for (key, event) in tx.scan(EVENTS) {
        let at = event["violationEventTime"].as_i64();
        let none = Value::Null;
        let alarm = tx.get(VIOLATIONS, event["violationId"].as_str().unwrap_or_default()).unwrap_or(&none);
        if at >= from && at <= to && at >= oldest && is_wanted(request, event, alarm) {
            keyed.push((key.to_owned(), shown(event, alarm)));
        }
    }
    let (events, next) = page(request, &paging::IOT, keyed)?;
    Ok(json!({ "violationEvents": events, "nextToken": next }))
}

fn put_verification_state_on_violation(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("violationId")?;
    let alarm = tx.get(VIOLATIONS, id).cloned();
    let mut alarm = alarm.ok_or_else(|| invalid(format!("The violation {id} does not exist.")))?;
    alarm["verificationState"] = request.need("verificationState")?.into();
    alarm["verificationStateDescription"] = request.get("verificationStateDescription").cloned().unwrap_or_default();
    tx.put(VIOLATIONS, id, alarm);
    Ok(json!({}))
}

fn state(alarm: &Value) -> &str {
    alarm["verificationState"].as_str().unwrap_or("UNKNOWN")
}

/// An alarm or event with what people found out about the alarm.
fn shown(one: &Value, alarm: &Value) -> Value {
    let mut shown = one.clone();
    shown["verificationState"] = state(alarm).into();
    shown["verificationStateDescription"] = alarm["verificationStateDescription"].clone();
    if let Some(members) = shown.as_object_mut() {
        members.shift_remove("ended");
    }
    shown
}

fn is_wanted(request: &Request, one: &Value, alarm: &Value) -> bool {
    let criteria = &one["behavior"]["criteria"];
    let kind = match () {
        () if !criteria["mlDetectionConfig"].is_null() => "MACHINE_LEARNING",
        () if !criteria["statisticalThreshold"].is_null() => "STATISTICAL",
        () => "STATIC",
    };
    let suppressed = one["behavior"]["suppressAlerts"] == true;
    request.str("thingName").is_none_or(|name| one["thingName"] == name)
        && request.str("securityProfileName").is_none_or(|name| one["securityProfileName"] == name)
        && request.str("behaviorCriteriaType").is_none_or(|wanted| wanted == kind)
        && request.str("verificationState").is_none_or(|wanted| wanted == state(alarm))
        && suppressed == (request.flag("listSuppressedAlerts") == Some(true))
}
