//! Alarms and widgets on a metric that exists with other dimensions only.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Finding, Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::{Read, published_by_iot};
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "dimension-mismatch",
    severity: Severity::Error,
    title: "an alarm or a widget reads a metric with other dimensions than it is published with",
    why: "To CloudWatch, a metric with other dimensions is another metric. It does not add up over dimensions: an alarm by \
          FleetName sees nothing of what is published by ViolationType.",
    wrong: "topics: { alerts: { subscriptions: { fix: { function: fix } } } }
roles:
  runner:
    trustedBy: [lambda.amazonaws.com]
    allow: [{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }]
functions:
  fix: { source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{ namespace: Fleet, metrics: [Violations], dimensions: [ViolationType] }] }
alarms:
  violations: { metric: Fleet/Violations, dimensions: { FleetName: f }, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching }",
    right: "topics: { alerts: { subscriptions: { fix: { function: fix } } } }
roles:
  runner:
    trustedBy: [lambda.amazonaws.com]
    allow: [{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }]
functions:
  fix: { source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{ namespace: Fleet, metrics: [Violations], dimensions: [FleetName] }] }
alarms:
  violations: { metric: Fleet/Violations, dimensions: { FleetName: f }, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching }",
    source: "CloudWatch user guide, \"Dimensions\"; AWS IoT developer guide, \"AWS IoT metrics and dimensions\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for read in &alarm.reads {
            if let Some(mismatch) = own(fleet, read).or_else(|| of_iot(read)) {
                let severity = mismatch.severity;
                let finding = report(&alarm.address, read, mismatch, findings);
                finding.pointers.insert(0, "/dimensions".into());
                if severity == Severity::Error {
                    finding.cut(metric_node(read), alarm.address.to_string());
                }
            }
        }
    }
    for dashboard in &fleet.dashboards {
        for (widget, read) in
            dashboard.widgets.iter().flat_map(|widget| widget.reads.iter().map(move |read| (widget, read)))
        {
            if let Some(mut mismatch) = own(fleet, read).or_else(|| of_iot(read)) {
                mismatch.message = format!("the widget `{}` stays empty: {}", widget.name, mismatch.message);
                report(&dashboard.address, read, mismatch, findings).severity(Severity::Warning);
            }
        }
    }
}

struct Mismatch {
    severity: Severity,
    message: String,
    fix: String,
}

fn report<'f>(address: &Address, read: &Read, mismatch: Mismatch, findings: &'f mut Findings) -> &'f mut Finding {
    let finding = findings.add(address, &read.subject, mismatch.message).fix(mismatch.fix).severity(mismatch.severity);
    finding.pointers.clone_from(&read.pointers);
    finding
}

/// Of what the spec itself produces.
fn own(fleet: &Fleet, read: &Read) -> Option<Mismatch> {
    let named: Vec<_> = fleet.produced.iter().filter(|produced| produced.is_named(read)).collect();
    if named.is_empty() || named.iter().any(|produced| produced.feeds(read)) {
        return None;
    }
    let made: Vec<String> = named.iter().map(|one| format!("{} publishes {}", one.by, one.in_words())).collect();
    let wanted: Vec<&str> = read.dimension_names().into_iter().collect();
    let message = format!("{} has no datapoints; {}", read.in_words(), made.join(", and "));
    let producer = &named[0];
    let fix = match producer.by.section.as_str() {
        "functions" => format!(
            "publish it with `dimensions: [{}]` in the code and in {}'s `emits:`, or read it with {}",
            wanted.join(", "),
            producer.by,
            said(&producer.dimensions)
        ),
        _ => "take `dimensions` away: a rule's `cloudwatchMetric` publishes none".into(),
    };
    Some(Mismatch { severity: Severity::Error, message, fix })
}

fn said(dimensions: &BTreeSet<String>) -> String {
    let names: Vec<&str> = dimensions.iter().map(String::as_str).collect();
    if names.is_empty() { "no dimensions".into() } else { format!("the dimensions {}", names.join(", ")) }
}

/// Of what AWS IoT publishes. The counts of violations exist for the account and by profile too.
fn of_iot(read: &Read) -> Option<Mismatch> {
    if read.namespace != "AWS/IoT" {
        return None;
    }
    let (_, known) = published_by_iot().find(|(name, _)| *name == read.metric)?;
    let given = read.dimension_names();
    let foreign: Vec<&str> = given.difference(&known).copied().collect();
    let names = |set: &BTreeSet<&str>| set.iter().copied().collect::<Vec<_>>().join(" and ");
    if !foreign.is_empty() {
        let by = if known.is_empty() { "without dimensions".into() } else { format!("by {}", names(&known)) };
        let message = format!("AWS IoT publishes {} {by}, not by {}", read.metric, foreign.join(" and "));
        return Some(Mismatch {
            severity: Severity::Error,
            message,
            fix: format!("write the dimensions {}", names(&known)),
        });
    }
    let sums = known.contains("BehaviorName");
    let missing: BTreeSet<&str> = known.difference(&given).copied().collect();
    (!sums && !missing.is_empty()).then(|| Mismatch {
        severity: Severity::Warning,
        message: format!("AWS IoT's page lists {} by {}; without {} there may be no such metric", read.metric, names(&known), names(&missing)),
        fix: format!("add the dimensions {}; `aws cloudwatch list-metrics --namespace AWS/IoT` shows those that your account has", names(&missing)),
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn alarm(metric: &str, dimensions: &str) -> Option<Severity> {
        let text = format!(
            "roles: {{ r: {{ trustedBy: [iot.amazonaws.com] }} }}\ntopicRules: {{ w: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchMetric: {{ namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: r }} }}] }} }}\nalarms: {{ a: {{ metric: {metric}, dimensions: {dimensions}, statistic: Sum, period: 5m, alarmWhen: \"> 5\" }} }}"
        );
        findings(&text).into_iter().find(|finding| finding.code == "dimension-mismatch").map(|finding| finding.severity)
    }

    #[test]
    fn the_set_of_dimensions_must_be_the_published_one() {
        assert_eq!(alarm("Fleet/Seen", "{}"), None);
        assert_eq!(alarm("Fleet/Seen", "{ RuleName: w }"), Some(Severity::Error));
        assert_eq!(alarm("AWS/IoT/Failure", "{ RuleName: w, ActionType: x }"), None);
        assert_eq!(alarm("AWS/IoT/Failure", "{ RuleName: w }"), Some(Severity::Warning));
        assert_eq!(alarm("AWS/IoT/Failure", "{ Rule: w }"), Some(Severity::Error));
        assert_eq!(alarm("AWS/IoT/Violations", "{}"), None, "for the whole account");
        assert_eq!(alarm("AWS/IoT/Violations", "{ SecurityProfileName: p }"), None);
        assert_eq!(alarm("AWS/IoT/Violations", "{ FleetName: p }"), Some(Severity::Error));
    }
}
