//! Violations that Detect has found: alarms that last, events, and what people say of them.

use aws_sdk_iot::types as sdk;
use aws_smithy_types::DateTime;
use fleet_audit::timestamp::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::aws::pages;

/// Which violations are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub thing: Option<String>,
    pub profile: Option<String>,
    /// API:VerificationState.
    pub verification: Option<String>,
    /// Those of behaviours that suppress alerts.
    pub suppressed: bool,
}

/// An alarm that lasts, or an event of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    pub violation_id: String,
    pub thing_name: String,
    pub security_profile_name: String,
    pub behavior_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// API:ViolationEventType; nothing for an alarm that lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// API:MetricValue.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// Of the event, or of the last violation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// API:VerificationState.
    pub verification_state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_description: Option<String>,
}

/// The alarms that last.
pub async fn active(cx: &Context, filter: &Filter) -> Result<Vec<Violation>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |token| {
        let list = iot.list_active_violations().max_results(250).set_next_token(token);
        let list = list.set_thing_name(filter.thing.clone()).set_security_profile_name(filter.profile.clone());
        let list = list.set_verification_state(filter.verification.as_deref().map(sdk::VerificationState::from));
        list.set_list_suppressed_alerts(filter.suppressed.then_some(true)).send()
    };
    let pages = pages::all(cx, "iot:ListActiveViolations", list, |page| page.next_token()).await?;
    let found = pages.iter().flat_map(|page| page.active_violations()).map(|one| Violation {
        violation_id: own(one.violation_id()),
        thing_name: own(one.thing_name()),
        security_profile_name: own(one.security_profile_name()),
        behavior_name: own(one.behavior().map(sdk::Behavior::name)),
        metric: one.behavior().and_then(sdk::Behavior::metric).map(str::to_owned),
        event_type: None,
        value: one.last_violation_value().map(value).unwrap_or_default(),
        time: one.last_violation_time().map(moment),
        start_time: one.violation_start_time().map(moment),
        verification_state: state(one.verification_state()),
        verification_description: one.verification_state_description().map(str::to_owned),
    });
    Ok(found.collect())
}

/// The events of a range of time.
pub async fn events(cx: &Context, filter: &Filter, from: Timestamp, to: Timestamp) -> Result<Vec<Violation>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |token| {
        let list = iot.list_violation_events().max_results(250).set_next_token(token);
        let list = list.set_thing_name(filter.thing.clone()).set_security_profile_name(filter.profile.clone());
        let list = list.set_verification_state(filter.verification.as_deref().map(sdk::VerificationState::from));
        let list = list.start_time(DateTime::from_secs(from.0)).end_time(DateTime::from_secs(to.0));
        list.set_list_suppressed_alerts(filter.suppressed.then_some(true)).send()
    };
    let pages = pages::all(cx, "iot:ListViolationEvents", list, |page| page.next_token()).await?;
    let found = pages.iter().flat_map(|page| page.violation_events()).map(|one| Violation {
        violation_id: own(one.violation_id()),
        thing_name: own(one.thing_name()),
        security_profile_name: own(one.security_profile_name()),
        behavior_name: own(one.behavior().map(sdk::Behavior::name)),
        metric: one.behavior().and_then(sdk::Behavior::metric).map(str::to_owned),
        event_type: one.violation_event_type().map(|kind| kind.as_str().to_owned()),
        value: one.metric_value().map(value).unwrap_or_default(),
        time: one.violation_event_time().map(moment),
        start_time: None,
        verification_state: state(one.verification_state()),
        verification_description: one.verification_state_description().map(str::to_owned),
    });
    Ok(found.collect())
}

/// Says of a violation what was found out about it.
pub async fn verify(cx: &Context, id: &str, state: &str, description: Option<&str>) -> Result<(), AwsError> {
    let iot = &cx.session.clients.iot;
    let put = || {
        let put = iot.put_verification_state_on_violation().violation_id(id).verification_state(state.into());
        put.set_verification_state_description(description.map(str::to_owned)).send()
    };
    cx.call("iot:PutVerificationStateOnViolation", put).await.map(drop)
}

fn own(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn moment(at: &DateTime) -> Timestamp {
    Timestamp(at.secs())
}

/// AWS counts what nobody has looked at as UNKNOWN.
fn state(found: Option<&sdk::VerificationState>) -> String {
    found.map_or("UNKNOWN", sdk::VerificationState::as_str).to_owned()
}

fn value(found: &sdk::MetricValue) -> Value {
    let mut members = serde_json::Map::new();
    let mut set = |name: &str, member: Value| drop(members.insert(name.to_owned(), member));
    found.count().into_iter().for_each(|count| set("count", count.into()));
    found.number().into_iter().for_each(|number| set("number", number.into()));
    let lists = [
        ("cidrs", json!(found.cidrs())),
        ("ports", json!(found.ports())),
        ("numbers", json!(found.numbers())),
        ("strings", json!(found.strings())),
    ];
    lists.into_iter().filter(|(_, list)| *list != json!([])).for_each(|(name, list)| set(name, list));
    Value::Object(members)
}
