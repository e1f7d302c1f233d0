//! Rules whose statement no message can match.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::sql::Statement;
use crate::paths::model::topic_rule::TopicRule;
use crate::paths::topic_filter::overlap;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "rule-never-matches",
    severity: Severity::Error,
    title: "no message can match a rule, or a part of its condition",
    why: "AWS IoT checks the grammar of a statement and nothing else. A rule on a topic that nobody publishes to, or with \
          a condition that the topic excludes, runs never, and everything behind it stays at zero.",
    wrong: "topicRules: { gone: { sql: \"SELECT * FROM '$aws/events/presence/connected/+' WHERE eventType = 'disconnected'\", actions: [] } }",
    right: "topicRules: { gone: { sql: \"SELECT * FROM '$aws/events/presence/disconnected/+' WHERE eventType = 'disconnected'\", actions: [] } }",
    source: "AWS IoT developer guide, \"Lifecycle events\", \"Reserved topics\" and \"Basic Ingest\"",
};

/// What AWS IoT itself publishes, and what devices publish for it (AWS IoT developer guide, "Reserved topics").
const RESERVED: &[&str] = &[
    "$aws/events/presence/connected/+",
    "$aws/events/presence/disconnected/+",
    "$aws/events/presence/connect_failed/+",
    "$aws/events/subscriptions/subscribed/+",
    "$aws/events/subscriptions/unsubscribed/+",
    "$aws/events/thing/+/+",
    "$aws/events/thingType/+/+",
    "$aws/events/thingTypeAssociation/#",
    "$aws/events/thingGroup/+/+",
    "$aws/events/thingGroupMembership/#",
    "$aws/events/thingGroupHierarchy/#",
    "$aws/events/job/+/+",
    "$aws/events/jobExecution/+/+",
    "$aws/events/certificates/registered/+",
    "$aws/things/#",
    "$aws/device_location/#",
    "$aws/certificates/#",
    "$aws/provisioning-templates/#",
    "$aws/commands/#",
    "$aws/sitewise/#",
];

fn check(fleet: &Fleet, findings: &mut Findings) {
    for rule in fleet.topic_rules.iter().filter(|rule| !rule.disabled) {
        let Some(statement) = &rule.statement else { continue };
        let Some((severity, message, fix)) = problem(fleet, rule, statement) else { continue };
        findings.add(&rule.address, "", message).fix(fix).severity(severity).at("/sql");
    }
}

fn problem(fleet: &Fleet, rule: &TopicRule, statement: &Statement) -> Option<(Severity, String, String)> {
    let filter = &statement.filter;
    let first = filter.split('/').next().unwrap_or_default();
    if filter.starts_with("$aws/rules/") {
        let message = format!(
            "`{filter}` is Basic Ingest, which goes to the rule of that name directly and matches no other rule's FROM"
        );
        let fix = format!("publish to `$aws/rules/{}/TOPIC`, and write `FROM 'TOPIC'`", rule.address.name);
        return Some((Severity::Error, message, fix));
    }
    if first.starts_with('$') && first != "$aws" {
        let message = format!("`{filter}`: nobody may publish to topics that begin with `$`, but for those of `$aws`");
        return Some((Severity::Error, message, "take a topic without `$`".into()));
    }
    if first == "$aws" && !RESERVED.iter().any(|known| overlap(known, filter)) {
        let near = RESERVED.iter().filter(|known| known.split('/').nth(2) == filter.split('/').nth(2));
        let known: Vec<&str> = near.copied().collect();
        let fix = if known.is_empty() { "`$aws/events/…`, `$aws/things/…`".to_owned() } else { known.join(", ") };
        let certain = filter.starts_with("$aws/events/");
        let severity = if certain { Severity::Error } else { Severity::Warning };
        return Some((
            severity,
            format!("AWS IoT has no reserved topic that `{filter}` matches"),
            format!("there are {fix}"),
        ));
    }
    if statement.never_holds() {
        let message = format!("its condition holds for no message of `{filter}`");
        return Some((
            Severity::Error,
            message,
            "read from the topic on which such messages arrive, or change the condition".into(),
        ));
    }
    if let dead @ [_, ..] = statement.dead_alternatives().as_slice() {
        let message = format!(
            "`{}` holds for no message of `{filter}`, so that half of the condition is never met",
            dead.join("` and `")
        );
        let fix = match filter.strip_prefix("$aws/events/presence/connected/") {
            Some(rest) => format!("`FROM '$aws/events/presence/+/{rest}'` has the messages of both kinds"),
            None => "read from the topics of both kinds, or take it away".into(),
        };
        return Some((Severity::Error, message, fix));
    }
    nobody_publishes(fleet, filter)
}

