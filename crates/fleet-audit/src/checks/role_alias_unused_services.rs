//! `IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK`: the role behind an alias may
//! use a service that was not used through it for a year.
//!
//! | service of the role in the IAM access-advisor data | answer |
//! |---|---|
//! | never used, or last used more than 365 days ago | finding |
//! | used within the last 365 days | compliant |
//! | no such data for the role | not decidable |
//!
//! IAM lists only services that the role's policies allow, so the role's documents are
//! not needed.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};
use crate::service_use;

const UNUSED: Rule = Rule {
    id: "role-alias/unused-service",
    reason_code: "ALLOWS_ACCESS_TO_UNUSED_SERVICES",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "IAM lists a service for the role that was not used in the last 365 days",
    wrong: r#"{"ServiceNamespace": "sqs"} without LastAuthenticated"#,
    right: r#"{"ServiceNamespace": "sqs", "LastAuthenticated": "2026-11-01T00:00:00Z"}"#,
};

pub static CHECK: Check = Check {
    name: "IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK",
    aliases: &[],
    severity: Severity::Medium,
    rules: &[UNUSED],
    page: Page {
        why: "Every device that has the alias can use what the role allows. What none has used \
              for a year serves only an intruder.",
        fix: "Remove the unused services from the role's policies.",
        reads: &["roleAliases", "serviceLastAccessed"],
        source: "Device Defender guide, \"Role alias allows access to unused services\"",
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
        let Some(services) = service_use::of_role(scope.snapshot, &alias.role_arn) else {
            outcome.cannot_decide_for(&alias.role_alias_arn, service_use::MISSING);
            continue;
        };
        let unused: Vec<&str> = services
            .iter()
            .filter(|service| !service_use::is_recent(service, scope.now))
            .map(|service| service.service_namespace.as_str())
            .collect();
        if unused.is_empty() {
            continue;
        }
        let reason = format!("The role allows services not used for a year: {}.", unused.join(", "));
        let resource = Resource::role_alias(&alias.role_alias_arn);
        let finding = outcome.report(&CHECK, &UNUSED, resource, reason);
        finding.related_resources.push(Resource::iam_role(&alias.role_arn));
        finding.address = alias.address.clone();
    }
}
