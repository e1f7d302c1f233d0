//! Alarms that count only datapoints of a unit that the metric does not have.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unit-mismatch",
    severity: Severity::Error,
    title: "an alarm counts only datapoints of another unit than the metric's",
    why: "With `unit`, an alarm passes over all datapoints of other units, and CloudWatch converts none. Left out, every \
          datapoint counts.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }
alarms: { a: { metric: Fleet/Seen, unit: Bytes, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }
alarms: { a: { metric: Fleet/Seen, unit: Count, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    source: "API:PutMetricAlarm, Unit",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for (read, unit) in alarm.reads.iter().filter_map(|read| Some((read, read.unit.as_ref()?))) {
            let feeding: Vec<_> = fleet.produced.iter().filter(|produced| produced.feeds(read)).collect();
            let units: Vec<&str> = feeding.iter().filter_map(|produced| produced.unit.as_deref()).collect();
            // A template's unit, and one that a function does not say, can be any.
            let known =
                !feeding.is_empty() && units.len() == feeding.len() && !units.iter().any(|unit| unit.contains("${"));
            if known && !units.contains(&unit.as_str()) {
                let message = format!(
                    "it counts only datapoints in {unit}, and {} has them in {}",
                    read.in_words(),
                    units.join(", ")
                );
                findings
                    .add(&alarm.address, &read.subject, message)
                    .fix(format!("`unit: {}`, or none", units[0]))
                    .at("/unit")
                    .at("/metrics")
                    .cut(metric_node(read), alarm.address.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn only_a_unit_that_is_known_can_differ() {
        let alarm = |emitted: &str, unit: &str| {
            let text = format!(
                "roles: {{ r: {{ trustedBy: [lambda.amazonaws.com] }} }}\nfunctions: {{ f: {{ source: code, runtime: python3.12, handler: main.handler, role: r, emits: [{{ namespace: Fleet, metrics: [Seen] {emitted} }}] }} }}\nalarms: {{ a: {{ metric: Fleet/Seen, {unit} statistic: Sum, period: 5m, alarmWhen: \"> 5\" }} }}"
            );
            found("unit-mismatch", &text).len()
        };
        assert_eq!(alarm(", unit: Count", "unit: Bytes,"), 1);
        assert_eq!(alarm(", unit: Count", "unit: Count,"), 0);
        assert_eq!(alarm(", unit: Count", ""), 0, "then all datapoints count");
        assert_eq!(alarm("", "unit: Bytes,"), 0, "the function does not say");
    }
}
