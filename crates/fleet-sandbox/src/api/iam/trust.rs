//! Whether a service can assume a role: does it exist, does its trust allow it, has it propagated.

use serde_json::Value;

use super::document::one_or_many;

use crate::request::Request;
use crate::store::Tx;

/// Why a role cannot be assumed by a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Not an IAM role ARN of this account, or no such role.
    Missing,
    /// The trust policy does not name the service.
    Untrusted,
    /// Made or given its trust less than `realism.iam_propagation` ago.
    Propagating,
}

/// Checks that `service` (for example `lambda.amazonaws.com`) can assume the role. Services word
/// the refusal differently, most do not tell the three reasons apart.
pub fn usable_role(tx: &mut Tx<'_>, request: &Request, arn: &str, service: &str) -> Result<(), Unusable> {
    let prefix = format!("arn:aws:iam::{}:role/", request.account);
    let name = arn.strip_prefix(&prefix).and_then(|path| path.rsplit('/').next()).ok_or(Unusable::Missing)?;
    let iam = tx.global();
    let role = iam.get("iam.role", name).filter(|role| role["Arn"] == arn).ok_or(Unusable::Missing)?;
    let document: Value =
        role["AssumeRolePolicyDocument"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if !trusts(&document, service) {
        return Err(Unusable::Untrusted);
    }
    let changed_ms = role["trustChangedMs"].as_i64().unwrap_or(0);
    let wait_ms = i64::try_from(request.realism.iam_propagation.as_millis()).unwrap_or(i64::MAX);
    if request.now_ms < changed_ms.saturating_add(wait_ms) { Err(Unusable::Propagating) } else { Ok(()) }
}

fn trusts(document: &Value, service: &str) -> bool {
    let statements = one_or_many(&document["Statement"]);
    let by_effect = |effect: &str| {
        statements.iter().any(|statement| {
            let principals = one_or_many(&statement["Principal"]["Service"]);
            let named = principals.iter().any(|p| *p == service) || statement["Principal"] == "*";
            let actions = one_or_many(&statement["Action"]);
            let assumes = actions
                .iter()
                .filter_map(|a| a.as_str())
                .any(|a| a == "*" || a.eq_ignore_ascii_case("sts:*") || a.eq_ignore_ascii_case("sts:AssumeRole"));
            statement["Effect"] == effect && named && assumes
        })
    };
    by_effect("Allow") && !by_effect("Deny")
}
