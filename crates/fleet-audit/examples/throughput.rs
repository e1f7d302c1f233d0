//! Measures how long an audit of a large account takes. Nothing is asserted:
//! `cargo run --release -p fleet-audit --example throughput -- [CERTIFICATES] [POLICIES]`.

use fleet_audit::audit::{self, Report};
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::{Certificate, Snapshot};
use fleet_audit::timestamp::Timestamp;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, SerialNumber};
use serde_json::json;
use std::time::Instant;

const NOW: Timestamp = Timestamp(1_795_240_800);
const PAGE: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let certificates = numbers.next().transpose()?.unwrap_or(100_000);
    let policies = numbers.next().transpose()?.unwrap_or(10_000);

    let root = CertifiedIssuer::self_signed(CertificateParams::new(vec![])?, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["device".to_owned()])?;
    params.serial_number = Some(SerialNumber::from(7));
    let pem = params.signed_by(&key, &root)?.pem();

    let begin = Instant::now();
    let mut report = Report::default();
    let names = certificate_checks();
    let settings = Settings::default().only(names.iter().copied())?;
    for page in 0..certificates.div_ceil(PAGE) {
        let of_page = (page * PAGE..certificates.min((page + 1) * PAGE)).map(|index| certificate(index, &pem));
        let snapshot = Snapshot { certificates: Some(of_page.collect()), ..Snapshot::default() };
        report.absorb(audit::run(&snapshot, &settings, NOW));
    }
    let took = begin.elapsed();
    println!("{certificates} certificates, {} checks, in pages of {PAGE}: {took:?}", names.len());

    let snapshot: Snapshot = serde_json::from_value(json!({
        "policies": (0..policies).map(policy).collect::<Vec<_>>()
    }))?;
    let names = ["IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"];
    let settings = Settings::default().only(names)?;
    let begin = Instant::now();
    let report = audit::run(&snapshot, &settings, NOW);
    println!("{policies} policies, 2 checks: {:?}, {} findings", begin.elapsed(), report.findings.len());
    if let Some(line) = std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(peak) {
        println!("peak memory: {line}");
    }
    Ok(())
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

fn certificate(index: usize, pem: &str) -> Certificate {
    Certificate {
        certificate_id: format!("{index:064x}"),
        status: "ACTIVE".to_owned(),
        certificate_pem: Some(pem.to_owned()),
        creation_date: Some(NOW.plus_days(-10)),
        validity: None,
        attached_things: None,
        address: None,
    }
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
