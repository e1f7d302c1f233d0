//! `IOT_POLICY_OVERLY_PERMISSIVE_CHECK`: a policy reaches beyond its own device.
//!
//! The decision table is in [`crate::policy::data_plane`]; a Deny in the same policy that
//! closes what an Allow opens makes the policy compliant. AWS does not say whether its
//! own check looks at Deny.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};
use crate::policy::access::Answer;
use crate::policy::data_plane::{DataPlane, ROWS, Reach, Row};
use crate::policy::document::{Document, Statement};
use crate::snapshot::IotPolicy;

const REASON: &str = "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS";

const CONNECT: Rule = Rule {
    id: "iot-policy/connect-any-client",
    reason_code: REASON,
    level: Level::Finding,
    basis: Basis::Documented,
    when: "iot:Connect is allowed for client IDs that nobody named, without the condition \
           that the thing is attached",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:ClientId}"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}", "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}}"#,
};

const PUBLISH: Rule = Rule {
    id: "iot-policy/publish-any-thing",
    reason_code: REASON,
    level: Level::Finding,
    basis: Basis::Documented,
    when: "iot:Publish is allowed on the reserved topics of things that nobody named",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/*/shadow/update"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"}"#,
};

const SUBSCRIBE: Rule = Rule {
    id: "iot-policy/subscribe-any-thing",
    reason_code: REASON,
    level: Level::Finding,
    basis: Basis::Documented,
    when: "iot:Subscribe is allowed on the reserved topics of things that nobody named, \
           also by the filters + and #",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/$aws/things/+/shadow/update"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"}"#,
};

const DATA_API: Rule = Rule {
    id: "iot-policy/data-api-any-thing",
    reason_code: REASON,
    level: Level::Finding,
    basis: Basis::Documented,
    when: "a shadow or job execution API is allowed for things that nobody named",
    wrong: r#"{"Effect": "Allow", "Action": "iot:GetThingShadow", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:GetThingShadow", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const FAMILY: Rule = Rule {
    id: "iot-policy/name-family",
    reason_code: REASON,
    level: Level::Advice,
    basis: Basis::Chosen(
        "AWS's page on Amazon Cognito roles calls a name prefix compliant; the page on \
         policies is silent",
    ),
    when: "access goes to all things whose names share some text",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/*"}"#,
};

const UNATTACHED: Rule = Rule {
    id: "iot-policy/connect-unattached",
    reason_code: REASON,
    level: Level::Advice,
    basis: Basis::Chosen(
        "AWS's table shows the thing name variable together with the condition and does \
         not judge it alone",
    ),
    when: "iot:Connect is allowed under a thing's name without the condition that the \
           certificate is attached to that thing",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"}"#,
    right: CONNECT.right,
};

pub static CHECK: Check = Check {
    name: "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[CONNECT, PUBLISH, SUBSCRIBE, DATA_API, FAMILY, UNATTACHED],
    page: Page {
        why: "One stolen certificate with such a policy speaks for every device: it can read \
              and change shadows and jobs, and take connections over.",
        fix: "Create a policy version whose resources use \
              ${iot:Connection.Thing.ThingName}, make it the default, and see that the \
              devices still connect.",
        reads: &["policies"],
        source: "Device Defender guide, \"AWS IoT policies overly permissive\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "REPLACE_DEFAULT_POLICY_VERSION"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let Some(policies) = &scope.snapshot.policies else {
        outcome.cannot_decide("the snapshot has no AWS IoT policies");
        return;
    };
    for policy in policies {
        outcome.evaluated += 1;
        match Document::parse(&policy.policy_document) {
            Ok(document) => judge(policy, &document.statements, outcome),
            Err(cause) => {
                let resource = Resource::policy(policy).resource_identifier.to_string();
                outcome.cannot_decide_for(&resource, &cause.to_string());
            }
        }
        (scope.policy_judged)();
    }
}

fn judge(policy: &IotPolicy, statements: &[Statement], outcome: &mut Outcome) {
    let data_plane = DataPlane::new(statements);
    let mut any_client = false;
    for row in ROWS {
        let reach = data_plane.broad(row);
        report(policy, rule_of(row), row, &reach, outcome);
        any_client |= row == Row::Connect && !reach.allowed.is_empty();
        if reach.allowed.is_empty() {
            let family = data_plane.family(row);
            report(policy, &FAMILY, row, &family, outcome);
        }
    }
    if any_client {
        return;
    }
    if let Answer::Allowed(access) = data_plane.connects_unattached() {
        let reason = "A certificate that is not attached to a thing may connect under that \
                      thing's name.";
        let resource = Resource::policy(policy);
        let finding = outcome.report(&CHECK, &UNATTACHED, resource, reason.to_owned());
        finding.address = policy.address.clone();
        finding.pointer = Some(format!("/Statement/{}", access.index));
        finding.assumed = access.assumed;
    }
}

fn rule_of(row: Row) -> &'static Rule {
    match row {
        Row::Connect => &CONNECT,
        Row::Publish => &PUBLISH,
        Row::Subscribe => &SUBSCRIBE,
        Row::DataApi => &DATA_API,
    }
}

fn report(policy: &IotPolicy, rule: &Rule, row: Row, reach: &Reach, outcome: &mut Outcome) {
    let resource = Resource::policy(policy);
    if !reach.too_complex.is_empty() {
        let name = resource.resource_identifier.to_string();
        outcome.cannot_decide_for(&name, "the policy's patterns are too complex to search");
    }
    let Some((_, access)) = reach.allowed.first() else {
        return;
    };
    let actions: Vec<&str> = reach.allowed.iter().map(|(action, _)| *action).collect();
    let whom = match rule.level {
        Level::Finding => "any device",
        Level::Advice => "all devices of a family of names",
    };
    let reason = format!("{} allows {} for {whom}.", capitalised(&access.statement), actions.join(", "));
    let finding = outcome.report(&CHECK, rule, resource, reason);
    finding.counterexample = Some(row.in_words(actions[0], access));
    finding.address = policy.address.clone();
    finding.pointer = Some(format!("/Statement/{}", access.index));
    finding.assumed = access.assumed.clone();
}

/// `statement 1` opens a sentence; a Sid stays as it is.
fn capitalised(label: &str) -> String {
    match label.strip_prefix("statement ") {
        Some(number) => format!("Statement {number}"),
        None => format!("Statement {label}"),
    }
}
