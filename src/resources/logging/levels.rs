//! Levels of single targets: things of a group, a client, an address or a principal.

use std::collections::BTreeMap;

use aws_sdk_iot::types::{LogTarget, LogTargetType};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::aws::pages;
use crate::resources::log_level::LogLevel;
use crate::scope::Reference;
use crate::spec::node::pointer_token;

/// Target type to target name to level (API:LogTargetType).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields, default)]
#[schemars(rename = "LogLevels")]
pub struct Levels {
    /// Names of thing groups.
    thing_group: BTreeMap<String, LogLevel>,
    /// MQTT client IDs.
    client_id: BTreeMap<String, LogLevel>,
    /// IP addresses of connections.
    source_ip: BTreeMap<String, LogLevel>,
    /// Principals, such as IDs of certificates.
    principal_id: BTreeMap<String, LogLevel>,
}

/// Target type to target name to level, as AWS writes them.
type ByTarget = BTreeMap<String, BTreeMap<String, String>>;

impl Levels {
    pub fn references(&self, at: &str) -> Vec<Reference> {
        let groups = self.thing_group.keys().filter_map(|name| {
            let reference = Reference::to("thingGroups", name, format!("{at}/THING_GROUP/{}", pointer_token(name)));
            reference.map(Reference::or_elsewhere)
        });
        groups.collect()
    }

    /// Without types that have no target.
    pub fn state(&self) -> ByTarget {
        let types = [
            (LogTargetType::ThingGroup, &self.thing_group),
            (LogTargetType::ClientId, &self.client_id),
            (LogTargetType::SourceIp, &self.source_ip),
            (LogTargetType::PrincipalId, &self.principal_id),
        ];
        let given = types.into_iter().filter(|(_, targets)| !targets.is_empty());
        given
            .map(|(kind, targets)| {
                let targets = targets.iter().map(|(name, level)| (name.clone(), level.as_str().to_owned()));
                (kind.as_str().to_owned(), targets.collect())
            })
            .collect()
    }
}

/// The type DEFAULT, which AWS has for the default level, is none of these.
pub async fn read(cx: &Context) -> Result<ByTarget, AwsError> {
    let list = |token| cx.session.clients.iot.list_v2_logging_levels().max_results(250).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListV2LoggingLevels", list, |page| page.next_token()).await?;
    let mut levels = ByTarget::new();
    for found in pages.iter().flat_map(|page| page.log_target_configurations()) {
        let Some((target, level)) = found.log_target().zip(found.log_level()) else { continue };
        if let Some(name) = target.target_name().filter(|_| *target.target_type() != LogTargetType::Default) {
            let targets = levels.entry(target.target_type().as_str().to_owned()).or_default();
            targets.insert(name.to_owned(), level.as_str().to_owned());
        }
    }
    Ok(levels)
}

pub async fn converge(cx: &Context, live: &ByTarget, desired: &ByTarget) -> Result<(), AwsError> {
    let iot = &cx.session.clients.iot;
    for (kind, name, level) in all(desired) {
        if live.get(kind).and_then(|targets| targets.get(name)) == Some(level) {
            continue;
        }
        let target = LogTarget::builder().target_type(kind.into()).target_name(name).build();
        let target = target.expect("the type is set");
        cx.call("iot:SetV2LoggingLevel", || {
            iot.set_v2_logging_level().log_target(target.clone()).log_level(level.as_str().into()).send()
        })
        .await?;
    }
    for (kind, name, _) in all(live) {
        if desired.get(kind).is_some_and(|targets| targets.contains_key(name)) {
            continue;
        }
        cx.call("iot:DeleteV2LoggingLevel", || {
            iot.delete_v2_logging_level().target_type(kind.into()).target_name(name).send()
        })
        .await?;
    }
    Ok(())
}

fn all(levels: &ByTarget) -> impl Iterator<Item = (&str, &String, &String)> {
    levels.iter().flat_map(|(kind, targets)| targets.iter().map(move |(name, level)| (kind.as_str(), name, level)))
}
