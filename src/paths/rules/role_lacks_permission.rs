//! Roles that may not do what they are taken for.

use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Link, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Produced;
use crate::paths::model::topic_rule::{Action, TopicRule};
use crate::paths::permission::{Verdict, may};
use crate::paths::trace::{action_target, behavior_node, metric_node};

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "role-lacks-permission",
    severity: Severity::Error,
    title: "a role may not do what it is taken for",
    why: "AWS checks the permission when the alert is sent. Device Defender and the rules engine then drop it; the only \
          trace is in a log, if there is one.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  device-defender:
    trustedBy: [iot.amazonaws.com]
    managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: device-defender }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  device-defender:
    trustedBy: [iot.amazonaws.com]
    managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]
    allow: [{ actions: [sns:Publish], resources: [\"${topics.alerts.arn}\"] }]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: device-defender }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    source: "Device Defender developer guide, \"Detect permissions\"; IoT developer guide, the pages of the rule actions; \
             SNS developer guide, \"Encryption at rest\"",
};

/// One thing that a role has to be allowed.
struct Duty<'a> {
    address: &'a Address,
    purpose: String,
    /// An ARN.
    role: &'a str,
    /// Actions that must all be allowed on the resource.
    actions: &'static [&'static str],
    resource: String,
    /// Condition keys whose values are known.
    facts: Vec<(&'static str, String)>,
    policy: Option<&'a Value>,
    pointers: Vec<String>,
    cuts: Vec<Link>,
}

fn check(fleet: &Fleet, findings: &mut Findings) {
    for duty in duties(fleet) {
        let Some(role) = fleet.role(duty.role) else { continue };
        let facts: Vec<(&str, &str)> = duty.facts.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let refused = |action: &&&str| may(role, action, &duty.resource, &facts, duty.policy) == Verdict::Refused;
        let missing: Vec<&str> = duty.actions.iter().filter(refused).copied().collect();
        if missing.is_empty() {
            continue;
        }
        let actions = missing.join(", ");
        let (spoken, resource) = said(fleet, &duty.resource);
        let message = format!("{} is not allowed {actions}{spoken}, which is needed {}", role.address, duty.purpose);
        let fix = format!("in {}: `allow: [{{ actions: [{actions}], resources: [\"{resource}\"] }}]`", role.address);
        let finding = findings.add(duty.address, format!("{} {}", duty.purpose, role.address), message).fix(fix);
        finding.pointers = duty.pointers;
        finding.cuts = duty.cuts;
    }
}

/// The end of the ARNs of a log group's streams; any will do.
const STREAM: &str = ":log-stream:any";

/// A resource as a part of a sentence, and as one would write it in a policy of this spec.
fn said(fleet: &Fleet, resource: &str) -> (String, String) {
    let (object, rest) = resource.strip_suffix(STREAM).map_or((resource, ""), |group| (group, ":*"));
    match fleet.named(object) {
        Some(address) => (format!(" on {address}"), format!("${{{address}.arn}}{rest}")),
        None if object == "*" => (String::new(), "*".into()),
        None => (format!(" on {object}"), format!("{object}{rest}")),
    }
}

fn duties<'a>(fleet: &'a Fleet) -> Vec<Duty<'a>> {
    let mut duties = Vec::new();
    for profile in &fleet.profiles {
        if let Some(alert) = &profile.alert {
            let cuts: Vec<Link> =
                profile.alerting().map(|one| (behavior_node(profile, one), fleet.name_of(&alert.to))).collect();
            let pointers = ["/alertTo/role", "/alertTargets/SNS/roleArn"];
            let purpose = "to publish alerts";
            let duty = Duty::new(&profile.address, purpose, &alert.role, PUBLISH, alert.to.clone(), &pointers);
            publishing(fleet, Duty { cuts, ..duty }, &mut duties);
        }
        if let Some(export) = &profile.export {
            let resource = fleet.place.arn("iot", format_args!("topic/{}", export.to));
            let pointers = ["/metricsExport/role", "/metricsExportConfig/roleArn"];
            duties.push(Duty::new(
                &profile.address,
                "to export metrics",
                &export.role,
                &["iot:Publish"],
                resource,
                &pointers,
            ));
        }
    }
    if let Some(audit) = &fleet.audit {
        let reads = ["/role"];
        duties.push(Duty::new(&audit.address, "to read what it audits", &audit.role, AUDIT_READS, "*".into(), &reads));
        if let Some(notify) = &audit.notify {
            let to = fleet.name_of(&notify.to);
            let cuts = fleet.schedules.iter().map(|schedule| (schedule.address.to_string(), to.clone())).collect();
            let pointers = ["/notify/role"];
            let purpose = "to announce audits";
            let duty = Duty::new(&audit.address, purpose, &notify.role, PUBLISH, notify.to.clone(), &pointers);
            publishing(fleet, Duty { cuts, ..duty }, &mut duties);
        }
    }
    for rule in fleet.topic_rules.iter().filter(|rule| !rule.disabled) {
        for action in &rule.actions {
            of_action(fleet, rule, action, &mut duties);
        }
    }
    duties
}

