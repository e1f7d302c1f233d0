//! Who may assume a role: `trustedBy` as a trust policy.

use serde_json::{Value, json};

use super::Spec;
use crate::policy_document::{PolicyDocument, PolicyUse};
use crate::scope::Problems;

fn is_service(principal: &str) -> bool {
    principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn")
}

fn is_account(principal: &str) -> bool {
    principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit())
}

/// Compiles `trustedBy`. Services that are known to say for which account they act get a statement of their own
/// (IoT developer guide, "Cross-service confused deputy prevention", also for Device Defender).
pub fn compiled(trusted_by: &[String], account: &str) -> PolicyDocument {
    let (services, others): (Vec<&String>, _) = trusted_by.iter().partition(|principal| is_service(principal));
    let (telling, silent): (Vec<_>, _) = services.into_iter().partition(|service| *service == "iot.amazonaws.com");
    let statement = |kind: &str, principals: Vec<&String>, conditions: Option<Value>| {
        let mut statement = json!({ "Effect": "Allow", "Principal": { kind: principals }, "Action": "sts:AssumeRole" });
        if let Some(conditions) = conditions {
            statement["Condition"] = conditions;
        }
        (!principals.is_empty()).then_some(statement)
    };
    let own_account = json!({ "StringEquals": { "aws:SourceAccount": account } });
    let statements = [
        statement("Service", telling, Some(own_account)),
        statement("Service", silent, None),
        statement("AWS", others, None),
    ];
    PolicyDocument::of(statements.into_iter().flatten().collect())
}

pub fn check(spec: &Spec, problems: &mut Problems) {
    match (&spec.trust, spec.trusted_by.is_empty()) {
        (Some(document), true) => document.check("/trust", PolicyUse::Trust, problems),
        (Some(_), false) => problems.push("/trust", "`trust` and `trustedBy` exclude each other"),
        (None, false) => {}
        (None, true) => problems.push_help(
            "",
            "nobody may assume this role",
            "say `trustedBy: [lambda.amazonaws.com]`, or write the whole policy under `trust`",
        ),
    }
    for (index, principal) in spec.trusted_by.iter().enumerate() {
        if !is_service(principal) && !is_account(principal) && !principal.starts_with("arn:") {
            problems.push_help(
                format!("/trustedBy/{index}"),
                format!("`{principal}` is no service, account or ARN"),
                "services end with `.amazonaws.com`, accounts have twelve digits",
            );
        }
    }
}
