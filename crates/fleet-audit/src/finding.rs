//! Findings in AWS's own form, with our rule, place and counterexample beside it.

use crate::repair::SpecChange;
use crate::snapshot::IotPolicy;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// API:AuditFindingSeverity, least severe first so that it can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "LOW",
            Severity::Medium => "MEDIUM",
            Severity::High => "HIGH",
            Severity::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// API:ResourceType.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceType {
    DeviceCertificate,
    CaCertificate,
    IotPolicy,
    CognitoIdentityPool,
    ClientId,
    AccountSettings,
    RoleAlias,
    IamRole,
    IssuerCertificate,
}

/// API:ResourceIdentifier; AWS sets one member, as a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResourceIdentifier {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_certificate_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cognito_identity_pool_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version_identifier: Option<PolicyVersionIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_alias_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_certificate_identifier: Option<IssuerCertificateIdentifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_certificate_arn: Option<String>,
}

/// API:PolicyVersionIdentifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersionIdentifier {
    pub policy_name: String,
    /// Missing before the policy exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version_id: Option<String>,
}

/// API:IssuerCertificateIdentifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuerCertificateIdentifier {
    pub issuer_certificate_subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_id: Option<String>,
    pub issuer_certificate_serial_number: String,
}

impl fmt::Display for ResourceIdentifier {
    /// A short, stable text: the one value that is set, or several joined by `, `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.policy_version_identifier.as_ref().map(|policy| match &policy.policy_version_id {
            Some(version) => format!("{}:{version}", policy.policy_name),
            None => policy.policy_name.clone(),
        });
        let issuer = self.issuer_certificate_identifier.as_ref().map(|issuer| {
            let serial = &issuer.issuer_certificate_serial_number;
            format!("{} ({serial})", issuer.issuer_certificate_subject)
        });
        let plain = [
            &self.device_certificate_id,
            &self.ca_certificate_id,
            &self.cognito_identity_pool_id,
            &self.client_id,
            &policy,
            &self.account,
            &self.iam_role_arn,
            &self.role_alias_arn,
            &issuer,
            &self.device_certificate_arn,
        ];
        let set: Vec<&str> = plain.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&set.join(", "))
    }
}

/// API:NonCompliantResource and API:RelatedResource, which have the same form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    pub resource_type: ResourceType,
    pub resource_identifier: ResourceIdentifier,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_info: BTreeMap<String, String>,
}

impl Resource {
    /// A resource without additional information.
    pub fn new(resource_type: ResourceType, resource_identifier: ResourceIdentifier) -> Self {
        Self { resource_type, resource_identifier, additional_info: BTreeMap::new() }
    }
}

impl Resource {
    /// A device certificate, by its id.
    pub fn device_certificate(id: &str) -> Self {
        let identifier =
            ResourceIdentifier { device_certificate_id: Some(id.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::DeviceCertificate, identifier)
    }

    /// A CA certificate, by its id.
    pub fn ca_certificate(id: &str) -> Self {
        let identifier = ResourceIdentifier { ca_certificate_id: Some(id.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::CaCertificate, identifier)
    }

    /// An AWS IoT policy, by name and version.
    pub fn policy(policy: &IotPolicy) -> Self {
        let identifier = ResourceIdentifier {
            policy_version_identifier: Some(PolicyVersionIdentifier {
                policy_name: policy.policy_name.clone(),
                policy_version_id: policy.default_version_id.clone(),
            }),
            ..ResourceIdentifier::default()
        };
        Self::new(ResourceType::IotPolicy, identifier)
    }

    /// A role alias, by its ARN.
    pub fn role_alias(arn: &str) -> Self {
        let identifier = ResourceIdentifier { role_alias_arn: Some(arn.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::RoleAlias, identifier)
    }

    /// An IAM role, by its ARN.
    pub fn iam_role(arn: &str) -> Self {
        let identifier = ResourceIdentifier { iam_role_arn: Some(arn.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::IamRole, identifier)
    }

    /// An Amazon Cognito identity pool, by its id.
    pub fn identity_pool(id: &str) -> Self {
        let identifier =
            ResourceIdentifier { cognito_identity_pool_id: Some(id.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::CognitoIdentityPool, identifier)
    }

    /// An MQTT client ID.
    pub fn client_id(id: &str) -> Self {
        let identifier = ResourceIdentifier { client_id: Some(id.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::ClientId, identifier)
    }

    /// The settings of an account.
    pub fn account(id: &str) -> Self {
        let identifier = ResourceIdentifier { account: Some(id.to_owned()), ..ResourceIdentifier::default() };
        Self::new(ResourceType::AccountSettings, identifier)
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Relative to the root of the sources, with `/`.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// API:AuditFinding. The members AWS fills in when it runs a task (`findingId`, `taskId`,
/// the times) are missing from findings computed here; ours (`rule` and below) are
/// missing from AWS's. So one type holds both and they can be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    pub check_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_start_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding_time: Option<Timestamp>,
    pub severity: Severity,
    pub non_compliant_resource: Resource,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related_resources: Vec<Resource>,
    pub reason_for_non_compliance: String,
    pub reason_for_non_compliance_code: String,
    #[serde(default)]
    pub is_suppressed: bool,
    /// Our finer rule, e.g. `iot-policy/publish-any-thing`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Where the caller keeps the resource, as given in the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where in the resource's policy document, as a JSON pointer, e.g. `/Statement/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Where the caller's file has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// One access or fact that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<String>,
    /// What was assumed because it cannot be known here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
    /// Why it is suppressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_because: Option<String>,
    /// Whether it is missing from the baseline; nothing without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_new: Option<bool>,
    /// What to change in the spec so that it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_change: Option<SpecChange>,
}

impl Finding {
    /// What stays the same between runs and between AWS's findings and ours: the check
    /// and the resource. AWS's finding ids do not.
    pub fn key(&self) -> (String, String) {
        (self.check_name.clone(), self.non_compliant_resource.resource_identifier.to_string())
    }
}
