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

#[cfg(test)]
mod tests {
    use crate::paths::testing::findings;

    const FUNCTION: &str = "roles: { r: { trustedBy: [lambda.amazonaws.com] } }
functions: { f: { source: code, runtime: python3.12, handler: main.handler, role: r, emits: [{ namespace: Fleet, metrics: [Seen, Lost], dimensions: [Hall] }] } }";

    /// What is said to be unwatched when the function's metrics are read so.
    fn unwatched(readers: &str) -> Vec<String> {
        let found = findings(&format!("{FUNCTION}\n{readers}"));
        found.into_iter().filter(|one| one.code == "unwatched-metric").map(|one| one.message).collect()
    }

    #[test]
    fn each_metric_needs_a_reader_of_its_own_name() {
        assert_eq!(unwatched("").len(), 2, "nobody reads either");
        let alarm = |metric: &str| {
            format!("alarms: {{ a: {{ metric: {metric}, statistic: Sum, period: 5m, alarmWhen: \"> 5\" }} }}")
        };
        let left = unwatched(&alarm("Fleet/Seen"));
        assert!(left.len() == 1 && left[0].contains("Fleet/Lost"), "an alarm reads the other: {left:?}");
        assert_eq!(unwatched(&alarm("Fleets/Seen")).len(), 2, "another namespace is another metric");
        assert_eq!(unwatched(&alarm("Fleet/Seen2")).len(), 2, "a longer name is another metric");
        let both = "dashboards: { d: { widgets: [{ title: t, metrics: [Fleet/Seen, Fleet/Lost] }] } }";
        assert_eq!(unwatched(both), Vec::<String>::new(), "other dimensions are for another rule to tell");
    }
}
