//! The six types of mitigation actions with their parameters, in AWS's form, from the short forms, and in the SDK's types.

use std::collections::BTreeSet;

use aws_sdk_iot::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Spec;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause};
use crate::resources::log_level::LogLevel;
use crate::resources::{role, thing_group, topic};
use crate::scope::{Problems, Reference, Scope};

/// API:MitigationActionParams, of which AWS takes exactly one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MitigationActionParams")]
pub enum Params {
    #[serde(rename = "updateDeviceCertificateParams")]
    UpdateDeviceCertificate { action: CertificateUpdate },
    #[serde(rename = "updateCACertificateParams")]
    UpdateCaCertificate { action: CertificateUpdate },
    #[serde(rename = "addThingsToThingGroupParams")]
    AddThingsToThingGroup {
        thing_group_names: BTreeSet<String>,
        #[serde(default)]
        override_dynamic_groups: bool,
    },
    #[serde(rename = "replaceDefaultPolicyVersionParams")]
    ReplaceDefaultPolicyVersion { template_name: PolicyTemplate },
    #[serde(rename = "enableIoTLoggingParams")]
    EnableIotLogging { role_arn_for_logging: String, log_level: LogLevel },
    #[serde(rename = "publishFindingToSnsParams")]
    PublishFindingToSns { topic_arn: String },
}

/// API:DeviceCertificateUpdateAction and API:CACertificateUpdateAction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateUpdate {
    Deactivate,
}

/// API:PolicyTemplateName.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyTemplate {
    BlankPolicy,
}

/// The keys of an entry that say what to do.
const FORMS: &str = "`updateDeviceCertificate`, `updateCACertificate`, `addThingsToThingGroup`, \
     `replaceDefaultPolicyVersion`, `enableIoTLogging`, `publishFindingToSns` or `actionParams`";

pub fn check(spec: &Spec, problems: &mut Problems) {
    let forms = [
        spec.update_device_certificate.is_some(),
        spec.update_ca_certificate.is_some(),
        spec.add_things_to_thing_group.is_some(),
        spec.replace_default_policy_version.is_some(),
        spec.enable_iot_logging.is_some(),
        spec.publish_finding_to_sns.is_some(),
        spec.action_params.is_some(),
    ];
    if forms.iter().filter(|given| **given).count() != 1 {
        let help = format!("keep one of {FORMS}");
        problems.push_help("", "a mitigation action does exactly one thing (API:CreateMitigationAction)", help);
    }
    let (groups, at) = match (&spec.add_things_to_thing_group, &spec.action_params) {
        (Some(add), _) => (Some(&add.groups), "/addThingsToThingGroup/groups"),
        (None, Some(Params::AddThingsToThingGroup { thing_group_names, .. })) => {
            (Some(thing_group_names), "/actionParams/addThingsToThingGroupParams/thingGroupNames")
        }
        _ => (None, ""),
    };
    if groups.is_some_and(|groups| !(1..=10).contains(&groups.len())) {
        problems.push(at, "things are added to one to ten groups (API:ThingGroupNames)");
    }
    let (level, at) = match (&spec.enable_iot_logging, &spec.action_params) {
        (Some(enable), _) => (Some(enable.log_level), "/enableIoTLogging/logLevel"),
        (None, Some(Params::EnableIotLogging { log_level, .. })) => {
            (Some(*log_level), "/actionParams/enableIoTLoggingParams/logLevel")
        }
        _ => (None, ""),
    };
    if level == Some(LogLevel::Disabled) {
        problems
            .push(at, "logging cannot be enabled at the level DISABLED (Device Defender guide, mitigation actions)");
    }
}

pub fn references(spec: &Spec) -> Vec<Reference> {
    let groups = spec.add_things_to_thing_group.iter().flat_map(|add| add.groups.iter().enumerate());
    let groups = groups
        .map(|(index, group)| Reference::to("thingGroups", group, format!("/addThingsToThingGroup/groups/{index}")));
    let enable = spec.enable_iot_logging.iter();
    let enable = enable.map(|enable| Reference::to("roles", &enable.role, "/enableIoTLogging/role"));
    let topic = spec.publish_finding_to_sns.iter();
    let topic = topic.map(|topic| Reference::to("topics", topic, "/publishFindingToSns"));
    groups.chain(enable).chain(topic).flatten().collect()
}

