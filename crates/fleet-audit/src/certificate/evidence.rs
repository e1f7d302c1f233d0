//! What is parsed once, before the checks run: CA certificates, issuers, lists.

use super::inspect::{Inspected, inspect};
use super::revocation::RevocationLists;
use crate::snapshot::Snapshot;
use std::collections::{HashMap, HashSet};

/// The parsed side of a [`Snapshot`], device certificates excepted: they come in pages.
#[derive(Debug, Default)]
pub struct Evidence {
    /// One for one with `caCertificates`; `None` where there is no PEM.
    pub ca_certificates: Vec<Option<Result<Inspected, String>>>,
    /// `None` if the snapshot has no lists at all.
    pub revocation: Option<RevocationLists>,
    /// `None` if the snapshot has no list of weak keys.
    pub debian_weak_keys: Option<HashSet<String>>,
    /// CA and issuer certificates by encoded subject.
    issuers: HashMap<Vec<u8>, Vec<Inspected>>,
    /// What is wrong with issuer certificates that could not be read.
    pub issuer_errors: Vec<String>,
}

impl Evidence {
    /// Parses `snapshot`.
    pub fn gather(snapshot: &Snapshot) -> Self {
        let parse = |pem: &Option<String>| pem.as_deref().map(inspect);
        let ca_certificates = snapshot.ca_certificates.iter().flatten();
        let mut evidence = Self {
            ca_certificates: ca_certificates.map(|c| parse(&c.certificate_pem)).collect(),
            revocation: snapshot.crls.as_ref().map(|texts| RevocationLists::read(texts.iter().map(String::as_str))),
            debian_weak_keys: snapshot
                .debian_weak_keys
                .as_ref()
                .map(|keys| keys.iter().map(|key| key.to_lowercase()).collect()),
            ..Self::default()
        };
        evidence.gather_issuers(snapshot);
        evidence
    }

    fn gather_issuers(&mut self, snapshot: &Snapshot) {
        let mut issuers: Vec<Inspected> = vec![];
        for known in self.ca_certificates.iter().flatten().flatten() {
            issuers.push(known.clone());
        }
        let further = snapshot.issuer_certificates.iter().flatten();
        for (index, pem) in further.enumerate() {
            match inspect(pem) {
                Ok(issuer) => issuers.push(issuer),
                Err(cause) => self.issuer_errors.push(format!("issuerCertificates[{index}]: {cause}")),
            }
        }
        for issuer in issuers {
            let same_name = self.issuers.entry(issuer.subject.encoded.clone());
            let same_name = same_name.or_default();
            if !same_name.contains(&issuer) {
                same_name.push(issuer);
            }
        }
    }

    /// The certificates that may have issued `certificate`: by name, and by key
    /// identifier where both have one.
    pub fn issuers_of(&self, certificate: &Inspected) -> Vec<&Inspected> {
        let same_name = self.issuers.get(&certificate.issuer.encoded);
        same_name
            .into_iter()
            .flatten()
            .filter(|issuer| match (&issuer.subject_key_id, &certificate.authority_key_id) {
                (Some(own), Some(asked)) => own == asked,
                _ => true,
            })
            .collect()
    }
}
