//! Dimensions whose values name a rule, profile, behaviour or audit that is not there.

use crate::diagnostic::{Severity, did_you_mean};
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Read;
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "dimension-names-nothing",
    severity: Severity::Warning,
    title: "a dimension names a rule, profile, behaviour or audit that is not declared",
    why: "AWS IoT publishes these metrics by the names of its objects. A name that no object has never gets a datapoint; \
          after a rename, the alarm keeps the old one.",
    wrong: "topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [] } }
topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { failing: { metric: AWS/IoT/TopicMatch, dimensions: { RuleName: watches }, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    right: "topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [] } }
topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { failing: { metric: AWS/IoT/TopicMatch, dimensions: { RuleName: watch }, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }",
    source: "AWS IoT developer guide, \"AWS IoT metrics and dimensions\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for read in &alarm.reads {
            for (dimension, message, fix) in unknown(fleet, read) {
                findings
                    .add(&alarm.address, format!("{} {dimension}", read.subject), message)
                    .fix(fix)
                    .at(format!("/dimensions/{dimension}"))
                    .at("/dimensions")
                    .at("/metrics")
                    .cut(metric_node(read), alarm.address.to_string());
            }
        }
    }
    for dashboard in &fleet.dashboards {
        for read in dashboard.widgets.iter().flat_map(|widget| &widget.reads) {
            for (dimension, message, fix) in unknown(fleet, read) {
                let finding =
                    findings.add(&dashboard.address, format!("{} {dimension}", read.subject), message).fix(fix);
                finding.pointers.clone_from(&read.pointers);
            }
        }
    }
}

/// The dimensions of one of AWS IoT's metrics that name nothing, each with the message and the fix.
fn unknown(fleet: &Fleet, read: &Read) -> Vec<(String, String, String)> {
    if read.namespace != "AWS/IoT" {
        return Vec::new();
    }
    let profile = read.dimensions.get("SecurityProfileName");
    let mut found = Vec::new();
    for (dimension, value) in &read.dimensions {
        let known: Vec<&str> = match dimension.as_str() {
            "RuleName" => fleet.topic_rules.iter().map(|one| one.address.name.as_str()).collect(),
            "SecurityProfileName" => fleet.profiles.iter().map(|one| one.address.name.as_str()).collect(),
            "BehaviorName" => {
                let profiles = fleet.profiles.iter().filter(|one| profile.is_none_or(|name| *name == one.address.name));
                profiles.flat_map(|one| &one.behaviors).map(|one| one.name.as_str()).collect()
            }
            // What is started by hand counts under this name.
            "ScheduledAuditName" if value != "OnDemand" => {
                fleet.schedules.iter().map(|one| one.address.name.as_str()).collect()
            }
            "CheckName" => fleet.audit.iter().flat_map(|one| &one.checks).map(String::as_str).collect(),
            _ => continue,
        };
        // Where none is declared, they are others'.
        if known.is_empty() || known.contains(&value.as_str()) {
            continue;
        }
        let message = format!("{dimension} `{value}` is none of {}, so there are no datapoints", known.join(", "));
        let fix = did_you_mean(value, known.iter().copied()).unwrap_or_else(|| format!("`{dimension}: {}`", known[0]));
        found.push((dimension.clone(), message, fix));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn names_are_held_against_what_is_declared() {
        let alarm = |dimensions: &str| {
            let text = format!(
                "securityProfiles: {{ p: {{ behaviors: {{ Sent: {{ metric: aws:num-messages-sent }} }} }}, q: {{ behaviors: {{ Got: {{ metric: aws:num-messages-received }} }} }} }}\nalarms: {{ a: {{ metric: AWS/IoT/Violations, dimensions: {dimensions}, statistic: Sum, period: 5m, alarmWhen: \"> 5\" }} }}"
            );
            found("dimension-names-nothing", &text).len()
        };
        assert_eq!(alarm("{ SecurityProfileName: p, BehaviorName: Sent }"), 0);
        assert_eq!(alarm("{ SecurityProfileName: p, BehaviorName: Got }"), 1, "that is of another profile");
        assert_eq!(alarm("{ SecurityProfileName: r }"), 1);
        assert_eq!(alarm("{ RuleName: r }"), 0, "no rule is declared here");
    }
}