impl Spec {
    /// The one form that is given, as AWS writes it.
    pub fn params(self, scope: &Scope) -> Result<Params, Problems> {
        let device = self.update_device_certificate.map(|action| Params::UpdateDeviceCertificate { action });
        let authority = self.update_ca_certificate.map(|action| Params::UpdateCaCertificate { action });
        let add = self.add_things_to_thing_group.map(|add| Params::AddThingsToThingGroup {
            thing_group_names: add.groups.iter().map(|group| thing_group::name(group).to_owned()).collect(),
            override_dynamic_groups: add.override_dynamic_groups,
        });
        let template = self.replace_default_policy_version;
        let template = template.map(|template_name| Params::ReplaceDefaultPolicyVersion { template_name });
        let enable = self.enable_iot_logging.map(|enable| Params::EnableIotLogging {
            role_arn_for_logging: Reference::arn(&enable.role, |name| role::arn(scope.place, scope.fleet, name)),
            log_level: enable.log_level,
        });
        let publish = self.publish_finding_to_sns.map(|topic| Params::PublishFindingToSns {
            topic_arn: Reference::arn(&topic, |name| topic::arn(scope.place, name)),
        });
        let forms = [device, authority, add, template, enable, publish, self.action_params];
        let given = forms.into_iter().flatten().next();
        given.ok_or_else(|| Problems::one("", format!("one of {FORMS} is needed")))
    }
}

impl Params {
    /// API:MitigationActionType.
    pub fn action_type(&self) -> &'static str {
        match self {
            Params::UpdateDeviceCertificate { .. } => "UPDATE_DEVICE_CERTIFICATE",
            Params::UpdateCaCertificate { .. } => "UPDATE_CA_CERTIFICATE",
            Params::AddThingsToThingGroup { .. } => "ADD_THINGS_TO_THING_GROUP",
            Params::ReplaceDefaultPolicyVersion { .. } => "REPLACE_DEFAULT_POLICY_VERSION",
            Params::EnableIotLogging { .. } => "ENABLE_IOT_LOGGING",
            Params::PublishFindingToSns { .. } => "PUBLISH_FINDING_TO_SNS",
        }
    }

    pub fn to_sdk(&self) -> sdk::MitigationActionParams {
        const SET: &str = "every member is set";
        let all = sdk::MitigationActionParams::builder();
        match self {
            Params::UpdateDeviceCertificate { action: CertificateUpdate::Deactivate } => {
                let action = sdk::DeviceCertificateUpdateAction::Deactivate;
                let params = sdk::UpdateDeviceCertificateParams::builder().action(action).build();
                all.update_device_certificate_params(params.expect(SET))
            }
            Params::UpdateCaCertificate { action: CertificateUpdate::Deactivate } => {
                let action = sdk::CaCertificateUpdateAction::Deactivate;
                let params = sdk::UpdateCaCertificateParams::builder().action(action).build();
                all.update_ca_certificate_params(params.expect(SET))
            }
            Params::AddThingsToThingGroup { thing_group_names, override_dynamic_groups } => {
                let params = sdk::AddThingsToThingGroupParams::builder();
                let params = params.set_thing_group_names(Some(thing_group_names.iter().cloned().collect()));
                let params = params.override_dynamic_groups(*override_dynamic_groups).build();
                all.add_things_to_thing_group_params(params.expect(SET))
            }
            Params::ReplaceDefaultPolicyVersion { template_name: PolicyTemplate::BlankPolicy } => {
                let template = sdk::PolicyTemplateName::BlankPolicy;
                let params = sdk::ReplaceDefaultPolicyVersionParams::builder().template_name(template).build();
                all.replace_default_policy_version_params(params.expect(SET))
            }
            Params::EnableIotLogging { role_arn_for_logging, log_level } => {
                let params = sdk::EnableIoTLoggingParams::builder().role_arn_for_logging(role_arn_for_logging);
                let params = params.log_level(log_level.as_str().into()).build();
                all.enable_io_t_logging_params(params.expect(SET))
            }
            Params::PublishFindingToSns { topic_arn } => {
                let params = sdk::PublishFindingToSnsParams::builder().topic_arn(topic_arn).build();
                all.publish_finding_to_sns_params(params.expect(SET))
            }
        }
        .build()
    }

    /// `None` for a type that AWS has added since.
    pub fn from_sdk(live: &sdk::MitigationActionParams) -> Option<Params> {
        if live.update_device_certificate_params().is_some() {
            return Some(Params::UpdateDeviceCertificate { action: CertificateUpdate::Deactivate });
        }
        if live.update_ca_certificate_params().is_some() {
            return Some(Params::UpdateCaCertificate { action: CertificateUpdate::Deactivate });
        }
        if let Some(add) = live.add_things_to_thing_group_params() {
            return Some(Params::AddThingsToThingGroup {
                thing_group_names: add.thing_group_names().iter().cloned().collect(),
                override_dynamic_groups: add.override_dynamic_groups().unwrap_or(false),
            });
        }
        if live.replace_default_policy_version_params().is_some() {
            return Some(Params::ReplaceDefaultPolicyVersion { template_name: PolicyTemplate::BlankPolicy });
        }
        if let Some(enable) = live.enable_io_t_logging_params() {
            return Some(Params::EnableIotLogging {
                role_arn_for_logging: enable.role_arn_for_logging().to_owned(),
                log_level: LogLevel::from_aws(enable.log_level().as_str())?,
            });
        }
        let publish = live.publish_finding_to_sns_params()?;
        Some(Params::PublishFindingToSns { topic_arn: publish.topic_arn().to_owned() })
    }
}

