//! Device certificates: registered from a PEM, issued for a signing request or with new keys.
//!
//! Sources: API:RegisterCertificate, API:RegisterCertificateWithoutCA (mode SNI_ONLY), API:
//! UpdateCertificate, API:DeleteCertificate; texts of the refused deletions: rebuy-de/aws-nuke issue
//! 374 (active) and getmoto/moto pull request 1913 (attached). Issuing is never idempotent: the same
//! request gives another certificate. Chosen: a registration without status is INACTIVE.

use serde_json::{Map, Value, json};

use super::policy::page_by_creation;
use super::refusal::{exists_because, invalid, not_found};
use super::x509::{self, Issued, Parsed};
use super::{ca_certificate, detachment, policy_attachment, thing_principal};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("RegisterCertificate", register_certificate),
    ("RegisterCertificateWithoutCA", register_certificate_without_ca),
    ("CreateCertificateFromCsr", create_certificate_from_csr),
    ("CreateKeysAndCertificate", create_keys_and_certificate),
    ("DescribeCertificate", describe_certificate),
    ("UpdateCertificate", update_certificate),
    ("DeleteCertificate", delete_certificate),
    ("ListCertificates", list_certificates),
];

/// Collection of certificates by id, in the form DescribeCertificate answers.
pub const CERTIFICATES: &str = "iot.certificate";

/// Refuses a principal that is neither a certificate of this account nor a Cognito identity.
pub fn check_principal(tx: &Tx<'_>, request: &Request, principal: &str) -> Result<(), AwsError> {
    if let Some(id) = principal.strip_prefix(&request.arn("iot", "cert/")) {
        return find(tx, id).map(drop);
    }
    // A Cognito identity is `region:uuid`; whether it exists cannot be known here.
    let is_identity = principal.split_once(':').is_some_and(|(region, id)| region == request.region && id.len() == 36);
    if is_identity {
        Ok(())
    } else {
        Err(invalid(format!("{principal} is not a principal of this account and region.")))
    }
}

/// Why a certificate is refused.
pub fn not_valid(reason: impl std::fmt::Display) -> AwsError {
    AwsError::new("CertificateValidationException", format!("The certificate is not valid: {reason}."))
}

/// Reads a certificate that is to be registered, and checks that it is in force.
pub fn readable(request: &Request, pem: &str) -> Result<Parsed, AwsError> {
    let parsed = x509::parse(pem).map_err(not_valid)?;
    if parsed.not_after_ms <= request.now_ms {
        return Err(not_valid("it has expired"));
    }
    Ok(parsed)
}

fn register_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let pem = request.need("certificatePem")?;
    let parsed = readable(request, pem)?;
    let authority = ca_certificate::signer(tx, &parsed, request.str("caCertificatePem"))?;
    let status = match (wanted_status(request)?, request.flag("setAsActive")) {
        (None, Some(true)) => "ACTIVE",
        (status, _) => status.unwrap_or("INACTIVE"),
    };
    let mode = authority["certificateMode"].as_str().unwrap_or("DEFAULT").to_owned();
    keep(
        tx,
        request,
        &parsed,
        pem,
        status,
        json!({ "caCertificateId": authority["certificateId"], "certificateMode": mode }),
    )
}

fn register_certificate_without_ca(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let pem = request.need("certificatePem")?;
    let parsed = readable(request, pem)?;
    let status = wanted_status(request)?.unwrap_or("INACTIVE");
    keep(tx, request, &parsed, pem, status, json!({ "certificateMode": "SNI_ONLY" }))
}

fn create_certificate_from_csr(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let signing_request = request.need("certificateSigningRequest")?;
    let issued = x509::issue_for_request(signing_request, request.now_ms, &tx.unique());
    let issued =
        issued.map_err(|reason| invalid(format!("The certificate signing request is not valid: {reason}.")))?;
    issue(tx, request, &issued)
}

fn create_keys_and_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let issued = x509::issue_with_keys(request.now_ms, &tx.unique()).map_err(AwsError::internal)?;
    let mut answer = issue(tx, request, &issued)?;
    if let Some((public, private)) = issued.keys {
        answer["keyPair"] = json!({ "PublicKey": public, "PrivateKey": private });
    }
    Ok(answer)
}

fn describe_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({ "certificateDescription": find(tx, request.need("certificateId")?)? }))
}

