//! Filters of subscriptions that none of the messages sent to the topic pass.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Link, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::topic::{Subscription, Topic};
use crate::paths::trace::behavior_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "filter-drops-alerts",
    severity: Severity::Error,
    title: "no subscription of a topic takes the messages that are sent to it",
    why: "Messages of Device Defender and of alarms have no attributes. A filter with AWS's default scope, \
          MessageAttributes, therefore takes none of them; with the scope MessageBody it looks at the fields of the body.",
    wrong: "topics:
  alerts:
    subscriptions:
      pager: { https: \"https://pager.test-company.org/sns\", filterPolicy: { AlarmName: [{ prefix: fleet }] } }
alarms: { fleet-many: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topics:
  alerts:
    subscriptions:
      pager:
        https: \"https://pager.test-company.org/sns\"
        filterPolicyScope: MessageBody
        filterPolicy: { AlarmName: [{ prefix: fleet }] }
alarms: { fleet-many: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    source: "SNS developer guide, \"Subscription filter policies\"; the fields: Device Defender developer guide, CloudWatch \
             user guide, as sent in November 2026",
};

/// Who sends to a topic, with the fields that their messages have at the top of the body.
struct Sender {
    what: &'static str,
    fields: &'static [&'static str],
    links: Vec<Link>,
}

const VIOLATION: &[&str] = &[
    "violationEventTime",
    "violationEventType",
    "violationId",
    "thingName",
    "securityProfileName",
    "behavior",
    "metricValue",
    "verificationState",
    "violationEventAdditionalInfo",
];
const AUDIT: &[&str] = &[
    "accountId",
    "taskId",
    "taskStatus",
    "taskType",
    "scheduledAuditName",
    "failedChecksCount",
    "canceledChecksCount",
    "nonCompliantChecksCount",
    "compliantChecksCount",
    "totalChecksCount",
    "taskStartTime",
    "auditDetails",
];
const ALARM: &[&str] = &[
    "AlarmName",
    "AlarmDescription",
    "AWSAccountId",
    "AlarmConfigurationUpdatedTimestamp",
    "NewStateValue",
    "NewStateReason",
    "StateChangeTime",
    "Region",
    "AlarmArn",
    "OldStateValue",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "Trigger",
];

fn check(fleet: &Fleet, findings: &mut Findings) {
    for topic in &fleet.topics {
        let Some(subscriptions) = topic.subscriptions.as_ref().filter(|all| !all.is_empty()) else { continue };
        for sender in senders(fleet, topic).into_iter().filter(|sender| !sender.links.is_empty()) {
            if subscriptions.iter().any(|one| takes(one, sender.fields)) {
                continue;
            }
            let message = format!("no subscription takes {}: each has a filter that lets none through", sender.what);
            let finding = findings.add(&topic.address, sender.what, message);
            let fix = format!(
                "`filterPolicyScope: MessageBody` with fields that they have ({}, …), or no filter",
                sender.fields[..3].join(", ")
            );
            finding.fix(fix).at("/subscriptions");
            finding.cuts = sender.links;
        }
    }
}

fn senders(fleet: &Fleet, topic: &Topic) -> [Sender; 3] {
    let here = topic.address.to_string();
    let link = |from: String| (from, here.clone());
    let profiles =
        fleet.profiles.iter().filter(|profile| profile.alert.as_ref().is_some_and(|alert| alert.to == topic.arn));
    let behaviors = profiles.flat_map(|profile| profile.alerting().map(|one| link(behavior_node(profile, one))));
    let audited =
        fleet.audit.as_ref().and_then(|audit| audit.notify.as_ref()).is_some_and(|notify| notify.to == topic.arn);
    let schedules: Vec<&Address> =
        fleet.schedules.iter().filter(|_| audited).map(|schedule| &schedule.address).collect();
    let alarms = fleet.alarms.iter().filter(|alarm| alarm.all_actions().contains(topic.arn.as_str()));
    [
        Sender { what: "the alerts of security profiles", fields: VIOLATION, links: behaviors.collect() },
        Sender {
            what: "the results of audits",
            fields: AUDIT,
            links: schedules.iter().map(|one| link(one.to_string())).collect(),
        },
        Sender {
            what: "the messages of alarms",
            fields: ALARM,
            links: alarms.map(|alarm| link(alarm.address.to_string())).collect(),
        },
    ]
}

/// Whether messages with these fields can pass. Values are not looked at: any of them may come.
fn takes(subscription: &Subscription, fields: &[&str]) -> bool {
    let Some(filter) = subscription.filter.as_ref().and_then(Value::as_object) else { return true };
    let there: BTreeSet<&str> =
        if subscription.filters_body { fields.iter().copied().collect() } else { BTreeSet::new() };
    filter.iter().all(|(key, wanted)| match key.as_str() {
        // `$or` offers alternatives, which are not looked into.
        "$or" => true,
        key => there.contains(key) || accepts_absence(wanted),
    })
}

/// `[{ exists: false }]`, alone or among others.
fn accepts_absence(wanted: &Value) -> bool {
    wanted.as_array().into_iter().flatten().any(|one| one.get("exists") == Some(&Value::Bool(false)))
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn topic(subscriptions: &str) -> Vec<String> {
        let text = format!(
            "topics: {{ alerts: {{ subscriptions: {{ {subscriptions} }} }} }}\nroles: {{ r: {{ trustedBy: [iot.amazonaws.com] }} }}\nsecurityProfiles: {{ p: {{ alertTo: {{ topic: alerts, role: r }}, behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }} }} }} }}\nalarms: {{ a: {{ metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] }} }}"
        );
        found("filter-drops-alerts", &text)
    }

    #[test]
    fn a_filter_must_fit_those_who_send() {
        let pager = |filter: &str| topic(&format!("pager: {{ https: \"https://a.test-company.org\", {filter} }}"));
        let (alerts, alarms) =
            ("topics.alerts the alerts of security profiles", "topics.alerts the messages of alarms");
        assert_eq!(pager("filterPolicy: { severity: [high] }"), [alerts, alarms], "there are no attributes");
        assert!(pager("filterPolicy: { severity: [{ exists: false }] }").is_empty());
        assert_eq!(pager("filterPolicyScope: MessageBody, filterPolicy: { thingName: [{ prefix: line }] }"), [alarms]);
        assert_eq!(pager("filterPolicyScope: MessageBody, filterPolicy: { NewStateValue: [ALARM] }"), [alerts]);
        let both =
            "a: { https: \"https://a.test-company.org\", filterPolicy: { x: [y] } }, b: { sms: \"+4915112345678\" }";
        assert!(topic(both).is_empty(), "the other takes all");
    }
}
