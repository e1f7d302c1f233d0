//! Policies that AWS manages.
//!
//! Every ARN `arn:aws:iam::aws:policy/…` can be attached. Documents are held of the few whose
//! content the fleet's tools read; others are not found by GetPolicy, rather than made up.
//! Source: AWS Managed Policy Reference Guide.

use serde_json::{Value, json};

/// Start of the ARN of every policy AWS manages.
pub const PREFIX: &str = "arn:aws:iam::aws:policy/";

struct Managed {
    path: &'static str,
    name: &'static str,
    version: &'static str,
    /// Actions allowed on every resource.
    actions: &'static [&'static str],
}

const KNOWN: &[Managed] = &[
    Managed {
        path: "/service-role/",
        name: "AWSIoTDeviceDefenderAudit",
        version: "v3",
        actions: &[
            "iot:GetLoggingOptions",
            "iot:GetV2LoggingOptions",
            "iot:ListCACertificates",
            "iot:ListCertificates",
            "iot:DescribeCACertificate",
            "iot:DescribeCertificate",
            "iot:ListPolicies",
            "iot:GetPolicy",
            "iot:GetEffectivePolicies",
            "iot:ListRoleAliases",
            "iot:DescribeRoleAlias",
            "cognito-identity:GetIdentityPoolRoles",
            "iam:ListRolePolicies",
            "iam:ListAttachedRolePolicies",
            "iam:GetRole",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRolePolicy",
            "iam:GenerateServiceLastAccessedDetails",
            "iam:GetServiceLastAccessedDetails",
        ],
    },
    Managed {
        path: "/service-role/",
        name: "AWSLambdaBasicExecutionRole",
        version: "v1",
        actions: &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    },
];

/// When the known policies were made, as far as the sandbox says: its account's beginning of time.
const CREATED_MS: i64 = 1_420_070_400_000;

fn arn(managed: &Managed) -> String {
    format!("{}{}{}", PREFIX, managed.path.trim_start_matches('/'), managed.name)
}

/// The known policies as `iam.policy` objects, by ARN.
pub fn policies() -> impl Iterator<Item = (String, Value)> {
    KNOWN.iter().map(|managed| {
        let arn = arn(managed);
        let policy = json!({
            "PolicyName": managed.name, "PolicyId": format!("ANPA{}", managed.name.to_uppercase()), "Arn": arn, "Path": managed.path,
            "DefaultVersionId": managed.version, "CreateDate": CREATED_MS, "UpdateDate": CREATED_MS,
        });
        (arn, policy)
    })
}

/// The version the sandbox knows of a managed policy: id, time and document.
pub fn version(wanted: &str) -> Option<(&'static str, i64, String)> {
    let managed = KNOWN.iter().find(|managed| arn(managed) == wanted)?;
    let statement = json!({"Effect": "Allow", "Action": managed.actions, "Resource": "*"});
    Some((managed.version, CREATED_MS, json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()))
}
