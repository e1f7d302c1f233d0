//! All rules over one fleet.

use super::finding::{Finding, Findings};
use super::model::fleet::Fleet;
use super::registry::RULES;

/// Every finding, in the order of addresses and then of rules.
pub fn analyse(fleet: &Fleet) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for rule in RULES {
        let mut findings = Findings::new(rule.page);
        (rule.check)(fleet, &mut findings);
        all.append(&mut findings.into_vec());
    }
    all.sort_by(|a, b| (&a.address, a.severity, a.code, &a.subject).cmp(&(&b.address, b.severity, b.code, &b.subject)));
    all.dedup_by(|a, b| a.fingerprint() == b.fingerprint() && a.message == b.message);
    all
}
