//! Functions that their topic, rule or alarm may not invoke.

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::function::{Function, Permission};

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "function-not-invocable",
    severity: Severity::Error,
    title: "a function is to be invoked by something that has no permission to",
    why: "Lambda refuses the call. SNS tries for a while and then drops the message; nothing of it is in the function's log, \
          because the function never ran.",
    wrong: "topics: { alerts: { subscriptions: { fix: { function: \"${functions.fix.arn}\" } } } }
roles: { runner: { trustedBy: [lambda.amazonaws.com] } }
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner } }",
    right: "topics: { alerts: { subscriptions: { fix: { function: fix } } } }
roles: { runner: { trustedBy: [lambda.amazonaws.com] } }
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner } }",
    source: "Lambda developer guide, \"Using resource-based policies\"",
};

/// The principal by which alarms invoke functions (API:PutMetricAlarm).
const ALARMS: &str = "lambda.alarms.cloudwatch.amazonaws.com";

fn check(fleet: &Fleet, findings: &mut Findings) {
    for topic in &fleet.topics {
        let subscribed = topic.subscriptions.iter().flatten().filter(|one| one.protocol == "lambda");
        for function in subscribed.filter_map(|one| fleet.function(&one.endpoint)) {
            report(fleet, function, "sns.amazonaws.com", &topic.arn, &topic.address, "/subscriptions", findings);
        }
    }
    for rule in &fleet.topic_rules {
        let invoking = rule.actions.iter().filter(|action| action.kind == "lambda");
        for (action, function) in
            invoking.filter_map(|action| Some((action, fleet.function(&action.text("functionArn")?)?)))
        {
            report(fleet, function, "iot.amazonaws.com", &rule.arn, &rule.address, &action.pointer, findings);
        }
    }
    for alarm in &fleet.alarms {
        for function in alarm.all_actions().into_iter().filter_map(|arn| fleet.function(arn)) {
            report(fleet, function, ALARMS, &alarm.arn, &alarm.address, "/alarmActions", findings);
        }
    }
}

fn report(
    fleet: &Fleet,
    function: &Function,
    principal: &str,
    source_arn: &str,
    invoker: &Address,
    pointer: &str,
    findings: &mut Findings,
) {
    if function.permissions.iter().any(|permission| grants(permission, principal, source_arn, &fleet.place.account)) {
        return;
    }
    let message = format!("{principal} may not invoke {} for it", function.address);
    let fix =
        format!("name the function and not its ARN (`{}`): then its permission is made with it", function.address.name);
    findings
        .add(invoker, function.address.to_string(), message)
        .fix(fix)
        .at(pointer)
        .cut(invoker.to_string(), function.address.to_string());
}

fn grants(permission: &Permission, principal: &str, source_arn: &str, account: &str) -> bool {
    let action = permission.action == "lambda:*" || permission.action.eq_ignore_ascii_case("lambda:InvokeFunction");
    // `aws:SourceArn` is tested with ArnLike.
    let like = |pattern: &String| glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(source_arn));
    action
        && (permission.principal == principal || permission.principal == "*")
        && permission.source_arn.as_ref().is_none_or(like)
        && permission.source_account.as_ref().is_none_or(|given| given == account)
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn a_declared_permission_must_fit_who_invokes() {
        let topic = |permission: &str| {
            let text = format!(
                "topics: {{ alerts: {{ subscriptions: {{ fix: {{ function: \"${{functions.fix.arn}}\" }} }} }} }}\nroles: {{ runner: {{ trustedBy: [lambda.amazonaws.com] }} }}\nfunctions: {{ fix: {{ source: code, runtime: python3.12, handler: main.handler, role: runner, permissions: {{ own: {{ {permission} }} }} }} }}"
            );
            found("function-not-invocable", &text).len()
        };
        let arn = |name: &str| format!("sourceArn: \"arn:aws:sns:us-east-1:000000000000:{name}\"");
        assert_eq!(topic(&format!("principal: sns.amazonaws.com, {}", arn("alerts"))), 0);
        assert_eq!(topic(&format!("principal: sns.amazonaws.com, {}", arn("*"))), 0);
        assert_eq!(topic(&format!("principal: sns.amazonaws.com, {}", arn("other"))), 1);
        assert_eq!(topic(&format!("principal: s3.amazonaws.com, {}", arn("alerts"))), 1);
        assert_eq!(topic("principal: sns.amazonaws.com, sourceAccount: \"000000000000\""), 0);
        assert_eq!(topic("principal: sns.amazonaws.com, sourceAccount: \"999999999999\""), 1);
        assert_eq!(topic(&format!("principal: sns.amazonaws.com, action: lambda:GetFunction, {}", arn("alerts"))), 1);
    }

    #[test]
    fn alarms_and_rules_invoke_too() {
        let text = "roles: { runner: { trustedBy: [lambda.amazonaws.com] } }\nfunctions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner } }\nalarms: { a: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", HOW } }";
        assert!(found("function-not-invocable", &text.replace("HOW", "invoke: [fix]")).is_empty());
        assert_eq!(
            found("function-not-invocable", &text.replace("HOW", "alarmActions: [\"${functions.fix.arn}\"]")).len(),
            1
        );
    }
}
