//! `INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK`: a device certificate
//! chains through a CA that its own issuer revoked.
//!
//! The chain is followed from the device certificate through the CA and issuer
//! certificates of the snapshot, by name and key identifier; signatures are not
//! verified. It ends at a self-issued certificate.
//!
//! | on the way up | answer |
//! |---|---|
//! | an issuer is on a list of its issuer | finding, whatever else is missing |
//! | an issuer's certificate is missing | not decidable |
//! | an issuer's revocation is not known | not decidable |
//! | else | compliant |

use crate::certificate::inspect::Inspected;
use crate::certificate::revocation::{Revocation, RevocationLists};
use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{IssuerCertificateIdentifier, Resource, ResourceIdentifier, ResourceType, Severity};

/// Longer chains than this are loops or attacks.
const LONGEST_CHAIN: usize = 10;

const REVOKED: Rule = Rule {
    id: "device-certificate/intermediate-revoked",
    reason_code: "INTERMEDIATE_CA_REVOKED_BY_ISSUER",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "a CA between the device certificate and the root is on its issuer's revocation \
           list. The finding is on the device certificate and names the CA as related; AWS \
           does not say which of them it puts first",
    wrong: "an ACTIVE device certificate issued by a revoked intermediate CA",
    right: "a device certificate issued by the successor of that CA",
};

pub static CHECK: Check = Check {
    name: "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[REVOKED],
    page: Page {
        why: "A revoked intermediate CA may be in wrong hands; no certificate below it \
              proves anything any more.",
        fix: "Reissue the device certificates from a sound CA, move the devices over, and \
              deactivate these.",
        reads: &["certificates", "caCertificates", "issuerCertificates", "crls"],
        source: "Device Defender guide, \"Intermediate CA revoked for active device \
                 certificates\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP"],
    account: None,
    certificates: Some(run),
};

/// What the way up shows.
enum Chain<'a> {
    Sound,
    Revoked(&'a Inspected),
    NotDecidable(&'static str),
}

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    for error in &scope.evidence.issuer_errors {
        outcome.cannot_decide(error);
    }
    for (certificate, parsed) in scope.live_certificates(outcome) {
        let id = &certificate.certificate_id;
        let Some(inspected) = outcome.need(id, parsed) else {
            continue;
        };
        match climb(scope, inspected) {
            Chain::Sound => {}
            Chain::NotDecidable(because) => outcome.cannot_decide_for(id, because),
            Chain::Revoked(ca) => {
                let reason = format!(
                    "The certificate chains through {}, which {} has revoked.",
                    ca.subject.text, ca.issuer.text
                );
                let resource = Resource::device_certificate(id);
                let finding = outcome.report(&CHECK, &REVOKED, resource, reason);
                finding.related_resources.push(issuer_resource(ca));
                finding.address = certificate.address.clone();
            }
        }
    }
}

fn climb<'a>(scope: &Scope<'a>, from: &'a Inspected) -> Chain<'a> {
    let none = RevocationLists::default();
    let lists = scope.evidence.revocation.as_ref().unwrap_or(&none);
    let mut open = None;
    let mut level = vec![from];
    for _ in 0..LONGEST_CHAIN {
        let mut above: Vec<&Inspected> = vec![];
        for certificate in level {
            if certificate.is_self_issued() {
                continue;
            }
            let issuers = scope.evidence.issuers_of(certificate);
            if issuers.is_empty() {
                open = Some("the snapshot does not have all the issuers of its chain");
            }
            for issuer in issuers {
                if !issuer.is_self_issued() {
                    match lists.status(issuer, scope.now) {
                        Revocation::Revoked => return Chain::Revoked(issuer),
                        Revocation::NotRevoked => {}
                        Revocation::NoList | Revocation::OutOfDate => {
                            open = Some(
                                "the snapshot has no complete and current revocation list \
                                 for every CA of its chain",
                            );
                        }
                    }
                }
                if !above.contains(&issuer) {
                    above.push(issuer);
                }
            }
        }
        if above.is_empty() {
            return open.map_or(Chain::Sound, Chain::NotDecidable);
        }
        level = above;
    }
    Chain::NotDecidable("its chain of issuers does not end")
}

fn issuer_resource(ca: &Inspected) -> Resource {
    let issuer = IssuerCertificateIdentifier {
        issuer_certificate_subject: ca.subject.text.clone(),
        issuer_id: None,
        issuer_certificate_serial_number: ca.serial_text(),
    };
    let identifier =
        ResourceIdentifier { issuer_certificate_identifier: Some(issuer), ..ResourceIdentifier::default() };
    Resource::new(ResourceType::IssuerCertificate, identifier)
}
