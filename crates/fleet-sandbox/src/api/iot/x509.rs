//! Real certificates: reading what callers register, issuing what AWS IoT would issue.
//!
//! The sandbox signs with a key of its own that is made when first needed, lives in memory only and
//! differs from process to process; as with AWS's, nobody is given its certificate. Key material of
//! devices passes through and is never kept. Sources: API:CreateCertificateFromCsr (accepted keys),
//! API:CreateKeysAndCertificate (RSA 2048), IoT developer guide, "X.509 client certificates" (names and
//! end of validity).

use std::sync::LazyLock;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

const LEAST_RSA_BITS: usize = 2048;
/// The end of 2049, where AWS's own certificates end, in epoch seconds.
const LAST_SECONDS: u64 = 2_524_607_999;

static ISSUER: LazyLock<Result<Issuer<'static, KeyPair>, rcgen::Error>> = LazyLock::new(|| {
    let mut params = CertificateParams::default();
    let name = "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US";
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationalUnitName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(Issuer::new(params, KeyPair::generate_for(&PKCS_RSA_SHA256)?))
});

/// What the registry needs to know of a certificate.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The certificate id: SHA-256 of the DER form, in hexadecimal.
    pub id: String,
    /// Start of validity, epoch milliseconds.
    pub not_before_ms: i64,
    /// End of validity, epoch milliseconds.
    pub not_after_ms: i64,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// Subject, in DER.
    pub subject: Vec<u8>,
    /// Issuer, in DER.
    pub issuer: Vec<u8>,
    /// Common name of the subject.
    pub common_name: String,
    der: Vec<u8>,
}

/// A new certificate, and the keys made for it.
pub struct Issued {
    /// Certificate in PEM.
    pub certificate: String,
    /// Public and private key in PEM, if made here.
    pub keys: Option<(String, String)>,
}

/// Reads the first certificate of a PEM text. The error says what is wrong with it.
pub fn parse(pem: &str) -> Result<Parsed, String> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|error| format!("it is not PEM: {error}"))?;
    let certificate = block.parse_x509().map_err(|error| format!("it is not an X.509 certificate: {error}"))?;
    check_key(certificate.public_key())?;
    let validity = certificate.validity();
    let id: String = Sha256::digest(&block.contents).iter().map(|byte| format!("{byte:02x}")).collect();
    let common_name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    Ok(Parsed {
        id,
        not_before_ms: validity.not_before.timestamp() * 1000,
        not_after_ms: validity.not_after.timestamp() * 1000,
        is_ca: certificate.is_ca(),
        subject: certificate.subject().as_raw().to_vec(),
        issuer: certificate.issuer().as_raw().to_vec(),
        common_name: common_name.unwrap_or_default().to_owned(),
        der: block.contents.clone(),
    })
}

/// Whether `authority`'s key signed the certificate.
pub fn is_signed_by(certificate: &Parsed, authority: &Parsed) -> bool {
    let read = |parsed: &Parsed| {
        X509Certificate::from_der(&parsed.der).map(|(_, certificate)| certificate.subject_pki.raw.to_vec())
    };
    let Ok(key) = read(authority) else { return false };
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(&key) else { return false };
    X509Certificate::from_der(&certificate.der)
        .is_ok_and(|(_, certificate)| certificate.verify_signature(Some(&key)).is_ok())
}

/// A certificate for the key and subject of a signing request.
pub fn issue_for_request(request: &str, now_ms: i64, serial: &str) -> Result<Issued, String> {
    let (_, block) = parse_x509_pem(request.as_bytes()).map_err(|error| format!("it is not PEM: {error}"))?;
    let (_, parsed) = X509CertificationRequest::from_der(&block.contents)
        .map_err(|error| format!("it is not a signing request: {error}"))?;
    check_key(&parsed.certification_request_info.subject_pki)?;
    let mut request = CertificateSigningRequestParams::from_pem(request).map_err(|error| error.to_string())?;
    settle(&mut request.params, now_ms, serial);
    request.params.is_ca = IsCa::ExplicitNoCa;
    let certificate = request.signed_by(issuer()?).map_err(|error| error.to_string())?;
    Ok(Issued { certificate: certificate.pem(), keys: None })
}

/// A certificate for a new RSA key pair.
pub fn issue_with_keys(now_ms: i64, serial: &str) -> Result<Issued, String> {
    let keys = KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(|error| error.to_string())?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "AWS IoT Certificate");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    settle(&mut params, now_ms, serial);
    let certificate = params.signed_by(&keys, issuer()?).map_err(|error| error.to_string())?;
    Ok(Issued { certificate: certificate.pem(), keys: Some((keys.public_key_pem(), keys.serialize_pem())) })
}

fn issuer() -> Result<&'static Issuer<'static, KeyPair>, String> {
    ISSUER.as_ref().map_err(ToString::to_string)
}

/// Validity from two minutes ago to the end of 2049, and a serial number from 40 hexadecimal digits.
fn settle(params: &mut CertificateParams, now_ms: i64, serial: &str) {
    // A clock advanced beyond that day would not fit a certificate.
    let seconds = u64::try_from(now_ms / 1000).unwrap_or_default().saturating_sub(120).min(LAST_SECONDS);
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(LAST_SECONDS);
    params.use_authority_key_identifier_extension = true;
    let digits: Vec<u8> = serial.bytes().take(40).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte: u8, digit| byte << 4 | (digit & 0xf)));
    // Serial numbers are positive: the first bit is zero.
    let bytes: Vec<u8> =
        pairs.enumerate().map(|(index, byte)| if index == 0 { byte & 0x7f | 0x40 } else { byte }).collect();
    params.serial_number = Some(SerialNumber::from_slice(&bytes));
}

fn check_key(key: &SubjectPublicKeyInfo<'_>) -> Result<(), String> {
    match key.parsed().map_err(|error| format!("its public key cannot be read: {error}"))? {
        PublicKey::RSA(rsa) if rsa.key_size() < LEAST_RSA_BITS => {
            Err(format!("its RSA key has {} bits; at least {LEAST_RSA_BITS} are needed", rsa.key_size()))
        }
        PublicKey::RSA(_) => Ok(()),
        PublicKey::EC(_) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            let known = [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521];
            let fits = curve.is_some_and(|curve| known.contains(&curve));
            if fits { Ok(()) } else { Err("its curve is none of P-256, P-384 and P-521".to_owned()) }
        }
        _ => Err("its key is neither RSA nor on an elliptic curve".to_owned()),
    }
}
