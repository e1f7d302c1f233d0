//! Who may invoke a function. Source: API:AddPermission, RemovePermission, GetPolicy (Lambda).
//!
//! Collection `lambda.policy`, key: the function's name, value: the statements.

use serde_json::{Value, json};

use super::function_state::{self, FUNCTION, invalid, refuse};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table =
    &[("AddPermission", add_permission), ("RemovePermission", remove_permission), ("GetPolicy", get_policy)];

/// Collection of resource policies.
pub const POLICY: &str = "lambda.policy";

/// Bytes of a resource policy (Lambda quotas).
const MOST_BYTES: usize = 20 * 1024;

fn statements(tx: &Tx<'_>, name: &str) -> Vec<Value> {
    tx.get(POLICY, name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string()
}

/// A service, an account or an ARN, as a policy names it.
fn principal(given: &str) -> Result<Value, AwsError> {
    if given == "*" {
        return Ok("*".into());
    }
    if given.len() == 12 && given.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(json!({"AWS": format!("arn:aws:iam::{given}:root")}));
    }
    if given.starts_with("arn:aws") {
        return Ok(json!({ "AWS": given }));
    }
    match given.ends_with(".amazonaws.com") || given.ends_with(".amazonaws.com.cn") {
        true => Ok(json!({ "Service": given })),
        false => Err(invalid("The provided principal was invalid. Please check the principal and try again.")),
    }
}

fn statement(request: &Request, arn: &str) -> Result<Value, AwsError> {
    let mut conditions = json!({});
    if let Some(source) = request.str("SourceArn") {
        conditions["ArnLike"]["AWS:SourceArn"] = source.into();
    }
    let equals = [
        ("SourceAccount", "AWS:SourceAccount"),
        ("EventSourceToken", "lambda:EventSourceToken"),
        ("PrincipalOrgID", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
    ];
    for (member, key) in equals {
        if let Some(value) = request.str(member) {
            conditions["StringEquals"][key] = value.into();
        }
    }
    let mut statement = json!({
        "Sid": request.need("StatementId")?, "Effect": "Allow", "Principal": principal(request.need("Principal")?)?,
        "Action": request.need("Action")?, "Resource": arn,
    });
    if conditions.as_object().is_some_and(|conditions| !conditions.is_empty()) {
        statement["Condition"] = conditions;
    }
    Ok(statement)
}

/// Permissions change the function's revision, but start no update.
fn store(tx: &mut Tx<'_>, name: &str, mut function: Value, statements: Vec<Value>) {
    if statements.is_empty() {
        tx.remove(POLICY, name);
    } else {
        tx.put(POLICY, name, statements.into());
    }
    function["RevisionId"] = tx.uuid().into();
    tx.put(FUNCTION, name, function);
}

fn add_permission(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, function) = function_state::find(tx, request)?;
    function_state::check_revision(request, &function)?;
    let id = request.need("StatementId")?;
    let mut all = statements(tx, &name);
    if all.iter().any(|statement| statement["Sid"] == id) {
        return Err(refuse(
            "ResourceConflictException",
            format!(
                "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing statement."
            ),
        ));
    }
    let added = statement(request, &function_state::arn(request, &name))?;
    all.push(added.clone());
    let size = document(&all).len();
    if size > MOST_BYTES {
        let message = format!("The final policy size ({size}) is bigger than the limit ({MOST_BYTES}).");
        return Err(refuse("PolicyLengthExceededException", message));
    }
    store(tx, &name, function, all);
    Ok(json!({ "Statement": added.to_string() }))
}

fn remove_permission(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, function) = function_state::find(tx, request)?;
    let id = request.need("StatementId")?;
    let mut all = statements(tx, &name);
    if all.is_empty() {
        return Err(refuse("ResourceNotFoundException", "No policy is associated with the given resource."));
    }
    function_state::check_revision(request, &function)?;
    let before = all.len();
    all.retain(|statement| statement["Sid"] != id);
    if all.len() == before {
        let message = format!("Statement {id} is not found in resource policy.");
        return Err(refuse("ResourceNotFoundException", message));
    }
    store(tx, &name, function, all);
    Ok(json!({}))
}

fn get_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, function) = function_state::find(tx, request)?;
    let all = statements(tx, &name);
    if all.is_empty() {
        return Err(refuse("ResourceNotFoundException", "The resource you requested does not exist."));
    }
    Ok(json!({ "Policy": document(&all), "RevisionId": function["RevisionId"] }))
}
