//! What the managed policies of AWS that fleets use allow, all on every resource.
//!
//! Source: the default versions as IAM gave them in November 2026 (`GetPolicyVersion`). A policy that is not here may
//! allow anything, so nothing is concluded from it.

/// The actions of a managed policy, by the ARN's part after `policy/`.
pub fn actions(arn: &str) -> Option<&'static [&'static str]> {
    let name = arn.split_once("::aws:policy/")?.1;
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, actions)| *actions)
}

const KNOWN: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    ("AmazonSNSFullAccess", &["sns:*"]),
    (
        "service-role/AWSIoTDeviceDefenderAudit",
        &[
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
    ),
    ("service-role/AWSIoTDeviceDefenderPublishFindingsToSNSMitigationAction", &["sns:Publish"]),
    (
        "service-role/AWSIoTLogging",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "logs:PutMetricFilter",
            "logs:PutRetentionPolicy",
            "logs:GetLogEvents",
            "logs:DeleteLogStream",
        ],
    ),
    (
        "service-role/AWSIoTRuleActions",
        &[
            "dynamodb:PutItem",
            "kinesis:PutRecord",
            "iot:Publish",
            "s3:PutObject",
            "sns:Publish",
            "sqs:SendMessage*",
            "cloudwatch:SetAlarmState",
            "cloudwatch:PutMetricData",
            "es:ESHttpPut",
            "firehose:PutRecord",
        ],
    ),
    ("service-role/AWSLambdaBasicExecutionRole", &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
];