const PUBLISH: &[&str] = &["sns:Publish"];

/// A few of the reads that every audit makes (AWS-managed policy AWSIoTDeviceDefenderAudit).
const AUDIT_READS: &[&str] = &["iot:ListCertificates", "iot:DescribeCertificate", "iot:ListPolicies", "iot:GetPolicy"];

impl<'a> Duty<'a> {
    fn new(
        address: &'a Address,
        purpose: impl Into<String>,
        role: &'a str,
        actions: &'static [&'static str],
        resource: String,
        pointers: &[impl ToString],
    ) -> Duty<'a> {
        let pointers = pointers.iter().map(ToString::to_string).collect();
        Duty {
            address,
            purpose: purpose.into(),
            role,
            actions,
            resource,
            facts: Vec::new(),
            policy: None,
            pointers,
            cuts: Vec::new(),
        }
    }
}

/// To publish to the topic that is the resource; to one with a key of one's own, also to use that key.
fn publishing<'a>(fleet: &'a Fleet, duty: Duty<'a>, duties: &mut Vec<Duty<'a>>) {
    let topic = fleet.topic(&duty.resource);
    let own_key = topic.and_then(|topic| topic.kms_key.as_ref()).filter(|key| key.contains(":key/"));
    if let Some(key) = own_key {
        duties.push(Duty {
            purpose: format!("{} to the encrypted topic", duty.purpose),
            actions: &["kms:Decrypt", "kms:GenerateDataKey"],
            resource: key.clone(),
            facts: Vec::new(),
            policy: None,
            pointers: duty.pointers.clone(),
            cuts: duty.cuts.clone(),
            ..duty
        });
    }
    duties.push(Duty { policy: topic.and_then(|topic| topic.policy.as_ref()), ..duty });
}

fn of_action<'a>(fleet: &'a Fleet, rule: &'a TopicRule, action: &'a Action, duties: &mut Vec<Duty<'a>>) {
    let Some(role) = action.body.get("roleArn").and_then(Value::as_str) else { return };
    let pointers = [format!("{}/role", action.pointer), format!("{}/roleArn", action.pointer)];
    let purpose = format!("for `{}`", action.kind);
    let duty = |actions, resource| Duty::new(&rule.address, purpose.clone(), role, actions, resource, &pointers);
    let text = |key: &str| action.text(key).filter(|text| !text.contains("${"));
    let target: Vec<Link> =
        action_target(fleet, action).map(|target| (rule.address.to_string(), target)).into_iter().collect();
    match action.kind.as_str() {
        "cloudwatchMetric" => {
            let facts = text("metricNamespace").map(|namespace| ("cloudwatch:namespace", namespace));
            let cuts = fed_by(fleet, rule, action);
            duties.push(Duty {
                facts: facts.into_iter().collect(),
                cuts,
                ..duty(&["cloudwatch:PutMetricData"], "*".into())
            });
        }
        "cloudwatchAlarm" => {
            let Some(name) = text("alarmName") else { return };
            duties
                .push(duty(&["cloudwatch:SetAlarmState"], fleet.place.arn("cloudwatch", format_args!("alarm:{name}"))));
        }
        "cloudwatchLogs" => {
            let Some(name) = text("logGroupName") else { return };
            let group = fleet.place.arn("logs", format_args!("log-group:{name}{STREAM}"));
            duties.push(duty(&["logs:CreateLogStream", "logs:PutLogEvents"], group));
        }
        "sns" => {
            let Some(arn) = text("targetArn") else { return };
            publishing(fleet, Duty { cuts: target, ..duty(PUBLISH, arn) }, duties);
        }
        "republish" => {
            let Some(topic) = text("topic") else { return };
            let topic = topic.strip_prefix("$$").map_or(topic.clone(), |rest| format!("${rest}"));
            duties.push(duty(&["iot:Publish"], fleet.place.arn("iot", format_args!("topic/{topic}"))));
        }
        "sqs" => {
            let Some(arn) = text("queueUrl").and_then(|url| queue_arn(fleet, &url)) else { return };
            duties.push(Duty { cuts: target, ..duty(&["sqs:SendMessage"], arn) });
        }
        "kinesis" => {
            let Some(name) = text("streamName") else { return };
            duties.push(duty(&["kinesis:PutRecord"], fleet.place.arn("kinesis", format_args!("stream/{name}"))));
        }
        "firehose" => {
            let Some(name) = text("deliveryStreamName") else { return };
            let resource = fleet.place.arn("firehose", format_args!("deliverystream/{name}"));
            duties.push(duty(&["firehose:PutRecord"], resource));
        }
        "dynamoDB" => {
            let Some(name) = text("tableName") else { return };
            duties.push(duty(&["dynamodb:PutItem"], fleet.place.arn("dynamodb", format_args!("table/{name}"))));
        }
        "s3" => {
            let Some(bucket) = text("bucketName") else { return };
            let key = text("key").unwrap_or_else(|| "any".into());
            duties.push(duty(&["s3:PutObject"], format!("arn:{}:s3:::{bucket}/{key}", fleet.place.partition)));
        }
        _ => {}
    }
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue_arn(fleet: &Fleet, url: &str) -> Option<String> {
    let mut parts = url.strip_prefix("https://sqs.")?.split('/');
    let region = parts.next()?.split('.').next()?;
    let (account, name) = (parts.next()?, parts.next()?);
    Some(format!("arn:{}:sqs:{region}:{account}:{name}", fleet.place.partition))
}

