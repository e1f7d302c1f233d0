//! Who may invoke a function: the statements of its resource policy, which belong to the function.
//!
//! Most follow from the spec itself: whoever subscribes a function or names it in an action invokes it. They get a
//! statement each, whose ID depends on who invokes and from where, so that it stays the same from run to run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::policy_document::{PolicyDocument, account};
use crate::resources::names::NameRule;
use crate::scope::{Invoker, Problems};

/// Statements by ID.
pub type Permissions = BTreeMap<String, Permission>;

/// `[a-zA-Z0-9-_]+`, 1–100 (API:AddPermission, StatementId).
const STATEMENT_ID: NameRule = NameRule { others: "-_", longest: 100, source: "API:StatementId" };

/// IDs of derived statements begin so.
const DERIVED: &str = "fleetctl-";

const INVOKE: &str = "lambda:InvokeFunction";

/// A permission to invoke the function.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// A service such as `events.amazonaws.com`, an account (twelve digits, in quotes), or an ARN.
    principal: String,
    /// By default `lambda:InvokeFunction`.
    action: Option<String>,
    /// The ARN of what invokes the function. A service without `sourceArn` or `sourceAccount` could be made to invoke
    /// it by other accounts.
    source_arn: Option<String>,
    /// The account that owns what invokes the function: twelve digits, in quotes.
    source_account: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    principal: String,
    action: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    /// What a live statement says beyond that. Never declared, so such a statement is replaced.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    other: Map<String, Value>,
}

pub fn check(specs: &BTreeMap<String, Spec>, problems: &mut Problems) {
    for (id, spec) in specs {
        let pointer = format!("/permissions/{}", crate::spec::node::pointer_token(id));
        STATEMENT_ID.check_at(&pointer, id, problems);
        if id.starts_with(DERIVED) {
            let message = format!("IDs that begin with `{DERIVED}` are for permissions that follow from the spec");
            problems.push_help(&pointer, message, "take another name");
        }
        let service = spec.principal.contains(".amazonaws.com");
        if service && spec.source_arn.is_none() && spec.source_account.is_none() {
            problems.push_help(
                &pointer,
                format!("`{}` could be made to invoke this function by other accounts", spec.principal),
                "add `sourceArn`, or `sourceAccount` with the twelve digits of your account (API:AddPermission)",
            );
        }
        if spec.principal.is_empty() || spec.principal.contains(char::is_whitespace) {
            let message = "a principal is a service, an account's twelve digits, or an ARN (API:AddPermission)";
            problems.push(format!("{pointer}/principal"), message);
        }
        let digits = |account: &String| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !spec.source_account.as_ref().is_none_or(digits) {
            problems.push(format!("{pointer}/sourceAccount"), "an account has twelve digits (API:AddPermission)");
        }
    }
}

/// The declared permissions and those that follow from the rest of the spec.
pub fn desired(specs: BTreeMap<String, Spec>, invokers: &[Invoker]) -> Permissions {
    let declared = specs.into_iter().map(|(id, spec)| {
        let Spec { principal, action, source_arn, source_account } = spec;
        let action = action.unwrap_or_else(|| INVOKE.into());
        let principal = account(principal);
        (id, Permission { principal, action, source_arn, source_account, other: Map::new() })
    });
    let derived = invokers.iter().map(|invoker| {
        let permission = Permission {
            principal: invoker.principal.clone(),
            action: INVOKE.into(),
            source_arn: Some(invoker.source_arn.clone()),
            source_account: None,
            other: Map::new(),
        };
        (statement_id(invoker), permission)
    });
    declared.chain(derived).collect()
}

/// Readable, unique and never too long: the invoker's address, shortened, and a part of a hash.
fn statement_id(invoker: &Invoker) -> String {
    let address = invoker.address.to_string();
    let hash = Sha256::digest(format!("{address} {} {}", invoker.principal, invoker.source_arn));
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let readable = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let room = STATEMENT_ID.longest - DERIVED.len() - 1 - hash.len();
    let label: String = address.chars().map(readable).take(room).collect();
    format!("{DERIVED}{label}-{hash}")
}

/// The statements of a function without a resource policy are none.
pub async fn read(cx: &Context, function: &str) -> Result<Permissions, AwsError> {
    let get = || cx.session.clients.lambda.get_policy().function_name(function).send();
    let found = cx.call("lambda:GetPolicy", get).await.optional()?;
    Ok(found.and_then(|found| found.policy().map(parse)).unwrap_or_default())
}

fn parse(policy: &str) -> Permissions {
    let document = PolicyDocument::live(policy);
    let statements = document.statements().iter().filter_map(Value::as_object).cloned().enumerate();
    statements
        .map(|(index, mut fields)| {
            let id = fields.remove("Sid").and_then(|id| id.as_str().map(str::to_owned));
            (id.unwrap_or_else(|| format!("statement {index}")), permission(fields))
        })
        .collect()
}

