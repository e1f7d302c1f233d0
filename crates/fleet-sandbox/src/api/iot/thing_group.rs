//! Static thing groups: a forest of depth seven, each group under one parent for good.
//!
//! Sources: API:CreateThingGroup (an identical create succeeds), API:UpdateThingGroup,
//! API:DeleteThingGroup, API:ListThingGroups; IoT developer guide, "Static thing groups" (depth,
//! children, attributes). Chosen: a missing parent is InvalidRequestException, since the operation
//! declares no other error that fits; updating is a patch; deleting a group ends its memberships
//! and attachments.

use serde_json::{Map, Value, json};

use super::refusal::{check_version, exists, invalid, next_version, not_found};
use super::{policy_attachment, security_profile_target, tagging, thing, thing_group_membership};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateThingGroup", create_thing_group),
    ("DescribeThingGroup", describe_thing_group),
    ("UpdateThingGroup", update_thing_group),
    ("DeleteThingGroup", delete_thing_group),
    ("ListThingGroups", list_thing_groups),
];

/// Collection of groups by name: DescribeThingGroup's members, with `parentGroupName` beside them.
pub const THING_GROUPS: &str = "iot.thing-group";
const MAX_DEPTH: usize = 7;
const MAX_CHILDREN: usize = 100;
const MAX_ATTRIBUTES: usize = 50;

/// The group, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(THING_GROUPS, name).cloned().ok_or_else(|| not_found("Thing group", name))
}

/// The groups above a group, its parent first.
pub fn ancestors<'t>(tx: &'t Tx<'_>, name: &str) -> Vec<&'t Value> {
    let mut found: Vec<&Value> = Vec::new();
    let mut parent = tx.get(THING_GROUPS, name).and_then(|group| group["parentGroupName"].as_str());
    while let Some(group) = parent.and_then(|name| tx.get(THING_GROUPS, name)) {
        found.push(group);
        parent = group["parentGroupName"].as_str();
    }
    found
}

/// Whether `name` stands somewhere below `above`.
pub fn is_below(tx: &Tx<'_>, name: &str, above: &str) -> bool {
    ancestors(tx, name).iter().any(|group| group["thingGroupName"] == above)
}

fn create_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingGroupName")?;
    let parent = request.str("parentGroupName");
    let properties = patched(&json!({}), request.get("thingGroupProperties"))?;
    let arn = request.arn("iot", &format!("thinggroup/{name}"));
    if let Some(present) = tx.get(THING_GROUPS, name) {
        if present["parentGroupName"].as_str() != parent
            || settings(&present["thingGroupProperties"]) != settings(&properties)
        {
            return Err(exists("Thing group", name, &arn));
        }
        return Ok(identity(present));
    }
    check_place(tx, parent)?;
    let group = json!({
        "thingGroupName": name,
        "thingGroupId": tx.uuid(),
        "thingGroupArn": arn,
        "version": 1,
        "thingGroupProperties": properties,
        "parentGroupName": parent,
        "creationDate": request.now_ms,
    });
    tagging::create(tx, request, &arn)?;
    let answer = identity(&group);
    tx.put(THING_GROUPS, name, group);
    Ok(answer)
}

fn describe_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingGroupName")?;
    let mut group = find(tx, name)?;
    let mut above: Vec<Value> = ancestors(tx, name).into_iter().map(reference).collect();
    above.reverse();
    let members = group.as_object_mut().ok_or_else(|| not_found("Thing group", name))?;
    let parent = members.remove("parentGroupName");
    let created = members.remove("creationDate");
    members.insert(
        "thingGroupMetadata".to_owned(),
        json!({ "parentGroupName": parent, "rootToParentThingGroups": above, "creationDate": created }),
    );
    Ok(group)
}

fn update_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingGroupName")?;
    let mut group = find(tx, name)?;
    check_version(request, &group, "thing group", name)?;
    group["thingGroupProperties"] = patched(&group["thingGroupProperties"], request.get("thingGroupProperties"))?;
    let version = next_version(&group);
    group["version"] = version.into();
    tx.put(THING_GROUPS, name, group);
    Ok(json!({ "version": version }))
}

