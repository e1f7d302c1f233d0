//! One parsed certificate: dates, names, key.

use super::roca;
use crate::timestamp::Timestamp;
use sha1::{Digest, Sha1};
use std::fmt::Write as _;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// What is kept of a certificate; its PEM is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub subject: Name,
    pub issuer: Name,
    /// Big-endian, without leading zeros.
    pub serial: Vec<u8>,
    pub subject_key_id: Option<Vec<u8>>,
    pub authority_key_id: Option<Vec<u8>>,
    pub key: Key,
}

/// A distinguished name: encoded for comparison, as text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub encoded: Vec<u8>,
    pub text: String,
}

/// The public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Rsa {
        bits: usize,
        /// See [`roca`].
        roca: bool,
        /// As in [`crate::snapshot::Snapshot::debian_weak_keys`].
        debian_digest: String,
    },
    Ec {
        /// Bits of the curve's field, e.g. 256 for P-256.
        bits: usize,
    },
    /// The object identifier of another algorithm.
    Other(String),
    /// Not encoded as its algorithm asks.
    Unreadable,
}

impl Inspected {
    /// Whether subject and issuer are the same: the end of a chain.
    pub fn is_self_issued(&self) -> bool {
        self.subject.encoded == self.issuer.encoded
    }

    /// The serial number in lower-case hex.
    pub fn serial_text(&self) -> String {
        hex(&self.serial)
    }
}

/// Parses the first certificate of a PEM text; the error says what is wrong with it.
pub fn inspect(pem: &str) -> Result<Inspected, String> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| "its PEM text cannot be read".to_owned())?;
    if block.label != "CERTIFICATE" {
        return Err(format!("its PEM text holds a {} block", block.label));
    }
    let certificate = block.parse_x509().map_err(|_| "its PEM text does not hold an X.509 certificate".to_owned())?;
    let (subject_key_id, authority_key_id) = key_ids(&certificate);
    let validity = certificate.validity();
    Ok(Inspected {
        not_before: Timestamp(validity.not_before.timestamp()),
        not_after: Timestamp(validity.not_after.timestamp()),
        subject: Name { encoded: certificate.subject().as_raw().to_vec(), text: certificate.subject().to_string() },
        issuer: Name { encoded: certificate.issuer().as_raw().to_vec(), text: certificate.issuer().to_string() },
        serial: without_leading_zeros(certificate.raw_serial()),
        subject_key_id,
        authority_key_id,
        key: key(certificate.public_key()),
    })
}

/// The key of a certificate signing request in a PEM text; the error says what is wrong.
pub fn requested_key(pem: &str) -> Result<Key, String> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| "its signing request cannot be read".to_owned())?;
    let (_, request) = X509CertificationRequest::from_der(&block.contents)
        .map_err(|_| "its signing request is not one of X.509 (PKCS #10)".to_owned())?;
    Ok(key(&request.certification_request_info.subject_pki))
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> Key {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let modulus = without_leading_zeros(rsa.modulus);
            Key::Rsa {
                bits: bit_length(&modulus),
                roca: roca::has_fingerprint(&modulus),
                debian_digest: debian_digest(&modulus),
            }
        }
        Ok(PublicKey::EC(point)) => Key::Ec { bits: point.key_size() },
        Ok(_) => Key::Other(info.algorithm.algorithm.to_id_string()),
        Err(_) => Key::Unreadable,
    }
}

fn key_ids(certificate: &X509Certificate<'_>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let mut ids = (None, None);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => ids.0 = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                ids.1 = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            _ => {}
        }
    }
    ids
}

/// The form in which Debian's `openssl-blacklist` package lists keys.
fn debian_digest(modulus: &[u8]) -> String {
    let text = format!("Modulus={}\n", hex(modulus).to_uppercase());
    let digest = hex(&Sha1::digest(text.as_bytes()));
    digest[digest.len() - 20..].to_owned()
}

fn bit_length(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

/// A DER integer starts with a zero byte when its top bit is set.
pub(super) fn without_leading_zeros(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0);
    number[start.unwrap_or(number.len())..].to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
