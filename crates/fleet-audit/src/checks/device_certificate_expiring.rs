//! `DEVICE_CERTIFICATE_EXPIRING_CHECK`: a device certificate is expired or soon will be.
//!
//! The table is [`expiry::judge`] with the configured threshold.

use crate::certificate::expiry::{self, Expiry};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

const NEAR: Rule = Rule {
    id: "device-certificate/expiring",
    reason_code: "CERTIFICATE_APPROACHING_EXPIRATION",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "notAfter is at most CERT_EXPIRATION_THRESHOLD_IN_DAYS (30 to 3652, default 30) \
           times 24 hours away",
    wrong: "a certificate that ends in 30 days",
    right: "a certificate that ends in 31 days",
};

const PAST: Rule = Rule {
    id: "device-certificate/expired",
    reason_code: "CERTIFICATE_PAST_EXPIRATION",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "notAfter has passed",
    wrong: "an ACTIVE certificate that ended yesterday",
    right: "the same certificate, INACTIVE, and its successor attached to the thing",
};

pub static CHECK: Check = Check {
    name: "DEVICE_CERTIFICATE_EXPIRING_CHECK",
    aliases: &["DEVICE_CERT_APPROACHING_EXPIRATION_CHECK"],
    severity: Severity::Medium,
    rules: &[NEAR, PAST],
    page: Page {
        why: "A certificate past its end should not be able to authenticate a device, and \
              one near it needs a successor before the device is cut off.",
        fix: "Provision a new certificate, attach it, verify that the device connects with \
              it, then deactivate the old one.",
        reads: &["certificates"],
        source: "Device Defender guide, \"Device certificate expiring\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP"],
    account: None,
    certificates: Some(run),
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let threshold = scope.settings.expiration_threshold_days();
    for (certificate, parsed) in scope.live_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(not_after) = expiry::not_after(parsed, &certificate.validity) else {
            outcome.need(id, parsed);
            continue;
        };
        let rule = match expiry::judge(not_after, scope.now, threshold) {
            Expiry::Far => continue,
            Expiry::Near => &NEAR,
            Expiry::Past => &PAST,
        };
        let reason = expiry::describe(not_after, scope.now);
        let finding = outcome.report(&CHECK, rule, Resource::device_certificate(id), reason);
        finding.address = certificate.address.clone();
    }
}
