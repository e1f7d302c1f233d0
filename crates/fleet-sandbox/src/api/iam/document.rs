//! Policy documents: what IAM accepts, and how it gives them back.
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"; the refusals are IAM's texts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::AwsError;
use crate::store::Tx;

/// RFC 3986: everything but unreserved characters (API:GetRolePolicy).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM's answers carry it.
pub fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Characters that count against size quotas: IAM does not count white space.
pub fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// The entries of a policy element that may be one value or a list of them.
pub fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Refuses what IAM refuses in a policy attached to an identity.
pub fn check_identity(text: &str) -> Result<(), AwsError> {
    let statements = statements(text)?;
    for statement in &statements {
        if has(statement, "Principal") || has(statement, "NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        actions(statement)?;
        if !has(statement, "Resource") && !has(statement, "NotResource") {
            return Err(malformed("Policy statement must contain resources."));
        }
        for resource in texts(statement, &["Resource", "NotResource"])? {
            if resource != "*" && !resource.starts_with("arn:") {
                return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
            }
        }
    }
    unique_sids(&statements)
}

/// Refuses what IAM refuses in a role's trust policy.
pub fn check_trust(tx: &Tx<'_>, account: &str, text: &str) -> Result<(), AwsError> {
    let statements = statements(text)?;
    for statement in &statements {
        for field in ["Resource", "NotResource"] {
            if has(statement, field) {
                return Err(malformed(format!("Has prohibited field {field}")));
            }
        }
        if !has(statement, "Principal") {
            return Err(malformed("Missing required field Principal"));
        }
        actions(statement)?;
        principals(tx, account, &statement["Principal"])?;
    }
    unique_sids(&statements)
}

fn malformed(message: impl Into<String>) -> AwsError {
    AwsError::new("MalformedPolicyDocument", message)
}

fn has(statement: &Value, field: &str) -> bool {
    statement.get(field).is_some()
}

fn statements(text: &str) -> Result<Vec<Value>, AwsError> {
    const ELEMENTS: &[&str] = &["Version", "Id", "Statement"];
    let document: Value = serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let syntax = || malformed("Syntax errors in policy.");
    let members = document.as_object().ok_or_else(syntax)?;
    let version = members.get("Version").is_none_or(|v| v == "2012-10-17" || v == "2008-10-17");
    if !version || members.keys().any(|name| !ELEMENTS.contains(&name.as_str())) {
        return Err(syntax());
    }
    let statements: Vec<Value> = one_or_many(&document["Statement"]).into_iter().cloned().collect();
    let known = |s: &Value| s.as_object().is_some_and(|s| s.keys().all(|k| STATEMENT.contains(&k.as_str())));
    let effects = |s: &Value| s["Effect"] == "Allow" || s["Effect"] == "Deny";
    if statements.is_empty() || !statements.iter().all(|s| known(s) && effects(s)) {
        return Err(syntax());
    }
    Ok(statements)
}

const STATEMENT: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn actions(statement: &Value) -> Result<(), AwsError> {
    let actions = texts(statement, &["Action", "NotAction"])?;
    if actions.is_empty() {
        return Err(malformed("Policy statement must contain actions."));
    }
    match actions.iter().all(|action| action == "*" || action.contains(':')) {
        true => Ok(()),
        false => Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")),
    }
}

fn texts(statement: &Value, fields: &[&str]) -> Result<Vec<String>, AwsError> {
    let values = fields.iter().flat_map(|field| one_or_many(&statement[*field]));
    values.map(|v| v.as_str().map(str::to_owned).ok_or_else(|| malformed("Syntax errors in policy."))).collect()
}

fn principals(tx: &Tx<'_>, account: &str, principal: &Value) -> Result<(), AwsError> {
    let Some(kinds) = principal.as_object() else {
        return if principal == "*" { Ok(()) } else { Err(malformed("Syntax errors in policy.")) };
    };
    for (kind, named) in kinds {
        for name in one_or_many(named) {
            let name = name.as_str().ok_or_else(|| malformed("Syntax errors in policy."))?;
            let known = match kind.as_str() {
                "Service" => name.contains(".amazonaws.com") || name.ends_with(".amazon.com"),
                "AWS" => principal_exists(tx, account, name),
                "Federated" | "CanonicalUser" => true,
                _ => return Err(malformed("Syntax errors in policy.")),
            };
            if !known {
                let kind = kind.to_uppercase();
                return Err(malformed(format!("Invalid principal in policy: \"{kind}\":\"{name}\"")));
            }
        }
    }
    Ok(())
}

/// Roles of the own account must exist; principals of other accounts cannot be looked up.
fn principal_exists(tx: &Tx<'_>, account: &str, name: &str) -> bool {
    match name.strip_prefix(&format!("arn:aws:iam::{account}:role/")) {
        Some(path) => tx.get("iam.role", path.rsplit('/').next().unwrap_or(path)).is_some_and(|r| r["Arn"] == name),
        None => {
            let account = name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
            account || name == "*" || name.starts_with("arn:aws")
        }
    }
}

fn unique_sids(statements: &[Value]) -> Result<(), AwsError> {
    let mut sids: Vec<&str> = statements.iter().filter_map(|s| s["Sid"].as_str()).filter(|s| !s.is_empty()).collect();
    let all = sids.len();
    sids.sort_unstable();
    sids.dedup();
    match sids.len() == all {
        true => Ok(()),
        false => Err(malformed("Statement IDs (SID) in a single policy must be unique.")),
    }
}
