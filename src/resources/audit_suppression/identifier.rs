//! What a suppression is about, in the words of the check's findings.
//!
//! Source: API:ResourceIdentifier; Device Defender developer guide, "Audit finding suppressions", for which identifier
//! belongs to which check. For the check of revoked intermediate CAs no such text is known, so AWS judges there.

use std::fmt;

use aws_sdk_iot::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scope::{Problems, Reference};

/// API:ResourceIdentifier, of which exactly one member is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ResourceIdentifier")]
pub enum Identifier {
    /// For the checks of device certificates: 64 hexadecimal digits.
    DeviceCertificateId(String),
    /// For the checks of CA certificates: 64 hexadecimal digits.
    CaCertificateId(String),
    /// For the Cognito checks.
    CognitoIdentityPoolId(String),
    /// For CONFLICTING_CLIENT_IDS_CHECK.
    ClientId(String),
    /// For the checks of IoT policies. A later version of the policy is not suppressed.
    #[serde(rename = "policyVersionIdentifier")]
    PolicyVersion { policy_name: String, policy_version_id: String },
    /// For LOGGING_DISABLED_CHECK: the account, twelve digits; `${account}` is this one.
    Account(String),
    /// The ARN of an IAM role.
    IamRoleArn(String),
    /// For the checks of role aliases; `${roleAliases.NAME.arn}` is one of this spec.
    RoleAliasArn(String),
    /// A certificate's issuer.
    #[serde(rename = "issuerCertificateIdentifier")]
    Issuer {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer_certificate_subject: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer_certificate_serial_number: Option<String>,
    },
    /// The ARN of a device certificate.
    DeviceCertificateArn(String),
}

/// The member that a check's findings are identified by, where that is documented.
fn member_of(check: &str) -> Option<&'static str> {
    Some(match check {
        "LOGGING_DISABLED_CHECK" => "account",
        "CONFLICTING_CLIENT_IDS_CHECK" => "clientId",
        "IOT_POLICY_OVERLY_PERMISSIVE_CHECK" | "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK" => {
            "policyVersionIdentifier"
        }
        "CA_CERTIFICATE_EXPIRING_CHECK"
        | "CA_CERTIFICATE_KEY_QUALITY_CHECK"
        | "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK" => "caCertificateId",
        "DEVICE_CERTIFICATE_EXPIRING_CHECK"
        | "DEVICE_CERTIFICATE_AGE_CHECK"
        | "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK"
        | "DEVICE_CERTIFICATE_SHARED_CHECK"
        | "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK" => "deviceCertificateId",
        "UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK"
        | "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK" => "cognitoIdentityPoolId",
        "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK" | "IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK" => {
            "roleAliasArn"
        }
        _ => return None,
    })
}

impl Identifier {
    fn member(&self) -> &'static str {
        match self {
            Identifier::DeviceCertificateId(_) => "deviceCertificateId",
            Identifier::CaCertificateId(_) => "caCertificateId",
            Identifier::CognitoIdentityPoolId(_) => "cognitoIdentityPoolId",
            Identifier::ClientId(_) => "clientId",
            Identifier::PolicyVersion { .. } => "policyVersionIdentifier",
            Identifier::Account(_) => "account",
            Identifier::IamRoleArn(_) => "iamRoleArn",
            Identifier::RoleAliasArn(_) => "roleAliasArn",
            Identifier::Issuer { .. } => "issuerCertificateIdentifier",
            Identifier::DeviceCertificateArn(_) => "deviceCertificateArn",
        }
    }

    pub fn check(&self, check: &str, problems: &mut Problems) {
        let at = format!("/resourceIdentifier/{}", self.member());
        if let Some(wanted) = member_of(check).filter(|wanted| *wanted != self.member()) {
            let message = format!("findings of `{check}` are identified by `{wanted}`, not `{}`", self.member());
            problems.push_help("/resourceIdentifier", message, "Device Defender guide, audit finding suppressions");
        }
        match self {
            Identifier::DeviceCertificateId(id) | Identifier::CaCertificateId(id) if !is_certificate_id(id) => {
                problems.push(at, "the ID of a certificate has 64 hexadecimal digits (API:CertificateId)");
            }
            Identifier::Account(account) if !is_account(account) => {
                problems.push(at, "an account has twelve digits; `${account}` is this one (API:AwsAccountId)");
            }
            Identifier::PolicyVersion { policy_version_id: version, .. } if !is_number(version) => {
                problems.push(format!("{at}/policyVersionId"), "a version is a number (API:PolicyVersionId)");
            }
            _ => {}
        }
    }

    pub fn reference(&self, at: &str) -> Option<Reference> {
        let Identifier::PolicyVersion { policy_name, .. } = self else { return None };
        let at = format!("{at}/policyVersionIdentifier/policyName");
        Reference::to("policies", policy_name, at).map(Reference::or_elsewhere)
    }

    pub fn to_sdk(&self) -> sdk::ResourceIdentifier {
        let all = sdk::ResourceIdentifier::builder();
        match self {
            Identifier::DeviceCertificateId(id) => all.device_certificate_id(id),
            Identifier::CaCertificateId(id) => all.ca_certificate_id(id),
            Identifier::CognitoIdentityPoolId(id) => all.cognito_identity_pool_id(id),
            Identifier::ClientId(id) => all.client_id(id),
            Identifier::PolicyVersion { policy_name, policy_version_id } => {
                let version = sdk::PolicyVersionIdentifier::builder().policy_name(policy_name);
                all.policy_version_identifier(version.policy_version_id(policy_version_id).build())
            }
            Identifier::Account(account) => all.account(account),
            Identifier::IamRoleArn(arn) => all.iam_role_arn(arn),
            Identifier::RoleAliasArn(arn) => all.role_alias_arn(arn),
            Identifier::Issuer { issuer_certificate_subject, issuer_id, issuer_certificate_serial_number } => {
                let issuer = sdk::IssuerCertificateIdentifier::builder()
                    .set_issuer_certificate_subject(issuer_certificate_subject.clone())
                    .set_issuer_id(issuer_id.clone())
                    .set_issuer_certificate_serial_number(issuer_certificate_serial_number.clone());
                all.issuer_certificate_identifier(issuer.build())
            }
            Identifier::DeviceCertificateArn(arn) => all.device_certificate_arn(arn),
        }
        .build()
    }

    /// `None` for none, several, or one that AWS has added since.
    pub fn from_sdk(live: &sdk::ResourceIdentifier) -> Option<Identifier> {
        let text = |value: Option<&str>, build: fn(String) -> Identifier| value.map(|text| build(text.to_owned()));
        let version = live.policy_version_identifier().map(|version| Identifier::PolicyVersion {
            policy_name: version.policy_name().unwrap_or_default().to_owned(),
            policy_version_id: version.policy_version_id().unwrap_or_default().to_owned(),
        });
        let issuer = live.issuer_certificate_identifier().map(|issuer| Identifier::Issuer {
            issuer_certificate_subject: issuer.issuer_certificate_subject().map(str::to_owned),
            issuer_id: issuer.issuer_id().map(str::to_owned),
            issuer_certificate_serial_number: issuer.issuer_certificate_serial_number().map(str::to_owned),
        });
        let members = [
            text(live.device_certificate_id(), Identifier::DeviceCertificateId),
            text(live.ca_certificate_id(), Identifier::CaCertificateId),
            text(live.cognito_identity_pool_id(), Identifier::CognitoIdentityPoolId),
            text(live.client_id(), Identifier::ClientId),
            version,
            text(live.account(), Identifier::Account),
            text(live.iam_role_arn(), Identifier::IamRoleArn),
            text(live.role_alias_arn(), Identifier::RoleAliasArn),
            issuer,
            text(live.device_certificate_arn(), Identifier::DeviceCertificateArn),
        ];
        let mut given = members.into_iter().flatten();
        given.next().filter(|_| given.next().is_none())
    }
}

