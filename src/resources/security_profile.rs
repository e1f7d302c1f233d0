//! Security profiles of Device Defender Detect, with their behaviours and what they are attached to.
//!
//! Since 2026-08-31 AWS takes no new customers for Detect: in an account that never used it, creation fails (Device
//! Defender developer guide, "Detect availability change"). `aws/error.rs` says so when it happens.

mod behavior;
mod check;
mod release;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use fleet_detect::metric::CustomMetrics;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::behavior::{Behavior, Dimension};
pub use self::release::{Used, release};
use super::names::{IOT_NAME, check_length};
use super::{custom_metric, dimension, role, thing_group, topic};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};
use crate::spec::node::pointer_token;

pub struct SecurityProfile;

/// What normal behaviour of devices is, who hears of anything else, and which devices it is about.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// At most 1000 characters.
    description: String,
    /// A file of behaviours, or a list of such files. The profile's own behaviours win over those of the files.
    #[serde(rename = "use")]
    #[schemars(extend("anyOf" = [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]))]
    _behavior_sets: Option<serde_json::Value>,
    /// By name, up to 100. A behaviour states what is normal; the alarm is its negation.
    behaviors: BTreeMap<String, behavior::Declared>,
    /// Where alerts go. Expands to `alertTargets: { SNS: { alertTargetArn, roleArn } }`.
    alert_to: Option<AlertTo>,
    /// AWS's own form of `alertTo`. The only key is `SNS`.
    alert_targets: BTreeMap<String, AlertTarget>,
    /// The devices that this profile is about, all of them: `group: NAME` (with the groups below it), `all: things`,
    /// `all: registered`, `all: unregistered`, or `arn: …`. Left out, the profile is attached to nothing.
    attach_to: Vec<Target>,
    /// Names of metrics to keep for 14 days without a behaviour. Expands to `additionalMetricsToRetainV2`.
    retain: BTreeSet<String>,
    /// Metrics to keep for 14 days without a behaviour, in AWS's own form.
    #[serde(rename = "additionalMetricsToRetainV2")]
    additional_metrics_to_retain_v2: Vec<Retained>,
    /// Where datapoints of metrics with `exportMetric: true` go. Expands to `metricsExportConfig`.
    metrics_export: Option<MetricsExport>,
    /// AWS's own form of `metricsExport`.
    metrics_export_config: Option<MetricsExportConfig>,
}

/// An SNS topic and the role that lets Device Defender publish to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertTo {
    /// A topic of this spec, or the ARN of another.
    topic: String,
    /// A role of this spec, or the ARN of another. It needs `sns:Publish` and must trust iot.amazonaws.com.
    role: String,
}

/// API:AlertTarget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertTarget {
    alert_target_arn: String,
    role_arn: String,
}

/// An MQTT topic and the role that lets Device Defender publish to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsExport {
    /// An MQTT topic of 1 to 512 characters; `$aws/rules/RULE` hands the data to a rule directly.
    topic: String,
    /// A role of this spec, or the ARN of another. It needs `iot:Publish`.
    role: String,
}

/// API:MetricsExportConfig.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsExportConfig {
    mqtt_topic: String,
    role_arn: String,
}

/// What a profile is attached to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProfileTarget")]
pub enum Target {
    /// A thing group of this spec, or the ARN of another.
    Group(String),
    /// Every device, only those in the registry, or only those that are not.
    All(Devices),
    /// A target's ARN, as AWS writes it.
    Arn(String),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Devices {
    Things,
    Registered,
    Unregistered,
}

/// API:MetricToRetain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retained {
    metric: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metric_dimension: Option<Dimension>,
    /// Default false.
    #[serde(default)]
    export_metric: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    description: String,
    behaviors: BTreeMap<String, Behavior>,
    alert_targets: BTreeMap<String, AlertTarget>,
    attached_to: BTreeSet<String>,
    retained: BTreeSet<Retained>,
    metrics_export: Option<MetricsExportConfig>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("securityprofile/{name}"))
}

impl Target {
    fn arn(&self, scope: &Scope) -> String {
        match self {
            Target::Group(name) => Reference::arn(name, |name| thing_group::arn(scope.place, name)),
            Target::All(Devices::Things) => scope.place.arn("iot", "all/things"),
            Target::All(Devices::Registered) => scope.place.arn("iot", "all/registered-things"),
            Target::All(Devices::Unregistered) => scope.place.arn("iot", "all/unregistered-things"),
            Target::Arn(arn) => arn.clone(),
        }
    }
}