/// The steps from the rule to alarms that read what this action counts.
fn fed_by(fleet: &Fleet, rule: &TopicRule, action: &Action) -> Vec<Link> {
    let own = |produced: &&Produced| produced.by == rule.address && produced.pointer == action.pointer;
    let reads = fleet.alarms.iter().flat_map(|alarm| &alarm.reads);
    reads
        .filter(|read| fleet.produced.iter().filter(own).any(|produced| produced.feeds(read)))
        .map(|read| (rule.address.to_string(), metric_node(read)))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn logs(role: &str) -> Vec<String> {
        let text = format!(
            "logGroups: {{ /fleet/log: {{}} }}\nroles: {{ writer: {{ trustedBy: [iot.amazonaws.com], {role} }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchLogs: {{ logGroup: /fleet/log, role: writer }} }}] }} }}"
        );
        found("role-lacks-permission", &text)
    }

    #[test]
    fn the_resource_of_a_permission_counts() {
        let allow = |resource: &str| {
            format!("allow: [{{ actions: [logs:CreateLogStream, logs:PutLogEvents], resources: [\"{resource}\"] }}]")
        };
        assert!(logs(&allow("${logGroups./fleet/log.arn}:*")).is_empty());
        assert_eq!(logs(&allow("${logGroups./fleet/log.arn}")).len(), 1, "the streams need `:*`");
        assert!(logs(&allow("*")).is_empty());
        assert!(logs("managedPolicies: [service-role/AWSIoTLogging]").is_empty());
        assert_eq!(logs("managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]").len(), 1);
        assert!(logs("managedPolicies: [service-role/Unknown]").is_empty(), "it may allow anything");
    }

    #[test]
    fn conditions_and_denies_count() {
        let metric = |role: &str| {
            let text = format!(
                "roles: {{ writer: {{ trustedBy: [iot.amazonaws.com], {role} }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchMetric: {{ namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer }} }}] }} }}"
            );
            found("role-lacks-permission", &text)
        };
        let only = |namespace: &str| {
            format!(
                "allow: [{{ actions: [cloudwatch:PutMetricData], resources: [\"*\"], conditions: {{ StringEquals: {{ \"cloudwatch:namespace\": {namespace} }} }} }}]"
            )
        };
        assert!(metric(&only("Fleet")).is_empty());
        assert_eq!(metric(&only("Other")), ["topicRules.watch for `cloudwatchMetric` roles.writer"]);
        let deny = "managedPolicies: [policy/AdministratorAccess], inlinePolicies: { no: { Version: \"2012-10-17\", Statement: [{ Effect: Deny, Action: \"cloudwatch:*\", Resource: \"*\" }] } }";
        assert_eq!(metric(deny).len(), 1);
        let boundary = "managedPolicies: [policy/AdministratorAccess], permissionsBoundary: service-role/AWSIoTLogging";
        assert_eq!(metric(boundary).len(), 1);
    }

    #[test]
    fn within_one_account_the_topics_policy_is_enough() {
        let alert = |policy: &str| {
            let text = format!(
                "topics: {{ alerts: {{ {policy}, subscriptions: {{ oncall: {{ sms: \"+4915112345678\" }} }} }} }}\nroles: {{ defender: {{ trustedBy: [iot.amazonaws.com] }} }}\nsecurityProfiles: {{ p: {{ alertTo: {{ topic: alerts, role: defender }}, behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }} }} }} }}"
            );
            found("role-lacks-permission", &text).len()
        };
        let policy = |principal: &str| {
            format!(
                "policy: {{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Principal: {{ AWS: \"{principal}\" }}, Action: sns:Publish, Resource: \"*\" }}] }}"
            )
        };
        assert_eq!(alert(&policy("arn:aws:iam::000000000000:role/fleetctl/f/defender")), 0);
        assert_eq!(alert(&policy("000000000000")), 1, "that lets the account hand the permission on, and nobody did");
        assert_eq!(alert("publishers: [iot.amazonaws.com]"), 1, "the role publishes, not the service");
    }
}
