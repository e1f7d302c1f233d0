//! The audit configuration: one per account and region, changed by a PATCH.
//!
//! It takes no tags. It is a fleet's when its role has the fleet's path, so the role must be one of the spec.
//! A disabled check is the same as one that is not configured, and a disabled notification the same as none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_iot::types::{AuditCheckConfiguration, AuditNotificationTarget, AuditNotificationType, ConfigName};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::audit_checks::{self, THRESHOLD_DAYS};
use super::{role, scheduled_audit, topic};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{ADDRESS_TAG, FLEET_TAG, TagChange, Tags};
use crate::scope::{Problems, Reference, Scope};
use crate::spec::node::pointer_token;

pub struct AuditConfiguration;

/// Which checks Device Defender Audit makes in this account and region, and whom it tells.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// A role of this spec that lets Device Defender read what it audits (AWS-managed policy
    /// `service-role/AWSIoTDeviceDefenderAudit`). An ARN is not possible: the role's path marks the configuration as
    /// this fleet's.
    role: String,
    /// Where finished audits are announced.
    #[serde(default)]
    notify: Option<NotifySpec>,
    /// The checks to make, by name, at least one. All others are disabled. Disabling a check deletes what it collected.
    checks: BTreeMap<String, Option<CheckSpec>>,
}

/// Expands to `auditNotificationTargetConfigurations: { SNS: { targetArn, roleArn, enabled } }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "AuditNotify")]
pub struct NotifySpec {
    /// A topic of this spec, or the ARN of another.
    topic: String,
    /// A role of this spec, or the ARN of another. It needs `sns:Publish` and must trust iot.amazonaws.com.
    role: String,
    /// Default true. A disabled notification is the same as none.
    #[serde(default = "yes")]
    enabled: bool,
}

/// How one check is made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "AuditCheck")]
pub struct CheckSpec {
    /// Default true. A disabled check is the same as one that is left out.
    enabled: bool,
    /// 30 to 3652 days, for two checks. DEVICE_CERTIFICATE_EXPIRING_CHECK: report when less time is left, default 30.
    /// DEVICE_CERTIFICATE_AGE_CHECK: report when older, default 365. Expands to `configuration:` with
    /// CERT_EXPIRATION_THRESHOLD_IN_DAYS or CERT_AGE_THRESHOLD_IN_DAYS.
    threshold_days: Option<u32>,
    /// AWS's own form of the threshold; the values are texts.
    configuration: BTreeMap<String, String>,
}

impl Default for CheckSpec {
    fn default() -> Self {
        CheckSpec { enabled: true, threshold_days: None, configuration: BTreeMap::new() }
    }
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    role_arn: String,
    notify: Option<Notify>,
    /// The enabled checks.
    checks: BTreeMap<String, Check>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Always true; it shows in a plan that the check is one.
    enabled: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    configuration: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    target_arn: String,
    role_arn: String,
}

