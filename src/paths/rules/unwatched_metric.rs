//! Metrics that are produced here and that nobody looks at.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unwatched-metric",
    severity: Severity::Note,
    title: "a metric is produced, and no alarm or widget reads it",
    why: "It costs money, and what it says reaches nobody.",
    wrong: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    right: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }
dashboards: { fleet: { widgets: [{ title: Seen, metrics: [Fleet/Seen] }] } }",
    source: "fleetctl's own",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    let of_alarms = || fleet.alarms.iter().flat_map(|alarm| &alarm.reads);
    let of_widgets =
        || fleet.dashboards.iter().flat_map(|dashboard| dashboard.widgets.iter().flat_map(|widget| &widget.reads));
    // An expression can search for metrics by name.
    for produced in &fleet.produced {
        if of_alarms().chain(of_widgets()).any(|read| produced.is_named(read)) {
            continue;
        }
        let message = format!("no alarm and no widget here reads {}", produced.in_words());
        let subject = format!("{} {}", produced.pointer, produced.metric);
        findings
            .add(&produced.by, subject, message)
            .fix("an alarm or a widget on it; or leave it out")
            .at(&produced.pointer);
    }
}
