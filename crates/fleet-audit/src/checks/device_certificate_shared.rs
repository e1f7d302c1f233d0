//! `DEVICE_CERTIFICATE_SHARED_CHECK`: several connections at once with one certificate.
//!
//! | connections of one certificate within the window | answer |
//! |---|---|
//! | two overlap in time | finding |
//! | one ends at the second the next begins, or earlier | compliant |
//! | not all of the window was observed | also: not decidable for the rest |
//!
//! The window is the last 31 days, or the time since the previous run less two hours;
//! it ends two hours before now.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::connections::{self, Span};
use crate::finding::{Resource, Severity};
use std::collections::{BTreeMap, HashMap};

const CONCURRENT: Rule = Rule {
    id: "device-certificate/shared",
    reason_code: "CERTIFICATE_SHARED_BY_MULTIPLE_DEVICES",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "two connections that were authenticated with the certificate overlap in time",
    wrong: "clients line-1 and line-2 connected at the same time with one certificate",
    right: "a certificate for each device",
};

const ATTACHED: Rule = Rule {
    id: "device-certificate/attached-to-several-things",
    reason_code: "CERTIFICATE_SHARED_BY_MULTIPLE_DEVICES",
    level: Level::Advice,
    basis: Basis::Chosen(
        "AWS judges connections, not attachments, and a gateway may rightly hold the \
         things behind it; but it can be seen before anything connects",
    ),
    when: "the certificate is attached to more than one thing",
    wrong: "one certificate attached to line-1 and line-2",
    right: "a certificate for each thing",
};

pub static CHECK: Check = Check {
    name: "DEVICE_CERTIFICATE_SHARED_CHECK",
    aliases: &[],
    severity: Severity::Critical,
    rules: &[CONCURRENT, ATTACHED],
    page: Page {
        why: "A certificate is one device's identity. Used by several, it either was stolen \
              or makes it impossible to lock one of them out.",
        fix: "Give every device a certificate of its own, then deactivate the shared one.",
        reads: &["connections", "certificates"],
        source: "Device Defender guide, \"Device certificate shared\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "UPDATE_DEVICE_CERTIFICATE", "ADD_THINGS_TO_THING_GROUP"],
    account: Some(connections_with),
    certificates: Some(attachments),
};

fn attachments(scope: &Scope<'_>, outcome: &mut Outcome) {
    for certificate in scope.certificates.iter().flat_map(|page| page.certificates) {
        let live = matches!(certificate.status.as_str(), "ACTIVE" | "PENDING_TRANSFER");
        let things = certificate.attached_things.as_deref().unwrap_or_default();
        if live && things.len() > 1 {
            let resource = Resource::device_certificate(&certificate.certificate_id);
            let reason = format!("The certificate is attached to {} things: {}.", things.len(), sample(things));
            let finding = outcome.report(&CHECK, &ATTACHED, resource, reason);
            finding.address = certificate.address.clone();
        }
    }
}

fn connections_with(scope: &Scope<'_>, outcome: &mut Outcome) {
    let window = Span::shared_certificate_window(scope);
    let Some(seen) = connections::within(scope, window, outcome) else {
        return;
    };
    let mut by_certificate: BTreeMap<&str, Vec<(Span, &str)>> = BTreeMap::new();
    for (connection, span) in seen {
        let principal = connection.principal_identifier.as_deref().unwrap_or("");
        if is_certificate_id(principal) {
            let uses = by_certificate.entry(principal).or_default();
            uses.push((span, &connection.client_id));
        }
    }
    outcome.evaluated += by_certificate.len();
    let addresses: HashMap<&str, &String> = scope
        .snapshot
        .certificates
        .iter()
        .flatten()
        .filter_map(|c| Some((c.certificate_id.as_str(), c.address.as_ref()?)))
        .collect();
    for (id, mut uses) in by_certificate {
        uses.sort();
        let Some((first, second)) = overlap(&uses) else {
            continue;
        };
        let reason = "Connections with this certificate overlap in time.".to_owned();
        let resource = Resource::device_certificate(id);
        let finding = outcome.report(&CHECK, &CONCURRENT, resource, reason);
        finding.counterexample = Some(format!("clients {first} and {second} at the same time"));
        finding.address = addresses.get(id).map(|address| (*address).clone());
    }
}

/// AWS IoT certificate ids are 64 hex digits (API:CertificateId); other principals are
/// Amazon Cognito identities and the like.
fn is_certificate_id(principal: &str) -> bool {
    principal.len() == 64 && principal.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Two uses that overlap, of uses ordered by their start.
fn overlap<'a>(uses: &[(Span, &'a str)]) -> Option<(&'a str, &'a str)> {
    let mut longest: Option<(Span, &str)> = None;
    for (span, client) in uses {
        if let Some((running, other)) = longest
            && span.from < running.to
        {
            return Some((other, client));
        }
        if longest.is_none_or(|(running, _)| span.to > running.to) {
            longest = Some((*span, client));
        }
    }
    None
}

fn sample(things: &[String]) -> String {
    let mut text = things.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if things.len() > 5 {
        text.push_str(", …");
    }
    text
}
