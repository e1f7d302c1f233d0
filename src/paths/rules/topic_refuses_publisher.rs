//! Topics whose policy keeps out a service that publishes to them, or whose key does.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::topic::Topic;
use crate::paths::permission::{Service, Verdict, admits};

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "topic-refuses-publisher",
    severity: Severity::Error,
    title: "a topic does not let in the service that publishes to it",
    why: "An alarm publishes as CloudWatch and not with a role. A policy of one's own takes the place of the one that \
          SNS gives every topic, and with it goes CloudWatch's permission. The alarm then turns red, and its history \
          says that the action failed.",
    wrong: "topics:
  alerts:
    subscriptions: { oncall: { sms: \"+4915112345678\" } }
    policy:
      Version: \"2012-10-17\"
      Statement: [{ Effect: Allow, Principal: { Service: iot.amazonaws.com }, Action: sns:Publish, Resource: \"*\" }]
alarms:
  violations:
    metric: AWS/IoT/Violations
    statistic: Sum
    period: 5m
    alarmWhen: \"> 5\"
    treatMissingData: notBreaching
    notify: [alerts]",
    right: "topics:
  alerts:
    subscriptions: { oncall: { sms: \"+4915112345678\" } }
    publishers: [iot.amazonaws.com, cloudwatch.amazonaws.com]
alarms:
  violations:
    metric: AWS/IoT/Violations
    statistic: Sum
    period: 5m
    alarmWhen: \"> 5\"
    treatMissingData: notBreaching
    notify: [alerts]",
    source: "CloudWatch user guide, \"Notifying users on alarm changes\"; SNS developer guide, \"Encryption at rest\"",
};

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";

/// SNS's own key, whose policy cannot be changed to let services in.
const SNS_KEY: &str = "alias/aws/sns";

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for topic in alarm.all_actions().into_iter().filter_map(|arn| fleet.topic(arn)) {
            check_policy(fleet, alarm, topic, findings);
            check_key(alarm, topic, findings);
        }
    }
}

fn check_policy(fleet: &Fleet, alarm: &Alarm, topic: &Topic, findings: &mut Findings) {
    let Some(policy) = &topic.policy else { return };
    let service = Service { principal: CLOUDWATCH, source_arn: Some(&alarm.arn), place: fleet.place };
    if admits(policy, &service, "sns:Publish", &topic.arn) != Verdict::Refused {
        return;
    }
    let message =
        format!("the policy of {} does not let {CLOUDWATCH} publish, so this alarm tells nobody", topic.address);
    let services = listed(policy);
    let fix = format!("in {}, in place of `policy`: `publishers: [{services}{CLOUDWATCH}]`", topic.address);
    findings
        .add(&alarm.address, topic.address.to_string(), message)
        .fix(fix)
        .at("/notify")
        .at("/alarmActions")
        .cut(alarm.address.to_string(), topic.address.to_string());
}

/// The services that the policy names already, each with a comma.
fn listed(policy: &serde_json::Value) -> String {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let services = statements.flat_map(|statement| statement["Principal"]["Service"].as_array().into_iter().flatten());
    services.filter_map(|name| name.as_str()).map(|name| format!("{name}, ")).collect()
}

fn check_key(alarm: &Alarm, topic: &Topic, findings: &mut Findings) {
    if !topic.kms_key.as_deref().is_some_and(|key| key.ends_with(SNS_KEY)) {
        return;
    }
    let message = format!(
        "{} is encrypted with {SNS_KEY}, which CloudWatch may not use, so this alarm tells nobody",
        topic.address
    );
    findings
        .add(&alarm.address, format!("{} key", topic.address), message)
        .fix("give the topic a `kmsKey` of your own whose key policy lets cloudwatch.amazonaws.com call kms:Decrypt and kms:GenerateDataKey*, or none")
        .at("/notify")
        .at("/alarmActions")
        .cut(alarm.address.to_string(), topic.address.to_string());
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn alarm(topic: &str) -> usize {
        let text = format!(
            "topics: {{ alerts: {{ {topic} }} }}\nalarms: {{ a: {{ metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] }} }}"
        );
        found("topic-refuses-publisher", &text).len()
    }

    #[test]
    fn the_default_policy_and_its_conditions_let_cloudwatch_in() {
        assert_eq!(alarm("displayName: a"), 0, "SNS's default policy lets the account's own services in");
        assert_eq!(alarm("publishers: [iot.amazonaws.com]"), 0, "that keeps the default statement");
        let statement = |principal: &str, condition: &str| {
            format!(
                "policy: {{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Principal: {principal}, Action: sns:Publish, Resource: \"*\" {condition} }}] }}"
            )
        };
        let cloudwatch = "{ Service: cloudwatch.amazonaws.com }";
        assert_eq!(alarm(&statement(cloudwatch, "")), 0);
        assert_eq!(
            alarm(&statement(cloudwatch, ", Condition: { StringEquals: { \"aws:SourceAccount\": \"999999999999\" } }")),
            1
        );
        assert_eq!(
            alarm(&statement(
                cloudwatch,
                ", Condition: { ArnLike: { \"aws:SourceArn\": \"arn:aws:cloudwatch:*:000000000000:alarm:*\" } }"
            )),
            0
        );
        assert_eq!(alarm(&statement("{ AWS: \"000000000000\" }", "")), 1, "the account is not the service");
    }

    #[test]
    fn the_key_must_let_cloudwatch_in() {
        assert_eq!(alarm("kmsKey: alias/aws/sns"), 1);
        assert_eq!(alarm("kmsKey: alias/alerts"), 0, "its key policy is not known here");
    }
}