/// Takes the known parts out of a statement; what is left is `other`.
fn permission(mut fields: Map<String, Value>) -> Permission {
    let action = fields.get("Action").and_then(only_text).inspect(|_| {
        fields.remove("Action");
    });
    let principal = fields.get("Principal").and_then(principal).inspect(|_| {
        fields.remove("Principal");
    });
    let source_arn = take_condition(&mut fields, "aws:SourceArn");
    let source_account = take_condition(&mut fields, "aws:SourceAccount");
    fields.retain(|key, value| match key.as_str() {
        "Effect" => value != "Allow",
        "Resource" => false,
        "Condition" => value.as_object().is_none_or(|operators| !operators.is_empty()),
        _ => true,
    });
    Permission {
        principal: principal.unwrap_or_default(),
        action: action.unwrap_or_default(),
        source_arn,
        source_account,
        other: fields,
    }
}

/// The text of a list of one; policy documents are in canonical form, where all values are lists.
fn only_text(value: &Value) -> Option<String> {
    match value.as_array()?.as_slice() {
        [only] => only.as_str().map(str::to_owned),
        _ => None,
    }
}

fn principal(value: &Value) -> Option<String> {
    match value {
        Value::String(anyone) => Some(anyone.clone()),
        Value::Object(kinds) => match kinds.iter().collect::<Vec<_>>().as_slice() {
            [(kind, names)] if *kind == "Service" || *kind == "AWS" => only_text(names),
            _ => None,
        },
        _ => None,
    }
}

/// Condition keys are not case-sensitive; Lambda writes `AWS:SourceArn`.
fn take_condition(statement: &mut Map<String, Value>, key: &str) -> Option<String> {
    let operators = statement.get_mut("Condition")?.as_object_mut()?;
    let (operator, written, value) = operators.iter().find_map(|(operator, keys)| {
        let (written, value) = keys.as_object()?.iter().find(|(written, _)| written.eq_ignore_ascii_case(key))?;
        Some((operator.clone(), written.clone(), only_text(value)?))
    })?;
    let keys = operators.get_mut(&operator)?.as_object_mut()?;
    keys.remove(&written);
    if keys.is_empty() {
        operators.remove(&operator);
    }
    Some(value)
}

/// Converges: a statement cannot be changed, only removed and added again.
pub async fn set(cx: &Context, function: &str, live: &Permissions, desired: &Permissions) -> Result<(), AwsError> {
    let lambda = &cx.session.clients.lambda;
    for (id, _) in live.iter().filter(|(id, permission)| desired.get(*id) != Some(*permission)) {
        let remove = || lambda.remove_permission().function_name(function).statement_id(id).send();
        cx.call("lambda:RemovePermission", remove).await.optional()?;
    }
    for (id, permission) in desired.iter().filter(|(id, permission)| live.get(*id) != Some(*permission)) {
        let added = cx
            .call("lambda:AddPermission", || {
                let request = lambda.add_permission().function_name(function).statement_id(id);
                let request = request.principal(&permission.principal).action(&permission.action);
                let request = request.set_source_arn(permission.source_arn.clone());
                request.set_source_account(permission.source_account.clone()).send()
            })
            .await;
        match added {
            // It was free a moment ago, so this is the answer to a call whose first answer was lost.
            Err(error) if error.code() == "ResourceConflictException" && error.message().contains("already exists") => {
            }
            other => drop(other?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::address::Address;

    fn invoker(section: &str, name: &str) -> Invoker {
        Invoker {
            address: Address::new(section, name),
            principal: "sns.amazonaws.com".into(),
            source_arn: format!("arn:aws:sns:eu-west-1:123456789012:{name}"),
        }
    }

    #[test]
    fn derived_ids_are_valid_stable_and_distinct() {
        let long = "x".repeat(200);
        let invokers = [invoker("topics", "a.b"), invoker("topics", "a-b"), invoker("topics", &long)];
        let ids = Vec::from_iter(desired(BTreeMap::new(), &invokers).into_keys());
        assert_eq!(ids.len(), 3);
        let mut problems = Problems::default();
        ids.iter().for_each(|id| STATEMENT_ID.check(id, &mut problems));
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(ids, Vec::from_iter(desired(BTreeMap::new(), &invokers).into_keys()));
    }

    #[test]
    fn what_lambda_gives_back_is_what_was_declared() {
        let specs = json!({
            "events": { "principal": "events.amazonaws.com", "sourceArn": "arn:x", "sourceAccount": "123456789012" },
            "account": { "principal": "123456789012", "action": "lambda:GetFunction" } });
        let declared = desired(serde_json::from_value(specs).unwrap(), &[]);
        let policy = |extra: Value| {
            let resource = "arn:aws:lambda:eu-west-1:123456789012:function:fix";
            let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": [
                { "Sid": "events", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                  "Action": "lambda:InvokeFunction", "Resource": resource, "Condition": {
                    "StringEquals": { "AWS:SourceAccount": "123456789012" }, "ArnLike": { "AWS:SourceArn": "arn:x" } } },
                { "Sid": "account", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
                  "Action": "lambda:GetFunction", "Resource": resource, "Condition": extra } ] });
            parse(&policy.to_string())
        };
        assert_eq!(policy(json!({})), declared);
        let narrowed = policy(json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }));
        assert_ne!(narrowed["account"], declared["account"], "a condition that the spec does not know is a change");
        assert_eq!(narrowed["events"], declared["events"]);
    }
}
