//! Alarms whose own message raises the metric that they watch.

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Read;

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
        for (topic, function) in told(fleet, alarm) {
            let counted = fleet.produced.iter().filter(|produced| produced.by == *function);
            // With other dimensions, the mistake lies in wait for whoever corrects them.
            let read: Vec<&Read> =
                alarm.reads.iter().filter(|read| counted.clone().any(|produced| produced.is_named(read))).collect();
            let Some(first) = read.first() else { continue };
            let feeds = read.iter().any(|read| counted.clone().any(|produced| produced.feeds(read)));
            let counts = match feeds {
                true => "which counts for this very alarm".to_owned(),
                false => format!("which counts {}, though with other dimensions than the alarm reads", first.metric),
            };
            let message = format!("its message goes through {topic} to {function}, {counts}");
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

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn the_loop_is_there_whatever_the_dimensions() {
        let looped = |metric: &str, by: &str, filter: &str| {
            let text = format!(
                "topics: {{ alerts: {{ subscriptions: {{ count: {{ function: count {filter} }} }} }} }}
roles: {{ runner: {{ trustedBy: [lambda.amazonaws.com] }} }}
functions: {{ count: {{ source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{{ namespace: Fleet, metrics: [Violations], dimensions: [{by}] }}] }} }}
alarms: {{ many: {{ metric: {metric}, dimensions: {{ Line: a }}, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] }} }}"
            );
            found("alarm-loop", &text).len()
        };
        assert_eq!(looped("Fleet/Violations", "Line", ""), 1);
        assert_eq!(looped("Fleet/Violations", "Hall", ""), 1);
        assert_eq!(looped("Fleet/Other", "Line", ""), 0);
        let filter = ", filterPolicyScope: MessageBody, filterPolicy: { violationEventType: [{ exists: true }] }";
        assert_eq!(looped("Fleet/Violations", "Line", filter), 0);
    }
}
