//! `UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK`: guests may do too much.
//!
//! | the role of unauthenticated identities allows | answer |
//! |---|---|
//! | any administrative iot action, reading or writing, on at least one resource | finding |
//! | the iot data plane broadly (the table of the policy check) | finding |
//! | else, or there is no such role | compliant |
//!
//! Rules that map claims to further roles are not read.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::Severity;
use crate::identity_pool;
use crate::policy::iot_admin;

const ADMIN: Rule = Rule {
    id: "cognito-guest/iot-admin",
    reason_code: "ALLOWS_ACCESS_TO_IOT_ADMIN_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "any action that reads or changes things, or administers AWS IoT otherwise, is \
           allowed on at least one resource",
    wrong: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:GetThingShadow", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const DATA_PLANE: Rule = Rule {
    id: "cognito-guest/data-plane",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the data plane of AWS IoT is allowed broadly, as in the check of IoT policies",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/guests/hello"}"#,
};

pub static CHECK: Check = Check {
    name: "UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[ADMIN, DATA_PLANE],
    page: Page {
        why: "Anyone on the internet can become an unauthenticated identity of the pool.",
        fix: "Take the iot actions out of the role of unauthenticated identities, or name the \
              few resources that guests may see.",
        reads: &["identityPools", "roles"],
        source: "Device Defender guide, \"Unauthenticated Cognito role overly permissive\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    for role in identity_pool::roles(&CHECK, scope, |roles| &roles.unauthenticated, outcome) {
        let admin = iot_admin::admin_access(&role.statements);
        let actions = [admin.write, admin.read, admin.other].concat();
        if !actions.is_empty() {
            let reason = format!("The role allows {}.", iot_admin::in_words(&actions));
            let example = format!("anyone may call {}", actions[0]);
            role.report(&ADMIN, reason, Some(example), &[], outcome);
        } else if !admin.too_complex.is_empty() {
            role.too_complex(outcome);
        }
        role.report_data_plane(&DATA_PLANE, outcome);
    }
}