/// Against the topics of the scenarios, where there are any.
fn nobody_publishes(fleet: &Fleet, filter: &str) -> Option<(Severity, String, String)> {
    let topics: Vec<&str> =
        fleet.devices.classes.iter().filter_map(|one| Some(one.class.messages.as_ref()?.topic.as_str())).collect();
    // Other rules may republish there.
    let republished =
        fleet.topic_rules.iter().flat_map(|rule| &rule.actions).filter(|action| action.kind == "republish");
    let republished = republished.filter_map(|action| action.text("topic")).any(|topic| overlap(&topic, filter));
    if topics.is_empty() || filter.starts_with('$') || republished || topics.iter().any(|topic| overlap(topic, filter))
    {
        return None;
    }
    let message = format!("no device of the scenarios publishes to a topic that `{filter}` matches");
    Some((Severity::Warning, message, format!("they publish to {}", topics.join(", "))))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn rule(sql: &str, more: &str) -> Option<Severity> {
        let text = format!("topicRules: {{ watch: {{ sql: \"{sql}\", actions: [] }} }}\n{more}");
        findings(&text).into_iter().find(|finding| finding.code == "rule-never-matches").map(|finding| finding.severity)
    }

    #[test]
    fn reserved_topics_have_a_shape() {
        assert_eq!(rule("SELECT * FROM '$aws/events/presence/+/+'", ""), None);
        assert_eq!(rule("SELECT * FROM '$aws/events/presence/#'", ""), None);
        assert_eq!(rule("SELECT * FROM '$aws/events/presence/online/+'", ""), Some(Severity::Error));
        assert_eq!(
            rule("SELECT * FROM '$aws/events/presence/connected'", ""),
            Some(Severity::Error),
            "the client ID is missing"
        );
        assert_eq!(rule("SELECT * FROM '$aws/things/+/shadow/update/documents'", ""), None);
        assert_eq!(rule("SELECT * FROM '$aws/thing/+/shadow'", ""), Some(Severity::Warning), "new ones may come");
        assert_eq!(rule("SELECT * FROM '$aws/rules/watch/a'", ""), Some(Severity::Error));
        assert_eq!(rule("SELECT * FROM '$own/a'", ""), Some(Severity::Error));
    }

    #[test]
    fn the_topics_of_the_devices_count_where_they_are_known() {
        let known = "scenarios: [scenario.yaml]";
        assert_eq!(rule("SELECT * FROM 'device/+/data'", known), None);
        assert_eq!(rule("SELECT * FROM 'devices/+/data'", known), Some(Severity::Warning));
        assert_eq!(rule("SELECT * FROM 'devices/+/data'", ""), None);
        assert_eq!(rule("SELECT * FROM '#'", known), None);
    }

    #[test]
    fn half_a_condition_is_found_too() {
        let both = "eventType = 'connected' OR eventType = 'disconnected'";
        assert_eq!(
            rule(&format!("SELECT * FROM '$aws/events/presence/connected/+' WHERE {both}"), ""),
            Some(Severity::Error)
        );
        assert_eq!(rule(&format!("SELECT * FROM '$aws/events/presence/+/+' WHERE {both}"), ""), None);
    }
}
