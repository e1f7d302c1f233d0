//! Alarms that want datapoints more often than the metric has them.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::alarm::Alarm;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Read;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "scarce-datapoints",
    severity: Severity::Error,
    title: "an alarm wants datapoints more often than the metric has them",
    why: "A scheduled audit publishes its counts once in a run, which is once a day at the most. Two breaching periods of \
          five minutes in a row can then never be, and the alarm never fires. In the same way a period under a minute \
          finds no datapoints of a metric that AWS publishes by the minute.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { findings: { metric: AWS/IoT/NonCompliantResources, dimensions: { CheckName: LOGGING_DISABLED_CHECK, ScheduledAuditName: daily }, statistic: Sum, period: 5m, alarmWhen: \"> 0 for 2 periods\", notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { findings: { metric: AWS/IoT/NonCompliantResources, dimensions: { CheckName: LOGGING_DISABLED_CHECK, ScheduledAuditName: daily }, statistic: Sum, period: 5m, alarmWhen: \"> 0\", notify: [alerts] } }",
    source: "AWS IoT developer guide, \"AWS IoT metrics and dimensions\"; API:PutMetricAlarm, Period",
};

/// Seconds between two runs of a scheduled audit, at the least.
const DAY: u64 = 86_400;

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for read in &alarm.reads {
            let Some((message, fix)) = daily(alarm, read).or_else(|| too_short(fleet, read)) else { continue };
            let pointers = ["/period", "/alarmWhen", "/metrics"];
            let finding = findings.add(&alarm.address, &read.subject, message).fix(fix);
            finding.pointers = pointers.map(String::from).into();
        }
    }
}

fn daily(alarm: &Alarm, read: &Read) -> Option<(String, String)> {
    let daily =
        read.namespace == "AWS/IoT" && matches!(read.metric.as_str(), "NonCompliantResources" | "ResourcesEvaluated");
    // With `breaching`, missing data counts too.
    if !daily || alarm.treat_missing == "breaching" || alarm.datapoints < 2 {
        return None;
    }
    let window = read.period * alarm.evaluation_periods;
    let possible = window.div_ceil(DAY);
    (possible < alarm.datapoints).then(|| {
        let message = format!(
            "it wants {} breaching periods out of {} seconds, in which an audit that runs once a day publishes {possible}",
            alarm.datapoints, window
        );
        (message, "let one period decide: `alarmWhen: \"> 0\"`".into())
    })
}

fn too_short(fleet: &Fleet, read: &Read) -> Option<(String, String)> {
    let by_the_minute = read.namespace.starts_with("AWS/")
        || fleet.produced.iter().any(|produced| produced.feeds(read) && produced.by.section == "topicRules");
    (read.period < 60 && by_the_minute).then(|| {
        let message = format!(
            "a period of {} s finds no datapoints of {}, which is kept by the minute",
            read.period,
            read.in_words()
        );
        (message, "`period: 1m` or longer".into())
    })
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn alarm(metric: &str, period: &str, when: &str, more: &str) -> usize {
        let text = format!(
            "alarms: {{ a: {{ metric: {metric}, statistic: Sum, period: {period}, alarmWhen: \"{when}\" {more} }} }}"
        );
        found("scarce-datapoints", &text).len()
    }

    #[test]
    fn an_alarm_cannot_have_more_datapoints_than_there_are() {
        let audit = "AWS/IoT/NonCompliantResources";
        assert_eq!(alarm(audit, "5m", "> 0", ""), 0);
        assert_eq!(alarm(audit, "5m", "> 0 for 2 periods", ""), 1);
        assert_eq!(alarm(audit, "5m", "> 0 for 1 of 3 periods", ""), 0);
        assert_eq!(alarm(audit, "5m", "> 0 for 2 periods", ", treatMissingData: breaching"), 0);
        assert_eq!(alarm(audit, "86400", "> 0 for 2 periods", ""), 0, "one a day");
        assert_eq!(alarm("AWS/IoT/Violations", "30", "> 0", ""), 1);
        assert_eq!(alarm("AWS/IoT/Violations", "60", "> 0", ""), 0);
        assert_eq!(alarm("Own/Metric", "30", "> 0", ""), 0, "it may have a high resolution");
    }
}
