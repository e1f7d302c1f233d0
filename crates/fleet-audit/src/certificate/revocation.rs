//! Certificate revocation lists, and what they say of a certificate.
//!
//! A list is matched to a certificate by the issuer's name, and by the authority key
//! identifier where both have one. Its signature is *not* verified: the caller vouches
//! for the files it hands in. Delta lists and lists with an issuing distribution point
//! cover only some certificates, so they can convict but not acquit.

use super::inspect::{Inspected, without_leading_zeros};
use crate::timestamp::Timestamp;
use std::collections::{HashMap, HashSet};
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer, ReasonCode};

/// One list.
#[derive(Debug)]
struct List {
    authority_key_id: Option<Vec<u8>>,
    /// Missing: the list never goes out of date.
    next_update: Option<Timestamp>,
    partial: bool,
    revoked: HashSet<Vec<u8>>,
}

/// All lists, by the encoded name of their issuer.
#[derive(Debug, Default)]
pub struct RevocationLists {
    by_issuer: HashMap<Vec<u8>, Vec<List>>,
    /// What is wrong with those that could not be read.
    pub errors: Vec<String>,
}

/// What the lists say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It is on a list of its issuer.
    Revoked,
    /// A complete and current list of its issuer does not have it.
    NotRevoked,
    /// There is no complete list of its issuer.
    NoList,
    /// The lists of its issuer are past their `nextUpdate`.
    OutOfDate,
}

impl RevocationLists {
    /// Reads PEM texts, each with any number of lists.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut lists = Self::default();
        for (index, text) in texts.into_iter().enumerate() {
            if let Err(cause) = lists.add(text) {
                lists.errors.push(format!("crls[{index}] {cause}"));
            }
        }
        lists
    }

    fn add(&mut self, text: &str) -> Result<(), &'static str> {
        let mut any = false;
        for block in Pem::iter_from_buffer(text.as_bytes()) {
            let block = block.map_err(|_| "is not a readable PEM text")?;
            if block.label != "X509 CRL" {
                return Err("holds something other than an X509 CRL block");
            }
            let (_, list) = CertificateRevocationList::from_der(&block.contents)
                .map_err(|_| "is not a readable revocation list")?;
            let issuer = list.issuer().as_raw().to_vec();
            self.by_issuer.entry(issuer).or_default().push(read(&list));
            any = true;
        }
        if any { Ok(()) } else { Err("holds no PEM block") }
    }

    /// What the lists of its issuer say of `certificate` at `now`.
    pub fn status(&self, certificate: &Inspected, now: Timestamp) -> Revocation {
        let mut best = Revocation::NoList;
        let lists = self.by_issuer.get(&certificate.issuer.encoded);
        for list in lists.into_iter().flatten() {
            let other_key = matches!(
                (&list.authority_key_id, &certificate.authority_key_id),
                (Some(list), Some(certificate)) if list != certificate
            );
            if other_key {
                continue;
            }
            if list.revoked.contains(&certificate.serial) {
                return Revocation::Revoked;
            }
            if list.partial {
                continue;
            }
            // The list is good up to and including its nextUpdate.
            let current = list.next_update.is_none_or(|next| now <= next);
            if current {
                best = Revocation::NotRevoked;
            } else if best == Revocation::NoList {
                best = Revocation::OutOfDate;
            }
        }
        best
    }
}

fn read(list: &CertificateRevocationList<'_>) -> List {
    let mut authority_key_id = None;
    let mut partial = false;
    for extension in list.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::IssuingDistributionPoint(_) => partial = true,
            // Delta CRL indicator, RFC 5280 section 5.2.4.
            _ if extension.oid.to_id_string() == "2.5.29.27" => partial = true,
            _ => {}
        }
    }
    let revoked = list
        .iter_revoked_certificates()
        .filter(|entry| {
            // Only a delta list has this reason; it lifts a hold.
            let reason = entry.reason_code().map(|(_, reason)| reason);
            reason != Some(ReasonCode::RemoveFromCRL)
        })
        .map(|entry| without_leading_zeros(entry.raw_serial()))
        .collect();
    List { authority_key_id, next_update: list.next_update().map(|next| Timestamp(next.timestamp())), partial, revoked }
}
