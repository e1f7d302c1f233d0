//! Rules that stamp metrics in milliseconds where CloudWatch takes seconds.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "metric-timestamp",
    severity: Severity::Error,
    title: "a rule stamps a metric in milliseconds; CloudWatch takes seconds",
    why: "`timestamp()` gives milliseconds. Taken for seconds, that is tens of thousands of years ahead, and CloudWatch \
          refuses datapoints that are more than two hours ahead. Without `metricTimestamp` the present time is taken.",
    wrong: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, timestamp: \"${timestamp()}\", role: writer } }] } }",
    right: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    source: "AWS IoT developer guide, \"CloudWatch metrics\" (rule action) and `timestamp()`; API:MetricDatum",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for rule in &fleet.topic_rules {
        for action in rule.actions.iter().filter(|action| action.kind == "cloudwatchMetric") {
            let Some(stamp) = action.text("metricTimestamp") else { continue };
            let inner: String = stamp.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
            if !inner.contains("timestamp()") || inner.contains('/') {
                continue;
            }
            let message = format!(
                "`{stamp}` is in milliseconds, and `metricTimestamp` in seconds, so CloudWatch refuses every datapoint"
            );
            let finding = findings
                .add(&rule.address, &action.pointer, message)
                .fix("leave `metricTimestamp` out: the present time is taken; or `${floor(timestamp() / 1000)}`")
                .at(format!("{}/metricTimestamp", action.pointer))
                .at(format!("{}/timestamp", action.pointer))
                .at(&action.pointer);
            let reads = fleet.alarms.iter().flat_map(|alarm| &alarm.reads);
            let fed = reads.filter(|read| {
                fleet
                    .produced
                    .iter()
                    .any(|one| one.by == rule.address && one.pointer == action.pointer && one.feeds(read))
            });
            finding.cuts = fed.map(|read| (rule.address.to_string(), metric_node(read))).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn seconds_are_fine() {
        let rule = |stamp: &str| {
            let text = format!(
                "roles: {{ writer: {{ trustedBy: [iot.amazonaws.com] }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchMetric: {{ metricNamespace: Fleet, metricName: Seen, metricValue: \"1\", metricUnit: Count, metricTimestamp: \"{stamp}\", role: writer }} }}] }} }}"
            );
            found("metric-timestamp", &text).len()
        };
        assert_eq!(rule("${timestamp()}"), 1);
        assert_eq!(rule("${ Timestamp( ) }"), 1);
        assert_eq!(rule("${floor(timestamp() / 1000)}"), 0);
        assert_eq!(rule("${sent_at}"), 0, "the payload's own");
    }
}
