//! What alarms make of silence.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "missing-data",
    severity: Severity::Error,
    title: "an alarm takes missing data for the wrong thing",
    why: "An alarm for too little is about silence. With `notBreaching` total silence counts as good: the alarm fires when \
          few devices send, and clears when none does. The other way round, `breaching` lets an alarm that counts events \
          ring as long as nothing happens.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { offline: { metric: AWS/IoT/PublishIn.Success, dimensions: { Protocol: MQTT }, statistic: Sum, period: 5m, alarmWhen: \"< 3\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { offline: { metric: AWS/IoT/PublishIn.Success, dimensions: { Protocol: MQTT }, statistic: Sum, period: 5m, alarmWhen: \"< 3\", treatMissingData: breaching, notify: [alerts] } }",
    source: "CloudWatch user guide, \"Configuring how CloudWatch alarms treat missing data\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in fleet.alarms.iter().filter(|alarm| !alarm.math && alarm.threshold.is_some()) {
        let treatment = alarm.treat_missing.as_str();
        let condition = alarm.condition();
        let (severity, message, fix) = match treatment {
            "notBreaching" if alarm.fires_low() => (
                Severity::Error,
                format!(
                    "it fires on `{condition}` but takes missing data for good: it is silent when nothing arrives at all"
                ),
                "`treatMissingData: breaching`",
            ),
            "ignore" | "missing" if alarm.fires_low() && !tells_of_missing(alarm) => (
                Severity::Warning,
                format!("it fires on `{condition}`, and with `{treatment}` nobody is told when nothing arrives at all"),
                "`treatMissingData: breaching`, or `notifyInsufficientData` with the same topic",
            ),
            "breaching" if alarm.fires_high() && counts_events(alarm) => (
                Severity::Warning,
                format!(
                    "it fires on `{condition}` of a count that has datapoints only when something happens, and takes missing data for bad"
                ),
                "`treatMissingData: notBreaching`",
            ),
            "missing" if alarm.fires_high() && counts_events(alarm) => (
                Severity::Note,
                "it counts events, and without any it stands in INSUFFICIENT_DATA, where nobody sees whether it works"
                    .into(),
                "`treatMissingData: notBreaching`: no event counted means that all is well",
            ),
            _ => continue,
        };
        let pointers = ["/treatMissingData", "/alarmWhen", "/comparisonOperator"];
        let finding = findings.add(&alarm.address, "", message).fix(fix).severity(severity);
        finding.pointers = pointers.map(String::from).into();
    }
}

fn tells_of_missing(alarm: &Alarm) -> bool {
    !alarm.when_insufficient.is_empty()
}

/// Sums and sample counts of metrics that come with events.
fn counts_events(alarm: &Alarm) -> bool {
    alarm.reads.iter().all(|read| matches!(read.statistic.as_str(), "Sum" | "SampleCount"))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn alarm(when: &str, more: &str) -> Option<Severity> {
        let text =
            format!("alarms: {{ a: {{ metric: AWS/IoT/Violations, period: 5m, alarmWhen: \"{when}\", {more} }} }}");
        findings(&text).into_iter().find(|finding| finding.code == "missing-data").map(|finding| finding.severity)
    }

    #[test]
    fn the_direction_of_the_alarm_decides_what_silence_means() {
        assert_eq!(alarm("< 3", "statistic: Sum, treatMissingData: notBreaching"), Some(Severity::Error));
        assert_eq!(alarm("<= 3", "statistic: Average, treatMissingData: notBreaching"), Some(Severity::Error));
        assert_eq!(alarm("< 3", "statistic: Sum, treatMissingData: breaching"), None);
        assert_eq!(alarm("< 3", "statistic: Sum"), Some(Severity::Warning), "AWS's default is `missing`");
        assert_eq!(
            alarm("< 3", "statistic: Sum, insufficientDataActions: [\"arn:aws:sns:us-east-1:000000000000:x\"]"),
            None
        );
        assert_eq!(alarm("> 3", "statistic: Sum, treatMissingData: notBreaching"), None);
        assert_eq!(alarm("> 3", "statistic: Sum, treatMissingData: breaching"), Some(Severity::Warning));
        assert_eq!(
            alarm("> 3", "statistic: Average, treatMissingData: breaching"),
            None,
            "a level that is gone may well be bad"
        );
        assert_eq!(alarm("> 3", "statistic: Sum"), Some(Severity::Note));
    }
}
