//! Functions. Source: API:CreateFunction, GetFunction, DeleteFunction, ListFunctions.
//!
//! There is one version, `$LATEST`.

use serde_json::{Value, json};

use super::function_state::{self, FUNCTION, invalid, refuse};
use super::{concurrency, function_code, function_configuration, permission, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateFunction", create_function),
    ("GetFunction", get_function),
    ("DeleteFunction", delete_function),
    ("ListFunctions", list_functions),
];

const PAGING: Paging<'static> =
    Paging { token: "Marker", size: "MaxItems", default: 50, max: 50, invalid: "InvalidParameterValueException" };

/// Characters of a function's name.
const MOST_CHARACTERS: usize = 64;

/// Refuses to publish a version, which would not be there afterwards.
pub fn refuse_versions(request: &Request) -> Result<(), AwsError> {
    match request.flag("Publish").unwrap_or(false) {
        true => Err(invalid("The sandbox keeps no versions besides $LATEST: leave Publish out.")),
        false => Ok(()),
    }
}

fn create_function(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = function_state::name_of(request)?;
    if name.len() > MOST_CHARACTERS {
        return Err(invalid(format!("Function name must be at most {MOST_CHARACTERS} characters long: {name}")));
    }
    if tx.has(FUNCTION, name) {
        return Err(refuse("ResourceConflictException", format!("Function already exist: {name}")));
    }
    refuse_versions(request)?;
    if request.str("PackageType") != Some("Image")
        && (request.get("Runtime").is_none() || request.get("Handler").is_none())
    {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    let code = function_code::read(request.get("Code").unwrap_or(&Value::Null))?;
    let arn = function_state::arn(request, name);
    let mut function = function_configuration::defaults(name);
    function["FunctionName"] = name.into();
    function["FunctionArn"] = arn.clone().into();
    function_configuration::set(tx, request, &mut function)?;
    function_code::put(tx, name, &mut function, code, false);
    if let Some(architectures) = request.get("Architectures") {
        function["Architectures"] = architectures.clone();
    }
    function_state::begin_creation(request, &mut function);
    function_state::touch(tx, request, &mut function);
    tx.put(FUNCTION, name, function.clone());
    let tags = tags::read(request.get("Tags"), &tag::CODES)?;
    tags::create(tx, request, &arn, tags, &tag::CODES)?;
    Ok(function_state::shown(request, &function, true))
}

fn get_function(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, function) = function_state::find(tx, request)?;
    let tags = tags::of(tx, &function_state::arn(request, &name));
    Ok(json!({
        "Configuration": function_state::shown(request, &function, true),
        "Code": function_code::location(request, &name),
        "Tags": if tags.is_empty() { Value::Null } else { Value::Object(tags) },
        "Concurrency": concurrency::of(tx, &name),
    }))
}

fn delete_function(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    if request.str("Qualifier") == Some("$LATEST") {
        return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
    }
    let (name, _) = function_state::find(tx, request)?;
    for collection in [FUNCTION, function_code::CODE, permission::POLICY, concurrency::CONCURRENCY] {
        tx.remove(collection, &name);
    }
    tags::delete(tx, request, &function_state::arn(request, &name));
    Ok(json!({ "StatusCode": 204 }))
}

fn list_functions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let functions = tx.scan(FUNCTION).map(|(name, f)| (name.to_owned(), function_state::shown(request, f, false)));
    let (functions, marker) = page(request, &PAGING, functions)?;
    Ok(json!({ "Functions": functions, "NextMarker": marker }))
}