impl Kind for AuditConfiguration {
    const SECTION: &'static str = "audit";
    const NOUN: &'static str = "audit configuration";
    const OWNERSHIP: Ownership = Ownership::Singleton;
    const RANK: u8 = 70;
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(_name: &str, spec: &Spec, problems: &mut Problems) {
        if spec.role.starts_with("arn:") {
            problems.push_help(
                "/role",
                "the audit's role must be declared in this spec",
                "name a role of `roles:`; its path is what marks the audit configuration as this fleet's",
            );
        }
        if !spec.checks.values().any(|check| check.as_ref().is_none_or(|check| check.enabled)) {
            problems.push("/checks", "at least one check must be enabled (API:UpdateAccountAuditConfiguration)");
        }
        let mut seen = BTreeSet::new();
        for (name, check) in &spec.checks {
            let pointer = format!("/checks/{}", pointer_token(name));
            if let Some(meant) = audit_checks::meant(name) {
                let help = format!("did you mean `{meant}`?");
                problems.push_help(&pointer, format!("AWS has no audit check `{name}`"), help);
            }
            if !seen.insert(audit_checks::canonical(name)) {
                let name = audit_checks::canonical(name);
                problems.push(&pointer, format!("this is `{name}` again, under its older name"));
            }
            check_configuration(name, &check.clone().unwrap_or_default(), &pointer, problems);
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let notify = spec.notify.iter().flat_map(|to| {
            [Reference::to("topics", &to.topic, "/notify/topic"), Reference::to("roles", &to.role, "/notify/role")]
        });
        std::iter::once(Reference::to("roles", &spec.role, "/role")).chain(notify).flatten().collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let topic_arn = |text: &str| Reference::arn(text, |name| topic::arn(scope.place, name));
        let role_arn = |text: &str| Reference::arn(text, |name| role::arn(scope.place, scope.fleet, name));
        let notify = spec
            .notify
            .filter(|to| to.enabled)
            .map(|to| Notify { target_arn: topic_arn(&to.topic), role_arn: role_arn(&to.role) });
        let checks = spec.checks.into_iter().map(|(name, check)| (name, check.unwrap_or_default()));
        let checks = checks.filter(|(_, check)| check.enabled).map(|(name, check)| {
            let mut configuration = check.configuration;
            if let (Some(days), Some(threshold)) = (check.threshold_days, threshold_of(&name)) {
                configuration.insert(threshold.key.into(), days.to_string());
            }
            settled(&name, configuration)
        });
        Ok(State { role_arn: role_arn(&spec.role), notify, checks: checks.collect() })
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_account_audit_configuration().send();
        let found = cx.call("iot:DescribeAccountAuditConfiguration", describe).await?;
        let Some(role_arn) = found.role_arn().filter(|arn| !arn.is_empty()) else { return Ok(None) };
        let targets = found.audit_notification_target_configurations().into_iter().flatten();
        let notify = targets.filter(|(_, target)| target.enabled()).map(|(_, target)| Notify {
            target_arn: target.target_arn().unwrap_or_default().to_owned(),
            role_arn: target.role_arn().unwrap_or_default().to_owned(),
        });
        let checks = found.audit_check_configurations().into_iter().flatten().filter(|(_, check)| check.enabled());
        let checks = checks.map(|(name, check)| {
            let configuration = check.configuration().into_iter().flatten();
            settled(name, configuration.map(|(key, value)| (key.as_str().to_owned(), value.clone())).collect())
        });
        let state = State { role_arn: role_arn.to_owned(), notify: notify.last(), checks: checks.collect() };
        Ok(Some(Live { id: name.to_owned(), tags: mark_of(role_arn), state, version: None }))
    }

    async fn create(cx: &Context, _name: &str, desired: &State) -> Result<(), AwsError> {
        enable(cx, desired, None).await
    }

    /// Enables before it disables, so that AWS can refuse the one without the other.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        enable(cx, desired, live.state.notify.as_ref()).await?;
        let dropped: BTreeSet<&str> =
            live.state.checks.keys().filter(|name| !desired.checks.contains_key(*name)).map(String::as_str).collect();
        if dropped.is_empty() {
            return Ok(());
        }
        scheduled_audit::release(cx, &dropped, desired.checks.keys().next().map(String::as_str)).await?;
        let disabled = || AuditCheckConfiguration::builder().enabled(false).build();
        let checks: HashMap<_, _> = dropped.iter().map(|name| ((*name).to_owned(), disabled())).collect();
        cx.call("iot:UpdateAccountAuditConfiguration", || {
            let request = cx.session.clients.iot.update_account_audit_configuration();
            request.set_audit_check_configurations(Some(checks.clone())).customize().mutate_request(say_false).send()
        })
        .await?;
        Ok(())
    }

    /// The mark is the role's path, which `update` writes.
    async fn retag(_cx: &Context, _live: &Live<State>, _change: &TagChange) -> Result<(), AwsError> {
        Ok(())
    }

    async fn delete(cx: &Context, _live: &Live<State>) -> Result<(), AwsError> {
        cx.call("iot:DeleteAccountAuditConfiguration", || {
            cx.session.clients.iot.delete_account_audit_configuration().delete_scheduled_audits(false).send()
        })
        .await
        .optional()?;
        Ok(())
    }

    /// There is only one, without a name; reading it tells whose it is.
    async fn list(_cx: &Context) -> Result<Vec<String>, AwsError> {
        Ok(vec![String::new()])
    }
}

fn threshold_of(check: &str) -> Option<&'static audit_checks::Threshold> {
    audit_checks::find(check).and_then(|check| check.threshold.as_ref())
}

