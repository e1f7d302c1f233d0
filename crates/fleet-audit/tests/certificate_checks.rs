//! The checks on certificates: a small public-key infrastructure made here, judged on
//! both sides of every boundary.

use fleet_audit::audit::{self, Report};
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::{DAY_SECONDS, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, RevokedCertParams, SerialNumber, SignatureAlgorithm,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// 2026-11-21T06:00:00Z.
const NOW: i64 = 1_795_240_800;

type Ca = CertifiedIssuer<'static, KeyPair>;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn params(name: &str, serial: u64, end: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = at(NOW - 400 * DAY_SECONDS);
    params.not_after = at(end);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca(name: &str, serial: u64, issuer: Option<&Ca>) -> Ca {
    let mut params = params(name, serial, NOW + 3650 * DAY_SECONDS);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    match issuer {
        Some(issuer) => CertifiedIssuer::signed_by(params, key, issuer).unwrap(),
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
    }
}

fn device(serial: u64, end: i64, issuer: &Ca) -> String {
    let key = KeyPair::generate().unwrap();
    params("device", serial, end).signed_by(&key, issuer).unwrap().pem()
}

fn crl(issuer: &Ca, revoked: &[u64], next_update: i64) -> String {
    let entry = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: at(NOW - DAY_SECONDS),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: at(NOW - 10 * DAY_SECONDS),
        next_update: at(next_update),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().pem().unwrap()
}

fn audit(check: &str, parts: Value) -> Report {
    let snapshot: Snapshot = serde_json::from_value(parts).unwrap();
    let settings = Settings::default().only([check]).unwrap();
    audit::run(&snapshot, &settings, Timestamp(NOW))
}

/// What a check says of one device certificate: its rule, "passed" or "not decidable".
fn verdict(check: &str, parts: Value) -> String {
    let report = audit(check, parts);
    match (report.findings.as_slice(), report.undecided.as_slice()) {
        ([], []) => "passed".to_owned(),
        ([finding], []) => finding.rule.clone(),
        ([], [undecided]) => format!("not decidable: {}", undecided.because),
        other => panic!("{other:?}"),
    }
}

fn only(status: &str, pem: &str) -> Value {
    json!({"certificates": [{"certificateId": "c", "status": status, "certificatePem": pem}]})
}

#[test]
fn expiry_of_device_and_ca() {
    let root = ca("root", 1, None);
    let day = DAY_SECONDS;
    let cases = [(NOW + 30 * day + 1, "passed"), (NOW + 30 * day, "expiring"), (NOW, "expiring"), (NOW - 1, "expired")];
    for (end, expected) in cases {
        let pem = device(2, end, &root);
        for (status, looked_at) in [("ACTIVE", true), ("PENDING_TRANSFER", true), ("INACTIVE", false)] {
            let expected = match expected {
                "passed" => "passed".to_owned(),
                _ if !looked_at => "passed".to_owned(),
                rule => format!("device-certificate/{rule}"),
            };
            let said = verdict("DEVICE_CERTIFICATE_EXPIRING_CHECK", only(status, &pem));
            assert_eq!(said, expected, "{status}, end {end}");
        }
        let ca_only = json!({"caCertificates": [{"certificateId": "c", "status": "ACTIVE", "certificatePem": pem}]});
        let expected = if expected == "passed" { expected.to_owned() } else { format!("ca-certificate/{expected}") };
        assert_eq!(verdict("CA_CERT_APPROACHING_EXPIRATION_CHECK", ca_only), expected);
    }
    // Without a PEM the API's validity does; with neither nothing can be said.
    let by_validity = json!({"certificates": [
        {"certificateId": "c", "status": "ACTIVE", "validity": {"notAfter": NOW - 1}}]});
    assert_eq!(verdict("DEVICE_CERTIFICATE_EXPIRING_CHECK", by_validity), "device-certificate/expired");
    for bare in [json!({"certificates": [{"certificateId": "c", "status": "ACTIVE"}]}), only("ACTIVE", "no PEM")] {
        assert!(verdict("DEVICE_CERTIFICATE_EXPIRING_CHECK", bare).starts_with("not decidable"));
    }
}

#[test]
fn thresholds_are_settings_within_the_range_of_aws() {
    let pem = device(2, NOW + 60 * DAY_SECONDS, &ca("root", 1, None));
    let snapshot: Snapshot = serde_json::from_value(only("ACTIVE", &pem)).unwrap();
    let count = |days| {
        let settings = Settings::default().only(["DEVICE_CERTIFICATE_EXPIRING_CHECK"]).unwrap();
        let settings = settings.with_expiration_threshold(days).unwrap();
        audit::run(&snapshot, &settings, Timestamp(NOW)).findings.len()
    };
    assert_eq!((count(59), count(60)), (0, 1));
    for (days, good) in [(29, false), (30, true), (3652, true), (3653, false)] {
        assert_eq!(Settings::default().with_expiration_threshold(days).is_ok(), good);
        assert_eq!(Settings::default().with_age_threshold(days).is_ok(), good);
    }
}

#[test]
fn age_counts_from_creation() {
    let aged = |seconds: i64| {
        let created = NOW - seconds;
        let part = json!({"certificates": [{"certificateId": "c", "status": "ACTIVE", "creationDate": created}]});
        verdict("DEVICE_CERTIFICATE_AGE_CHECK", part)
    };
    assert_eq!(aged(365 * DAY_SECONDS), "device-certificate/old");
    assert_eq!(aged(365 * DAY_SECONDS - 1), "passed");
    let unknown = json!({"certificates": [{"certificateId": "c", "status": "ACTIVE"}]});
    assert!(verdict("DEVICE_CERTIFICATE_AGE_CHECK", unknown).contains("creationDate"));
}

/// A public RSA key with a chosen modulus; nobody needs to sign with it.
struct RsaKey(Vec<u8>);

impl RsaKey {
    fn new(modulus: &[u8]) -> Self {
        let integer = |bytes: &[u8]| [&[0x02][..], &length(bytes.len() + 1), &[0], bytes].concat();
        let body = [integer(modulus), vec![0x02, 0x03, 1, 0, 1]].concat();
        Self([&[0x30][..], &length(body.len()), &body].concat())
    }
}

fn length(bytes: usize) -> Vec<u8> {
    match bytes {
        0..128 => vec![bytes as u8],
        128..256 => vec![0x81, bytes as u8],
        _ => vec![0x82, (bytes >> 8) as u8, bytes as u8],
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

/// A modulus of 2048 bits that is 65537 modulo the product of all primes up to 167.
fn faulty_modulus() -> Vec<u8> {
    // Little-endian bytes; times and plus carry by hand.
    let mut number = vec![0u8; 229];
    number[228] = 0x0f;
    number[0] = 1;
    let multiply = |number: &mut Vec<u8>, factor: u32, term: u32| {
        let mut carry = term;
        for byte in number.iter_mut() {
            carry += u32::from(*byte) * factor;
            *byte = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            number.push(carry as u8);
            carry >>= 8;
        }
    };
    for prime in (2..=167u32).filter(|n| (2..*n).all(|d| n % d != 0)) {
        multiply(&mut number, prime, 0);
    }
    multiply(&mut number, 1, 65_537);
    number.reverse();
    number
}

#[test]
fn key_quality() {
    let root = ca("root", 1, None);
    let with_key = |modulus: &[u8]| {
        let key = RsaKey::new(modulus);
        params("device", 2, NOW + 900 * DAY_SECONDS).signed_by(&key, &root).unwrap().pem()
    };
    let judge = |pem: &str, weak: Value| {
        let mut parts = only("ACTIVE", pem);
        parts["debianWeakKeys"] = weak;
        verdict("DEVICE_CERTIFICATE_KEY_QUALITY_CHECK", parts)
    };
    // The last 20 digits of sha1("Modulus=" + "C5" * 256 + "\n"), computed elsewhere.
    let plain = with_key(&[0xc5; 256]);
    let listed = json!(["34935EF2D8BB27DE3138"]);
    assert_eq!(judge(&plain, listed.clone()), "device-certificate/debian-weak-key");
    assert_eq!(judge(&plain, json!(["00000000000000000000"])), "passed");
    assert!(judge(&plain, json!(null)).contains("no list of Debian weak keys"));
    // A size that no list covers is not passed.
    assert!(judge(&with_key(&[0xc5; 384]), listed.clone()).contains("cover RSA keys of"));
    // The marked key, and its neighbour.
    let mut modulus = faulty_modulus();
    assert_eq!(modulus.len(), 256);
    assert_eq!(judge(&with_key(&modulus), json!([])), "device-certificate/roca-key");
    modulus[255] ^= 2;
    assert_eq!(judge(&with_key(&modulus), json!([])), "passed");
    // An integer with a superfluous leading zero is no DER, so no key.
    let padded = [&[0x05][..], &[0xc5; 255]].concat();
    assert!(judge(&with_key(&padded), json!([])).contains("public key cannot be read"));
    // Elliptic curves.
    assert_eq!(judge(&device(3, NOW + 900 * DAY_SECONDS, &root), json!(null)), "passed");
    let cas = json!({"caCertificates": [
        {"certificateId": "c", "status": "ACTIVE", "certificatePem": with_key(&faulty_modulus())}],
        "debianWeakKeys": []});
    assert_eq!(verdict("CA_CERTIFICATE_KEY_QUALITY_CHECK", cas), "ca-certificate/roca-key");
}

#[test]
fn revoked_devices() {
    let root = ca("root", 1, None);
    let namesake = ca("root", 1, None);
    let pem = device(77, NOW + 900 * DAY_SECONDS, &root);
    let judge = |lists: Value| {
        let mut parts = only("ACTIVE", &pem);
        parts["crls"] = lists;
        verdict("REVOKED_DEVICE_CERT_CHECK", parts)
    };
    let revoked = "device-certificate/revoked";
    let later = NOW + DAY_SECONDS;
    assert_eq!(judge(json!([crl(&root, &[5, 77], later)])), revoked);
    assert_eq!(judge(json!([crl(&root, &[5, 78], later)])), "passed");
    // A list past its time still convicts, but does not acquit.
    assert_eq!(judge(json!([crl(&root, &[77], NOW - 1)])), revoked);
    assert!(judge(json!([crl(&root, &[78], NOW - 1)])).contains("nextUpdate"));
    assert_eq!(judge(json!([crl(&root, &[78], NOW)])), "passed");
    // Another CA of the same name says nothing of it.
    assert!(judge(json!([crl(&namesake, &[77], later)])).contains("no complete revocation list"));
    assert!(judge(json!(null)).contains("no complete revocation list"));
    let report = audit("REVOKED_DEVICE_CERT_CHECK", json!({"certificates": [], "crls": ["rubbish"]}));
    assert!(report.undecided[0].because.starts_with("crls[0]"), "{report:?}");
}

#[test]
fn revoked_cas_and_what_hangs_below_them() {
    let root = ca("root", 1, None);
    let middle = ca("middle", 50, Some(&root));
    let issuing = ca("issuing", 60, Some(&middle));
    let pem = device(77, NOW + 900 * DAY_SECONDS, &issuing);
    let later = NOW + DAY_SECONDS;
    let (good_root, good_middle) = (crl(&root, &[], later), crl(&middle, &[], later));

    let judge_ca = |certificate: &Ca, lists: Value| {
        let part = json!({"caCertificates": [
            {"certificateId": "c", "status": "ACTIVE", "certificatePem": certificate.pem()}], "crls": lists});
        verdict("REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK", part)
    };
    assert_eq!(judge_ca(&middle, json!([crl(&root, &[50], later)])), "ca-certificate/revoked");
    assert_eq!(judge_ca(&middle, json!([good_root])), "passed");
    assert_eq!(judge_ca(&root, json!([])), "passed");

    let judge = |registered: &[&Ca], further: &[&Ca], lists: Value| {
        let entry = |ca: &&Ca| json!({"certificateId": "ca", "status": "ACTIVE", "certificatePem": ca.pem()});
        let mut parts = only("ACTIVE", &pem);
        parts["caCertificates"] = registered.iter().map(entry).collect();
        parts["issuerCertificates"] = further.iter().map(|ca| json!(ca.pem())).collect();
        parts["crls"] = lists;
        verdict("INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK", parts)
    };
    let all = (&[&root][..], &[&middle, &issuing][..]);
    let revoked = "device-certificate/intermediate-revoked";
    assert_eq!(judge(all.0, all.1, json!([good_root, good_middle])), "passed");
    assert_eq!(judge(all.0, all.1, json!([good_root, crl(&middle, &[60], later)])), revoked);
    assert_eq!(judge(all.0, all.1, json!([crl(&root, &[50], later), good_middle])), revoked);
    // Its own revocation is another check's matter.
    let own = crl(&issuing, &[77], later);
    assert_eq!(judge(all.0, all.1, json!([good_root, good_middle, own])), "passed");
    assert!(judge(all.0, all.1, json!([good_root])).contains("for every CA of its chain"));
    assert!(judge(&[&root], &[&issuing], json!([good_root, good_middle])).contains("all the issuers"));
    // A revoked CA is found although the rest of the chain is missing.
    assert_eq!(judge(&[&issuing], &[], json!([crl(&middle, &[60], later)])), revoked);
}

/// The same certificate as the registered CA, with a status.
fn authority(status: &str, pem: &str) -> Value {
    json!({"caCertificates": [{"certificateId": "c", "status": status, "certificatePem": pem}]})
}

/// What is not in use is not judged, whatever is wrong with it: one case for every check on
/// certificates, each with a finding when the certificate is ACTIVE.
#[test]
fn only_certificates_in_use_are_judged() {
    let root = ca("root", 1, None);
    let issuing = ca("issuing", 60, Some(&root));
    let later = NOW + DAY_SECONDS;
    let with_key = |issuer: &Ca, modulus: &[u8]| {
        params("device", 2, NOW - 1).signed_by(&RsaKey::new(modulus), issuer).unwrap().pem()
    };
    let rotten = with_key(&root, &faulty_modulus());
    let crls = json!([crl(&root, &[2, 60], later)]);
    let device = |status: &str| {
        json!({"certificates": [{"certificateId": "c", "status": status, "certificatePem": rotten,
            "creationDate": NOW - 366 * DAY_SECONDS}], "crls": crls, "debianWeakKeys": []})
    };
    let checks = [
        "DEVICE_CERTIFICATE_EXPIRING_CHECK",
        "DEVICE_CERTIFICATE_AGE_CHECK",
        "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
        "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
    ];
    for check in checks {
        for status in ["ACTIVE", "PENDING_TRANSFER"] {
            assert_eq!(audit(check, device(status)).findings.len(), 1, "{check} {status}");
        }
        for status in ["INACTIVE", "REVOKED", "REGISTER_INACTIVE", "PENDING_ACTIVATION"] {
            assert_eq!(verdict(check, device(status)), "passed", "{check} {status}");
        }
    }
    let below = |status: &str| {
        let pem = self::device(77, NOW + 900 * DAY_SECONDS, &issuing);
        json!({"certificates": [{"certificateId": "c", "status": status, "certificatePem": pem}], "crls": crls,
            "issuerCertificates": [issuing.pem(), root.pem()]})
    };
    let check = "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK";
    assert_eq!(verdict(check, below("ACTIVE")), "device-certificate/intermediate-revoked");
    assert_eq!(verdict(check, below("INACTIVE")), "passed");
    let checks = [
        ("CA_CERTIFICATE_EXPIRING_CHECK", "ca-certificate/expired"),
        ("CA_CERTIFICATE_KEY_QUALITY_CHECK", "ca-certificate/roca-key"),
        ("REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK", "ca-certificate/revoked"),
    ];
    for (check, rule) in checks {
        let of = |status: &str| {
            let mut parts = authority(status, &rotten);
            parts["crls"] = crls.clone();
            parts["debianWeakKeys"] = json!([]);
            verdict(check, parts)
        };
        assert_eq!((of("ACTIVE").as_str(), of("INACTIVE").as_str()), (rule, "passed"), "{check}");
    }
}

#[test]
fn ca_keys_and_ca_revocation_on_both_sides() {
    let root = ca("root", 1, None);
    let middle = ca("middle", 50, Some(&root));
    let with_key = |modulus: &[u8]| {
        params("ca", 2, NOW + 900 * DAY_SECONDS).signed_by(&RsaKey::new(modulus), &root).unwrap().pem()
    };
    let judge = |pem: &str, weak: Value| {
        let mut parts = authority("ACTIVE", pem);
        parts["debianWeakKeys"] = weak;
        verdict("CA_CERTIFICATE_KEY_QUALITY_CHECK", parts)
    };
    let plain = with_key(&[0xc5; 256]);
    assert_eq!(judge(&plain, json!(["34935EF2D8BB27DE3138"])), "ca-certificate/debian-weak-key");
    assert_eq!(judge(&plain, json!(["34935EF2D8BB27DE3139"])), "passed");
    assert!(judge(&plain, json!(null)).contains("no list of Debian weak keys"));
    let mut modulus = faulty_modulus();
    modulus[255] ^= 2;
    assert_eq!(judge(&with_key(&modulus), json!([])), "passed");
    assert_eq!(judge(&middle.pem(), json!(null)), "passed", "no list has elliptic curves");

    let revoked = |lists: Value| {
        let mut parts = authority("ACTIVE", &middle.pem());
        parts["crls"] = lists;
        verdict("REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK", parts)
    };
    assert_eq!(revoked(json!([crl(&root, &[51], NOW)])), "passed");
    assert_eq!(revoked(json!([crl(&root, &[50], NOW - 1)])), "ca-certificate/revoked", "a late list convicts");
    assert!(revoked(json!([crl(&root, &[51], NOW - 1)])).contains("nextUpdate"));
    assert!(revoked(json!([crl(&middle, &[50], NOW)])).contains("no complete revocation list"));
}

/// Before AWS IoT has issued a certificate, the key of the request can be judged and the
/// rest cannot.
#[test]
fn a_signing_request_is_judged_by_its_key() {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::new(vec![]).unwrap().serialize_request(&key).unwrap().pem().unwrap();
    let part = |request: &str| {
        json!({"certificates": [{"certificateId": "certificates.x", "status": "ACTIVE",
        "certificateSigningRequest": request}]})
    };
    let quality = "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK";
    assert_eq!(verdict(quality, part(&request)), "passed");
    assert!(verdict(quality, part("-----BEGIN X-----\n")).contains("signing request cannot be read"));
    assert!(verdict("REVOKED_DEVICE_CERT_CHECK", part(&request)).contains("PEM text"));
}

/// Whatever the pages, the answer is the same.
#[test]
fn pages_do_not_show_in_the_report() {
    let root = ca("root", 1, None);
    let now = Timestamp(NOW);
    let one = |index: u64| {
        json!({"certificateId": format!("{index}"), "status": if index.is_multiple_of(5) { "INACTIVE" } else { "ACTIVE" },
            "certificatePem": device(index, NOW + (20 + index as i64) * DAY_SECONDS, &root),
            "attachedThings": if index.is_multiple_of(7) { json!(["a", "b"]) } else { json!(["a"]) }})
    };
    let all: Vec<Value> = (1..=23).map(one).collect();
    let whole: Snapshot = serde_json::from_value(json!({"certificates": all, "crls": [crl(&root, &[3, 11], NOW)],
        "connections": {"observedFrom": NOW - 40 * DAY_SECONDS, "observedTo": NOW, "observations": []}}))
    .unwrap();
    let settings = Settings::default();
    let expected = audit::run(&whole, &settings, now);
    assert!(expected.findings.len() > 5 && !expected.advice.is_empty() && !expected.undecided.is_empty());
    let base = Snapshot { certificates: None, ..whole.clone() };
    for size in [1, 4, 23, 100] {
        let mut audit = audit::Audit::begin(&base, &settings, now);
        whole
            .certificates
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .chunks(size)
            .for_each(|p| audit.certificates(p));
        assert_eq!(audit.finish(), expected, "pages of {size}");
    }
}
