//! Log groups that a rule writes to or a widget reads, and nobody makes.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "missing-log-group",
    severity: Severity::Warning,
    title: "a log group is written to or read, and nothing here makes it",
    why: "The rules engine does not make log groups: without it, the action fails for every message. A widget on a log \
          group that is not there shows an error.",
    wrong: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTLogging] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchLogs: { logGroupName: /fleet/log, role: writer } }] } }",
    right: "logGroups: { /fleet/log: {} }
roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTLogging] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchLogs: { logGroupName: /fleet/log, role: writer } }] } }",
    source: "AWS IoT developer guide, \"CloudWatch Logs\" (rule action)",
};

/// Groups that AWS makes by itself, once there is something to write.
const OF_SERVICES: &[&str] = &["AWSIotLogsV2", "AWSIotLogs"];

fn check(fleet: &Fleet, findings: &mut Findings) {
    for rule in &fleet.topic_rules {
        for action in rule.actions.iter().filter(|action| action.kind == "cloudwatchLogs") {
            let Some(name) = action.text("logGroupName").filter(|name| !name.contains("${")) else { continue };
            // By its ARN, a group of another spec can be named.
            let written = fleet.written(&rule.address, &format!("{}/logGroup", action.pointer));
            let foreign = written.is_some_and(|written| written.as_str().is_some_and(|text| text.starts_with("arn:")));
            if !foreign && !fleet.has_log_group(&name) {
                let message = format!("it writes to the log group {name}, which is not declared");
                findings
                    .add(&rule.address, &action.pointer, message)
                    .fix(format!("`logGroups: {{ {name}: {{ retentionDays: 90 }} }}`"))
                    .at(format!("{}/logGroupName", action.pointer))
                    .at(format!("{}/logGroup", action.pointer))
                    .at(&action.pointer);
            }
        }
    }
    for dashboard in &fleet.dashboards {
        for (widget, name) in
            dashboard.widgets.iter().flat_map(|widget| widget.log_groups.iter().map(move |name| (widget, name)))
        {
            // Lambda makes the group of a function at its first run.
            let of_function = name
                .strip_prefix("/aws/lambda/")
                .is_some_and(|name| fleet.functions.iter().any(|one| one.address.name == name));
            let foreign = name.starts_with("arn:");
            if fleet.has_log_group(name) || of_function || foreign || OF_SERVICES.contains(&name.as_str()) {
                continue;
            }
            let message = format!("the widget `{}` reads the log group {name}, which is not declared", widget.name);
            let fix = format!("`logGroups: {{ {name}: {{ retentionDays: 90 }} }}`");
            let finding = findings.add(&dashboard.address, format!("{} {name}", widget.name), message).fix(fix);
            finding.pointers.clone_from(&widget.pointers);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn groups_that_aws_makes_need_not_be_declared() {
        let widget = |name: &str| {
            let text = format!(
                "roles: {{ r: {{ trustedBy: [lambda.amazonaws.com] }} }}\nfunctions: {{ fix: {{ source: code, runtime: python3.12, handler: main.handler, role: r }} }}\ndashboards: {{ d: {{ body: {{ widgets: [{{ type: log, properties: {{ title: Logs, query: \"SOURCE '{name}' | limit 5\" }} }}] }} }} }}"
            );
            found("missing-log-group", &text).len()
        };
        assert_eq!(widget("/fleet/log"), 1);
        assert_eq!(widget("/aws/lambda/fix"), 0);
        assert_eq!(widget("/aws/lambda/fox"), 1);
        assert_eq!(widget("AWSIotLogsV2"), 0);
    }
}
