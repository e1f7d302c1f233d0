//! Functions that nothing of the spec invokes, though something counts on them.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::function::Function;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "function-never-invoked",
    severity: Severity::Warning,
    title: "nothing invokes a function",
    why: "A function that nobody calls produces no metrics and answers no alert.",
    wrong: "roles: { runner: { trustedBy: [lambda.amazonaws.com] } }
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner } }",
    right: "topics: { alerts: { subscriptions: { fix: { function: fix } } } }
roles: { runner: { trustedBy: [lambda.amazonaws.com] } }
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner } }",
    source: "Lambda developer guide, \"Invoking functions\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    // A declared permission is for an invoker outside the spec.
    for function in fleet.functions.iter().filter(|one| one.permissions.is_empty() && !is_invoked(fleet, one)) {
        findings
            .add(&function.address, "", "nothing here invokes this function")
            .fix("subscribe it to a topic (`subscriptions: { fix: { function: NAME } }`), name it in an alarm's `invoke`, or declare in `permissions` who else invokes it")
            .at("/handler")
            .at("");
    }
}

fn is_invoked(fleet: &Fleet, function: &Function) -> bool {
    let subscribed =
        fleet.topics.iter().flat_map(|topic| topic.subscriptions.iter().flatten()).map(|one| one.endpoint.clone());
    let ruled = fleet.topic_rules.iter().flat_map(|rule| &rule.actions).filter_map(|action| action.text("functionArn"));
    let alarmed = fleet.alarms.iter().flat_map(|alarm| alarm.all_actions()).map(str::to_owned);
    subscribed.chain(ruled).chain(alarmed).any(|arn| arn == function.arn)
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn a_declared_permission_speaks_for_somebody_else() {
        let text = "roles: { runner: { trustedBy: [lambda.amazonaws.com] } }\nfunctions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner, permissions: { timer: { principal: events.amazonaws.com, sourceAccount: \"000000000000\" } } } }";
        assert!(found("function-never-invoked", text).is_empty());
    }
}
