//! Device and CA certificates, made here with rcgen, and what they are attached to.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::caller::Caller;
use super::policies::document;

pub fn lives(aws: &Caller) {
    issued(aws);
    authority(aws);
}

fn issued(aws: &Caller) {
    let keys = KeyPair::generate().unwrap();
    let request = CertificateParams::new(Vec::new()).unwrap().serialize_request(&keys).unwrap().pem().unwrap();
    let signing = json!({ "certificateSigningRequest": request });
    let made = aws.ok("POST", "/certificates?setAsActive=true", signing.clone());
    let again = aws.ok("POST", "/certificates", signing);
    assert_ne!(made["certificateId"], again["certificateId"], "the same request gives another certificate");
    let own = aws.ok("POST", "/keys-and-certificate", json!({}));
    assert!(KeyPair::from_pem(own["keyPair"]["PrivateKey"].as_str().unwrap()).is_ok());
    let id = made["certificateId"].as_str().unwrap();
    let (path, arn) = (format!("/certificates/{id}"), made["certificateArn"].as_str().unwrap());
    let shown = aws.ok("GET", &path, json!({}))["certificateDescription"].clone();
    assert_eq!((&shown["certificatePem"], &shown["status"]), (&made["certificatePem"], &json!("ACTIVE")));
    assert_eq!(
        aws.ok("GET", "/certificates?isAscendingOrder=true", json!({}))["certificates"].as_array().map(Vec::len),
        Some(3)
    );

    let principal = [("x-amzn-principal", arn)];
    aws.ok("POST", "/things/t", json!({}));
    aws.ok_with("PUT", "/things/t/principals", &principal, json!({}));
    assert_eq!(aws.ok("GET", "/things/t/principals", json!({})), json!({ "principals": [arn] }));
    let typed = aws.ok("GET", "/things/t/principals-v2", json!({}))["thingPrincipalObjects"].clone();
    assert_eq!(typed, json!([{ "principal": arn, "thingPrincipalType": "NON_EXCLUSIVE_THING" }]));
    assert_eq!(aws.ok_with("GET", "/principals/things", &principal, json!({}))["things"], json!(["t"]));
    aws.ok("POST", "/policies/p", json!({ "policyDocument": document("iot:Connect") }));
    aws.ok("PUT", "/target-policies/p", json!({ "target": arn }));

    aws.no("DELETE", &path, json!({}), "CertificateStateException", "must be deactivated (not ACTIVE) before deletion");
    aws.no("PUT", &format!("{path}?newStatus=PENDING_TRANSFER"), json!({}), "InvalidRequestException", "");
    aws.ok("PUT", &format!("{path}?newStatus=INACTIVE"), json!({}));
    aws.no("DELETE", &path, json!({}), "DeleteConflictException", "Things must be detached");
    aws.no("DELETE", "/things/t", json!({}), "InvalidRequestException", "still attached to one or more principals");
    aws.ok_with("DELETE", "/things/t/principals", &principal, json!({}));
    aws.no("DELETE", &path, json!({}), "DeleteConflictException", "policies must be detached");
    aws.ok("DELETE", &format!("{path}?forceDelete=true"), json!({}));
    aws.ok("DELETE", "/policies/p", json!({}));
    aws.no("GET", &path, json!({}), "ResourceNotFoundException", id);
}

fn authority(aws: &Caller) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let code = aws.ok("GET", "/registrationcode", json!({}))["registrationCode"].as_str().unwrap().to_owned();
    let proof = signed(&code, &root);
    let body = json!({ "caCertificate": root.pem(), "verificationCertificate": proof });
    let wrong = json!({ "caCertificate": root.pem(), "verificationCertificate": signed("x", &root) });
    aws.no("POST", "/cacertificate", wrong, "RegistrationCodeValidationException", "");
    let made = aws.ok("POST", "/cacertificate?setAsActive=true", body);
    let path = format!("/cacertificate/{}", made["certificateId"].as_str().unwrap());
    assert_eq!(aws.ok("GET", &path, json!({}))["certificateDescription"]["status"], "ACTIVE");
    assert_eq!(aws.ok("GET", "/cacertificates", json!({}))["certificates"][0]["certificateId"], made["certificateId"]);

    let device = json!({ "certificatePem": signed("device", &root), "status": "ACTIVE" });
    let registered = aws.ok("POST", "/certificate/register", device.clone());
    aws.no("POST", "/certificate/register", device, "ResourceAlreadyExistsException", "");
    let shown = aws.ok("GET", &format!("/certificates/{}", registered["certificateId"].as_str().unwrap()), json!({}));
    assert_eq!(shown["certificateDescription"]["caCertificateId"], made["certificateId"]);
    let lone = json!({ "certificatePem": signed("lone", &root) });
    aws.ok("POST", "/certificate/register-no-ca", lone);
    aws.no("DELETE", &path, json!({}), "CertificateStateException", "");
    aws.ok("PUT", &format!("{path}?newStatus=INACTIVE"), json!({}));
    let late = json!({ "certificatePem": signed("late", &root) });
    aws.no("POST", "/certificate/register", late, "CertificateStateException", "not active");
    aws.ok("DELETE", &path, json!({}));
}

/// A certificate of that common name, signed by `root`.
fn signed(name: &str, root: &Issuer<'_, KeyPair>) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.signed_by(&KeyPair::generate().unwrap(), root).unwrap().pem()
}
