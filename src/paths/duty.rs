//! What each role of a fleet has to be allowed, for what it is named for.

use serde_json::Value;

use super::finding::Link;
use super::model::fleet::Fleet;
use super::model::metric::Produced;
use super::model::topic_rule::{Action, TopicRule};
use super::trace::{action_target, behavior_node, metric_node};
use crate::address::Address;

/// One thing that a role has to be allowed.
pub struct Duty<'a> {
    pub address: &'a Address,
    pub purpose: String,
    /// An ARN.
    pub role: &'a str,
    /// Actions that must all be allowed on the resource.
    pub actions: &'static [&'static str],
    pub resource: String,
    /// Condition keys whose values are known.
    pub facts: Vec<(&'static str, String)>,
    pub policy: Option<&'a Value>,
    /// Whether a policy that is not known here may allow it just as well.
    pub elsewhere: bool,
    pub pointers: Vec<String>,
    pub cuts: Vec<Link>,
}

/// The end of the ARNs of a log group's streams; any will do.
pub const STREAM: &str = ":log-stream:any";

/// Everything that the roles of a fleet are taken for.
pub fn duties<'a>(fleet: &'a Fleet) -> Vec<Duty<'a>> {
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
    for action in &fleet.mitigations {
        let duty = |actions, resource| {
            Duty::new(&action.address, "to carry it out", &action.role, actions, resource, &["/role"])
        };
        match (mitigating(&action.kind), &action.topic) {
            (_, Some(topic)) => publishing(fleet, duty(PUBLISH, topic.clone()), &mut duties),
            (Some(actions), None) => duties.push(duty(actions, "*".into())),
            (None, None) => {}
        }
    }
    if let Some(logging) = fleet.logging.as_ref().filter(|logging| logging.to_own_group) {
        let group = fleet.place.arn("logs", format_args!("log-group:AWSIotLogsV2{STREAM}"));
        let duty = Duty::new(&logging.address, "to write logs", &logging.role, LOG_WRITES, group, &["/role"]);
        duties.push(duty);
    }
    for rule in fleet.topic_rules.iter().filter(|rule| !rule.disabled) {
        for action in &rule.actions {
            of_action(fleet, rule, action, &mut duties);
        }
    }
    duties
}

const PUBLISH: &[&str] = &["sns:Publish"];
const LOG_WRITES: &[&str] = &["logs:CreateLogStream", "logs:PutLogEvents"];

/// What a type of mitigation action calls (Device Defender developer guide, "Mitigation actions").
fn mitigating(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "UPDATE_DEVICE_CERTIFICATE" => &["iot:UpdateCertificate"],
        "UPDATE_CA_CERTIFICATE" => &["iot:UpdateCACertificate"],
        "ADD_THINGS_TO_THING_GROUP" => &["iot:ListPrincipalThings", "iot:AddThingToThingGroup"],
        "REPLACE_DEFAULT_POLICY_VERSION" => &["iot:CreatePolicyVersion"],
        "ENABLE_IOT_LOGGING" => &["iot:SetV2LoggingOptions", "iam:PassRole"],
        _ => return None,
    })
}

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
            elsewhere: false,
            pointers,
            cuts: Vec::new(),
        }
    }
}

/// The ARN of a topic's key. SNS's own lets in everybody of the account who may publish; which key another alias stands
/// for is not known, so that it is asked whether there is any that the role may use.
fn own_key(fleet: &Fleet, key: &str) -> Option<String> {
    match key {
        key if key.ends_with("alias/aws/sns") => None,
        key if key.contains("alias/") => Some("*".into()),
        key if key.starts_with("arn:") => Some(key.to_owned()),
        id => Some(fleet.place.arn("kms", format_args!("key/{id}"))),
    }
}

/// To publish to the topic that is the resource; to one with a key of one's own, also to use that key.
fn publishing<'a>(fleet: &'a Fleet, duty: Duty<'a>, duties: &mut Vec<Duty<'a>>) {
    let topic = fleet.topic(&duty.resource);
    if let Some(key) = topic.and_then(|topic| topic.kms_key.as_deref()).and_then(|key| own_key(fleet, key)) {
        duties.push(Duty {
            purpose: format!("{} to the encrypted topic", duty.purpose),
            actions: &["kms:Decrypt", "kms:GenerateDataKey"],
            resource: key,
            facts: Vec::new(),
            policy: None,
            elsewhere: true,
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
            duties.push(duty(LOG_WRITES, group));
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
