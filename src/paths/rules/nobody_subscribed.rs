//! Topics on a path that nobody listens to, and addresses that nobody reads.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::topic::Topic;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "nobody-subscribed",
    severity: Severity::Error,
    title: "nobody is subscribed to a topic that alerts are sent to",
    why: "SNS takes a message for a topic without subscribers, and throws it away.",
    wrong: "topics: { alerts: { subscriptions: {} } }
alarms: { violations: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { violations: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] } }",
    source: "SNS developer guide, \"Subscribing to a topic\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for topic in fleet.topics.iter().filter(|topic| is_used(fleet, topic)) {
        match &topic.subscriptions {
            Some(all) if all.is_empty() => {
                findings
                    .add(&topic.address, "", "alerts are sent to this topic, and nobody is subscribed to it")
                    .fix("`subscriptions: { oncall: { email: oncall@your-domain } }`")
                    .at("/subscriptions");
            }
            Some(_) => {}
            None => {
                findings
                    .add(
                        &topic.address,
                        "unmanaged",
                        "who is subscribed is not said here, so it is not known who hears of alerts",
                    )
                    .severity(Severity::Warning)
                    .fix("`subscriptions:`, with all of them; or, if others subscribe, `waivers:` with who they are")
                    .at("/subscriptions")
                    .at("");
            }
        }
    }
}

/// Whether something of the spec sends alerts there.
fn is_used(fleet: &Fleet, topic: &Topic) -> bool {
    let alerts = fleet.profiles.iter().filter_map(|profile| profile.alert.as_ref());
    let audits = fleet.audit.iter().filter_map(|audit| audit.notify.as_ref());
    let rules = fleet
        .topic_rules
        .iter()
        .flat_map(|rule| &rule.actions)
        .filter_map(|action| action.body.get("targetArn")?.as_str());
    let alarms = fleet.alarms.iter().flat_map(|alarm| alarm.all_actions());
    alerts.chain(audits).map(|target| target.to.as_str()).chain(rules).chain(alarms).any(|arn| arn == topic.arn)
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn a_topic_counts_when_alerts_are_sent_to_it() {
        assert!(found("nobody-subscribed", "topics: { idle: { subscriptions: {} } }").is_empty());
        let text = "topics: { alerts: {} }\nalarms: { a: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] } }";
        assert_eq!(found("nobody-subscribed", text), ["topics.alerts unmanaged"]);
    }
}
