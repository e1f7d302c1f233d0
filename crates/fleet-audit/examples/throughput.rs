//! Measures how long an audit of a large account takes. Nothing is asserted:
//! `cargo run --release -p fleet-audit --example throughput -- [CERTIFICATES] [POLICIES]`.
//!
//! Every certificate is another one, RSA and elliptic curve in turn, made page by page and
//! not counted. The issuing CA's revocation list has one certificate in ten.

use fleet_audit::audit::{self, Audit};
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::{CaCertificate, Certificate, Snapshot};
use fleet_audit::timestamp::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, RevokedCertParams, SerialNumber, SignatureAlgorithm,
};
use serde_json::json;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

const NOW: Timestamp = Timestamp(1_795_240_800);
const PAGE: usize = 1_000;

type Ca = CertifiedIssuer<'static, KeyPair>;
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let certificates = numbers.next().transpose()?.unwrap_or(100_000);
    let policies = numbers.next().transpose()?.unwrap_or(10_000);

    let root = ca("root", None)?;
    let issuing = ca("issuing", Some(&root))?;
    let entry = |pem: String, id: &str| CaCertificate {
        certificate_id: id.to_owned(),
        status: "ACTIVE".to_owned(),
        certificate_pem: Some(pem),
        validity: None,
        address: None,
    };
    let revoked: Vec<usize> = (0..certificates).step_by(10).collect();
    let base = Snapshot {
        ca_certificates: Some(vec![entry(root.pem(), "root"), entry(issuing.pem(), "issuing")]),
        crls: Some(vec![crl(&root, &[])?, crl(&issuing, &revoked)?]),
        ..Snapshot::default()
    };
    let names = certificate_checks();
    let settings = Settings::default().only(names.iter().copied())?;
    let begin = Instant::now();
    let mut audit = Audit::begin(&base, &settings, NOW);
    let mut took = begin.elapsed();
    let mut making = Duration::ZERO;
    for page in 0..certificates.div_ceil(PAGE) {
        let begin = Instant::now();
        let of_page = page * PAGE..certificates.min((page + 1) * PAGE);
        let of_page = of_page.map(|index| certificate(index, &issuing)).collect::<Outcome<Vec<_>>>()?;
        making += begin.elapsed();
        let begin = Instant::now();
        audit.certificates(&of_page);
        took += begin.elapsed();
    }
    let report = audit.finish();
    println!(
        "{certificates} certificates, {} revoked, {} checks, in pages of {PAGE}: {took:.2?}, {} findings (made in {making:.1?})",
        revoked.len(),
        names.len(),
        report.findings.len()
    );

    let snapshot: Snapshot = serde_json::from_value(json!({
        "policies": (0..policies).map(policy).collect::<Vec<_>>()
    }))?;
    let names = ["IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"];
    let settings = Settings::default().only(names)?;
    let begin = Instant::now();
    let report = audit::run(&snapshot, &settings, NOW);
    println!("{policies} policies, 2 checks: {:.2?}, {} findings", begin.elapsed(), report.findings.len());
    if let Some(line) = std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(peak) {
        println!("peak memory: {line}");
    }
    Ok(())
}

fn at(seconds: i64) -> Outcome<OffsetDateTime> {
    Ok(OffsetDateTime::from_unix_timestamp(seconds)?)
}

fn params(name: &str, serial: u64) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::new(vec![])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = at(NOW.0 - 864_000)?;
    params.not_after = at(NOW.0 + 864_000_000)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn ca(name: &str, issuer: Option<&Ca>) -> Outcome<Ca> {
    let mut params = params(name, 1)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    Ok(match issuer {
        Some(issuer) => CertifiedIssuer::signed_by(params, key, issuer)?,
        None => CertifiedIssuer::self_signed(params, key)?,
    })
}

fn crl(issuer: &Ca, revoked: &[usize]) -> Outcome<String> {
    let entry = |index: &usize| {
        Ok(RevokedCertParams {
            serial_number: SerialNumber::from(*index as u64 + 1),
            revocation_time: at(NOW.0 - 86_400)?,
            reason_code: None,
            invalidity_date: None,
        })
    };
    let list = CertificateRevocationListParams {
        this_update: at(NOW.0 - 86_400)?,
        next_update: at(NOW.0 + 86_400)?,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect::<Outcome<_>>()?,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(issuer)?.pem()?)
}

/// A public RSA key of 2048 bits whose modulus is a number and not a product: to make real
/// ones would take hours, and no check can tell.
struct RsaKey(Vec<u8>);

impl RsaKey {
    fn numbered(index: usize) -> Self {
        // SplitMix64 fills the modulus; the top bit is set and the number odd.
        let mut state = index as u64;
        let mut modulus: Vec<u8> = (0..32)
            .flat_map(|_| {
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z ^ (z >> 31)).to_be_bytes()
            })
            .collect();
        modulus[0] |= 0x80;
        modulus[255] |= 1;
        // SEQUENCE of 266 bytes: INTEGER of 257, the modulus, and INTEGER 65537.
        let head = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
        Self([&head[..], &modulus, &[0x02, 0x03, 1, 0, 1]].concat())
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

fn certificate_checks() -> Vec<&'static str> {
    vec![
        "DEVICE_CERTIFICATE_EXPIRING_CHECK",
        "DEVICE_CERTIFICATE_AGE_CHECK",
        "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
        "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
        "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
    ]
}

fn certificate(index: usize, issuer: &Ca) -> Outcome<Certificate> {
    let params = params(&format!("device-{index}"), index as u64 + 1)?;
    let made = match index % 2 {
        0 => params.signed_by(&RsaKey::numbered(index), issuer)?,
        _ => params.signed_by(&KeyPair::generate()?, issuer)?,
    };
    Ok(Certificate {
        certificate_id: format!("{index:064x}"),
        status: "ACTIVE".to_owned(),
        certificate_pem: Some(made.pem()),
        certificate_signing_request: None,
        creation_date: Some(NOW.plus_days(-10)),
        validity: None,
        attached_things: None,
        address: None,
    })
}

/// A policy of four statements as devices have them; one in ten is too broad, one in
/// seven also denies.
fn policy(index: usize) -> serde_json::Value {
    let arn = "arn:aws:iot:us-east-1:123456789012";
    let thing = if index.is_multiple_of(10) { "*" } else { "${iot:Connection.Thing.ThingName}" };
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": "iot:Connect", "Resource": format!("{arn}:client/${{iot:Connection.Thing.ThingName}}"),
            "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}}),
        json!({"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": [
            format!("{arn}:topic/$aws/things/{thing}/shadow/*"), format!("{arn}:topic/site-{index}/telemetry/*")]}),
        json!({"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [
            format!("{arn}:topicfilter/$aws/things/{thing}/jobs/*"), format!("{arn}:topicfilter/site-{index}/*")]}),
        json!({"Effect": "Allow", "Action": "iot:*ThingShadow", "Resource": format!("{arn}:thing/line-{index}")}),
    ];
    if index.is_multiple_of(7) {
        statements.push(json!({"Effect": "Deny", "Action": "iot:Subscribe",
            "Resource": format!("{arn}:topicfilter/site-{index}/control/*")}));
    }
    json!({"policyName": format!("p{index}"), "defaultVersionId": "1",
        "policyDocument": json!({"Version": "2012-10-17", "Statement": statements}).to_string()})
}

/// The peak resident size, on systems that tell.
fn peak(status: &str) -> Option<String> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}
