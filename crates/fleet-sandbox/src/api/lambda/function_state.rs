//! What a function's state is at a moment, and how it is shown.
//! Source: Lambda developer guide, "Lambda function states".

use serde_json::{Value, json};

use crate::error::AwsError;
use crate::protocol::json::instant;
use crate::request::Request;
use crate::store::Tx;

/// Collection of functions: key: the name, value: the configuration, and the moments when the
/// creation and the last update end.
pub const FUNCTION: &str = "lambda.function";

const PENDING_UNTIL: &str = "pendingUntilMs";
const UPDATING_UNTIL: &str = "updatingUntilMs";

/// Lambda's refusal, which says whose fault it is.
pub fn refuse(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(code, message).field("Type", "User")
}

/// A parameter that cannot be.
pub fn invalid(message: impl Into<String>) -> AwsError {
    refuse("InvalidParameterValueException", message)
}

/// The function's ARN.
pub fn arn(request: &Request, name: &str) -> String {
    request.arn("lambda", &format!("function:{name}"))
}

/// The name in `FunctionName`, which may also be a whole or partial ARN.
///
/// # Errors
/// `ResourceNotFoundException` for a version or alias: the sandbox has `$LATEST` only.
pub fn name_of(request: &Request) -> Result<&str, AwsError> {
    let given = request.need("FunctionName")?;
    let tail = given.rsplit_once("function:").map_or(given, |(_, tail)| tail);
    // ACCOUNT:NAME is a partial ARN, NAME:QUALIFIER is not.
    let tail = match tail.split_once(':') {
        Some((account, name)) if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => tail,
    };
    let (name, qualifier) = tail.split_once(':').unwrap_or((tail, "$LATEST"));
    let qualifier = request.str("Qualifier").unwrap_or(qualifier);
    match qualifier {
        "$LATEST" => Ok(name),
        other => Err(missing(request, &format!("{name}:{other}"))),
    }
}

fn missing(request: &Request, name: &str) -> AwsError {
    refuse("ResourceNotFoundException", format!("Function not found: {}", arn(request, name)))
}

/// Name and record of the function a request means.
pub fn find(tx: &Tx<'_>, request: &Request) -> Result<(String, Value), AwsError> {
    let name = name_of(request)?;
    let function = tx.get(FUNCTION, name).cloned().ok_or_else(|| missing(request, name))?;
    Ok((name.to_owned(), function))
}

fn settled_ms(request: &Request) -> i64 {
    request.now_ms.saturating_add(i64::try_from(request.realism.lambda_settling.as_millis()).unwrap_or(i64::MAX))
}

fn before(request: &Request, function: &Value, moment: &str) -> bool {
    function[moment].as_i64().is_some_and(|until| request.now_ms < until)
}

/// Starts the time in which the function is created.
pub fn begin_creation(request: &Request, function: &mut Value) {
    function[PENDING_UNTIL] = settled_ms(request).into();
}

/// Stores a changed function: new revision, update in progress.
pub fn store_update(tx: &mut Tx<'_>, request: &Request, name: &str, mut function: Value) -> Value {
    function[UPDATING_UNTIL] = settled_ms(request).into();
    touch(tx, request, &mut function);
    tx.put(FUNCTION, name, function.clone());
    function
}

/// Gives the function a new revision and time of change.
pub fn touch(tx: &mut Tx<'_>, request: &Request, function: &mut Value) {
    function["RevisionId"] = tx.uuid().into();
    function["LastModified"] = instant(request.now_ms).replace('Z', "+0000").into();
}

/// Refuses a change while another one settles.
pub fn check_settled(request: &Request, function: &Value) -> Result<(), AwsError> {
    let prefix = "The operation cannot be performed at this time.";
    if before(request, function, PENDING_UNTIL) {
        let message = format!("{prefix} The function is currently in the following state: Pending");
        return Err(refuse("ResourceConflictException", message));
    }
    if before(request, function, UPDATING_UNTIL) {
        let arn = function["FunctionArn"].as_str().unwrap_or_default();
        let message = format!("{prefix} An update is in progress for resource: {arn}");
        return Err(refuse("ResourceConflictException", message));
    }
    Ok(())
}

/// Refuses a change that was computed from another revision.
pub fn check_revision(request: &Request, function: &Value) -> Result<(), AwsError> {
    match request.str("RevisionId").filter(|revision| function["RevisionId"] != *revision) {
        None => Ok(()),
        Some(_) => Err(refuse(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId",
        )),
    }
}

/// The configuration as answers show it; lists leave the states out (API:ListFunctions).
pub fn shown(request: &Request, function: &Value, with_state: bool) -> Value {
    let mut out = function.clone();
    if let Some(members) = out.as_object_mut() {
        members.shift_remove(PENDING_UNTIL);
        members.shift_remove(UPDATING_UNTIL);
    }
    if !with_state {
        return out;
    }
    let (pending, updating) = (before(request, function, PENDING_UNTIL), before(request, function, UPDATING_UNTIL));
    let state = if pending {
        json!({"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"})
    } else if updating {
        json!({
            "State": "Active", "LastUpdateStatus": "InProgress",
            "LastUpdateStatusReason": "The function is being created.",
        })
    } else {
        json!({"State": "Active", "LastUpdateStatus": "Successful"})
    };
    if let (Some(out), Value::Object(state)) = (out.as_object_mut(), state) {
        out.extend(state);
    }
    out
}
