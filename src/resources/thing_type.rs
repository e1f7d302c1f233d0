//! Thing types.
//!
//! Deletion takes three steps: nothing may use the type, it must be deprecated, and five minutes must pass
//! (IoT developer guide, "Thing types").

use std::collections::BTreeSet;

use aws_sdk_iot::types::ThingTypeProperties;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{IOT_NAME, check_length};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Scope};

pub struct ThingType;

/// A kind of device: what its things have in common.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// At most 2028 characters.
    description: String,
    /// Up to three attribute names by which things of this type can be searched.
    searchable_attributes: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    description: String,
    searchable_attributes: BTreeSet<String>,
    /// A deprecated type takes no new things. fleetctl deprecates only in order to delete.
    deprecated: bool,
}

impl State {
    fn properties(&self) -> ThingTypeProperties {
        ThingTypeProperties::builder()
            .thing_type_description(&self.description)
            .set_searchable_attributes(Some(self.searchable_attributes.iter().cloned().collect()))
            .build()
    }
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("thingtype/{name}"))
}

impl Kind for ThingType {
    const SECTION: &'static str = "thingTypes";
    const NOUN: &'static str = "thing type";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 10;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        check_length("/description", &spec.description, 2028, "API:ThingTypeDescription", problems);
        if spec.searchable_attributes.len() > 3 {
            problems.push("/searchableAttributes", "a thing type has at most three searchable attributes");
        }
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        let Spec { description, searchable_attributes } = spec;
        Ok(State { description, searchable_attributes, deprecated: false })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_thing_type().thing_type_name(name).send();
        let Some(found) = cx.call("iot:DescribeThingType", describe).await.optional()? else { return Ok(None) };
        let properties = found.thing_type_properties();
        let state = State {
            description: properties.and_then(|p| p.thing_type_description()).unwrap_or_default().to_owned(),
            searchable_attributes: properties
                .map(|p| p.searchable_attributes().iter().cloned().collect())
                .unwrap_or_default(),
            deprecated: found.thing_type_metadata().is_some_and(|metadata| metadata.deprecated()),
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateThingType", || {
            let request = cx.session.clients.iot.create_thing_type().thing_type_name(name);
            request.thing_type_properties(desired.properties()).set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        if live.state.deprecated {
            cx.call("iot:DeprecateThingType", || {
                iot.deprecate_thing_type().thing_type_name(&live.id).undo_deprecate(true).send()
            })
            .await?;
        }
        if live.state.description != desired.description
            || live.state.searchable_attributes != desired.searchable_attributes
        {
            cx.call("iot:UpdateThingType", || {
                iot.update_thing_type().thing_type_name(&live.id).thing_type_properties(desired.properties()).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        if !live.state.deprecated {
            cx.call("iot:DeprecateThingType", || iot.deprecate_thing_type().thing_type_name(&live.id).send()).await?;
        }
        cx.call("iot:DeleteThingType", || iot.delete_thing_type().thing_type_name(&live.id).send()).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_thing_types().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListThingTypes", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.thing_types())
            .filter_map(|found| found.thing_type_name().map(str::to_owned))
            .collect())
    }
}
