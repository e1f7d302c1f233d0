//! `AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK`: signed-in users may do too much.
//!
//! | the role of authenticated identities allows | answer |
//! |---|---|
//! | an iot action that changes or lists things, on at least one resource | finding |
//! | another administrative iot action, on at least one resource | finding |
//! | an action that reads things, for things that nobody named | finding |
//! | the iot data plane broadly | finding |
//! | reading named things or a name prefix; else; or there is no such role | compliant |
//!
//! Rules that map claims to further roles are not read.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::Severity;
use crate::identity_pool;
use crate::policy::iot_admin;

const WRITE: Rule = Rule {
    id: "cognito-user/thing-admin-write",
    reason_code: "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "an action that changes or lists things is allowed on at least one resource",
    wrong: r#"{"Effect": "Allow", "Action": "iot:UpdateThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-1"}"#,
};

const READ: Rule = Rule {
    id: "cognito-user/thing-admin-read",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "an action that reads a thing is allowed for things that nobody named",
    wrong: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": "arn:aws:iot:us-east-1:123456789012:thing/line-*"}"#,
};

const OTHER: Rule = Rule {
    id: "cognito-user/iot-admin",
    reason_code: "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "another administrative iot action is allowed on at least one resource",
    wrong: r#"{"Effect": "Allow", "Action": "iot:AttachPolicy", "Resource": "*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Receive", "Resource": "*"}"#,
};

const DATA_PLANE: Rule = Rule {
    id: "cognito-user/data-plane",
    reason_code: "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
    level: Level::Finding,
    basis: Basis::Chosen(
        "AWS's page names broad access to the data plane but lists no code for it; the code \
         of the other checks is used",
    ),
    when: "the data plane of AWS IoT is allowed broadly, as in the check of IoT policies",
    wrong: r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}"#,
    right: r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${cognito-identity.amazonaws.com:sub}"}"#,
};

pub static CHECK: Check = Check {
    name: "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
    aliases: &["AUTHENTICATE_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK"],
    severity: Severity::Critical,
    rules: &[WRITE, READ, OTHER, DATA_PLANE],
    page: Page {
        why: "Whoever can sign in gets the role. One phished account would then administer the \
              fleet.",
        fix: "Leave in the role only what a user does with their own devices; do \
              administration behind an API of your own.",
        reads: &["identityPools", "roles"],
        source: "Device Defender guide, \"Authenticated Cognito role overly permissive\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    for role in identity_pool::roles(&CHECK, scope, |roles| &roles.authenticated, outcome) {
        let admin = iot_admin::admin_access(&role.statements);
        let lists = [(&WRITE, &admin.write), (&READ, &admin.broad_read), (&OTHER, &admin.other)];
        for (rule, actions) in lists {
            if !actions.is_empty() {
                let reason = format!("The role allows {}.", iot_admin::in_words(actions));
                let example = format!("whoever signs in may call {}", actions[0]);
                role.report(rule, reason, Some(example), &[], outcome);
            }
        }
        if !admin.too_complex.is_empty() {
            role.too_complex(outcome);
        }
        role.report_data_plane(&DATA_PLANE, outcome);
    }
}