impl Kind for SecurityProfile {
    const SECTION: &'static str = "securityProfiles";
    const NOUN: &'static str = "security profile";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 60;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        check_length("/description", &spec.description, 1000, "API:SecurityProfileDescription", problems);
        check::behaviors(name, spec, problems);
        check::targets(spec, problems);
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let alert = spec.alert_to.iter().flat_map(|to| {
            [Reference::to("topics", &to.topic, "/alertTo/topic"), Reference::to("roles", &to.role, "/alertTo/role")]
        });
        let export = spec.metrics_export.iter().map(|to| Reference::to("roles", &to.role, "/metricsExport/role"));
        let attached = spec.attach_to.iter().enumerate().map(|(index, target)| match target {
            Target::Group(name) => Reference::to("thingGroups", name, format!("/attachTo/{index}/group")),
            Target::All(_) | Target::Arn(_) => None,
        });
        alert.chain(export).chain(attached).flatten().chain(measured(spec)).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let behaviors = check::compiled(scope.name, &spec, &metric_types(&spec, scope))?;
        let topic_arn = |text: &str| Reference::arn(text, |name| topic::arn(scope.place, name));
        let role_arn = |text: &str| Reference::arn(text, |name| role::arn(scope.place, scope.fleet, name));
        let mut alert_targets = spec.alert_targets;
        if let Some(to) = &spec.alert_to {
            let target = AlertTarget { alert_target_arn: topic_arn(&to.topic), role_arn: role_arn(&to.role) };
            alert_targets.insert("SNS".into(), target);
        }
        let sugar = spec.retain.into_iter();
        let sugar = sugar.map(|metric| Retained { metric, metric_dimension: None, export_metric: false });
        let export =
            spec.metrics_export.map(|to| MetricsExportConfig { mqtt_topic: to.topic, role_arn: role_arn(&to.role) });
        Ok(State {
            description: spec.description,
            behaviors,
            alert_targets,
            attached_to: spec.attach_to.iter().map(|target| target.arn(scope)).collect(),
            retained: sugar.chain(spec.additional_metrics_to_retain_v2).collect(),
            metrics_export: export.or(spec.metrics_export_config),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_security_profile().security_profile_name(name).send();
        let Some(found) = cx.call("iot:DescribeSecurityProfile", describe).await.optional()? else { return Ok(None) };
        let Some(attached_to) = attachments(cx, name).await.optional()? else { return Ok(None) };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        let state = State { attached_to, ..State::from(&found) };
        Ok(Some(Live { id: name.to_owned(), state, tags, version: Some(found.version()) }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateSecurityProfile", || {
            let request = cx.session.clients.iot.create_security_profile().security_profile_name(name);
            request
                .security_profile_description(&desired.description)
                .set_behaviors(some(desired.behaviors_sdk()))
                .set_alert_targets(desired.alert_targets_sdk())
                .set_additional_metrics_to_retain_v2(some(desired.retained_sdk()))
                .set_metrics_export_config(desired.metrics_export_sdk())
                .set_tags(iot_tags::wire(&cx.tags()))
                .send()
        })
        .await?;
        attach(cx, name, &BTreeSet::new(), &desired.attached_to).await
    }

    /// A PATCH in which each list that is given replaces the whole list, and a flag of its own empties it
    /// (API:UpdateSecurityProfile). Only what differs is sent.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let now = &live.state;
        let behaviors = (now.behaviors != desired.behaviors).then(|| desired.behaviors_sdk());
        let alerts = (now.alert_targets != desired.alert_targets).then_some(&desired.alert_targets);
        let retained = (now.retained != desired.retained).then(|| desired.retained_sdk());
        let export = (now.metrics_export != desired.metrics_export).then_some(&desired.metrics_export);
        let described = (now.description != desired.description).then(|| desired.description.clone());
        if behaviors.is_some() || alerts.is_some() || retained.is_some() || export.is_some() || described.is_some() {
            cx.call("iot:UpdateSecurityProfile", || {
                let request = cx.session.clients.iot.update_security_profile().security_profile_name(&live.id);
                request
                    .set_security_profile_description(described.clone())
                    .set_delete_behaviors(emptied(behaviors.as_ref().map(Vec::is_empty)))
                    .set_behaviors(behaviors.clone().and_then(some))
                    .set_delete_alert_targets(emptied(alerts.map(BTreeMap::is_empty)))
                    .set_alert_targets(alerts.and_then(|_| desired.alert_targets_sdk()))
                    .set_delete_additional_metrics_to_retain(emptied(retained.as_ref().map(Vec::is_empty)))
                    .set_additional_metrics_to_retain_v2(retained.clone().and_then(some))
                    .set_delete_metrics_export_config(emptied(export.map(Option::is_none)))
                    .set_metrics_export_config(export.and_then(|_| desired.metrics_export_sdk()))
                    .set_expected_version(live.version)
                    .send()
            })
            .await?;
        }
        attach(cx, &live.id, &now.attached_to, &desired.attached_to).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    /// Detaches first: whether AWS deletes an attached profile is not documented.
    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        attach(cx, &live.id, &live.state.attached_to, &BTreeSet::new()).await?;
        let delete = || cx.session.clients.iot.delete_security_profile().security_profile_name(&live.id).send();
        cx.call("iot:DeleteSecurityProfile", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list =
            |token| cx.session.clients.iot.list_security_profiles().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListSecurityProfiles", list, |page| page.next_token()).await?;
        let profiles = pages.iter().flat_map(|page| page.security_profile_identifiers());
        Ok(profiles.map(|found| found.name().to_owned()).collect())
    }
}

/// The custom metrics and the dimensions that behaviours and retained metrics name.
fn measured(spec: &Spec) -> Vec<Reference> {
    let behaviors = spec.behaviors.iter().flat_map(|(name, behavior)| {
        let at = format!("/behaviors/{}", pointer_token(name));
        uses(&behavior.metric, behavior.metric_dimension.as_ref(), &at)
    });
    let retained = spec.additional_metrics_to_retain_v2.iter().enumerate().flat_map(|(index, retained)| {
        let at = format!("/additionalMetricsToRetainV2/{index}");
        uses(&retained.metric, retained.metric_dimension.as_ref(), &at)
    });
    let names = spec.retain.iter().enumerate();
    let names = names.filter_map(|(index, metric)| custom_metric::reference(metric, format!("/retain/{index}")));
    behaviors.chain(retained).chain(names).collect()
}

fn uses(metric: &str, dimension: Option<&Dimension>, at: &str) -> Vec<Reference> {
    let metric = custom_metric::reference(metric, format!("{at}/metric"));
    let dimension =
        dimension.and_then(|own| dimension::reference(own.name(), format!("{at}/metricDimension/dimensionName")));
    metric.into_iter().chain(dimension).collect()
}

/// The types of the custom metrics that this spec declares and the profile's behaviours use.
fn metric_types(spec: &Spec, scope: &Scope) -> CustomMetrics {
    let named = spec.behaviors.values().map(|behavior| &behavior.metric);
    let typed = named.filter_map(|name| Some((name.clone(), custom_metric::declared_type(scope, name)?)));
    CustomMetrics(typed.collect())
}

/// A list to send. AWS takes an empty one for an absent one.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// The flag that empties a list; it may not stand beside values.
fn emptied(empty: Option<bool>) -> Option<bool> {
    empty.filter(|empty| *empty)
}

async fn attachments(cx: &Context, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let list = |token| {
        let request = cx.session.clients.iot.list_targets_for_security_profile().security_profile_name(name);
        request.max_results(250).set_next_token(token).send()
    };
    let pages = pages::all(cx, "iot:ListTargetsForSecurityProfile", list, |page| page.next_token()).await?;
    let targets = pages.iter().flat_map(|page| page.security_profile_targets());
    Ok(targets.map(|target| target.arn().to_owned()).collect())
}

/// Attaches before it detaches, so that no device is without the profile in between. Attaching twice is no error.
async fn attach(cx: &Context, name: &str, live: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<(), AwsError> {
    let iot = &cx.session.clients.iot;
    for target in wanted.difference(live) {
        cx.call("iot:AttachSecurityProfile", || {
            iot.attach_security_profile().security_profile_name(name).security_profile_target_arn(target).send()
        })
        .await?;
    }
    for target in live.difference(wanted) {
        cx.call("iot:DetachSecurityProfile", || {
            iot.detach_security_profile().security_profile_name(name).security_profile_target_arn(target).send()
        })
        .await
        .optional()?;
    }
    Ok(())
}
