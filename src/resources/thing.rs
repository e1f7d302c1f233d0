//! Things.
//!
//! AWS IoT cannot tag a thing, so the owner's mark is the attribute `fleetctl.fleet`, on which `ListThings` filters.

use std::collections::BTreeMap;

use aws_sdk_iot::types::{AttributePayload, ThingAttribute};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::IOT_NAME;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{ADDRESS_TAG, FLEET_ATTRIBUTE, FLEET_TAG, TagChange, Tags};
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Thing;

/// A device in the registry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// The name of a thing type of this spec. Without one a thing has at most three attributes, the mark included.
    thing_type: Option<String>,
    /// Names `[a-zA-Z0-9_.,@/:#-]+` up to 128, values up to 800 characters.
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    thing_type: Option<String>,
    attributes: BTreeMap<String, String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("thing/{name}"))
}

/// The whole attribute map with the mark in it. Sent without `merge`, it replaces what was there.
fn payload(cx: &Context, attributes: &BTreeMap<String, String>) -> AttributePayload {
    let builder = attributes.iter().fold(AttributePayload::builder(), |all, (key, value)| all.attributes(key, value));
    builder.attributes(FLEET_ATTRIBUTE, &cx.mark.fleet).merge(false).build()
}

impl Kind for Thing {
    const SECTION: &'static str = "things";
    const NOUN: &'static str = "thing";
    const OWNERSHIP: Ownership = Ownership::Mark;
    const RANK: u8 = 20;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    const LISTED: bool = true;
    const READS_ALL: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        let limit = if spec.thing_type.is_some() { 50 } else { 3 };
        if spec.attributes.len() + 1 > limit {
            problems.push_help(
                "/attributes",
                format!(
                    "{} attributes and fleetctl's own mark are more than the {limit} that AWS IoT allows here",
                    spec.attributes.len()
                ),
                "declare a thing type and name it with `thingType:`; a thing with a type may have 50 attributes",
            );
        }
        for (key, value) in &spec.attributes {
            let pointer = format!("/attributes/{}", crate::spec::node::pointer_token(key));
            if key == FLEET_ATTRIBUTE {
                problems.push(&pointer, format!("`{FLEET_ATTRIBUTE}` is fleetctl's own mark"));
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.,@/:#-".contains(c);
            if key.is_empty() || key.len() > 128 || !key.chars().all(allowed) {
                problems.push(
                    &pointer,
                    "an attribute name has 1 to 128 of letters, digits and `_.,@/:#-` (API:AttributeName)",
                );
            }
            if value.len() > 800 || !value.chars().all(allowed) {
                problems.push(
                    &pointer,
                    "an attribute value has up to 800 of letters, digits and `_.,@/:#-` (API:AttributeValue)",
                );
            }
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        spec.thing_type.iter().filter_map(|name| Reference::to("thingTypes", name, "/thingType")).collect()
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        Ok(State { thing_type: spec.thing_type, attributes: spec.attributes })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_thing().thing_name(name).send();
        let Some(found) = cx.call("iot:DescribeThing", describe).await.optional()? else { return Ok(None) };
        let attributes = found.attributes().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        Ok(Some(live(name, found.thing_type_name(), attributes, found.version())))
    }

    /// The listing tells as much as a description, 250 things at a time. It knows only our own and may be late; the
    /// others are described one by one.
    async fn read_many(cx: &Context, _names: &[&str]) -> Result<Vec<Live<State>>, AwsError> {
        let things = owned(cx).await?;
        let read = |thing: &ThingAttribute| {
            let attributes = thing.attributes().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
            live(thing.thing_name().unwrap_or_default(), thing.thing_type_name(), attributes, thing.version())
        };
        Ok(things.iter().map(read).collect())
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateThing", || {
            let request = cx.session.clients.iot.create_thing().thing_name(name);
            let request = request.set_thing_type_name(desired.thing_type.clone());
            request.attribute_payload(payload(cx, &desired.attributes)).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateThing", || {
            let request = cx.session.clients.iot.update_thing().thing_name(&live.id);
            let request = request.attribute_payload(payload(cx, &desired.attributes));
            let request = request.set_thing_type_name(desired.thing_type.clone());
            // Without this the old type stays: an absent name means "unchanged".
            let remove_type = (live.state.thing_type.is_some() && desired.thing_type.is_none()).then_some(true);
            request.set_remove_thing_type(remove_type).set_expected_version(live.version).send()
        })
        .await?;
        Ok(())
    }

    /// The mark is an attribute and `update` writes all attributes, so only taking over needs a write here.
    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        match change.set.contains_key(FLEET_TAG) {
            true => Self::update(cx, &Live { version: None, ..live.clone() }, &live.state).await,
            false => Ok(()),
        }
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        let list = |token| iot.list_thing_principals().thing_name(&live.id).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListThingPrincipals", list, |page| page.next_token()).await;
        let Some(pages) = pages.optional()? else { return Ok(()) };
        for principal in pages.iter().flat_map(|page| page.principals()) {
            let detach = || iot.detach_thing_principal().thing_name(&live.id).principal(principal).send();
            cx.call("iot:DetachThingPrincipal", detach).await.optional()?;
        }
        cx.call("iot:DeleteThing", || iot.delete_thing().thing_name(&live.id).send()).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        Ok(owned(cx).await?.iter().filter_map(|thing| thing.thing_name().map(str::to_owned)).collect())
    }
}

/// The things that carry this fleet's mark.
async fn owned(cx: &Context) -> Result<Vec<ThingAttribute>, AwsError> {
    let list = |token| {
        let request = cx.session.clients.iot.list_things().max_results(250);
        let request = request.attribute_name(FLEET_ATTRIBUTE).attribute_value(&cx.mark.fleet);
        request.set_next_token(token).send()
    };
    let pages = pages::all(cx, "iot:ListThings", list, |page| page.next_token()).await?;
    Ok(pages.into_iter().flat_map(|page| page.things.unwrap_or_default()).collect())
}

/// A live thing, its mark shown as tags.
fn live(name: &str, thing_type: Option<&str>, mut attributes: BTreeMap<String, String>, version: i64) -> Live<State> {
    let mut tags = Tags::new();
    if let Some(fleet) = attributes.remove(FLEET_ATTRIBUTE) {
        tags.insert(FLEET_TAG.into(), fleet);
        tags.insert(ADDRESS_TAG.into(), format!("things.{name}"));
    }
    let state = State { thing_type: thing_type.map(str::to_owned), attributes };
    Live { id: name.to_owned(), state, tags, version: Some(version) }
}
