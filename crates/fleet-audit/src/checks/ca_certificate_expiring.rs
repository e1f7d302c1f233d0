//! `CA_CERTIFICATE_EXPIRING_CHECK`: a CA certificate is expired or soon will be.
//!
//! The table is [`expiry::judge`] with AWS's fixed threshold.

use crate::certificate::expiry::{self, Expiry};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

/// AWS's threshold for CA certificates; it cannot be configured.
const THRESHOLD_DAYS: i64 = 30;

const NEAR: Rule = Rule {
    id: "ca-certificate/expiring",
    reason_code: "CERTIFICATE_APPROACHING_EXPIRATION",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "notAfter is at most 30 times 24 hours away",
    wrong: "a CA certificate that ends in 30 days",
    right: "a CA certificate that ends in 31 days",
};

const PAST: Rule = Rule {
    id: "ca-certificate/expired",
    reason_code: "CERTIFICATE_PAST_EXPIRATION",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "notAfter has passed",
    wrong: "an ACTIVE CA certificate that ended yesterday",
    right: "the same CA certificate, INACTIVE",
};

pub static CHECK: Check = Check {
    name: "CA_CERTIFICATE_EXPIRING_CHECK",
    aliases: &["CA_CERT_APPROACHING_EXPIRATION_CHECK"],
    severity: Severity::Medium,
    rules: &[NEAR, PAST],
    page: Page {
        why: "An expired CA must not sign device certificates any more; devices cannot be \
              registered with it.",
        fix: "Register a new CA certificate, issue device certificates from it, then \
              deactivate the old CA certificate.",
        reads: &["caCertificates"],
        source: "Device Defender guide, \"CA certificate expiring\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_CA_CERTIFICATE"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    for (certificate, parsed) in scope.live_ca_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(not_after) = expiry::not_after(parsed, &certificate.validity) else {
            outcome.need(id, parsed);
            continue;
        };
        let rule = match expiry::judge(not_after, scope.now, THRESHOLD_DAYS) {
            Expiry::Far => continue,
            Expiry::Near => &NEAR,
            Expiry::Past => &PAST,
        };
        let reason = expiry::describe(not_after, scope.now);
        let finding = outcome.report(&CHECK, rule, Resource::ca_certificate(id), reason);
        finding.address = certificate.address.clone();
    }
}