/// A check under today's name, its threshold always said: AWS need not tell a default, and a PATCH without it would
/// keep the value of before.
fn settled(name: &str, mut configuration: BTreeMap<String, String>) -> (String, Check) {
    if let Some(threshold) = threshold_of(name) {
        configuration.entry(threshold.key.into()).or_insert_with(|| threshold.default_days.to_string());
    }
    (audit_checks::canonical(name).to_owned(), Check { enabled: true, configuration })
}

fn check_configuration(name: &str, check: &CheckSpec, pointer: &str, problems: &mut Problems) {
    let threshold = threshold_of(name);
    // What a check that is new to us may be configured with is for AWS to say.
    let known = audit_checks::find(name).is_some();
    if check.threshold_days.is_some() && threshold.is_none() {
        let help = "DEVICE_CERTIFICATE_EXPIRING_CHECK and DEVICE_CERTIFICATE_AGE_CHECK have one";
        problems.push_help(format!("{pointer}/thresholdDays"), format!("`{name}` has no threshold"), help);
    }
    if check.threshold_days.is_some() && !check.configuration.is_empty() {
        problems.push(
            format!("{pointer}/thresholdDays"),
            "`thresholdDays` and `configuration` say the same; keep one of them",
        );
    }
    for (key, value) in &check.configuration {
        let at = format!("{pointer}/configuration/{}", pointer_token(key));
        match threshold {
            Some(threshold) if threshold.key != key => {
                problems.push(at, format!("`{name}` takes `{}` only (API:ConfigName)", threshold.key));
            }
            None if known => problems.push(at, format!("`{name}` takes no configuration")),
            _ if value.is_empty() || value.len() > 64 => problems.push(at, "1 to 64 characters (API:ConfigValue)"),
            _ => {}
        }
    }
    let written = threshold.and_then(|threshold| check.configuration.get(threshold.key)).map(|text| text.parse());
    let days = check.threshold_days.map(Ok).or(written);
    if days.is_some_and(|days| !days.is_ok_and(|days| THRESHOLD_DAYS.contains(&days))) {
        let message =
            format!("a threshold is a number of days from {} to {}", THRESHOLD_DAYS.start(), THRESHOLD_DAYS.end());
        problems.push(format!("{pointer}/thresholdDays"), message);
    }
}

/// The mark, read from the role.
fn mark_of(role_arn: &str) -> Tags {
    let mark =
        role::fleet_of(role_arn).map(|fleet| [(FLEET_TAG.into(), fleet.into()), (ADDRESS_TAG.into(), "audit".into())]);
    mark.into_iter().flatten().collect()
}

/// Writes everything but the checks to be disabled. A notification that is no longer wanted is disabled: the PATCH
/// cannot remove it.
async fn enable(cx: &Context, desired: &State, live_notify: Option<&Notify>) -> Result<(), AwsError> {
    let target = |notify: &Notify, enabled: bool| {
        let target = AuditNotificationTarget::builder().target_arn(&notify.target_arn).role_arn(&notify.role_arn);
        HashMap::from([(AuditNotificationType::Sns, target.enabled(enabled).build())])
    };
    let targets = match (&desired.notify, live_notify) {
        (Some(wanted), _) => Some(target(wanted, true)),
        (None, Some(live)) => Some(target(live, false)),
        (None, None) => None,
    };
    let build = |check: &Check| {
        let settings = check.configuration.iter().map(|(key, value)| (ConfigName::from(key.as_str()), value.clone()));
        let settings: HashMap<_, _> = settings.collect();
        let settings = (!settings.is_empty()).then_some(settings);
        AuditCheckConfiguration::builder().enabled(true).set_configuration(settings).build()
    };
    let checks: HashMap<_, _> = desired.checks.iter().map(|(name, check)| (name.clone(), build(check))).collect();
    cx.call("iot:UpdateAccountAuditConfiguration", || {
        cx.session
            .clients
            .iot
            .update_account_audit_configuration()
            .role_arn(&desired.role_arn)
            .set_audit_notification_target_configurations(targets.clone())
            .set_audit_check_configurations(Some(checks.clone()))
            .customize()
            .mutate_request(say_false)
            .send()
    })
    .await?;
    Ok(())
}

