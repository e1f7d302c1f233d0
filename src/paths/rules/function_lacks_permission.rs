//! Functions whose role may not do what their code does.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::function::Function;
use crate::paths::permission::{Verdict, may};
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "function-lacks-permission",
    severity: Severity::Error,
    title: "a function's role may not do what its code does",
    why: "The call fails at the moment of the incident. A function that says in `needs:` which actions its code calls, and \
          in `emits:` which metrics it publishes, is checked before.",
    wrong: "roles: { runner: { trustedBy: [lambda.amazonaws.com], managedPolicies: [service-role/AWSLambdaBasicExecutionRole] } }
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner, needs: [iot:UpdateCertificate] } }",
    right: "roles:
  runner:
    trustedBy: [lambda.amazonaws.com]
    managedPolicies: [service-role/AWSLambdaBasicExecutionRole]
    allow: [{ actions: [iot:UpdateCertificate], resources: [\"*\"] }]
functions: { fix: { source: code, runtime: python3.12, handler: main.handler, role: runner, needs: [iot:UpdateCertificate] } }",
    source: "Lambda developer guide, \"Execution role\"",
};

const LOGS: &str = "logs:PutLogEvents";

fn check(fleet: &Fleet, findings: &mut Findings) {
    for function in &fleet.functions {
        let Some(role) = fleet.role(&function.role) else { continue };
        for action in &function.needs {
            if may(role, action, "*", &[], None) == Verdict::Refused {
                let message = format!("its code calls {action}, which {} is not allowed on any resource", role.address);
                let fix = format!(
                    "to the list `allow:` of {}, add `- {{ actions: [{action}], resources: [\"*\"] }}`",
                    role.address
                );
                findings.add(&function.address, action, message).fix(fix).at("/needs").at("/role");
            }
        }
        for (index, emission) in function.emits.iter().enumerate() {
            let facts = [("cloudwatch:namespace", emission.namespace.as_str())];
            if may(role, "cloudwatch:PutMetricData", "*", &facts, None) != Verdict::Refused {
                continue;
            }
            let message = format!(
                "{} is not allowed to put metrics into {}, so what the code emits is lost",
                role.address, emission.namespace
            );
            let fix = format!(
                "to the list `allow:` of {}, add `- {{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }}`",
                role.address
            );
            let cuts = feeds(fleet, function, &emission.namespace);
            let finding =
                findings.add(&function.address, &emission.namespace, message).fix(fix).at(format!("/emits/{index}"));
            finding.cuts = cuts;
        }
        let group =
            fleet.place.arn("logs", format_args!("log-group:/aws/lambda/{}:log-stream:any", function.address.name));
        if may(role, LOGS, &group, &[], None) == Verdict::Refused {
            let message = format!(
                "{} is not allowed {LOGS}, so nobody sees what the function does, or why it fails",
                role.address
            );
            let fix = format!("in {}: `managedPolicies: [service-role/AWSLambdaBasicExecutionRole]`", role.address);
            findings.add(&function.address, LOGS, message).fix(fix).severity(Severity::Note).at("/role");
        }
    }
}

fn feeds(fleet: &Fleet, function: &Function, namespace: &str) -> Vec<(String, String)> {
    let reads = fleet.alarms.iter().flat_map(|alarm| &alarm.reads).filter(|read| read.namespace == namespace);
    reads.map(|read| (function.address.to_string(), metric_node(read))).collect()
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn emits_needs_the_permission_for_its_namespace() {
        let function = |role: &str| {
            let text = format!(
                "roles: {{ runner: {{ trustedBy: [lambda.amazonaws.com], managedPolicies: [service-role/AWSLambdaBasicExecutionRole], {role} }} }}\nfunctions: {{ fix: {{ source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{{ namespace: Fleet, metrics: [Seen] }}] }} }}"
            );
            found("function-lacks-permission", &text)
        };
        let only = |namespace: &str| {
            format!(
                "allow: [{{ actions: [\"cloudwatch:Put*\"], resources: [\"*\"], conditions: {{ StringEquals: {{ \"cloudwatch:namespace\": {namespace} }} }} }}]"
            )
        };
        assert!(function(&only("Fleet")).is_empty());
        assert_eq!(function(&only("Flat")), ["functions.fix Fleet"]);
        assert_eq!(function("description: none"), ["functions.fix Fleet"]);
        assert!(function("permissionsBoundary: \"arn:aws:iam::000000000000:policy/b\", allow: [{ actions: [\"*\"], resources: [\"*\"] }]").is_empty(), "not decidable");
    }
}
