//! Audit suppressions: a check and a resource whose findings do not count, until a date or for good.
//!
//! Sources: API:CreateAuditSuppression (a client token of another suppression is refused), API:
//! DeleteAuditSuppression (no "not found"), API:ListAuditSuppressions (by expiration, ascending unless
//! told otherwise); Device Defender developer guide, "Audit finding suppressions" (which identifier
//! belongs to which check). Chosen: an expiration date must lie in the future; suppressions without
//! one come last.

use fleet_audit::suppression::Suppression;
use serde_json::{Value, json};

use super::audit_configuration::check_name;
use super::refusal::{invalid, not_found};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page, page_backwards};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateAuditSuppression", create_audit_suppression),
    ("DescribeAuditSuppression", describe_audit_suppression),
    ("UpdateAuditSuppression", update_audit_suppression),
    ("DeleteAuditSuppression", delete_audit_suppression),
    ("ListAuditSuppressions", list_audit_suppressions),
];

/// Suppressions as `check/identifier`: DescribeAuditSuppression's answer and `clientRequestToken`.
const SUPPRESSIONS: &str = "iot.audit-suppression";

/// All suppressions, in force or not, as the audit reads them.
pub fn all(tx: &Tx<'_>) -> Vec<Suppression> {
    let read = |suppression: &Value| {
        let mut plain = shown(suppression);
        plain["expirationDate"] = plain["expirationDate"].as_i64().map(|at| at.div_euclid(1000)).into();
        serde_json::from_value(plain).ok()
    };
    tx.scan(SUPPRESSIONS).filter_map(|(_, suppression)| read(suppression)).collect()
}

fn create_audit_suppression(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let key = key(request)?;
    check_identifier(request)?;
    let token = request.need("clientRequestToken")?;
    let token_used = tx.scan(SUPPRESSIONS).any(|(_, present)| present["clientRequestToken"] == token);
    if tx.has(SUPPRESSIONS, &key) || token_used {
        let what = if token_used { "with this client request token" } else { "for this check and resource" };
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            format!("An audit suppression {what} already exists."),
        ));
    }
    let mut suppression =
        json!({ "checkName": request.get("checkName"), "resourceIdentifier": request.get("resourceIdentifier") });
    set(&mut suppression, request)?;
    suppression["clientRequestToken"] = token.into();
    tx.put(SUPPRESSIONS, &key, suppression);
    Ok(json!({}))
}

fn describe_audit_suppression(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(shown(&find(tx, &key(request)?)?))
}

fn update_audit_suppression(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let key = key(request)?;
    let mut suppression = find(tx, &key)?;
    set(&mut suppression, request)?;
    tx.put(SUPPRESSIONS, &key, suppression);
    Ok(json!({}))
}

fn delete_audit_suppression(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    tx.remove(SUPPRESSIONS, &key(request)?);
    Ok(json!({}))
}

fn list_audit_suppressions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let chosen = tx.scan(SUPPRESSIONS).filter(|(_, suppression)| {
        ["checkName", "resourceIdentifier"]
            .iter()
            .all(|part| request.get(part).is_none_or(|wanted| suppression[*part] == *wanted))
    });
    let expires = |suppression: &Value| suppression["expirationDate"].as_i64().unwrap_or(i64::MAX);
    let mut keyed: Vec<(String, Value)> =
        chosen.map(|(key, suppression)| (format!("{:020}/{key}", expires(suppression)), shown(suppression))).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let (suppressions, next) = if request.flag("ascendingOrder") == Some(false) {
        keyed.reverse();
        page_backwards(request, &paging::IOT, keyed)?
    } else {
        page(request, &paging::IOT, keyed)?
    };
    Ok(json!({ "suppressions": suppressions, "nextToken": next }))
}

fn find(tx: &Tx<'_>, key: &str) -> Result<Value, AwsError> {
    tx.get(SUPPRESSIONS, key).cloned().ok_or_else(|| not_found("Audit suppression", key))
}

fn shown(suppression: &Value) -> Value {
    let mut shown = suppression.clone();
    if let Some(members) = shown.as_object_mut() {
        members.remove("clientRequestToken");
    }
    shown
}

/// Check and identifier; the identifier's members sorted, so that their order does not matter.
fn key(request: &Request) -> Result<String, AwsError> {
    let check = request.need("checkName")?;
    check_name(check)?;
    let mut members: Vec<(&String, &Value)> =
        request.get("resourceIdentifier").and_then(Value::as_object).into_iter().flatten().collect();
    members.sort_by_key(|(member, _)| member.as_str());
    let parts: Vec<String> = members.into_iter().map(|(member, value)| format!("{member}={value}")).collect();
    Ok(format!("{check}/{}", parts.join(",")))
}

/// The member that names a check's resources.
fn identifier_of(check: &str) -> &'static str {
    match check {
        "CONFLICTING_CLIENT_IDS_CHECK" => "clientId",
        "LOGGING_DISABLED_CHECK" => "account",
        check if check.starts_with("IOT_POLICY_") => "policyVersionIdentifier",
        check if check.starts_with("IOT_ROLE_ALIAS_") => "roleAliasArn",
        check if check.contains("AUTHENTICATED_COGNITO_") => "cognitoIdentityPoolId",
        "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK" => "issuerCertificateIdentifier",
        check if check.contains("CA_CERTIFICATE_") => "caCertificateId",
        _ => "deviceCertificateId",
    }
}

fn check_identifier(request: &Request) -> Result<(), AwsError> {
    let check = request.need("checkName")?;
    let given: Vec<&str> = request
        .get("resourceIdentifier")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(member, _)| member.as_str())
        .collect();
    let wanted = identifier_of(check);
    if given == [wanted] {
        return Ok(());
    }
    Err(invalid(format!("The resource of {check} is identified by {wanted} and nothing else.")))
}

/// Takes over what is given; a date and "indefinitely" exclude each other, and one must hold.
fn set(suppression: &mut Value, request: &Request) -> Result<(), AwsError> {
    let indefinitely = request.flag("suppressIndefinitely") == Some(true);
    match request.int("expirationDate") {
        Some(_) if indefinitely => return Err(invalid("expirationDate and suppressIndefinitely exclude each other.")),
        Some(date) if date <= request.now_ms => return Err(invalid("expirationDate must lie in the future.")),
        Some(date) => {
            suppression["expirationDate"] = date.into();
            suppression["suppressIndefinitely"] = false.into();
        }
        None if indefinitely => {
            suppression["expirationDate"] = Value::Null;
            suppression["suppressIndefinitely"] = true.into();
        }
        None if request.flag("suppressIndefinitely") == Some(false) => {
            suppression["suppressIndefinitely"] = false.into()
        }
        None => {}
    }
    if suppression["expirationDate"].is_null() && suppression["suppressIndefinitely"] != true {
        return Err(invalid("Either expirationDate or suppressIndefinitely is needed."));
    }
    if let Some(description) = request.get("description") {
        suppression["description"] = description.clone();
    }
    Ok(())
}
