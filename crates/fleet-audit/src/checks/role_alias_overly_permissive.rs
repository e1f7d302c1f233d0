//! `IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK`: the role behind an alias allows too much.
//!
//! | the role allows | answer |
//! |---|---|
//! | any action of iam, cloudtrail, guardduty, inspector or trustedadvisor | finding |
//! | an iot action that changes things, or administers AWS IoT otherwise | finding |
//! | an iot action that reads things, for things that nobody named | finding |
//! | the iot data plane broadly (the table of the policy check) | finding |
//! | all actions of a service that was used through it in the last year | finding |
//! | as above, but its use is not known | not decidable |
//! | else | compliant |

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Finding, Resource, Severity};
use crate::policy::access::{Access, Answer, ask_any};
use crate::policy::context::Context;
use crate::policy::data_plane::{DataPlane, ROWS};
use crate::policy::document::Statement;
use crate::policy::iot_admin;
use crate::policy::pattern::{Class, Letter, Pattern, Token};
use crate::policy::role::{self, RoleStatements};
use crate::service_use;
use crate::snapshot::RoleAlias;

/// Services that watch over an account. Newer prefixes such as `inspector2` are not on
/// AWS's page.
const SECURITY_SERVICES: [&str; 5] = ["iam", "cloudtrail", "guardduty", "inspector", "trustedadvisor"];