/// `clientId=line-1`; of several parts, `policyVersionIdentifier=publish,1`.
impl fmt::Display for Identifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=", self.member())?;
        match self {
            Identifier::DeviceCertificateId(text)
            | Identifier::CaCertificateId(text)
            | Identifier::CognitoIdentityPoolId(text)
            | Identifier::ClientId(text)
            | Identifier::Account(text)
            | Identifier::IamRoleArn(text)
            | Identifier::RoleAliasArn(text)
            | Identifier::DeviceCertificateArn(text) => formatter.write_str(text),
            Identifier::PolicyVersion { policy_name, policy_version_id } => {
                write!(formatter, "{policy_name},{policy_version_id}")
            }
            Identifier::Issuer {
                issuer_certificate_subject: subject,
                issuer_id: id,
                issuer_certificate_serial_number: serial,
            } => {
                let parts: Vec<&str> = [subject, id, serial].map(|part| part.as_deref().unwrap_or_default()).into();
                formatter.write_str(&parts.join(","))
            }
        }
    }
}

fn is_certificate_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && is_number(text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_identifier_survives_the_sdk_and_fits_its_check() {
        let id = "8859d970b2d3043ac5af3136f5a52c8a2a54e3dbc27bef406f2617378080696c";
        let policy = |version: &str| json!({ "policyName": "publish", "policyVersionId": version });
        let cases = [
            (json!({ "deviceCertificateId": id }), "DEVICE_CERTIFICATE_SHARED_CHECK", true),
            (json!({ "deviceCertificateId": "beef" }), "DEVICE_CERTIFICATE_SHARED_CHECK", false),
            (json!({ "caCertificateId": id }), "CA_CERTIFICATE_EXPIRING_CHECK", true),
            (json!({ "caCertificateId": id }), "DEVICE_CERTIFICATE_EXPIRING_CHECK", false),
            (
                json!({ "cognitoIdentityPoolId": "eu-central-1:1" }),
                "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
                true,
            ),
            (json!({ "clientId": "line-1" }), "CONFLICTING_CLIENT_IDS_CHECK", true),
            (json!({ "policyVersionIdentifier": policy("1") }), "IOT_POLICY_OVERLY_PERMISSIVE_CHECK", true),
            (json!({ "policyVersionIdentifier": policy("v1") }), "IOT_POLICY_OVERLY_PERMISSIVE_CHECK", false),
            (json!({ "account": "123456789012" }), "LOGGING_DISABLED_CHECK", true),
            (json!({ "account": "123" }), "LOGGING_DISABLED_CHECK", false),
            (json!({ "iamRoleArn": "arn:aws:iam::123456789012:role/r" }), "A_CHECK_OF_TOMORROW", true),
            (
                json!({ "roleAliasArn": "arn:aws:iot:r:123456789012:rolealias/r" }),
                "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
                true,
            ),
            (
                json!({ "issuerCertificateIdentifier": { "issuerCertificateSubject": "CN=x", "issuerId": "ab" } }),
                "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
                true,
            ),
            (
                json!({ "deviceCertificateArn": "arn:aws:iot:r:123456789012:cert/x" }),
                "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
                true,
            ),
        ];
        for (json, check, fits) in cases {
            let identifier: Identifier = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(Identifier::from_sdk(&identifier.to_sdk()).as_ref(), Some(&identifier), "{json}");
            let mut problems = Problems::default();
            identifier.check(check, &mut problems);
            assert_eq!(problems.is_empty(), fits, "{json} {check}: {problems:?}");
        }
    }
}
