//! The input of an audit: what is known of one account and region.
//!
//! It may come from a spec, a live account or an emulator; nothing here asks. Field
//! names and forms are those of the AWS APIs where AWS has them, so that answers of
//! `aws iot describe-certificate` and the like can be put in as they are; members that
//! the audit does not read are ignored. Every part may be missing. A missing part is
//! not an empty one: checks that need it answer "not decidable".

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One account and region. Unknown members are refused: a misspelt part would
/// otherwise count as missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Snapshot {
    /// 12 digits.
    pub account_id: Option<String>,
    pub region: Option<String>,
    pub logging: Option<Logging>,
    /// AWS IoT policies.
    pub policies: Option<Vec<IotPolicy>>,
    /// Device certificates.
    pub certificates: Option<Vec<Certificate>>,
    pub ca_certificates: Option<Vec<CaCertificate>>,
    /// PEM texts of further issuers (intermediate CAs), which AWS IoT does not keep.
    pub issuer_certificates: Option<Vec<String>>,
    pub role_aliases: Option<Vec<RoleAlias>>,
    /// The IAM roles that role aliases and identity pools name.
    pub roles: Option<Vec<Role>>,
    pub identity_pools: Option<Vec<IdentityPool>>,
    pub connections: Option<Connections>,
    /// PEM texts of certificate revocation lists.
    pub crls: Option<Vec<String>>,
    pub service_last_accessed: Option<Vec<RoleServiceUse>>,
    /// Debian weak keys, in the form of the `openssl-blacklist` package: the last 20 hex
    /// digits of the SHA-1 of `Modulus=<HEX>\n`.
    pub debian_weak_keys: Option<Vec<String>>,
}

/// AWS IoT logging. Leave a generation out if it was not read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Logging {
    pub v1: Option<LoggingV1>,
    pub v2: Option<LoggingV2>,
    /// Where the caller keeps it, e.g. `logging.main`.
    pub address: Option<String>,
}

/// API:GetLoggingOptions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingV1 {
    pub role_arn: Option<String>,
    /// DEBUG, INFO, ERROR, WARN or DISABLED.
    pub log_level: Option<String>,
}

/// API:GetV2LoggingOptions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingV2 {
    pub role_arn: Option<String>,
    /// DEBUG, INFO, ERROR, WARN or DISABLED.
    pub default_log_level: Option<String>,
    pub disable_all_logs: bool,
}

/// API:GetPolicy: a policy with the document of its default version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IotPolicy {
    pub policy_name: String,
    /// Missing before the policy exists.
    pub default_version_id: Option<String>,
    /// A JSON text as AWS returns it, or the object itself.
    pub policy_document: Value,
    pub address: Option<String>,
}

/// API:DescribeCertificate plus what is attached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    pub certificate_id: String,
    /// ACTIVE, INACTIVE, REVOKED, PENDING_TRANSFER, REGISTER_INACTIVE, PENDING_ACTIVATION.
    pub status: String,
    pub certificate_pem: Option<String>,
    /// PEM text of the signing request, where the certificate is not issued yet: its key
    /// can be judged.
    pub certificate_signing_request: Option<String>,
    pub creation_date: Option<Timestamp>,
    /// Used when there is no PEM.
    pub validity: Option<Validity>,
    /// Names of the things it is attached to (API:ListPrincipalThings).
    pub attached_things: Option<Vec<String>>,
    pub address: Option<String>,
}

/// API:CertificateValidity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validity {
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
}

/// API:DescribeCACertificate, member `certificateDescription`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaCertificate {
    pub certificate_id: String,
    /// ACTIVE or INACTIVE.
    pub status: String,
    pub certificate_pem: Option<String>,
    /// Used when there is no PEM.
    pub validity: Option<Validity>,
    pub address: Option<String>,
}

/// API:DescribeRoleAlias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAlias {
    pub role_alias: String,
    pub role_alias_arn: String,
    pub role_arn: String,
    pub address: Option<String>,
}

/// An IAM role with the documents of its inline and attached policies together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Role {
    pub arn: String,
    pub policies: Vec<RolePolicy>,
}

/// IAM API:GetRolePolicy, or a managed policy's default version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RolePolicy {
    pub policy_name: String,
    /// A JSON text (also percent-encoded, as IAM returns it) or the object itself; missing
    /// if it is not known, as of policies that AWS manages.
    pub policy_document: Option<Value>,
}

/// Cognito API:GetIdentityPoolRoles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IdentityPool {
    pub identity_pool_id: String,
    #[serde(default)]
    pub roles: IdentityPoolRoles,
    /// Whether it was used to connect in the last 31 days; unknown if left out.
    pub recently_used: Option<bool>,
    #[serde(rename = "address")]
    pub address: Option<String>,
}

/// Role ARNs by kind of identity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IdentityPoolRoles {
    pub authenticated: Option<String>,
    pub unauthenticated: Option<String>,
}

/// MQTT connections observed, e.g. from lifecycle events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connections {
    /// The time from which on every connection was seen.
    pub observed_from: Timestamp,
    /// The time up to which every connection was seen.
    pub observed_to: Timestamp,
    pub observations: Vec<Connection>,
}

/// One MQTT connection; names as in the lifecycle events of AWS IoT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    pub client_id: String,
    /// The certificate ID, for connections authenticated by certificate.
    pub principal_identifier: Option<String>,
    pub connected_at: Timestamp,
    /// Missing while the connection lasts.
    pub disconnected_at: Option<Timestamp>,
    /// E.g. `DUPLICATE_CLIENTID` (IoT developer guide, "Lifecycle events").
    pub disconnect_reason: Option<String>,
}

/// IAM API:GetServiceLastAccessedDetails for one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleServiceUse {
    /// The role's ARN (the `Arn` given to GenerateServiceLastAccessedDetails).
    pub arn: String,
    pub services_last_accessed: Vec<ServiceUse>,
}

/// One service of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceUse {
    /// E.g. `dynamodb`.
    pub service_namespace: String,
    /// Missing if never used in IAM's tracking period.
    pub last_authenticated: Option<Timestamp>,
}