fn update_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (id, status) = (request.need("certificateId")?, request.need("newStatus")?);
    let mut certificate = find(tx, id)?;
    check_status(status)?;
    if certificate["status"] != status {
        certificate["status"] = status.into();
        certificate["customerVersion"] = (certificate["customerVersion"].as_i64().unwrap_or_default() + 1).into();
        certificate["lastModifiedDate"] = request.now_ms.into();
        tx.put(CERTIFICATES, id, certificate);
    }
    Ok(json!({}))
}

/// Not active, on no thing, and without policies; `forceDelete` detaches the policies itself.
fn delete_certificate(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let id = request.need("certificateId")?;
    let certificate = find(tx, id)?;
    let arn = certificate["certificateArn"].as_str().unwrap_or_default();
    if certificate["status"] == "ACTIVE" {
        let message = format!("Certificate must be deactivated (not ACTIVE) before deletion. Id: {id}");
        return Err(AwsError::new("CertificateStateException", message));
    }
    let attached = |what: &str| {
        AwsError::new("DeleteConflictException", format!("{what} must be detached before deletion (arn: {arn})"))
    };
    let detaching = format!("principal/{arn}");
    if thing_principal::of_principal(tx, arn).next().is_some() || detachment::is_pending(tx, request, &detaching) {
        return Err(attached("Things"));
    }
    if request.flag("forceDelete") == Some(true) {
        policy_attachment::forget_target(tx, arn);
    } else if policy_attachment::of_target(tx, arn).next().is_some() {
        return Err(attached("Certificate policies"));
    }
    detachment::forget(tx, &detaching);
    tx.remove(CERTIFICATES, id);
    Ok(json!({}))
}

fn list_certificates(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let shown = |certificate: &Value| {
        let members = ["certificateArn", "certificateId", "status", "certificateMode", "creationDate"];
        let members: Map<String, Value> = members.map(|m| (m.to_owned(), certificate[m].clone())).into_iter().collect();
        Value::Object(members)
    };
    let (certificates, next) = page_by_creation(request, tx.scan(CERTIFICATES), shown)?;
    Ok(json!({ "certificates": certificates, "nextMarker": next }))
}

fn find(tx: &Tx<'_>, id: &str) -> Result<Value, AwsError> {
    tx.get(CERTIFICATES, id).cloned().ok_or_else(|| not_found("Certificate", id))
}

fn wanted_status(request: &Request) -> Result<Option<&str>, AwsError> {
    request.str("status").map(|status| check_status(status).map(|()| status)).transpose()
}

/// The other values of the enum are AWS's own or no longer to be used (API:UpdateCertificate).
fn check_status(status: &str) -> Result<(), AwsError> {
    if matches!(status, "ACTIVE" | "INACTIVE" | "REVOKED") {
        return Ok(());
    }
    Err(invalid(format!("The status {status} cannot be set by callers.")))
}

fn issue(tx: &mut Tx<'_>, request: &Request, issued: &Issued) -> Result<Value, AwsError> {
    let parsed = x509::parse(&issued.certificate).map_err(AwsError::internal)?;
    let status = if request.flag("setAsActive") == Some(true) { "ACTIVE" } else { "INACTIVE" };
    let mut answer = keep(tx, request, &parsed, &issued.certificate, status, json!({ "certificateMode": "DEFAULT" }))?;
    answer["certificatePem"] = issued.certificate.as_str().into();
    Ok(answer)
}

fn keep(
    tx: &mut Tx<'_>,
    request: &Request,
    parsed: &Parsed,
    pem: &str,
    status: &str,
    more: Value,
) -> Result<Value, AwsError> {
    let id = parsed.id.as_str();
    let arn = request.arn("iot", &format!("cert/{id}"));
    if tx.has(CERTIFICATES, id) {
        return Err(exists_because("The certificate is already registered.", id, &arn));
    }
    let mut certificate = json!({
        "certificateArn": arn,
        "certificateId": id,
        "status": status,
        "certificatePem": pem,
        "ownedBy": request.account,
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
        "customerVersion": 1,
        "generationId": tx.uuid(),
        "validity": { "notBefore": parsed.not_before_ms, "notAfter": parsed.not_after_ms },
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        certificate[member] = value.clone();
    }
    tx.put(CERTIFICATES, id, certificate);
    Ok(json!({ "certificateArn": arn, "certificateId": id }))
}
