//! What AWS IoT writes to its logs: the logging options (V2) of the account, and levels for single targets.
//!
//! There is one set of options per account and region, without tags, and it is a fleet's when its role has the fleet's
//! path, as with the audit configuration. AWS has no call that deletes the options. Deleted are the levels of targets;
//! the rest is switched off, and what is wholly switched off with the role of a fleet counts as not there.
//! Whether AWS keeps an event that a new list leaves out is not documented: the list is taken for the whole.

mod levels;

use std::collections::BTreeMap;

use aws_sdk_iot::operation::get_v2_logging_options::GetV2LoggingOptionsOutput;
use aws_sdk_iot::types::LogEventConfiguration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::levels::Levels;
use super::log_level::LogLevel;
use super::names::check_length;
use super::role;
use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{ADDRESS_TAG, FLEET_TAG, TagChange, Tags};
use crate::scope::{Problems, Reference, Scope};
use crate::spec::node::pointer_token;

pub struct Logging;

/// What AWS IoT writes to CloudWatch Logs in this account and region (log group `AWSIotLogsV2`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Logging")]
pub struct Spec {
    /// A role of this spec that lets AWS IoT write logs. An ARN is not possible: the role's path marks the options as
    /// this fleet's.
    role: String,
    /// The level of everything that has none of its own.
    default_log_level: LogLevel,
    /// Default false. Switches all logs off, whatever the levels are.
    #[serde(default)]
    disable_all_logs: bool,
    /// Levels of single targets, all of them: by type and name.
    #[serde(default)]
    levels: Levels,
    /// Levels and log groups of single types of events such as `Connect` or `Publish`, all of them.
    #[serde(default)]
    event_configurations: BTreeMap<String, EventSpec>,
}

/// API:LogEventConfiguration, without its `eventType`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "LogEventConfiguration")]
struct EventSpec {
    /// Left out, the default level.
    log_level: Option<LogLevel>,
    /// The name of a log group for these events, in place of `AWSIotLogsV2`.
    log_destination: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    role_arn: String,
    default_log_level: String,
    disable_all_logs: bool,
    /// Target type to target name to level.
    levels: BTreeMap<String, BTreeMap<String, String>>,
    event_configurations: BTreeMap<String, Event>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    log_level: Option<String>,
    log_destination: Option<String>,
}

impl State {
    /// How options are left that fleetctl no longer manages.
    fn is_off(&self) -> bool {
        let off = LogLevel::Disabled.as_str();
        self.disable_all_logs
            && self.default_log_level == off
            && self.levels.is_empty()
            && self.event_configurations.is_empty()
    }

    fn off(role_arn: &str) -> State {
        State {
            role_arn: role_arn.to_owned(),
            default_log_level: LogLevel::Disabled.as_str().into(),
            disable_all_logs: true,
            levels: BTreeMap::new(),
            event_configurations: BTreeMap::new(),
        }
    }

    fn events(&self) -> Vec<LogEventConfiguration> {
        let build = |(kind, event): (&String, &Event)| {
            let built = LogEventConfiguration::builder().event_type(kind);
            let built = built.set_log_level(event.log_level.as_deref().map(Into::into));
            built.set_log_destination(event.log_destination.clone()).build().expect("the type is set")
        };
        self.event_configurations.iter().map(build).collect()
    }
}

