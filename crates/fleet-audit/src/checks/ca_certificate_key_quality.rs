//! `CA_CERTIFICATE_KEY_QUALITY_CHECK`: the key of a CA certificate is known weak.
//!
//! The table is [`quality::judge`]. Short keys are no finding: AWS IoT already refuses RSA
//! keys below 2,048 bits at registration.

use crate::certificate::quality::{self, Debian};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};

const ROCA: Rule = Rule {
    id: "ca-certificate/roca-key",
    reason_code: "CERTIFICATE_KEY_VULNERABILITY_CVE-2017-15361",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the RSA modulus carries the fingerprint of Infineon's faulty key generator",
    wrong: "an RSA key made by an unpatched Infineon chip",
    right: "a key on the curve P-256, or an RSA key from a fixed library",
};

const DEBIAN: Rule = Rule {
    id: "ca-certificate/debian-weak-key",
    reason_code: "CERTIFICATE_KEY_VULNERABILITY_CVE-2008-0166",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "the RSA key is on the list of keys that Debian's OpenSSL could make in 2006-2008",
    wrong: "an RSA key that is on the list",
    right: "an RSA key of 2048 bits that is not on the list",
};

pub static CHECK: Check = Check {
    name: "CA_CERTIFICATE_KEY_QUALITY_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[ROCA, DEBIAN],
    page: Page {
        why: "Whoever has the public key can compute the private key, and so issue certificates \
              for any device.",
        fix: "Deactivate the CA certificate, create a CA with a new key, and reissue the device \
              certificates.",
        reads: &["caCertificates", "debianWeakKeys"],
        source: "Device Defender guide, \"CA certificate key quality\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_CA_CERTIFICATE"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let weak_keys = scope.evidence.debian_weak_keys.as_ref();
    for (certificate, parsed) in scope.live_ca_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(inspected) = outcome.need(id, parsed) else {
            continue;
        };
        let quality = quality::judge(&inspected.key, weak_keys);
        let mut report = |rule, reason: &str| {
            let resource = Resource::ca_certificate(id);
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
