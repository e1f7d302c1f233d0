//! `DEVICE_CERTIFICATE_KEY_QUALITY_CHECK`: the key of a device certificate is known weak.
//!
//! The table is [`quality::judge`]; of a certificate that is not issued yet, the key of its
//! signing request is judged. Short keys are no finding: AWS IoT already refuses RSA
//! keys below 2,048 bits at registration.

use crate::certificate::inspect::requested_key;
use crate::certificate::quality::{self, Debian};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

const ROCA: Rule = Rule {
    id: "device-certificate/roca-key",
    reason_code: "CERTIFICATE_KEY_VULNERABILITY_CVE-2017-15361",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the RSA modulus carries the fingerprint of Infineon's faulty key generator",
    wrong: "an RSA key made by an unpatched Infineon chip",
    right: "a key on the curve P-256, or an RSA key from a fixed library",
};

const DEBIAN: Rule = Rule {
    id: "device-certificate/debian-weak-key",
    reason_code: "CERTIFICATE_KEY_VULNERABILITY_CVE-2008-0166",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the RSA key is on the list of keys that Debian's OpenSSL could make in 2006-2008",
    wrong: "an RSA key that is on the list",
    right: "an RSA key of 2048 bits that is not on the list",
};

pub static CHECK: Check = Check {
    name: "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[ROCA, DEBIAN],
    page: Page {
        why: "Whoever has the public key can compute the private key, and so impersonate the \
              device.",
        fix: "Generate a new key on a fixed library or chip, provision a certificate for it, and \
              deactivate this one.",
        reads: &["certificates", "debianWeakKeys"],
        source: "Device Defender guide, \"Device certificate key quality\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP"],
    account: None,
    certificates: Some(run),
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let weak_keys = scope.evidence.debian_weak_keys.as_ref();
    for (certificate, parsed) in scope.live_certificates(outcome) {
        let id = &certificate.certificate_id;
        let key = match (parsed, &certificate.certificate_signing_request) {
            (None, Some(request)) => match requested_key(request) {
                Ok(key) => key,
                Err(cause) => {
                    outcome.cannot_decide_for(id, &cause);
                    continue;
                }
            },
            _ => match outcome.need(id, parsed) {
                Some(inspected) => inspected.key.clone(),
                None => continue,
            },
        };
        let quality = quality::judge(&key, weak_keys);
        let mut report = |rule, reason: &str| {
            let resource = Resource::device_certificate(id);
            let finding = outcome.report(&CHECK, rule, resource, reason.to_owned());
            finding.address = certificate.address.clone();
        };
        if quality.roca {
            report(&ROCA, "The RSA modulus carries the ROCA fingerprint.");
        }
        match quality.debian {
            Debian::Listed => report(&DEBIAN, "The RSA key is a Debian weak key."),
            Debian::NotListed => {}
            Debian::NotDecidable(because) => outcome.cannot_decide_for(id, because),
        }
    }
}
