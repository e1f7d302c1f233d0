//! CA certificates of the account, with proof that the caller holds the CA's key.
//!
//! Sources: API:RegisterCACertificate (verification certificate in mode DEFAULT only; ten of the same
//! subject), API:UpdateCACertificate, API:DeleteCACertificate, API:GetRegistrationCode; IoT developer
//! guide, "Register your CA certificate" (the verification certificate's common name is the account's
//! registration code). Chosen: deleting an ACTIVE one is CertificateStateException.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::certificate::{not_valid, readable};
use super::policy::page_by_creation;
use super::refusal::{exists_because, invalid, limit, not_found};
use super::tagging;
use super::x509::{self, Parsed};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("GetRegistrationCode", get_registration_code),
    ("RegisterCACertificate", register_ca_certificate),
    ("DescribeCACertificate", describe_ca_certificate),
    ("UpdateCACertificate", update_ca_certificate),
    ("DeleteCACertificate", delete_ca_certificate),
    ("ListCACertificates", list_ca_certificates),
];

/// CA certificates by id: DescribeCACertificate's answer.
pub const CA_CERTIFICATES: &str = "iot.ca-certificate";
const MOST_OF_A_SUBJECT: usize = 10;

/// The registered CA that signed a device certificate: the one given, or the only one of the
/// issuer's name (API:RegisterCertificate).
pub fn signer(tx: &Tx<'_>, certificate: &Parsed, given: Option<&str>) -> Result<Value, AwsError> {
    let given = given.map(|pem| x509::parse(pem).map_err(not_valid)).transpose()?;
    let mut candidates = Vec::new();
    for (id, registered) in tx.scan(CA_CERTIFICATES) {
        let description = &registered["certificateDescription"];
        let authority = x509::parse(description["certificatePem"].as_str().unwrap_or_default()).map_err(not_valid)?;
        let is_meant = given.as_ref().map_or(authority.subject == certificate.issuer, |given| given.id == id);
        if is_meant {
            candidates.push((authority, description));
        }
    }
    let (authority, description) = match candidates.as_slice() {
        [one] => one,
        [] => return Err(not_valid("its CA certificate is not registered")),
        _ => {
            let message = "More than one registered CA certificate has the issuer's name: caCertificatePem must say which one signed.";
            return Err(AwsError::new("CertificateConflictException", message));
        }
    };
    if !x509::is_signed_by(certificate, authority) {
        return Err(not_valid("its CA certificate did not sign it"));
    }
    if description["status"] != "ACTIVE" {
        return Err(AwsError::new("CertificateStateException", "The CA certificate is not active."));
    }
    Ok((*description).clone())
}

fn get_registration_code(_tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({ "registrationCode": registration_code(request) }))
}

fn register_ca_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let pem = request.need("caCertificate")?;
    let parsed = readable(request, pem)?;
    if !parsed.is_ca {
        return Err(not_valid("it is not a CA certificate"));
    }
    let mode = request.str("certificateMode").unwrap_or("DEFAULT");
    check_possession(request, &parsed, mode)?;
    let arn = request.arn("iot", &format!("cacert/{}", parsed.id));
    if tx.has(CA_CERTIFICATES, &parsed.id) {
        return Err(exists_because("The CA certificate is already registered.", &parsed.id, &arn));
    }
    let stored = tx.scan(CA_CERTIFICATES).filter_map(|(_, ca)| ca["certificateDescription"]["certificatePem"].as_str());
    if stored.filter_map(|pem| x509::parse(pem).ok()).filter(|other| other.subject == parsed.subject).count()
        >= MOST_OF_A_SUBJECT
    {
        return Err(limit(format!("{MOST_OF_A_SUBJECT} CA certificates of this subject are registered.")));
    }
    let one_of =
        |flag, yes: &str, no: &str| if request.flag(flag) == Some(true) { yes.to_owned() } else { no.to_owned() };
    let description = json!({
        "certificateArn": arn,
        "certificateId": parsed.id,
        "status": one_of("setAsActive", "ACTIVE", "INACTIVE"),
        "certificatePem": pem,
        "ownedBy": request.account,
        "creationDate": request.now_ms,
        "autoRegistrationStatus": one_of("allowAutoRegistration", "ENABLE", "DISABLE"),
        "lastModifiedDate": request.now_ms,
        "customerVersion": 1,
        "generationId": tx.uuid(),
        "validity": { "notBefore": parsed.not_before_ms, "notAfter": parsed.not_after_ms },
        "certificateMode": mode,
    });
    let authority =
        json!({ "certificateDescription": description, "registrationConfig": request.get("registrationConfig") });
    tagging::create(tx, request, &arn)?;
    tx.put(CA_CERTIFICATES, &parsed.id, authority);
    Ok(json!({ "certificateArn": arn, "certificateId": parsed.id }))
}

