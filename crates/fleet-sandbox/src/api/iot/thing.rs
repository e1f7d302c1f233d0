//! Things: the registry's records, with versions and attributes.
//!
//! Sources: API:CreateThing, API:UpdateThing, API:DeleteThing, API:ListThings; IoT developer guide,
//! "Thing types" (3 attributes without a type, 50 with one). Chosen: an attribute of an empty value
//! is never stored; every update makes a new version.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::refusal::{check_version, exists, invalid, next_version, not_found};
use super::{detachment, thing_group_membership, thing_principal, thing_type};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateThing", create_thing),
    ("DescribeThing", describe_thing),
    ("UpdateThing", update_thing),
    ("DeleteThing", delete_thing),
    ("ListThings", list_things),
];

/// Collection of things by name, in the form DescribeThing answers.
pub const THINGS: &str = "iot.thing";
const MAX_ATTRIBUTES_TYPED: usize = 50;
const MAX_ATTRIBUTES_UNTYPED: usize = 3;

/// The thing, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(THINGS, name).cloned().ok_or_else(|| not_found("Thing", name))
}

/// The same again is no error, another content is.
fn create_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingName")?;
    let kind = request.str("thingTypeName");
    let attributes = merged(&Value::Null, request.get("attributePayload"), false);
    if let Some(group) = request.str("billingGroupName") {
        return Err(not_found("Billing group", group)); // the sandbox has none
    }
    let arn = request.arn("iot", &format!("thing/{name}"));
    if let Some(present) = tx.get(THINGS, name) {
        if present["thingTypeName"].as_str() != kind || present["attributes"] != attributes {
            return Err(exists("Thing", name, &arn));
        }
        return Ok(identity(present));
    }
    check_type(tx, kind)?;
    check_attributes(&attributes, kind)?;
    let thing = json!({
        "thingName": name,
        "thingId": tx.uuid(),
        "thingArn": arn,
        "thingTypeName": kind,
        "attributes": attributes,
        "defaultClientId": name,
        "version": 1,
    });
    let answer = identity(&thing);
    tx.put(THINGS, name, thing);
    Ok(answer)
}

fn describe_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("thingName")?)
}

/// Type and attributes, each if given.
fn update_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingName")?;
    let mut thing = find(tx, name)?;
    check_version(request, &thing, "thing", name)?;
    let removes = request.flag("removeThingType") == Some(true);
    match request.str("thingTypeName") {
        Some(_) if removes => {
            return Err(invalid("thingTypeName and removeThingType cannot be used together."));
        }
        Some(kind) => {
            if thing["thingTypeName"] != kind {
                check_type(tx, Some(kind))?;
            }
            thing["thingTypeName"] = kind.into();
        }
        None if removes => thing["thingTypeName"] = Value::Null,
        None => {}
    }
    if let Some(payload) = request.get("attributePayload") {
        thing["attributes"] = merged(&thing["attributes"], Some(payload), payload["merge"] == true);
    }
    check_attributes(&thing["attributes"], thing["thingTypeName"].as_str())?;
    thing["version"] = next_version(&thing).into();
    tx.put(THINGS, name, thing);
    Ok(json!({}))
}

/// No error if it is gone, refused while principals are attached.
fn delete_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingName")?;
    let Some(thing) = tx.get(THINGS, name).cloned() else { return Ok(json!({})) };
    check_version(request, &thing, "thing", name)?;
    let detaching = format!("thing/{name}");
    if thing_principal::of_thing(tx, name).next().is_some() || detachment::is_pending(tx, request, &detaching) {
        // Text: rebuy-de/aws-nuke issue 374.
        return Err(invalid(format!("Cannot delete. Thing {name} is still attached to one or more principals")));
    }
    detachment::forget(tx, &detaching);
    thing_group_membership::forget_thing(tx, name);
    tx.remove(THINGS, name);
    Ok(json!({}))
}

/// Filtered by type, attribute, or both.
fn list_things(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (attribute, value) = (request.str("attributeName"), request.str("attributeValue"));
    let prefix = request.flag("usePrefixAttributeValue") == Some(true);
    if attribute.is_none() && value.is_some() {
        return Err(invalid("attributeValue needs an attributeName."));
    }
    let kind = request.str("thingTypeName");
    let has_value = |present: &str| value.is_none_or(|v| if prefix { present.starts_with(v) } else { present == v });
    let chosen = tx.scan(THINGS).filter(|(_, thing)| {
        kind.is_none_or(|kind| thing["thingTypeName"] == kind)
            && attribute.is_none_or(|name| thing["attributes"][name].as_str().is_some_and(has_value))
    });
    let things = chosen.map(|(name, thing)| {
        let shown = ["thingName", "thingTypeName", "thingArn", "attributes", "version"];
        let shown: Map<String, Value> =
            shown.map(|member| (member.to_owned(), thing[member].clone())).into_iter().collect();
        (name.to_owned(), Value::Object(shown))
    });
    let (things, next) = page(request, &paging::IOT, things)?;
    Ok(json!({ "things": things, "nextToken": next }))
}

/// Attributes after a payload: replaced or merged; an empty value removes its attribute.
pub fn merged(present: &Value, payload: Option<&Value>, merge: bool) -> Value {
    let own = present.as_object().filter(|_| merge).into_iter().flatten();
    let given = payload.and_then(|payload| payload["attributes"].as_object()).into_iter().flatten();
    let all: BTreeMap<&String, &Value> = own.chain(given).collect();
    let kept = all.into_iter().filter(|(_, value)| *value != "").map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(kept.collect())
}

fn identity(thing: &Value) -> Value {
    json!({ "thingName": thing["thingName"], "thingArn": thing["thingArn"], "thingId": thing["thingId"] })
}

fn check_type(tx: &Tx<'_>, kind: Option<&str>) -> Result<(), AwsError> {
    let Some(kind) = kind else { return Ok(()) };
    if thing_type::find(tx, kind)?["thingTypeMetadata"]["deprecated"] == true {
        return Err(invalid(format!("Cannot associate a thing with the deprecated thing type : {kind}")));
    }
    Ok(())
}

fn check_attributes(attributes: &Value, kind: Option<&str>) -> Result<(), AwsError> {
    let count = attributes.as_object().map_or(0, Map::len);
    let most = if kind.is_some() { MAX_ATTRIBUTES_TYPED } else { MAX_ATTRIBUTES_UNTYPED };
    if count > most {
        let with = if kind.is_some() { "with" } else { "without" };
        return Err(invalid(format!("A thing {with} a thing type has at most {most} attributes, not {count}.")));
    }
    Ok(())
}
