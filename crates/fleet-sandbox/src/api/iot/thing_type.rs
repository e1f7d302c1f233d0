//! Thing types: created once, deprecated, and deleted five minutes after that.
//!
//! Sources: API:CreateThingType, API:DeprecateThingType, API:DeleteThingType; IoT developer guide,
//! "Thing types" (three searchable attributes). Unknown and chosen: UpdateThingType replaces each
//! property it is given, also `searchableAttributes`; deprecating again keeps the first date.

use serde_json::{Value, json};

use super::refusal::{exists, invalid, not_found};
use super::{tagging, thing};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateThingType", create_thing_type),
    ("DescribeThingType", describe_thing_type),
    ("UpdateThingType", update_thing_type),
    ("DeprecateThingType", deprecate_thing_type),
    ("DeleteThingType", delete_thing_type),
    ("ListThingTypes", list_thing_types),
];

/// Collection of thing types by name, in the form DescribeThingType answers.
pub const THING_TYPES: &str = "iot.thing-type";
const MAX_SEARCHABLE: usize = 3;

/// The thing type, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(THING_TYPES, name).cloned().ok_or_else(|| not_found("Thing type", name))
}

/// The same again is no error, another content is.
fn create_thing_type(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingTypeName")?;
    let properties = request.get("thingTypeProperties").cloned().unwrap_or_else(|| json!({}));
    check(&properties)?;
    let arn = request.arn("iot", &format!("thingtype/{name}"));
    if let Some(present) = tx.get(THING_TYPES, name) {
        if canonical(&present["thingTypeProperties"]) != canonical(&properties) {
            return Err(exists("ThingType", name, &arn));
        }
        return Ok(identity(present));
    }
    let thing_type = json!({
        "thingTypeName": name,
        "thingTypeId": tx.uuid(),
        "thingTypeArn": arn,
        "thingTypeProperties": properties,
        "thingTypeMetadata": { "deprecated": false, "creationDate": request.now_ms },
    });
    tagging::create(tx, request, &arn)?;
    let answer = identity(&thing_type);
    tx.put(THING_TYPES, name, thing_type);
    Ok(answer)
}

fn describe_thing_type(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("thingTypeName")?)
}

fn update_thing_type(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingTypeName")?;
    let mut thing_type = find(tx, name)?;
    if let Some(given) = request.get("thingTypeProperties").and_then(Value::as_object) {
        for (property, value) in given {
            thing_type["thingTypeProperties"][property] = value.clone();
        }
    }
    check(&thing_type["thingTypeProperties"])?;
    tx.put(THING_TYPES, name, thing_type);
    Ok(json!({}))
}

fn deprecate_thing_type(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingTypeName")?;
    let mut thing_type = find(tx, name)?;
    let metadata = &mut thing_type["thingTypeMetadata"];
    if request.flag("undoDeprecate") == Some(true) {
        metadata["deprecated"] = false.into();
        metadata["deprecationDate"] = Value::Null;
    } else if metadata["deprecated"] == false {
        metadata["deprecated"] = true.into();
        metadata["deprecationDate"] = request.now_ms.into();
    }
    tx.put(THING_TYPES, name, thing_type);
    Ok(json!({}))
}

/// Deprecated, waited, and no thing left that has it.
fn delete_thing_type(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingTypeName")?;
    let thing_type = find(tx, name)?;
    let metadata = &thing_type["thingTypeMetadata"];
    if metadata["deprecated"] == false {
        return Err(invalid(format!("Cannot delete thing type : {name}. It must be deprecated first")));
    }
    let wait_ms = i64::try_from(request.realism.thing_type_deprecation.as_millis()).unwrap_or(i64::MAX);
    let waited_ms = request.now_ms - metadata["deprecationDate"].as_i64().unwrap_or_default();
    if waited_ms < wait_ms {
        // Text: hashicorp/terraform-provider-aws, thing type resource, which retries on it.
        let wait = "Please wait for 5 minutes after deprecation and then retry";
        return Err(invalid(format!("Cannot delete thing type : {name}. {wait}")));
    }
    if tx.scan(thing::THINGS).any(|(_, thing)| thing["thingTypeName"] == name) {
        return Err(invalid(format!("Cannot delete thing type : {name}. There are still things associated with it")));
    }
    tagging::forget(tx, request, thing_type["thingTypeArn"].as_str().unwrap_or_default());
    tx.remove(THING_TYPES, name);
    Ok(json!({}))
}

/// All or the one of that name.
fn list_thing_types(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let wanted = request.str("thingTypeName");
    let types = tx.scan(THING_TYPES).filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let types = types.map(|(name, thing_type)| {
        let mut shown = thing_type.clone();
        // Not among the members of a list's entry.
        if let Some(members) = shown.as_object_mut() {
            members.remove("thingTypeId");
        }
        (name.to_owned(), shown)
    });
    let (types, next) = page(request, &paging::IOT, types)?;
    Ok(json!({ "thingTypes": types, "nextToken": next }))
}

fn identity(thing_type: &Value) -> Value {
    json!({
        "thingTypeName": thing_type["thingTypeName"],
        "thingTypeArn": thing_type["thingTypeArn"],
        "thingTypeId": thing_type["thingTypeId"],
    })
}

fn check(properties: &Value) -> Result<(), AwsError> {
    let count = properties["searchableAttributes"].as_array().map_or(0, Vec::len);
    if count > MAX_SEARCHABLE {
        return Err(invalid(format!("A thing type has at most {MAX_SEARCHABLE} searchable attributes, not {count}.")));
    }
    Ok(())
}

/// Properties with an unordered list of attributes, for comparing two creations.
fn canonical(properties: &Value) -> (Value, Vec<String>, Value) {
    let texts = properties["searchableAttributes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut attributes: Vec<String> = texts.map(str::to_owned).collect();
    attributes.sort();
    let description = properties["thingTypeDescription"].as_str().unwrap_or_default();
    (description.into(), attributes, properties["mqtt5Configuration"].clone())
}
