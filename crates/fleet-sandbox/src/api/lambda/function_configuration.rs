//! Configuration of functions. Source: API:CreateFunction, GetFunctionConfiguration,
//! UpdateFunctionConfiguration.

use serde_json::{Map, Value, json};

use super::function_state::{self, invalid};
use crate::api::iam::trust::usable_role;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("GetFunctionConfiguration", get_function_configuration),
    ("UpdateFunctionConfiguration", update_function_configuration),
];

/// Members that are shown as they are given.
const PLAIN: &[&str] = &[
    "Runtime",
    "Role",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "KMSKeyArn",
    "TracingConfig",
    "FileSystemConfigs",
    "EphemeralStorage",
];

/// Bytes of all environment variables (Lambda quotas).
const MOST_ENVIRONMENT: usize = 4096;

/// Variables that Lambda sets itself (Lambda developer guide, "Defined runtime environment variables").
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// What a function is where CreateFunction is not told otherwise.
pub fn defaults(name: &str) -> Value {
    json!({
        "Description": "", "Timeout": 3, "MemorySize": 128, "Version": "$LATEST", "PackageType": "Zip",
        "TracingConfig": {"Mode": "PassThrough"}, "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
    })
}

/// Takes over every member the request gives; the others stay as they are.
pub fn set(tx: &mut Tx<'_>, request: &Request, function: &mut Value) -> Result<(), AwsError> {
    if let Some(role) = request.str("Role") {
        usable_role(tx, request, role, "lambda.amazonaws.com")
            .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))?;
    }
    let Some(members) = function.as_object_mut() else { return Ok(()) };
    for name in PLAIN {
        if let Some(value) = request.get(name) {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    if let Some(environment) = request.get("Environment") {
        let variables = environment["Variables"].as_object().cloned().unwrap_or_default();
        check_environment(&variables)?;
        put_or_remove(members, "Environment", !variables.is_empty(), json!({ "Variables": variables }));
    }
    if let Some(target) = request.get("DeadLetterConfig") {
        let set = target["TargetArn"].as_str().is_some_and(|arn| !arn.is_empty());
        put_or_remove(members, "DeadLetterConfig", set, target.clone());
    }
    if let Some(vpc) = request.get("VpcConfig") {
        let mut vpc = vpc.clone();
        let set = vpc["SubnetIds"].as_array().is_some_and(|subnets| !subnets.is_empty());
        vpc["VpcId"] = "".into();
        put_or_remove(members, "VpcConfig", set, vpc);
    }
    if request.get("Layers").is_some() {
        let layers: Vec<Value> = request.list("Layers").iter().map(|arn| json!({"Arn": arn, "CodeSize": 0})).collect();
        put_or_remove(members, "Layers", !layers.is_empty(), layers.into());
    }
    if let Some(snap_start) = request.get("SnapStart") {
        let apply = snap_start["ApplyOn"].clone();
        members.insert("SnapStart".to_owned(), json!({"ApplyOn": apply, "OptimizationStatus": "Off"}));
    }
    if let (Some(given), Some(logging)) = (
        request.get("LoggingConfig").and_then(Value::as_object),
        members.get_mut("LoggingConfig").and_then(Value::as_object_mut),
    ) {
        logging.extend(given.clone());
    }
    Ok(())
}

fn put_or_remove(members: &mut Map<String, Value>, name: &str, set: bool, value: Value) {
    if set {
        members.insert(name.to_owned(), value);
    } else {
        members.shift_remove(name);
    }
}

fn check_environment(variables: &Map<String, Value>) -> Result<(), AwsError> {
    let prefix =
        "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        let keys = reserved.join(", ");
        return Err(invalid(format!(
            "{prefix} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {keys}"
        )));
    }
    let size: usize = variables.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    match size > MOST_ENVIRONMENT {
        // The message of AWS repeats the variables; they may be secrets, so this one does not.
        true => Err(invalid(format!("{prefix} exceeded the 4KB limit."))),
        false => Ok(()),
    }
}

fn get_function_configuration(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (_, function) = function_state::find(tx, request)?;
    Ok(function_state::shown(request, &function, true))
}

fn update_function_configuration(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, mut function) = function_state::find(tx, request)?;
    function_state::check_settled(request, &function)?;
    function_state::check_revision(request, &function)?;
    set(tx, request, &mut function)?;
    let function = function_state::store_update(tx, request, &name, function);
    Ok(function_state::shown(request, &function, true))
}
