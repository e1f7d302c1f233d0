//! Alarms whose own message raises the metric that they watch.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "alarm-loop",
    severity: Severity::Warning,
    title: "an alarm's own message goes to the function that counts for the alarm",
    why: "The function gets the alarm's message among the violations. If it counts whatever it gets, the alarm keeps \
          itself going, and the count is wrong. A filter on the subscription lets only violations through.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" }, count: { function: count } } } }
roles: { runner: { trustedBy: [lambda.amazonaws.com], allow: [{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }] } }
functions: { count: { source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{ namespace: Fleet, metrics: [Violations] }] } }
alarms: { many: { metric: Fleet/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topics:
  alerts:
    subscriptions:
      oncall: { sms: \"+4915112345678\" }
      count: { function: count, filterPolicyScope: MessageBody, filterPolicy: { violationEventType: [{ exists: true }] } }
roles: { runner: { trustedBy: [lambda.amazonaws.com], allow: [{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }] } }
functions: { count: { source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{ namespace: Fleet, metrics: [Violations] }] } }
alarms: { many: { metric: Fleet/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    source: "SNS developer guide, \"Subscription filter policies\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        let counting: BTreeSet<&Address> = alarm
            .reads
            .iter()
            .flat_map(|read| fleet.produced.iter().filter(move |produced| produced.feeds(read)))
            .map(|produced| &produced.by)
            .collect();
        for (topic, function) in told(fleet, alarm).into_iter().filter(|(_, function)| counting.contains(function)) {
            let message = format!("its message goes through {topic} to {function}, which counts for this very alarm");
            let fix = format!(
                "in {topic}, at the subscription of {}: `filterPolicyScope: MessageBody, filterPolicy: {{ violationEventType: [{{ exists: true }}] }}`",
                function.name
            );
            findings.add(&alarm.address, function.to_string(), message).fix(fix).at("/notify").at("/alarmActions");
        }
    }
}

/// The functions that get the alarm's message unfiltered, with the topics that bring it.
fn told<'f>(fleet: &'f Fleet, alarm: &Alarm) -> Vec<(&'f Address, &'f Address)> {
    let topics = alarm.actions.iter().filter_map(|arn| fleet.topic(arn));
    topics
        .flat_map(|topic| {
            let open =
                topic.subscriptions.iter().flatten().filter(|one| one.protocol == "lambda" && one.filter.is_none());
            open.filter_map(move |one| Some((&topic.address, &fleet.function(&one.endpoint)?.address)))
        })
        .collect()
}