/// For a live action whose parameters cannot be read.
pub fn unknown(cx: &Context, action_type: &str) -> AwsError {
    let message = format!("its type `{action_type}` has parameters that this version of fleetctl does not know");
    AwsError {
        action: "iot:DescribeMitigationAction",
        subject: cx.mark.address.to_string(),
        cause: Cause::Malformed { message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::resources::mitigation_action::MitigationAction;
    use crate::scope::{Place, alone};
    use serde_json::{Value, json};

    fn spec(form: &Value) -> Spec {
        let mut spec = json!({ "role": "mitigator" });
        spec.as_object_mut().unwrap().extend(form.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn each_short_form_is_awss_form_and_survives_the_sdk() {
        let place = Place::new("123456789012", "eu-central-1");
        let files = Default::default();
        let scope =
            Scope { fleet: "factory", place: &place, name: "a", files: &files, invokers: &[], declared: &alone };
        let role = "arn:aws:iam::123456789012:role/fleetctl/factory/logs";
        let cases = [
            (
                json!({ "updateDeviceCertificate": "DEACTIVATE" }),
                json!({ "updateDeviceCertificateParams": { "action": "DEACTIVATE" } }),
            ),
            (
                json!({ "updateCACertificate": "DEACTIVATE" }),
                json!({ "updateCACertificateParams": { "action": "DEACTIVATE" } }),
            ),
            (
                json!({ "addThingsToThingGroup": { "groups": ["q", "arn:aws:iot:eu-central-1:123456789012:thinggroup/far"] } }),
                json!({ "addThingsToThingGroupParams": { "thingGroupNames": ["far", "q"], "overrideDynamicGroups": false } }),
            ),
            (
                json!({ "replaceDefaultPolicyVersion": "BLANK_POLICY" }),
                json!({ "replaceDefaultPolicyVersionParams": { "templateName": "BLANK_POLICY" } }),
            ),
            (
                json!({ "enableIoTLogging": { "role": "logs", "logLevel": "WARN" } }),
                json!({ "enableIoTLoggingParams": { "roleArnForLogging": role, "logLevel": "WARN" } }),
            ),
            (
                json!({ "publishFindingToSns": "alerts" }),
                json!({ "publishFindingToSnsParams": { "topicArn": "arn:aws:sns:eu-central-1:123456789012:alerts" } }),
            ),
        ];
        for (short, own) in cases {
            let params = spec(&short).params(&scope).unwrap();
            assert_eq!(serde_json::to_value(&params).unwrap(), own);
            assert_eq!(spec(&json!({ "actionParams": own })).params(&scope).unwrap(), params);
            assert_eq!(Params::from_sdk(&params.to_sdk()), Some(params));
        }
    }

    #[test]
    fn an_action_does_exactly_one_thing() {
        let group = |count: usize| (0..count).map(|number| format!("g{number}")).collect::<Vec<_>>();
        let cases = [
            (json!({}), Some("")),
            (json!({ "publishFindingToSns": "alerts", "updateDeviceCertificate": "DEACTIVATE" }), Some("")),
            (json!({ "addThingsToThingGroup": { "groups": group(10) } }), None),
            (json!({ "addThingsToThingGroup": { "groups": group(11) } }), Some("/addThingsToThingGroup/groups")),
            (
                json!({ "enableIoTLogging": { "role": "r", "logLevel": "DISABLED" } }),
                Some("/enableIoTLogging/logLevel"),
            ),
        ];
        for (form, expected) in cases {
            let mut problems = Problems::default();
            MitigationAction::check("a", &spec(&form), &mut problems);
            let found: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, Vec::from_iter(expected), "{form}");
        }
    }
}