/// The SDK leaves out `enabled` where it is false, and a PATCH may take what is left out for unchanged.
fn say_false(request: &mut HttpRequest) {
    let sent = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let Some(mut body) = sent else { return };
    for list in ["auditCheckConfigurations", "auditNotificationTargetConfigurations"] {
        let items = body.get_mut(list).and_then(Value::as_object_mut).into_iter().flatten();
        for members in items.filter_map(|(_, item)| item.as_object_mut()) {
            members.entry("enabled").or_insert(Value::Bool(false));
        }
    }
    let text = body.to_string();
    request.headers_mut().insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Place;
    use serde_json::json;

    fn problems(checks: serde_json::Value) -> Vec<String> {
        let spec = serde_json::from_value(json!({ "role": "audit", "checks": checks })).unwrap();
        let mut problems = Problems::default();
        AuditConfiguration::check("", &spec, &mut problems);
        problems.0.into_iter().map(|problem| format!("{} {}", problem.pointer, problem.message)).collect()
    }

    #[test]
    fn only_enabled_checks_count_and_thresholds_are_always_said() {
        let place = Place::new("123456789012", "eu-central-1");
        let files = BTreeMap::new();
        let scope = Scope {
            fleet: "factory",
            place: &place,
            name: "",
            files: &files,
            invokers: &[],
            declared: &crate::scope::alone,
        };
        let spec = json!({ "role": "audit", "notify": { "topic": "alerts", "role": "audit", "enabled": false }, "checks": {
            "LOGGING_DISABLED_CHECK": null,
            "CONFLICTING_CLIENT_IDS_CHECK": { "enabled": false },
            "DEVICE_CERTIFICATE_AGE_CHECK": { "thresholdDays": 400 },
            "DEVICE_CERT_APPROACHING_EXPIRATION_CHECK": {} } });
        let state = AuditConfiguration::desired(serde_json::from_value(spec).unwrap(), &scope).unwrap();
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            json!({ "roleArn": "arn:aws:iam::123456789012:role/fleetctl/factory/audit", "notify": null, "checks": {
                "DEVICE_CERTIFICATE_AGE_CHECK": { "enabled": true, "configuration": { "CERT_AGE_THRESHOLD_IN_DAYS": "400" } },
                "DEVICE_CERTIFICATE_EXPIRING_CHECK": { "enabled": true, "configuration": { "CERT_EXPIRATION_THRESHOLD_IN_DAYS": "30" } },
                "LOGGING_DISABLED_CHECK": { "enabled": true } } })
        );
        assert_eq!(mark_of(&state.role_arn).get(FLEET_TAG).map(String::as_str), Some("factory"));
        assert_eq!(mark_of("arn:aws:iam::123456789012:role/service-role/audit"), Tags::new());
    }

    #[test]
    fn slips_are_errors_and_unknown_checks_are_for_aws_to_judge() {
        let cases = [
            (json!({ "LOGGING_DISABLD_CHECK": {} }), vec!["/checks/LOGGING_DISABLD_CHECK AWS has no audit check"]),
            (json!({ "QUANTUM_SAFE_KEYS_CHECK": { "configuration": { "MODE": "STRICT" } } }), vec![]),
            (json!({ "LOGGING_DISABLED_CHECK": { "enabled": false } }), vec!["/checks at least one"]),
            (
                json!({ "LOGGING_DISABLED_CHECK": { "thresholdDays": 40 } }),
                vec!["/checks/LOGGING_DISABLED_CHECK/thresholdDays"],
            ),
            (
                json!({ "DEVICE_CERTIFICATE_AGE_CHECK": { "thresholdDays": 29 } }),
                vec!["/checks/DEVICE_CERTIFICATE_AGE_CHECK/thresholdDays a threshold"],
            ),
            (
                json!({ "DEVICE_CERTIFICATE_AGE_CHECK": { "configuration": { "CERT_AGE_THRESHOLD_IN_DAYS": "x" } } }),
                vec!["/checks/DEVICE_CERTIFICATE_AGE_CHECK/thresholdDays a threshold"],
            ),
            (
                json!({ "REVOKED_CA_CERT_CHECK": {}, "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK": {} }),
                vec!["/checks/REVOKED_CA_CERT_CHECK this is"],
            ),
        ];
        for (checks, expected) in cases {
            let found = problems(checks.clone());
            assert_eq!(found.len(), expected.len(), "{checks}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{checks}: {found}");
            }
        }
    }
}
