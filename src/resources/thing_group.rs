//! Static thing groups and who is in them.
//!
//! Membership belongs to the group. It is managed when the spec says `things` (or `thingsFrom`); a group without them
//! keeps whatever members the devices' provisioning gives it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iot::types::{AttributePayload, ThingGroupProperties};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{IOT_NAME, check_length};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};

pub struct ThingGroup;

/// A static group of things.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// At most 2028 characters.
    description: String,
    attributes: BTreeMap<String, String>,
    /// The group above this one. It cannot be changed later: AWS has no call for that, so the group is replaced.
    parent: Option<String>,
    /// The members, all of them: things of this spec. Left out, membership is not managed.
    things: Option<BTreeSet<String>>,
    /// A CSV file with a column `thingName`, an optional column `thingType`, and attributes in the others. Each row
    /// declares a thing and makes it a member.
    things_from: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    description: String,
    attributes: BTreeMap<String, String>,
    parent: Option<String>,
    /// Absent where membership is not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    things: Option<BTreeSet<String>>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("thinggroup/{name}"))
}

/// The name of the group that `text` means: a name, or the ARN of a group.
pub fn name(text: &str) -> &str {
    match text.starts_with("arn:") {
        true => text.rsplit('/').next().unwrap_or(text),
        false => text,
    }
}

impl State {
    fn properties(&self) -> ThingGroupProperties {
        let attributes =
            self.attributes.iter().fold(AttributePayload::builder(), |all, (key, value)| all.attributes(key, value));
        ThingGroupProperties::builder()
            .thing_group_description(&self.description)
            .attribute_payload(attributes.merge(false).build())
            .build()
    }
}

impl Kind for ThingGroup {
    const SECTION: &'static str = "thingGroups";
    const NOUN: &'static str = "thing group";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 30;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        check_length("/description", &spec.description, 2028, "API:ThingGroupDescription", problems);
        if spec.attributes.len() > 50 {
            problems.push("/attributes", "a thing group has at most 50 attributes");
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let parent = spec.parent.iter().filter_map(|name| Reference::to("thingGroups", name, "/parent"));
        let members = spec.things.iter().flatten().enumerate();
        let members = members.filter_map(|(index, name)| Reference::to("things", name, format!("/things/{index}")));
        parent.chain(members).collect()
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        let Spec { description, attributes, parent, things, things_from: _ } = spec;
        Ok(State { description, attributes, parent, things })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn replaces(path: &str) -> bool {
        path == "/parent"
    }

    fn parent(state: &State) -> Option<String> {
        state.parent.clone()
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_thing_group().thing_group_name(name).send();
        let Some(found) = cx.call("iot:DescribeThingGroup", describe).await.optional()? else { return Ok(None) };
        let Some(things) = members(cx, name).await.optional()? else { return Ok(None) };
        let properties = found.thing_group_properties();
        let attributes = properties.and_then(|p| p.attribute_payload()).and_then(|payload| payload.attributes());
        let state = State {
            description: properties.and_then(|p| p.thing_group_description()).unwrap_or_default().to_owned(),
            attributes: attributes.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
            parent: found.thing_group_metadata().and_then(|m| m.parent_group_name()).map(str::to_owned),
            things: Some(things),
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: Some(found.version()) }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateThingGroup", || {
            let request = cx.session.clients.iot.create_thing_group().thing_group_name(name);
            let request = request.set_parent_group_name(desired.parent.clone());
            request.thing_group_properties(desired.properties()).set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        set_members(cx, name, &BTreeSet::new(), desired).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        if live.state.description != desired.description || live.state.attributes != desired.attributes {
            cx.call("iot:UpdateThingGroup", || {
                let request = cx.session.clients.iot.update_thing_group().thing_group_name(&live.id);
                request.thing_group_properties(desired.properties()).set_expected_version(live.version).send()
            })
            .await?;
        }
        set_members(cx, &live.id, live.state.things.as_ref().unwrap_or(&BTreeSet::new()), desired).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_thing_group().thing_group_name(&live.id).send();
        cx.call("iot:DeleteThingGroup", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_thing_groups().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListThingGroups", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.thing_groups())
            .filter_map(|found| found.group_name().map(str::to_owned))
            .collect())
    }
}

/// Direct members only: those of child groups belong to them.
async fn members(cx: &Context, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let list = |token| {
        let request = cx.session.clients.iot.list_things_in_thing_group().thing_group_name(name);
        request.max_results(250).set_next_token(token).send()
    };
    let pages = pages::all(cx, "iot:ListThingsInThingGroup", list, |page| page.next_token()).await?;
    Ok(pages.iter().flat_map(|page| page.things()).cloned().collect())
}

async fn set_members(cx: &Context, name: &str, live: &BTreeSet<String>, desired: &State) -> Result<(), AwsError> {
    let Some(wanted) = &desired.things else { return Ok(()) };
    let iot = &cx.session.clients.iot;
    for thing in live.difference(wanted) {
        cx.call("iot:RemoveThingFromThingGroup", || {
            iot.remove_thing_from_thing_group().thing_group_name(name).thing_name(thing).send()
        })
        .await
        .optional()?;
    }
    for thing in wanted.difference(live) {
        cx.call("iot:AddThingToThingGroup", || {
            iot.add_thing_to_thing_group().thing_group_name(name).thing_name(thing).send()
        })
        .await?;
    }
    Ok(())
}
