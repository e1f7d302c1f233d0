//! Actions of rules that can fail without a trace.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unlogged-failures",
    severity: Severity::Note,
    title: "an action of a rule can fail without a trace",
    why: "AWS IoT tells nobody that an action failed. It writes it to its log, which is off until somebody sets it up, and \
          sends the message to the rule's error action, if it has one. Without either, a mistake in a role shows as a \
          metric that stays at zero.",
    wrong: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    right: "roles:
  writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] }
  logger: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTLogging] }
logging: { role: logger, defaultLogLevel: ERROR }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    source: "AWS IoT developer guide, \"Configure AWS IoT logging\" and \"Error handling (error action)\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    if fleet.logging.as_ref().is_some_and(|logging| logging.on) {
        return;
    }
    let is_error = |pointer: &str| pointer.starts_with("/errorAction");
    for rule in fleet.topic_rules.iter().filter(|rule| !rule.disabled) {
        let listed = rule.actions.iter().filter(|action| !is_error(&action.pointer)).count();
        if listed == 0 || rule.actions.iter().any(|action| is_error(&action.pointer)) {
            continue;
        }
        let actions =
            if listed == 1 { "its action fails".to_owned() } else { format!("one of its {listed} actions fails") };
        let message =
            format!("nobody sees it when {actions}: it has no error action, and this spec does not set up logging");
        findings
            .add(&rule.address, "", message)
            .fix("`logging: { role: ROLE, defaultLogLevel: ERROR }` for all rules; or `errorAction:` with an action for what failed")
            .at("/actions")
            .at("");
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn a_log_or_an_error_action_leaves_a_trace() {
        let rule = |more: &str, logging: &str| {
            let text = format!(
                "roles: {{ r: {{ trustedBy: [iot.amazonaws.com] }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ republish: {{ topic: b, role: r }} }}] {more} }} }}\n{logging}"
            );
            found("unlogged-failures", &text).len()
        };
        assert_eq!(rule("", ""), 1);
        assert_eq!(rule(", disabled: true", ""), 0);
        assert_eq!(rule(", errorAction: { republish: { topic: c, role: r } }", ""), 0);
        assert_eq!(rule("", "logging: { role: r, defaultLogLevel: ERROR }"), 0);
        assert_eq!(rule("", "logging: { role: r, defaultLogLevel: DISABLED }"), 1);
        assert_eq!(rule("", "logging: { role: r, defaultLogLevel: ERROR, disableAllLogs: true }"), 1);
    }
}
