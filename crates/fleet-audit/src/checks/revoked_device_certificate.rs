//! `REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK`: on its issuer's revocation list, active here.
//!
//! | issuer's lists | answer |
//! |---|---|
//! | one has it | finding |
//! | a complete, current one does not | compliant |
//! | past their nextUpdate, or none | not decidable |

use crate::certificate::revocation::{Revocation, RevocationLists};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

const REVOKED: Rule = Rule {
    id: "device-certificate/revoked",
    reason_code: "CERTIFICATE_REVOKED_BY_ISSUER",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "a revocation list of its issuer has its serial number",
    wrong: "an ACTIVE device certificate whose serial number is on the list",
    right: "the same certificate, INACTIVE",
};

pub static CHECK: Check = Check {
    name: "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
    aliases: &["REVOKED_DEVICE_CERT_CHECK"],
    severity: Severity::Medium,
    rules: &[REVOKED],
    page: Page {
        why: "The issuer withdrew the certificate, usually because its key leaked, and AWS IoT \
              still accepts it.",
        fix: "Find out why it was revoked, provision a new certificate if the device is sound, and \
              deactivate this one.",
        reads: &["certificates", "crls"],
        source: "Device Defender guide, \"Revoked device certificate still active\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP"],
    account: None,
    certificates: Some(run),
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let none = RevocationLists::default();
    let lists = scope.evidence.revocation.as_ref().unwrap_or(&none);
    for error in &lists.errors {
        outcome.cannot_decide(error);
    }
    for (certificate, parsed) in scope.live_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(inspected) = outcome.need(id, parsed) else {
            continue;
        };
        match lists.status(inspected, scope.now) {
            Revocation::NotRevoked => {}
            Revocation::NoList => {
                outcome.cannot_decide_for(id, "the snapshot has no complete revocation list of its issuer")
            }
            Revocation::OutOfDate => {
                outcome.cannot_decide_for(id, "the revocation list of its issuer is past its nextUpdate")
            }
            Revocation::Revoked => {
                let reason = format!(
                    "{} has revoked the certificate with the serial number {}.",
                    inspected.issuer.text,
                    inspected.serial_text()
                );
                let resource = Resource::device_certificate(id);
                let finding = outcome.report(&CHECK, &REVOKED, resource, reason);
                finding.address = certificate.address.clone();
            }
        }
    }
}