impl Kind for Logging {
    const SECTION: &'static str = "logging";
    const NOUN: &'static str = "logging options";
    const OWNERSHIP: Ownership = Ownership::Singleton;
    const RANK: u8 = 64;
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(_name: &str, spec: &Spec, problems: &mut Problems) {
        if spec.role.starts_with("arn:") {
            problems.push_help(
                "/role",
                "the role of the logging options must be declared in this spec",
                "name a role of `roles:`; its path is what marks the options as this fleet's",
            );
        }
        for (kind, event) in &spec.event_configurations {
            let at = format!("/eventConfigurations/{}", pointer_token(kind));
            check_length(&at, kind, 512, "API:LogEventType", problems);
            if let Some(group) = &event.log_destination {
                check_length(&format!("{at}/logDestination"), group, 512, "API:LogDestination", problems);
            }
        }
        let nothing_else = spec.levels.state().is_empty() && spec.event_configurations.is_empty();
        if spec.disable_all_logs && spec.default_log_level == LogLevel::Disabled && nothing_else {
            problems.push_help(
                "/disableAllLogs",
                "this is how fleetctl leaves options that it no longer manages",
                "keep `disableAllLogs: true` with the level that shall hold when logs are on again",
            );
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let groups = spec.event_configurations.iter().filter_map(|(kind, event)| {
            let at = format!("/eventConfigurations/{}/logDestination", pointer_token(kind));
            Reference::to("logGroups", event.log_destination.as_ref()?, at).map(Reference::or_elsewhere)
        });
        let role = Reference::to("roles", &spec.role, "/role");
        role.into_iter().chain(groups).chain(spec.levels.references("/levels")).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let events = spec.event_configurations.into_iter().map(|(kind, event)| {
            let log_level = event.log_level.map(|level| level.as_str().to_owned());
            (kind, Event { log_level, log_destination: event.log_destination })
        });
        Ok(State {
            role_arn: Reference::arn(&spec.role, |name| role::arn(scope.place, scope.fleet, name)),
            default_log_level: spec.default_log_level.as_str().into(),
            disable_all_logs: spec.disable_all_logs,
            levels: spec.levels.state(),
            event_configurations: events.collect(),
        })
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.iot.get_v2_logging_options().send();
        let found = match cx.call("iot:GetV2LoggingOptions", get).await {
            Err(error) if error.code() == "NotConfiguredException" => return Ok(None),
            found => found?,
        };
        let Some(role_arn) = found.role_arn().filter(|arn| !arn.is_empty()) else { return Ok(None) };
        let tags = mark_of(role_arn);
        let state = state(&found, role_arn, levels::read(cx).await?);
        let left_behind = state.is_off() && !tags.is_empty();
        Ok((!left_behind).then(|| Live { id: name.to_owned(), state, tags, version: None }))
    }

    /// Levels of targets may be left from before, where somebody else switched the rest off.
    async fn create(cx: &Context, _name: &str, desired: &State) -> Result<(), AwsError> {
        set_options(cx, desired, !desired.event_configurations.is_empty()).await?;
        levels::converge(cx, &levels::read(cx).await?, &desired.levels).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let events = live.state.event_configurations != desired.event_configurations;
        set_options(cx, desired, events).await?;
        levels::converge(cx, &live.state.levels, &desired.levels).await
    }

    /// The mark is the role's path, which `update` writes.
    async fn retag(_cx: &Context, _live: &Live<State>, _change: &TagChange) -> Result<(), AwsError> {
        Ok(())
    }

    /// The levels first: once all is off, the options count as not there.
    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        levels::converge(cx, &live.state.levels, &BTreeMap::new()).await?;
        set_options(cx, &State::off(&live.state.role_arn), !live.state.event_configurations.is_empty()).await
    }

    /// There is only one, without a name; reading it tells whose it is.
    async fn list(_cx: &Context) -> Result<Vec<String>, AwsError> {
        Ok(vec![String::new()])
    }
}

fn mark_of(role_arn: &str) -> Tags {
    let mark = role::fleet_of(role_arn)
        .map(|fleet| [(FLEET_TAG.into(), fleet.into()), (ADDRESS_TAG.into(), Logging::SECTION.into())]);
    mark.into_iter().flatten().collect()
}

fn state(
    found: &GetV2LoggingOptionsOutput,
    role_arn: &str,
    levels: BTreeMap<String, BTreeMap<String, String>>,
) -> State {
    let events = found.event_configurations().iter().map(|event| {
        let log_level = event.log_level().map(|level| level.as_str().to_owned());
        let log_destination = event.log_destination().map(str::to_owned);
        (event.event_type().to_owned(), Event { log_level, log_destination })
    });
    State {
        role_arn: role_arn.to_owned(),
        default_log_level: found.default_log_level().map(|level| level.as_str().to_owned()).unwrap_or_default(),
        disable_all_logs: found.disable_all_logs(),
        levels,
        event_configurations: events.collect(),
    }
}

/// All options are said in each call: what AWS does with those left out is not documented. Only events are left out
/// where there is nothing to say of them, since not every account is offered them.
async fn set_options(cx: &Context, desired: &State, events: bool) -> Result<(), AwsError> {
    let events = events.then(|| desired.events());
    cx.call("iot:SetV2LoggingOptions", || {
        let request = cx.session.clients.iot.set_v2_logging_options().role_arn(&desired.role_arn);
        let request = request.default_log_level(desired.default_log_level.as_str().into());
        request.disable_all_logs(desired.disable_all_logs).set_event_configurations(events.clone()).send()
    })
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_means_not_managed_cannot_be_declared() {
        for (more, fits) in [
            (json!({ "defaultLogLevel": "DISABLED" }), false),
            (json!({ "defaultLogLevel": "ERROR" }), true),
            (json!({ "defaultLogLevel": "DISABLED", "levels": { "CLIENT_ID": { "line-1": "INFO" } } }), true),
        ] {
            let mut spec = json!({ "role": "logs", "disableAllLogs": true });
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut problems = Problems::default();
            Logging::check("", &serde_json::from_value(spec.clone()).unwrap(), &mut problems);
            assert_eq!(problems.is_empty(), fits, "{spec}");
        }
        assert!(State::off("arn:aws:iam::123456789012:role/fleetctl/factory/logs").is_off());
    }
}
