//! Which things are in which static groups.
//!
//! Sources: API:AddThingToThingGroup and its siblings; IoT developer guide, "Static thing groups"
//! (at most ten groups a thing, and one per hierarchy). Adding a member again and removing what is
//! no member are no errors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::refusal::{invalid, not_found};
use super::relation::Relation;
use super::thing_group::{THING_GROUPS, ancestors, is_below, reference};
use super::{thing, thing_group};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("AddThingToThingGroup", add_thing_to_thing_group),
    ("RemoveThingFromThingGroup", remove_thing_from_thing_group),
    ("UpdateThingGroupsForThing", update_thing_groups_for_thing),
    ("ListThingsInThingGroup", list_things_in_thing_group),
    ("ListThingGroupsForThing", list_thing_groups_for_thing),
];

/// Things and the groups they were added to.
const MEMBERSHIPS: Relation = Relation { forward: "iot.group-of-thing", backward: "iot.thing-of-group" };
const MAX_GROUPS: usize = 10;

/// AddThingToThingGroup. `overrideDynamicGroups` has no effect: the sandbox has no dynamic groups.
fn add_thing_to_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, thing) = parties(tx, request)?;
    join(tx, &group, &thing)?;
    Ok(json!({}))
}

fn remove_thing_from_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, thing) = parties(tx, request)?;
    MEMBERSHIPS.remove(tx, &thing, &group);
    Ok(json!({}))
}

/// Removes, then adds, all or nothing.
fn update_thing_groups_for_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let thing = request.str("thingName").ok_or_else(|| invalid("thingName is required."))?;
    thing::find(tx, thing)?;
    let names = |member| request.list(member).iter().filter_map(Value::as_str);
    for group in names("thingGroupsToRemove") {
        thing_group::find(tx, group)?;
        MEMBERSHIPS.remove(tx, thing, group);
    }
    for group in names("thingGroupsToAdd") {
        thing_group::find(tx, group)?;
        join(tx, group, thing)?;
    }
    Ok(json!({}))
}

/// ListThingsInThingGroup, with `recursive` also those of the groups below.
fn list_things_in_thing_group(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let group = request.need("thingGroupName")?;
    thing_group::find(tx, group)?;
    let mut groups = vec![group];
    if request.flag("recursive") == Some(true) {
        groups.extend(tx.scan(THING_GROUPS).map(|(name, _)| name).filter(|name| is_below(tx, name, group)));
    }
    let members = groups.into_iter().flat_map(|group| MEMBERSHIPS.lefts(tx, group));
    let names: BTreeSet<&str> = members.map(|(thing, _)| thing).collect();
    let (things, next) = page(request, &paging::IOT, names.into_iter().map(|name| (name.to_owned(), name)))?;
    Ok(json!({ "things": things, "nextToken": next }))
}

/// The groups it was added to and all above them (IoT developer guide: "including any parent
/// groups"), so the answer does not tell which ones it was added to.
fn list_thing_groups_for_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let thing = request.need("thingName")?;
    thing::find(tx, thing)?;
    let mut groups = BTreeMap::new();
    for (name, _) in MEMBERSHIPS.rights(tx, thing) {
        let lineage = tx.get(THING_GROUPS, name).into_iter().chain(ancestors(tx, name));
        groups.extend(
            lineage.map(|group| (group["thingGroupName"].as_str().unwrap_or_default().to_owned(), reference(group))),
        );
    }
    let (groups, next) = page(request, &paging::IOT, groups)?;
    Ok(json!({ "thingGroups": groups, "nextToken": next }))
}

/// Ends all memberships of a thing.
pub fn forget_thing(tx: &mut Tx<'_>, thing: &str) {
    MEMBERSHIPS.remove_left(tx, thing);
}

/// Ends all memberships in a group.
pub fn forget_group(tx: &mut Tx<'_>, group: &str) {
    MEMBERSHIPS.remove_right(tx, group);
}

fn join(tx: &mut Tx<'_>, group: &str, thing: &str) -> Result<(), AwsError> {
    let present: Vec<&str> = MEMBERSHIPS.rights(tx, thing).into_iter().map(|(name, _)| name).collect();
    if present.contains(&group) {
        return Ok(());
    }
    if present.len() >= MAX_GROUPS {
        return Err(invalid(format!("The thing {thing} is already in {MAX_GROUPS} thing groups.")));
    }
    let root = root_of(tx, group);
    if let Some(other) = present.into_iter().find(|other| root_of(tx, other) == root) {
        let reason = format!("it is already in {other} of the same hierarchy");
        return Err(invalid(format!("The thing {thing} cannot be added to the thing group {group}: {reason}.")));
    }
    MEMBERSHIPS.put(tx, thing, group, json!({}));
    Ok(())
}

fn root_of(tx: &Tx<'_>, group: &str) -> String {
    let top = ancestors(tx, group).last().and_then(|top| top["thingGroupName"].as_str().map(str::to_owned));
    top.unwrap_or_else(|| group.to_owned())
}

/// Group and thing of a request, each by name or by ARN; both must exist.
fn parties(tx: &Tx<'_>, request: &Request) -> Result<(String, String), AwsError> {
    let group = named(request, "thingGroupName", "thingGroupArn", "thinggroup/")?;
    let thing = named(request, "thingName", "thingArn", "thing/")?;
    if !tx.has(THING_GROUPS, &group) {
        return Err(not_found("Thing group", &group));
    }
    thing::find(tx, &thing)?;
    Ok((group, thing))
}

fn named(request: &Request, name: &str, arn: &str, resource: &str) -> Result<String, AwsError> {
    let from_arn = match request.str(arn) {
        Some(text) => Some(
            text.strip_prefix(&request.arn("iot", resource))
                .ok_or_else(|| invalid(format!("{text} is not an ARN of a {resource} in this account and region.")))?,
        ),
        None => None,
    };
    match (request.str(name), from_arn) {
        (Some(one), Some(other)) if one != other => Err(invalid(format!("{name} and {arn} name different objects."))),
        (Some(found), _) | (None, Some(found)) => Ok(found.to_owned()),
        (None, None) => Err(invalid(format!("Either {name} or {arn} is required."))),
    }
}
