//! Certificates and signing requests as texts (PEM): their keys and fingerprints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

/// A certificate or a signing request.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// PEM, always in the same spelling.
    pub pem: String,
    /// SHA-256 of the whole in hexadecimal. For a certificate this is the ID that AWS IoT gives it.
    pub fingerprint: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) in hexadecimal. A certificate and the request it was issued for
    /// have the same.
    pub public_key: String,
}

/// Reads the one certificate in a PEM text.
pub fn certificate(text: &str) -> Result<Parsed, String> {
    let pem = only_block(text, &["CERTIFICATE"])?;
    let parsed = pem.parse_x509().map_err(|error| format!("this is no X.509 certificate: {error}"))?;
    Ok(Parsed::of("CERTIFICATE", &pem.contents, parsed.tbs_certificate.subject_pki.raw))
}

/// Reads the one certificate in a PEM text, which must be that of a CA.
pub fn authority(text: &str) -> Result<Parsed, String> {
    let parsed = certificate(text)?;
    let pem = only_block(text, &["CERTIFICATE"])?;
    match pem.parse_x509().is_ok_and(|parsed| parsed.is_ca()) {
        true => Ok(parsed),
        false => Err("this is not the certificate of a CA: its basic constraints do not say so".into()),
    }
}

/// Reads the one certificate signing request in a PEM text.
pub fn signing_request(text: &str) -> Result<Parsed, String> {
    let pem = only_block(text, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
    let (_, parsed) = X509CertificationRequest::from_der(&pem.contents)
        .map_err(|error| format!("this is no certificate signing request: {error}"))?;
    let key = parsed.certification_request_info.subject_pki.raw;
    Ok(Parsed::of("CERTIFICATE REQUEST", &pem.contents, key))
}

impl Parsed {
    fn of(label: &str, der: &[u8], public_key: &[u8]) -> Parsed {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        Parsed { pem, fingerprint: sha256(der), public_key: sha256(public_key) }
    }
}

/// Whether this is a certificate ID of AWS IoT (API:CertificateId).
pub fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn only_block(text: &str, labels: &[&str]) -> Result<Pem, String> {
    let blocks: Result<Vec<Pem>, _> = Pem::iter_from_buffer(text.as_bytes()).collect();
    let mut blocks = blocks.map_err(|error| format!("the file is damaged: {error}"))?;
    if blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY")) {
        return Err("this file holds a private key, which AWS does not need; name a file without it".into());
    }
    blocks.retain(|block| labels.contains(&block.label.as_str()));
    match blocks.len() {
        1 => Ok(blocks.remove(0)),
        0 => Err(format!("the file has no `-----BEGIN {}-----` block (PEM)", labels[0])),
        count => Err(format!("the file has {count} `{}` blocks; it must have one", labels[0])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A self-signed certificate and the request for it, both of one P-256 key that was thrown away. The expected
    // values are OpenSSL's.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBHDCBwwIUEeaRzy0Ji9d8AcgvAX1aaH7y0hMwCgYIKoZIzj0EAwIwETEPMA0G\n\
A1UEAwwGbGluZS0xMB4XDTI2MTEyMTA3NDIyOFoXDTM2MTExODA3NDIyOFowETEP\n\
MA0GA1UEAwwGbGluZS0xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmb3x2Leu\n\
PMQ4KWSVhVdT359LpDrpymXbozfUJ5VfcdrVjNTXBjGnnhiM0vtHBqgbce8rw+5b\n\
2Hxn4sLQ5UUnVTAKBggqhkjOPQQDAgNIADBFAiBrdRbM1LxVzEDyoGIXq6RE9KLb\n\
1jS9rgiZv2nsjIGqPQIhAMNG7m9Am01ozIsMbyWjr8lZcvln/EyZeW6ypMtEu+sx\n\
-----END CERTIFICATE-----\n\
";
    const REQUEST: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIHLMHMCAQAwETEPMA0GA1UEAwwGbGluZS0xMFkwEwYHKoZIzj0CAQYIKoZIzj0D\n\
AQcDQgAEmb3x2LeuPMQ4KWSVhVdT359LpDrpymXbozfUJ5VfcdrVjNTXBjGnnhiM\n\
0vtHBqgbce8rw+5b2Hxn4sLQ5UUnVaAAMAoGCCqGSM49BAMCA0gAMEUCIGzEHRX4\n\
4dBkg1KaovKyWQoMM+e0oZTSnPdRtklpnFLYAiEAwHFSZaZ8uK6DxLnEgBSCXOra\n\
yNG5rtSKmnCOXHaAt4A=\n\
-----END CERTIFICATE REQUEST-----\n\
";
    const ID: &str = "8859d970b2d3043ac5af3136f5a52c8a2a54e3dbc27bef406f2617378080696c";
    const KEY: &str = "580fa9ae9e601abde5f615c15bbef3d24f3d105fd01d5f34fc69e5a879ddcdac";

    #[test]
    fn a_certificate_and_its_request_have_the_same_key() {
        let parsed = certificate(CERTIFICATE).unwrap();
        assert_eq!((parsed.pem.as_str(), parsed.fingerprint.as_str()), (CERTIFICATE, ID));
        assert_eq!(parsed.public_key, KEY);
        assert_eq!(signing_request(REQUEST).unwrap().public_key, KEY);
        assert!(is_id(ID) && !is_id(&ID.to_uppercase()) && !is_id(&ID[1..]));

        let spelt = format!("Subject: CN=line-1\n{}", CERTIFICATE.replace('\n', "\r\n"));
        assert_eq!(certificate(&spelt).unwrap(), parsed);
    }

    #[test]
    fn what_is_not_one_certificate_is_refused_with_the_reason() {
        let refusal = |text: &str| certificate(text).unwrap_err();
        assert!(refusal("").contains("no `-----BEGIN CERTIFICATE-----` block"));
        assert!(refusal(REQUEST).contains("no `-----BEGIN CERTIFICATE-----` block"));
        assert!(refusal(&CERTIFICATE.repeat(2)).contains("2 `CERTIFICATE` blocks"));
        assert!(authority(CERTIFICATE).unwrap_err().contains("not the certificate of a CA"));
        let secret = format!("{CERTIFICATE}{}", CERTIFICATE.replace("CERTIFICATE", "EC PRIVATE KEY"));
        assert!(refusal(&secret).contains("private key"));
        assert!(refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("no X.509"));
    }
}
