//! Dimensions of Device Defender Detect: topic filters that decide which messages a behaviour counts.
//!
//! AWS deletes none that a security profile uses. The one type there is cannot change.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{IOT_NAME, check_length};
use super::security_profile::{self, Used};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Dimension;

const TOPIC_FILTER: &str = "TOPIC_FILTER";
/// The one variable that Detect replaces (developer guide, "Scoping metrics in security profiles using dimensions").
const CLIENT_ID: &str = "${iot:ClientId}";

/// Topic filters by which behaviours choose the messages that they count. AWS allows ten dimensions per account and
/// region and does not raise that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Dimension")]
pub struct Spec {
    /// The only type there is, and the default.
    #[serde(rename = "type", default = "topic_filter")]
    #[schemars(extend("enum" = [TOPIC_FILTER]))]
    kind: String,
    /// 1 to 100 topic filters of at most 256 characters, with the wildcards of MQTT and `${iot:ClientId}`. A message
    /// counts when one of them matches its topic.
    #[schemars(length(min = 1, max = 100))]
    string_values: BTreeSet<String>,
}

fn topic_filter() -> String {
    TOPIC_FILTER.into()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    #[serde(rename = "type")]
    kind: String,
    string_values: BTreeSet<String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("dimension/{name}"))
}

/// The dimension that a behaviour or a retained metric names.
pub fn reference(name: &str, pointer: String) -> Option<Reference> {
    Reference::to(Dimension::SECTION, name, pointer).map(Reference::or_elsewhere)
}

impl State {
    fn values(&self) -> Option<Vec<String>> {
        Some(self.string_values.iter().cloned().collect())
    }
}

impl Kind for Dimension {
    const SECTION: &'static str = "dimensions";
    const NOUN: &'static str = "dimension";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 56;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        if !(1..=100).contains(&spec.string_values.len()) {
            problems.push("/stringValues", "a dimension has 1 to 100 topic filters (API:DimensionStringValues)");
        }
        for (index, filter) in spec.string_values.iter().enumerate() {
            let pointer = format!("/stringValues/{index}");
            check_length(&pointer, filter, 256, "API:DimensionStringValue", problems);
            check_filter(&pointer, filter, problems);
        }
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        Ok(State { kind: spec.kind, string_values: spec.string_values })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn replaces(path: &str) -> bool {
        path == "/type"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_dimension().name(name).send();
        let Some(found) = cx.call("iot:DescribeDimension", describe).await.optional()? else { return Ok(None) };
        let state = State {
            kind: found.r#type().map_or_else(topic_filter, |kind| kind.as_str().to_owned()),
            string_values: found.string_values().iter().cloned().collect(),
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateDimension", || {
            let request = cx.session.clients.iot.create_dimension().name(name).r#type(desired.kind.as_str().into());
            request.set_string_values(desired.values()).set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateDimension", || {
            cx.session.clients.iot.update_dimension().name(&live.id).set_string_values(desired.values()).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_dimension().name(&live.id).send();
        cx.call("iot:DeleteDimension", delete).await.optional()?;
        Ok(())
    }

    async fn clear(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        security_profile::release(cx, Used::Dimension(&live.id)).await?;
        Self::delete(cx, live).await
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_dimensions().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListDimensions", list, |page| page.next_token()).await?;
        Ok(pages.iter().flat_map(|page| page.dimension_names()).cloned().collect())
    }
}

/// Wildcards stand for whole levels (MQTT 3.1.1, section 4.7.1); elsewhere they would match nothing but themselves.
fn check_filter(pointer: &str, filter: &str, problems: &mut Problems) {
    if filter.is_empty() {
        problems.push(pointer, "a topic filter has at least one character (API:DimensionStringValue)");
    }
    let last = filter.split('/').count() - 1;
    for (index, level) in filter.split('/').enumerate() {
        if level.contains('#') && (level != "#" || index != last) {
            problems.push(pointer, "`#` stands alone at the end of a topic filter, as in `line/#`");
        }
        if level.contains('+') && level != "+" {
            problems.push(pointer, "`+` stands alone between slashes, as in `line/+/status`");
        }
    }
    if filter.replace(CLIENT_ID, "").contains("${") {
        let help = format!("the one that Detect replaces is `{CLIENT_ID}`");
        problems.push_help(pointer, "a dimension does not know this variable", help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_that_matches_nothing_but_itself_is_a_mistake() {
        let cases = [
            ("line/+/status", None),
            ("line/#", None),
            ("#", None),
            ("fleet/${iot:ClientId}/up", None),
            ("", Some("at least one")),
            ("line/#/status", Some("`#`")),
            ("line/a#", Some("`#`")),
            ("line/a+/x", Some("`+`")),
            ("fleet/${iot:clientId}/up", Some("variable")),
        ];
        for (filter, expected) in cases {
            let mut problems = Problems::default();
            let spec = serde_json::from_value(json!({ "stringValues": [filter] })).unwrap();
            Dimension::check("status", &spec, &mut problems);
            let found: Vec<&str> = problems.0.iter().map(|problem| problem.message.as_str()).collect();
            assert_eq!(found.len(), usize::from(expected.is_some()), "{filter}: {found:?}");
            assert!(expected.is_none_or(|part| found[0].contains(part)), "{filter}: {found:?}");
        }
    }
}
