//! Custom metrics of Device Defender Detect: what devices report besides AWS's own metrics.
//!
//! A metric's type cannot change, so another type is another metric, and what was collected is lost with the first one
//! (API:DeleteCustomMetric). AWS deletes none that a security profile uses.

use fleet_detect::metric::CustomType;
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

pub struct CustomMetric;

const TYPES: [&str; 4] = ["number", "number-list", "string-list", "ip-address-list"];

/// A metric that devices report to Device Defender. AWS allows a hundred per account and region.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CustomMetric")]
pub struct Spec {
    /// What a device reports. It decides which thresholds a behaviour can have: `number` compares with `value.number`,
    /// `number-list` with `value.numbers`, `string-list` with `value.strings`, `ip-address-list` with `value.cidrs`.
    /// A change replaces the metric, and AWS deletes what was collected.
    #[schemars(with = "String", extend("enum" = TYPES))]
    metric_type: CustomType,
    /// The name that the console shows, at most 128 characters. Devices report under the metric's own name.
    #[serde(default)]
    display_name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    metric_type: String,
    display_name: String,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("custommetric/{name}"))
}

/// The metric that a behaviour or a retained metric names, unless it is one of AWS's.
pub fn reference(metric: &str, pointer: String) -> Option<Reference> {
    let custom = !metric.starts_with("aws:");
    Reference::to(CustomMetric::SECTION, metric, pointer).filter(|_| custom).map(Reference::or_elsewhere)
}

/// The type of a metric that this spec declares.
pub fn declared_type(scope: &Scope, name: &str) -> Option<CustomType> {
    let declared = (scope.declared)(CustomMetric::SECTION, name)?;
    serde_json::from_value(declared.get("metricType")?.clone()).ok()
}

impl Kind for CustomMetric {
    const SECTION: &'static str = "customMetrics";
    const NOUN: &'static str = "custom metric";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 55;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        if name.starts_with("aws:") {
            problems.push("", "names that start with `aws:` are those of AWS's own metrics (API:CreateCustomMetric)");
        }
        check_length("/displayName", &spec.display_name, 128, "API:CustomMetricDisplayName", problems);
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        let metric_type = match spec.metric_type {
            CustomType::Number => "number",
            CustomType::NumberList => "number-list",
            CustomType::StringList => "string-list",
            CustomType::IpAddressList => "ip-address-list",
        };
        Ok(State { metric_type: metric_type.into(), display_name: spec.display_name })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn replaces(path: &str) -> bool {
        path == "/metricType"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_custom_metric().metric_name(name).send();
        let Some(found) = cx.call("iot:DescribeCustomMetric", describe).await.optional()? else { return Ok(None) };
        let state = State {
            metric_type: found.metric_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            display_name: found.display_name().unwrap_or_default().to_owned(),
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        let shown = Some(desired.display_name.clone()).filter(|text| !text.is_empty());
        cx.call("iot:CreateCustomMetric", || {
            let request = cx.session.clients.iot.create_custom_metric().metric_name(name);
            let request = request.metric_type(desired.metric_type.as_str().into()).set_display_name(shown.clone());
            request.set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateCustomMetric", || {
            let request = cx.session.clients.iot.update_custom_metric().metric_name(&live.id);
            request.display_name(&desired.display_name).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_custom_metric().metric_name(&live.id).send();
        cx.call("iot:DeleteCustomMetric", delete).await.optional()?;
        Ok(())
    }

    async fn clear(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        security_profile::release(cx, Used::Metric(&live.id)).await?;
        Self::delete(cx, live).await
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_custom_metrics().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListCustomMetrics", list, |page| page.next_token()).await?;
        Ok(pages.iter().flat_map(|page| page.metric_names()).cloned().collect())
    }
}