fn describe_ca_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("certificateId")?)
}

fn update_ca_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("certificateId")?;
    let mut authority = find(tx, id)?;
    if request.flag("removeAutoRegistration") == Some(true) {
        if request.get("registrationConfig").is_some() {
            return Err(invalid("removeAutoRegistration and registrationConfig exclude each other."));
        }
        authority["registrationConfig"] = Value::Null;
        authority["certificateDescription"]["autoRegistrationStatus"] = "DISABLE".into();
    }
    if let Some(config) = request.get("registrationConfig") {
        authority["registrationConfig"] = config.clone();
    }
    let description = &mut authority["certificateDescription"];
    for (given, member) in [("newStatus", "status"), ("newAutoRegistrationStatus", "autoRegistrationStatus")] {
        if let Some(value) = request.get(given) {
            description[member] = value.clone();
        }
    }
    description["customerVersion"] = (description["customerVersion"].as_i64().unwrap_or_default() + 1).into();
    description["lastModifiedDate"] = request.now_ms.into();
    tx.put(CA_CERTIFICATES, id, authority);
    Ok(json!({}))
}

fn delete_ca_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("certificateId")?;
    let authority = find(tx, id)?;
    let description = &authority["certificateDescription"];
    if description["status"] == "ACTIVE" {
        let message = format!("CA certificate must be deactivated (not ACTIVE) before deletion. Id: {id}");
        return Err(AwsError::new("CertificateStateException", message));
    }
    tagging::forget(tx, request, description["certificateArn"].as_str().unwrap_or_default());
    tx.remove(CA_CERTIFICATES, id);
    Ok(json!({}))
}

fn list_ca_certificates(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let template = request.str("templateName");
    let chosen = tx
        .scan(CA_CERTIFICATES)
        .filter(|(_, ca)| template.is_none_or(|name| ca["registrationConfig"]["templateName"] == name));
    let shown = |description: &Value| {
        let members = ["certificateArn", "certificateId", "status", "creationDate"];
        let members: Map<String, Value> = members.map(|m| (m.to_owned(), description[m].clone())).into_iter().collect();
        Value::Object(members)
    };
    let descriptions = chosen.map(|(id, ca)| (id, &ca["certificateDescription"]));
    let (certificates, next) = page_by_creation(request, descriptions, shown)?;
    Ok(json!({ "certificates": certificates, "nextMarker": next }))
}

fn find(tx: &Tx<'_>, id: &str) -> Result<Value, AwsError> {
    tx.get(CA_CERTIFICATES, id).cloned().ok_or_else(|| not_found("CA certificate", id))
}

/// The same for an account and region, for good.
fn registration_code(request: &Request) -> String {
    let digest = Sha256::digest(format!("registration code of {} in {}", request.account, request.region));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whoever registers a CA shows a certificate over the registration code, signed with the CA's key.
fn check_possession(request: &Request, authority: &Parsed, mode: &str) -> Result<(), AwsError> {
    let verification = match (request.str("verificationCertificate"), mode) {
        (None, "SNI_ONLY") => return Ok(()),
        (Some(_), "SNI_ONLY") => return Err(invalid("verificationCertificate must be empty in the mode SNI_ONLY.")),
        (None, _) => return Err(invalid("verificationCertificate is needed unless the mode is SNI_ONLY.")),
        (Some(pem), _) => readable(request, pem)?,
    };
    if verification.common_name != registration_code(request) {
        let message =
            "The common name of the verification certificate is not the registration code of this account and region.";
        return Err(AwsError::new("RegistrationCodeValidationException", message));
    }
    if x509::is_signed_by(&verification, authority) {
        Ok(())
    } else {
        Err(not_valid("its key did not sign the verification certificate"))
    }
}
