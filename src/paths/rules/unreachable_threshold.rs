//! Alarms whose threshold the statistic can never reach, or never leave.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Read;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unreachable-threshold",
    severity: Severity::Error,
    title: "the statistic cannot reach the alarm's threshold",
    why: "A rule that counts messages publishes the same value for each, mostly 1. The average, the least and the greatest \
          of ones is 1, however many there are: only the sum and the number of samples count them.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }
alarms: { a: { metric: Fleet/Seen, statistic: Average, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }
alarms: { a: { metric: Fleet/Seen, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    source: "CloudWatch user guide, \"Statistics definitions\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in fleet.alarms.iter().filter(|alarm| !alarm.math) {
        let Some(read) = alarm.reads.first() else { continue };
        let Some((message, fix)) = constant(fleet, alarm, read).or_else(|| never_below_zero(fleet, alarm, read)) else {
            continue;
        };
        let pointers = ["/statistic", "/extendedStatistic", "/alarmWhen", "/threshold"];
        let finding = findings.add(&alarm.address, "", message).fix(fix);
        finding.pointers = pointers.map(String::from).into();
    }
}

/// A metric whose every datapoint has the same value.
fn constant(fleet: &Fleet, alarm: &Alarm, read: &Read) -> Option<(String, String)> {
    let mut feeding = fleet.produced.iter().filter(|produced| produced.feeds(read)).peekable();
    let value = feeding.peek()?.constant?;
    if feeding.any(|produced| produced.constant != Some(value))
        || matches!(read.statistic.as_str(), "Sum" | "SampleCount")
    {
        return None;
    }
    let always = if alarm.breaches(value)? { "always" } else { "never" };
    let message = format!(
        "every datapoint of {} is {value}, so its {} is {value} too, and `{}` {always} holds",
        read.in_words(),
        read.statistic,
        alarm.condition()
    );
    Some((message, "`statistic: Sum` counts them".into()))
}

/// Counts are never negative.
fn never_below_zero(fleet: &Fleet, alarm: &Alarm, read: &Read) -> Option<(String, String)> {
    let counted = read.namespace == "AWS/IoT"
        || fleet.produced.iter().any(|one| one.feeds(read) && one.constant.is_some_and(|value| value >= 0.0));
    let threshold = alarm.threshold?;
    let never = counted && alarm.fires_low() && !alarm.breaches(0.0)? && threshold <= 0.0;
    let always = counted && alarm.fires_high() && alarm.breaches(0.0)? && threshold <= 0.0;
    let word = if never { "never" } else { "always" };
    (never || always).then(|| {
        let message =
            format!("{} is a count and never below zero, so `{}` {word} holds", read.in_words(), alarm.condition());
        (message, "choose a threshold that the count can be on both sides of".into())
    })
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn alarm(metric: &str, statistic: &str, when: &str) -> usize {
        let field = if statistic.starts_with('p') { "extendedStatistic" } else { "statistic" };
        let text = format!(
            "roles: {{ r: {{ trustedBy: [iot.amazonaws.com] }} }}\ntopicRules: {{ w: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchMetric: {{ namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: r }} }}, {{ cloudwatchMetric: {{ namespace: Fleet, name: Level, value: \"${{level}}\", unit: Count, role: r }} }}] }} }}\nalarms: {{ a: {{ metric: {metric}, {field}: {statistic}, period: 5m, alarmWhen: \"{when}\" }} }}"
        );
        found("unreachable-threshold", &text).len()
    }

    #[test]
    fn a_threshold_has_to_lie_within_reach() {
        for statistic in ["Average", "Minimum", "Maximum"] {
            assert_eq!(alarm("Fleet/Seen", statistic, "> 1"), 1, "{statistic} is never above one");
            assert_eq!(alarm("Fleet/Seen", statistic, ">= 1"), 1, "{statistic} is always one");
        }
        assert_eq!(alarm("Fleet/Seen", "Sum", "> 1"), 0);
        assert_eq!(alarm("Fleet/Seen", "p99", "> 1"), 1, "so is every percentile");
        assert_eq!(alarm("Fleet/Level", "Average", "> 5"), 0, "its values come from messages");
        assert_eq!(alarm("AWS/IoT/Violations", "Sum", "< 0"), 1);
        assert_eq!(alarm("AWS/IoT/Violations", "Sum", "<= 0"), 0);
        assert_eq!(alarm("AWS/IoT/Violations", "Sum", ">= 0"), 1);
        assert_eq!(alarm("AWS/IoT/Violations", "Sum", "> 0"), 0);
    }
}
