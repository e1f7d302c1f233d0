//! Statements that read a field of the payload where the function of that name was meant.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "function-read-as-field",
    severity: Severity::Warning,
    title: "a statement reads a field of the payload that has the name of a function",
    why: "`topic` is the field `topic` of the message, which most messages do not have; `topic()` is the topic that it \
          arrived on. A field that is not there is left out without a word.",
    wrong: "topicRules: { volume: { sql: \"SELECT clientId, timestamp, topic FROM 'device/+/data'\", actions: [] } }",
    right: "topicRules: { volume: { sql: \"SELECT clientid() AS clientId, timestamp() AS timestamp, topic() AS topic FROM 'device/+/data'\", actions: [] } }",
    source: "AWS IoT developer guide, \"Functions\"",
};

/// Names that a payload seldom has, since the broker knows them.
const TELLING: &[&str] = &["topic", "clientid", "principal", "traceid"];
/// Those that a payload may well have too; they count beside one of the others.
const COMMON: &[&str] = &["timestamp"];

fn check(fleet: &Fleet, findings: &mut Findings) {
    for rule in &fleet.topic_rules {
        // Lifecycle events do have such fields.
        let Some(statement) = rule.statement.as_ref().filter(|one| !one.filter.starts_with("$aws/")) else { continue };
        let is = |names: &[&str], field: &str| names.contains(&field.to_lowercase().as_str());
        if !statement.fields.iter().any(|field| is(TELLING, field)) {
            continue;
        }
        let fields = statement.fields.iter().filter(|field| is(TELLING, field) || is(COMMON, field));
        let fields: Vec<&str> = fields.map(String::as_str).collect();
        let message = format!(
            "`{}` are read from the payload of `{}`, not from the broker",
            fields.join("`, `"),
            statement.filter
        );
        let calls: Vec<String> = fields.iter().map(|field| format!("{}() AS {field}", field.to_lowercase())).collect();
        findings.add(&rule.address, "", message).fix(format!("`{}`", calls.join(", "))).at("/sql");
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn fields_that_payloads_have_are_left_alone() {
        let rule = |sql: &str| {
            found("function-read-as-field", &format!("topicRules: {{ watch: {{ sql: \"{sql}\", actions: [] }} }}"))
                .len()
        };
        assert_eq!(rule("SELECT topic FROM 'a'"), 1);
        assert_eq!(rule("SELECT topic() AS topic FROM 'a'"), 0);
        assert_eq!(rule("SELECT timestamp, value FROM 'a'"), 0, "many payloads have their own");
        assert_eq!(rule("SELECT clientId FROM '$aws/events/presence/+/+'"), 0, "lifecycle events have it");
        assert_eq!(rule("SELECT topics, a.topic FROM 'a'"), 0);
    }
}
