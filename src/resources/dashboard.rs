//! CloudWatch dashboards. They belong to the account, not to a region.
//!
//! The state is the dashboard's body as data with AWS's defaults and abbreviations written out, so that neither
//! spacing nor the console's habit of abbreviating shows as a change.

mod body;
mod widget;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::body::canonical;
use self::widget::Widget;
use super::names::{NameRule, check_choice};
use crate::aws::cloudwatch_tags;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct Dashboard;

const NAME: NameRule = NameRule { others: "_-", longest: 255, source: "CloudWatch API, PutDashboard" };

/// A CloudWatch dashboard: `widgets`, or a body in AWS's form in `body` or `bodyFile`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// In reading order. Without `at`, CloudWatch places them one after the other.
    widgets: Vec<Widget>,
    /// The start of the time range shown: relative such as `-PT3H`, or an ISO 8601 time. Default: the last three hours.
    start: Option<String>,
    /// The end of the time range, an ISO 8601 time. Needs an absolute `start`.
    end: Option<String>,
    /// `auto` (the default) lets the time range choose the periods, `inherit` keeps those of the widgets.
    #[schemars(extend("enum" = ["auto", "inherit"]))]
    period_override: Option<String>,
    /// The whole body in AWS's form ("Dashboard body structure and syntax").
    body: Option<Map<String, Value>>,
    /// A JSON file with the whole body in AWS's form.
    body_file: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    body: Value,
}

/// Dashboards are global, and so is their ARN (API:ListTagsForResource).
pub fn arn(place: &Place, name: &str) -> String {
    place.global_arn("cloudwatch", format_args!("dashboard/{name}"))
}

impl Kind for Dashboard {
    const SECTION: &'static str = "dashboards";
    const NOUN: &'static str = "dashboard";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 90;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    /// The tagging index is regional and does not show global objects in every region.
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        let forms = [!spec.widgets.is_empty(), spec.body.is_some(), spec.body_file.is_some()];
        if forms.iter().filter(|given| **given).count() != 1 {
            problems.push("", "a dashboard is written in one way: `widgets`, `body` or `bodyFile`");
        }
        if !forms[0] && (spec.start.is_some() || spec.end.is_some() || spec.period_override.is_some()) {
            problems.push("", "`start`, `end` and `periodOverride` go with `widgets`; a whole body holds its own");
        }
        if spec.widgets.len() > 500 {
            problems.push("/widgets", "a dashboard has at most 500 widgets (CloudWatch quotas)");
        }
        check_choice("/periodOverride", &spec.period_override, &["auto", "inherit"], problems);
        for (index, widget) in spec.widgets.iter().enumerate() {
            widget.check(&format!("/widgets/{index}"), problems);
        }
        if let Some(body) = &spec.body {
            check_body("/body", body.get("widgets"), problems);
        }
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        let request =
            |path: &String| FileRequest { pointer: "/bodyFile".into(), path: path.clone(), form: FileForm::Text };
        spec.body_file.iter().map(request).collect()
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let widgets = spec.widgets.iter().enumerate();
        widgets.flat_map(|(index, widget)| widget.references(&format!("/widgets/{index}"))).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let body = match (&spec.body, &spec.body_file) {
            (Some(body), _) => Value::Object(body.clone()),
            (None, Some(path)) => from_file(scope.text(path).unwrap_or_default())?,
            (None, None) => composed(&spec, scope.place),
        };
        Ok(State { body: canonical(body, &scope.place.region) })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.cloudwatch.get_dashboard().dashboard_name(name).send();
        let Some(found) = cx.call("cloudwatch:GetDashboard", get).await.optional()? else { return Ok(None) };
        let text = found.dashboard_body().unwrap_or_default();
        // Whoever wrote something else than JSON, it is a difference, not a reason to stop.
        let body = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let state = State { body: canonical(body, &cx.place().region) };
        // Without tags it is not ours. To call it absent would let a creation overwrite it.
        let tags = cloudwatch_tags::read(cx, &arn(cx.place(), name)).await.optional()?.unwrap_or_default();
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        put(cx, name, desired).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        put(cx, &live.id, desired).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        cloudwatch_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.cloudwatch.delete_dashboards().dashboard_names(&live.id).send();
        cx.call("cloudwatch:DeleteDashboards", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.cloudwatch.list_dashboards().set_next_token(token).send();
        let pages = pages::all(cx, "cloudwatch:ListDashboards", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.dashboard_entries())
            .filter_map(|found| found.dashboard_name().map(str::to_owned))
            .collect())
    }
}

fn check_body(pointer: &str, widgets: Option<&Value>, problems: &mut Problems) {
    if !widgets.is_some_and(Value::is_array) {
        problems.push_help(
            pointer,
            "the body of a dashboard is an object with an array `widgets`",
            "the console shows a body to start from under Actions, View/edit source",
        );
    }
}

fn from_file(text: &str) -> Result<Value, Problems> {
    let body: Value = serde_json::from_str(text)
        .map_err(|error| Problems::one("/bodyFile", format!("the file does not hold JSON: {error}")))?;
    let mut problems = Problems::default();
    check_body("/bodyFile", body.get("widgets"), &mut problems);
    if problems.is_empty() { Ok(body) } else { Err(problems) }
}

/// AWS's form of the widgets.
fn composed(spec: &Spec, place: &Place) -> Value {
    let mut body = Map::new();
    let settings = [("start", &spec.start), ("end", &spec.end), ("periodOverride", &spec.period_override)];
    for (key, value) in settings {
        if let Some(value) = value {
            body.insert(key.into(), value.clone().into());
        }
    }
    body.insert("widgets".into(), spec.widgets.iter().map(|widget| widget.aws(place)).collect());
    Value::Object(body)
}

async fn put(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
    let body = desired.body.to_string();
    cx.call("cloudwatch:PutDashboard", || {
        let request = cx.session.clients.cloudwatch.put_dashboard().dashboard_name(name).dashboard_body(&body);
        // Counts when the dashboard is new; ignored otherwise.
        request.set_tags(cloudwatch_tags::wire(&cx.tags())).send()
    })
    .await?;
    Ok(())
}
