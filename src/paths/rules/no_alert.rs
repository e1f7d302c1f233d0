//! Signals that are sent nowhere in the first place.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Read;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "no-alert",
    severity: Severity::Warning,
    title: "something is watched, and nobody is told",
    why: "The console shows the alarm to whoever looks. An alert is for those who do not.",
    wrong: "alarms: { violations: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\" } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { violations: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", notify: [alerts] } }",
    source: "API:PutMetricAlarm; API:CreateSecurityProfile; API:UpdateAccountAuditConfiguration",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        if alarm.actions.is_empty() {
            let message = "nothing happens when this alarm fires";
            findings
                .add(&alarm.address, "", message)
                .fix("`notify: [TOPIC]`, or `invoke: [FUNCTION]`")
                .at("/alarmWhen")
                .at("");
        } else if !alarm.enabled {
            let message = "its actions are switched off, so nothing happens when this alarm fires";
            let finding = findings
                .add(&alarm.address, "", message)
                .fix("`actionsEnabled: true`")
                .at("/actionsEnabled")
                .severity(Severity::Error);
            for action in alarm.all_actions() {
                finding.cut(alarm.address.to_string(), fleet.name_of(action));
            }
        }
    }
    for profile in fleet.profiles.iter().filter(|profile| profile.alert.is_none()) {
        let behaviors = profile.alerting().count();
        // AWS IoT counts violations in CloudWatch; an alarm on that count is an alert too.
        let counted = |read: &&Read| {
            let of = read.dimensions.get("SecurityProfileName");
            read.namespace == "AWS/IoT"
                && read.metric == "Violations"
                && of.is_none_or(|name| *name == profile.address.name)
        };
        if behaviors > 0 && !fleet.alarms.iter().flat_map(|alarm| &alarm.reads).any(|read| counted(&read)) {
            let message = format!("{behaviors} behaviours are watched, and nobody is told of violations");
            findings
                .add(&profile.address, "", message)
                .fix("`alertTo: { topic: TOPIC, role: ROLE }`")
                .at("/behaviors")
                .at("");
        }
    }
    if let Some(audit) = fleet.audit.as_ref().filter(|audit| audit.notify.is_none() && !fleet.schedules.is_empty()) {
        let message = format!("{} audits run on schedule, and nobody is told of what they find", fleet.schedules.len());
        findings.add(&audit.address, "", message).fix("`notify: { topic: TOPIC, role: ROLE }`").at("/notify").at("");
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    const ALARM: &str = "alarms: { a: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\"";
    const PROFILE: &str =
        "securityProfiles: { p: { behaviors: { B: { metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\"";

    #[test]
    fn each_kind_of_signal_is_to_be_told() {
        assert_eq!(
            found(
                "no-alert",
                &format!(
                    "{ALARM}, actionsEnabled: false, alarmActions: [\"arn:aws:sns:us-east-1:000000000000:x\"] }} }}"
                )
            )
            .len(),
            1
        );
        assert!(
            found("no-alert", &format!("{ALARM}, alarmActions: [\"arn:aws:sns:us-east-1:000000000000:x\"] }} }}"))
                .is_empty()
        );
        assert_eq!(found("no-alert", &format!("{PROFILE} }} }} }} }}")), ["securityProfiles.p"]);
        assert!(
            found("no-alert", &format!("{PROFILE}, suppressAlerts: true }} }} }} }}")).is_empty(),
            "that says so itself"
        );
        assert_eq!(
            found("no-alert", &format!("{PROFILE} }} }} }} }}\n{ALARM} }} }}")),
            ["alarms.a"],
            "the alarm counts them"
        );
    }
}