const SECURITY: Rule = Rule {
    id: "role-alias/security-service",
    reason_code: "ALLOWS_ACCESS_TO_SECURITY_AUDITING_SERVICES",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "any action of iam, cloudtrail, guardduty, inspector or trustedadvisor is allowed",
    wrong: r#"{"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}"#,
    right: r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::firmware/*"}"#,
};

const WRITE: Rule = Rule {
    id: "role-alias/thing-admin-write",
    reason_code: "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "an action that changes or lists things is allowed on at least one resource",
    wrong: r#"{"Effect": "Allow", "Action": "iot:UpdateThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const READ: Rule = Rule {
    id: "role-alias/thing-admin-read",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "an action that reads a thing is allowed for things that nobody named",
    wrong: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-*"}"#,
};

const OTHER: Rule = Rule {
    id: "role-alias/iot-admin",
    reason_code: "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "another administrative iot action is allowed on at least one resource",
    wrong: r#"{"Effect": "Allow", "Action": "iot:CreatePolicy", "Resource": "*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:DescribeJobExecution", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const DATA_PLANE: Rule = Rule {
    id: "role-alias/data-plane",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the data plane of AWS IoT is allowed broadly, as in the check of IoT policies",
    wrong: r#"{"Effect": "Allow", "Action": "iot:UpdateThingShadow", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:UpdateThingShadow", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const USED_SERVICE: Rule = Rule {
    id: "role-alias/whole-service",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_USED_SERVICES",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "all actions of a service are allowed, on any resource, and the role used that \
           service in the last 365 days",
    wrong: r#"{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/telemetry"}"#,
    right: r#"{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/telemetry"}"#,
};

pub static CHECK: Check = Check {
    name: "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[SECURITY, WRITE, READ, OTHER, DATA_PLANE, USED_SERVICE],
    page: Page {
        why: "Every device with the alias gets the role's credentials. One compromised device \
              then has all that the role allows.",
        fix: "Cut the role's policies down to the actions and resources that devices use.",
        reads: &["roleAliases", "roles", "serviceLastAccessed"],
        source: "Device Defender guide, \"Role alias overly permissive\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let Some(aliases) = &scope.snapshot.role_aliases else {
        outcome.cannot_decide("the snapshot has no role aliases");
        return;
    };
    for alias in aliases {
        outcome.evaluated += 1;
        match role::statements_of(scope.snapshot, &alias.role_arn) {
            Ok(RoleStatements { statements, unread }) => {
                let before = outcome.findings.len();
                security_services(alias, &statements, outcome);
                iot(alias, &statements, outcome);
                used_services(scope, alias, &statements, outcome);
                for cause in &unread {
                    outcome.cannot_decide_for(&alias.role_alias_arn, cause);
                    outcome.findings[before..].iter_mut().for_each(assume_the_rest);
                }
            }
            Err(cause) => outcome.cannot_decide_for(&alias.role_alias_arn, &cause),
        }
    }
}

fn assume_the_rest(finding: &mut Finding) {
    if !finding.assumed.iter().any(|assumed| assumed == role::UNREAD) {
        finding.assumed.push(role::UNREAD.to_owned());
    }
}

fn report(
    alias: &RoleAlias,
    rule: &Rule,
    reason: String,
    counterexample: Option<String>,
    assumed: &[String],
    outcome: &mut Outcome,
) {
    let resource = Resource::role_alias(&alias.role_alias_arn);
    let finding = outcome.report(&CHECK, rule, resource, reason);
    finding.related_resources.push(Resource::iam_role(&alias.role_arn));
    finding.counterexample = counterexample;
    finding.assumed = assumed.to_vec();
    finding.address = alias.address.clone();
}

fn ask_role(statements: &[Statement], action: &Pattern) -> Answer {
    let context = [Context::role_caller()];
    ask_any(statements, action, &[Pattern::anything()], &context)
}

fn too_complex(alias: &RoleAlias, outcome: &mut Outcome) {
    let because = "its role's patterns are too complex to search";
    outcome.cannot_decide_for(&alias.role_alias_arn, because);
}

fn security_services(alias: &RoleAlias, statements: &[Statement], outcome: &mut Outcome) {
    let mut found: Vec<(&str, Access)> = vec![];
    for service in SECURITY_SERVICES {
        let actions = Pattern::literal(service).then_text(":").then(&Pattern::anything());
        match ask_role(statements, &actions) {
            Answer::Allowed(access) => found.push((service, access)),
            Answer::TooComplex => too_complex(alias, outcome),
            Answer::Impossible => {}
        }
    }
    if let Some((_, access)) = found.first() {
        let services: Vec<&str> = found.iter().map(|(service, _)| *service).collect();
        let reason = format!("The role has access to {}.", services.join(", "));
        let example = format!("a device may call {}", access.action_text());
        report(alias, &SECURITY, reason, Some(example), &access.assumed, outcome);
    }
}

fn iot(alias: &RoleAlias, statements: &[Statement], outcome: &mut Outcome) {
    let admin = iot_admin::admin_access(statements);
    let lists = [(&WRITE, &admin.write), (&READ, &admin.broad_read), (&OTHER, &admin.other)];
    for (rule, actions) in lists {
        if !actions.is_empty() {
            let reason = format!("The role allows {}.", iot_admin::in_words(actions));
            let example = format!("a device may call {}", actions[0]);
            report(alias, rule, reason, Some(example), &[], outcome);
        }
    }
    if !admin.too_complex.is_empty() {
        too_complex(alias, outcome);
    }
    let data_plane = DataPlane::new(statements);
    for row in ROWS {
        let reach = data_plane.broad(row);
        if !reach.too_complex.is_empty() {
            too_complex(alias, outcome);
        }
        if let Some((action, access)) = reach.allowed.first() {
            let reason = format!("The role allows {action} for any device.");
            let example = row.in_words(action, access);
            report(alias, &DATA_PLANE, reason, Some(example), &access.assumed, outcome);
            // One finding for the data plane, as AWS has one reason code.
            break;
        }
    }
}

fn used_services(scope: &Scope<'_>, alias: &RoleAlias, statements: &[Statement], outcome: &mut Outcome) {
    let Some(services) = service_use::of_role(scope.snapshot, &alias.role_arn) else {
        // Without a service that is wholly open the use would not matter.
        if opens_a_whole_service(statements) {
            outcome.cannot_decide_for(&alias.role_alias_arn, service_use::MISSING);
        }
        return;
    };
    let mut whole = vec![];
    let mut assumed = vec![];
    for service in services {
        if !service_use::is_recent(service, scope.now) {
            continue;
        }
        let namespace = service.service_namespace.to_lowercase();
        let any_action = Pattern::literal(&namespace).then_text(":").then(&Pattern::arbitrary_name());
        match ask_role(statements, &any_action) {
            Answer::Allowed(access) => {
                whole.push(namespace);
                assumed = access.assumed;
            }
            Answer::TooComplex => too_complex(alias, outcome),
            Answer::Impossible => {}
        }
    }
    if !whole.is_empty() {
        let reason = format!("The role allows every action of {}.", whole.join(", "));
        report(alias, &USED_SERVICE, reason, None, &assumed, outcome);
    }
}

/// Whether some service, whichever, is open with all its actions.
fn opens_a_whole_service(statements: &[Statement]) -> bool {
    let namespace = Pattern::of([Token::Many(Class::Not(Letter::Char(':')))]);
    let service = namespace.then_text(":").then(&Pattern::arbitrary_name());
    !matches!(ask_role(statements, &service), Answer::Impossible)
}
