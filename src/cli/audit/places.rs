//! Which entry of the spec a finding is about, and where that stands.

use std::collections::BTreeMap;

use fleet_audit::audit::Report;
use fleet_audit::finding::{Finding, Place, ResourceIdentifier};
use fleet_audit::snapshot::Snapshot;

use crate::address::Address;
use crate::cli::front::Checked;
use crate::diagnostic::Span;
use crate::kind;

/// Gives addresses to findings on live objects that the spec declares.
pub fn address(report: &mut Report, declared: &Snapshot) {
    let known = by_resource(declared);
    for finding in report.findings.iter_mut().chain(&mut report.advice) {
        if finding.address.is_none() {
            finding.address = known.get(&key(&finding.non_compliant_resource.resource_identifier)).cloned();
        }
    }
}

/// What stays the same of a resource before and after it exists: a policy without its version.
fn key(identifier: &ResourceIdentifier) -> ResourceIdentifier {
    let mut key = identifier.clone();
    if let Some(policy) = &mut key.policy_version_identifier {
        policy.policy_version_id = None;
    }
    key
}

fn by_resource(declared: &Snapshot) -> BTreeMap<ResourceIdentifier, String> {
    use fleet_audit::finding::Resource;
    let policies = declared.policies.iter().flatten().map(|one| (Resource::policy(one), &one.address));
    let certificates = declared.certificates.iter().flatten();
    let certificates = certificates.map(|one| (Resource::device_certificate(&one.certificate_id), &one.address));
    let authorities = declared.ca_certificates.iter().flatten();
    let authorities = authorities.map(|one| (Resource::ca_certificate(&one.certificate_id), &one.address));
    let aliases = declared.role_aliases.iter().flatten();
    let aliases = aliases.map(|one| (Resource::role_alias(&one.role_alias_arn), &one.address));
    let account = declared.account_id.as_deref().unwrap_or_default();
    let logging = declared.logging.iter().map(|one| (Resource::account(account), &one.address));
    let all = policies.chain(certificates).chain(authorities).chain(aliases).chain(logging);
    all.filter_map(|(resource, address)| Some((key(&resource.resource_identifier), address.clone()?))).collect()
}

/// Gives places to the findings that have addresses: the statement of a document where that is known, else the entry.
pub fn locate(report: &mut Report, checked: &Checked) {
    for finding in report.findings.iter_mut().chain(&mut report.advice) {
        finding.place = span(finding, checked).map(|span| {
            let (line, column) = checked.sources.position(span);
            let path = checked.sources.get(span).path.to_string_lossy().replace('\\', "/");
            Place { path: path.trim_start_matches("./").to_owned(), line, column }
        });
    }
}

fn span(finding: &Finding, checked: &Checked) -> Option<Span> {
    let sections: Vec<&str> = kind::sections().collect();
    let address = Address::parse(finding.address.as_deref()?, &sections)?;
    let entry = checked.resolved.entries.get(&address)?;
    let within = match &finding.pointer {
        Some(pointer) if entry.node.get("document").is_some() => format!("/document{pointer}"),
        Some(_) => "/documentFile".to_owned(),
        None if finding.check_name.contains("CERTIFICATE") => "/pemFile".to_owned(),
        None => return Some(entry.key_span),
    };
    let node = entry.node.nearest(&within);
    Some(if std::ptr::eq(node, &entry.node) { entry.key_span } else { node.span })
}
