//! `DEVICE_CERTIFICATE_AGE_CHECK`: a device certificate has been in use for too long.
//!
//! | `creationDate` | answer |
//! |---|---|
//! | at least the threshold ago | finding |
//! | more recent | compliant |
//! | not known | not decidable |

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

const OLD: Rule = Rule {
    id: "device-certificate/old",
    reason_code: "CERTIFICATE_PAST_AGE_THRESHOLD",
    level: Level::Finding,
    basis: Basis::Chosen(
        "AWS does not say from when the age counts; creationDate is the one date that \
         AWS IoT itself records",
    ),
    when: "creationDate is CERT_AGE_THRESHOLD_IN_DAYS (30 to 3652, default 365) times 24 \
           hours or more ago",
    wrong: "an ACTIVE certificate registered 365 days ago",
    right: "an ACTIVE certificate registered 364 days ago",
};

pub static CHECK: Check = Check {
    name: "DEVICE_CERTIFICATE_AGE_CHECK",
    aliases: &[],
    severity: Severity::Low,
    rules: &[OLD],
    page: Page {
        why: "The longer a key is in use, the likelier it has leaked.",
        fix: "Rotate the certificate: provision a new one, attach it, verify that the \
              device connects with it, deactivate the old one.",
        reads: &["certificates"],
        source: "Device Defender guide, \"Device certificate age check\"",
    },
    // The guide's table of mitigations leaves this check out.
    mitigations: &["PUBLISH_FINDING_TO_SNS"],
    account: None,
    certificates: Some(run),
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let threshold = scope.settings.age_threshold_days();
    for (certificate, _) in scope.live_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(created) = certificate.creation_date else {
            outcome.cannot_decide_for(id, "the snapshot does not have its creationDate");
            continue;
        };
        if created.plus_days(threshold) > scope.now {
            continue;
        }
        let reason = format!(
            "The certificate was created on {}, {} days ago; the threshold is {threshold}.",
            created.date(),
            scope.now.days_since(created)
        );
        let finding = outcome.report(&CHECK, &OLD, Resource::device_certificate(id), reason);
        finding.address = certificate.address.clone();
    }
}