/// No error if it is gone, refused while it has children.
fn delete_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("thingGroupName")?;
    let Some(group) = tx.get(THING_GROUPS, name).cloned() else { return Ok(json!({})) };
    check_version(request, &group, "thing group", name)?;
    if children(tx, name).next().is_some() {
        // Text: IoT developer guide, "Static thing groups".
        let attached = "when there are still child groups attached to it";
        return Err(invalid(format!("Cannot delete thing group : {name} {attached}")));
    }
    let arn = group["thingGroupArn"].as_str().unwrap_or_default();
    thing_group_membership::forget_group(tx, name);
    policy_attachment::forget_target(tx, arn);
    security_profile_target::forget_target(tx, arn);
    tagging::forget(tx, request, arn);
    tx.remove(THING_GROUPS, name);
    Ok(json!({}))
}

/// All, or those below a parent (direct children unless `recursive`). Without a
/// parent, an explicit `recursive=false` leaves the groups that have no parent.
fn list_thing_groups(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let parent = request.str("parentGroup");
    if let Some(parent) = parent {
        find(tx, parent)?;
    }
    let prefix = request.str("namePrefixFilter").unwrap_or_default();
    let recursive = request.flag("recursive");
    let placed = |name: &str, group: &Value| match (parent, recursive) {
        (Some(parent), Some(true)) => is_below(tx, name, parent),
        (Some(parent), _) => group["parentGroupName"] == parent,
        (None, Some(false)) => group["parentGroupName"].is_null(),
        (None, _) => true,
    };
    let chosen = tx.scan(THING_GROUPS).filter(|(name, group)| name.starts_with(prefix) && placed(name, group));
    let (groups, next) = page(request, &paging::IOT, chosen.map(|(name, group)| (name.to_owned(), reference(group))))?;
    Ok(json!({ "thingGroups": groups, "nextToken": next }))
}

/// A group as lists show it.
pub fn reference(group: &Value) -> Value {
    json!({ "groupName": group["thingGroupName"], "groupArn": group["thingGroupArn"] })
}

fn children<'t>(tx: &'t Tx<'_>, name: &'t str) -> impl Iterator<Item = &'t Value> {
    tx.scan(THING_GROUPS).map(|(_, group)| group).filter(move |group| group["parentGroupName"] == name)
}

fn identity(group: &Value) -> Value {
    json!({
        "thingGroupName": group["thingGroupName"],
        "thingGroupArn": group["thingGroupArn"],
        "thingGroupId": group["thingGroupId"],
    })
}

fn check_place(tx: &Tx<'_>, parent: Option<&str>) -> Result<(), AwsError> {
    let Some(parent) = parent else { return Ok(()) };
    if !tx.has(THING_GROUPS, parent) {
        return Err(invalid(format!("The parent group {parent} does not exist.")));
    }
    if ancestors(tx, parent).len() + 2 > MAX_DEPTH {
        return Err(invalid(format!("A hierarchy of thing groups has at most {MAX_DEPTH} levels.")));
    }
    if children(tx, parent).count() >= MAX_CHILDREN {
        return Err(invalid(format!("The thing group {parent} already has {MAX_CHILDREN} child groups.")));
    }
    Ok(())
}

/// Description and attributes, absent ones as empty, for comparing two creations.
fn settings(properties: &Value) -> (&str, Option<&Map<String, Value>>) {
    let attributes =
        properties["attributePayload"]["attributes"].as_object().filter(|attributes| !attributes.is_empty());
    (properties["thingGroupDescription"].as_str().unwrap_or_default(), attributes)
}

/// Properties after a change: the description and the attributes, each if given.
fn patched(present: &Value, given: Option<&Value>) -> Result<Value, AwsError> {
    let mut properties = present.clone();
    let Some(given) = given else { return Ok(properties) };
    if let Some(description) = given["thingGroupDescription"].as_str() {
        properties["thingGroupDescription"] = description.into();
    }
    let payload = &given["attributePayload"];
    if payload.is_object() {
        let own = &present["attributePayload"]["attributes"];
        let attributes = thing::merged(own, Some(payload), payload["merge"] == true);
        let count = attributes.as_object().map_or(0, Map::len);
        if count > MAX_ATTRIBUTES {
            return Err(invalid(format!("A thing group has at most {MAX_ATTRIBUTES} attributes, not {count}.")));
        }
        properties["attributePayload"] = json!({ "attributes": attributes });
    }
    Ok(properties)
}
