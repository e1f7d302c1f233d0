//! Mitigation actions of Device Defender: what can be done about audit findings, and as which role.
//!
//! Each action is of one type. That an update may change the type is neither promised nor ruled out (API:
//! UpdateMitigationAction), so another type is another action here.

mod params;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::params::{CertificateUpdate, Params, PolicyTemplate};
use super::log_level::LogLevel;
use super::names::NameRule;
use super::role;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};

const NAME: NameRule = NameRule { others: "_-", longest: 128, source: "API:MitigationActionName" };

pub struct MitigationAction;

/// Something to do about audit findings: exactly one of the six types. AWS allows a hundred actions per account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MitigationAction")]
pub struct Spec {
    /// A role of this spec, or the ARN of another, as which the action is carried out. It must trust iot.amazonaws.com
    /// and be allowed what the type needs (Device Defender developer guide, "Mitigation actions").
    role: String,
    /// Makes a device certificate INACTIVE. Expands to `updateDeviceCertificateParams: { action }`.
    #[serde(default)]
    update_device_certificate: Option<CertificateUpdate>,
    /// Makes a CA certificate INACTIVE. Expands to `updateCACertificateParams: { action }`.
    #[serde(default, rename = "updateCACertificate")]
    update_ca_certificate: Option<CertificateUpdate>,
    /// Moves the things of a certificate to groups, usually for quarantine. Expands to `addThingsToThingGroupParams`.
    #[serde(default)]
    add_things_to_thing_group: Option<AddThings>,
    /// Replaces the default version of a policy by one that permits nothing. Expands to
    /// `replaceDefaultPolicyVersionParams: { templateName }`.
    #[serde(default)]
    replace_default_policy_version: Option<PolicyTemplate>,
    /// Switches AWS IoT logging on. Expands to `enableIoTLoggingParams`.
    #[serde(default, rename = "enableIoTLogging")]
    enable_iot_logging: Option<EnableLogging>,
    /// A topic of this spec, or the ARN of another, to which findings are published. Expands to
    /// `publishFindingToSnsParams: { topicArn }`.
    #[serde(default)]
    publish_finding_to_sns: Option<String>,
    /// AWS's own form of the six above.
    #[serde(default)]
    action_params: Option<Params>,
}

/// Short form of API:AddThingsToThingGroupParams.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddThings {
    /// One to ten groups: of this spec by name, or the ARNs of others. Expands to `thingGroupNames`.
    #[schemars(length(min = 1, max = 10))]
    groups: BTreeSet<String>,
    /// Whether a thing that is in ten groups already leaves dynamic ones for these. Default false.
    #[serde(default)]
    override_dynamic_groups: bool,
}

/// Short form of API:EnableIoTLoggingParams.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnableLogging {
    /// A role of this spec, or the ARN of another, with which AWS IoT writes the logs. Expands to `roleArnForLogging`.
    role: String,
    /// Any but DISABLED.
    log_level: LogLevel,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    action_type: String,
    role_arn: String,
    action_params: Params,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("mitigationaction/{name}"))
}

impl Kind for MitigationAction {
    const SECTION: &'static str = "mitigationActions";
    const NOUN: &'static str = "mitigation action";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 65;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        params::check(spec, problems);
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        Reference::to("roles", &spec.role, "/role").into_iter().chain(params::references(spec)).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let role_arn = Reference::arn(&spec.role, |name| role::arn(scope.place, scope.fleet, name));
        let action_params = spec.params(scope)?;
        Ok(State { action_type: action_params.action_type().into(), role_arn, action_params })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn replaces(path: &str) -> bool {
        path == "/actionType"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_mitigation_action().action_name(name).send();
        let Some(found) = cx.call("iot:DescribeMitigationAction", describe).await.optional()? else { return Ok(None) };
        let Some(action_params) = found.action_params().and_then(Params::from_sdk) else {
            return Err(params::unknown(cx, found.action_type().map(|kind| kind.as_str()).unwrap_or_default()));
        };
        let state = State {
            action_type: action_params.action_type().into(),
            role_arn: found.role_arn().unwrap_or_default().to_owned(),
            action_params,
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateMitigationAction", || {
            let request = cx.session.clients.iot.create_mitigation_action().action_name(name);
            let request = request.role_arn(&desired.role_arn).action_params(desired.action_params.to_sdk());
            request.set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateMitigationAction", || {
            let request = cx.session.clients.iot.update_mitigation_action().action_name(&live.id);
            request.role_arn(&desired.role_arn).action_params(desired.action_params.to_sdk()).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_mitigation_action().action_name(&live.id).send();
        cx.call("iot:DeleteMitigationAction", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list =
            |token| cx.session.clients.iot.list_mitigation_actions().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListMitigationActions", list, |page| page.next_token()).await?;
        let actions = pages.iter().flat_map(|page| page.action_identifiers());
        Ok(actions.filter_map(|found| found.action_name().map(str::to_owned)).collect())
    }
}
