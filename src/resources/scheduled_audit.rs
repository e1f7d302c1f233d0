//! Scheduled audits. AWS chooses the hour.
//!
//! AWS lets a schedule use enabled checks only, and disables no check that a schedule uses. So the audit configuration
//! comes before its schedules, and before it disables a check it takes it out of the fleet's schedules ([`release`]).

use std::collections::BTreeSet;

use aws_sdk_iot::types::{AuditFrequency, DayOfWeek};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audit_checks;
use super::names::NameRule;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{FLEET_TAG, TagChange};
use crate::scope::{Place, Problems, Reference, Scope};

const NAME: NameRule = NameRule { others: "_-", longest: 128, source: "API:ScheduledAuditName" };

pub struct ScheduledAudit;

/// A regular audit. AWS allows five per account and region and chooses the time of day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ScheduledAudit")]
pub struct Spec {
    /// How often.
    #[schemars(with = "String", extend("enum" = ["DAILY", "WEEKLY", "BIWEEKLY", "MONTHLY"]))]
    frequency: String,
    /// For WEEKLY and BIWEEKLY, and required there.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]))]
    day_of_week: Option<String>,
    /// For MONTHLY, and required there: `"1"` to `"31"` or `LAST`. In a shorter month, 29 to 31 mean the last day.
    #[serde(default)]
    #[schemars(extend("type" = ["string", "integer"]))]
    day_of_month: Option<serde_json::Value>,
    /// Names of checks that the audit configuration enables, at least one. AWS calls them `targetCheckNames`.
    #[schemars(length(min = 1))]
    checks: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    frequency: String,
    day_of_week: Option<String>,
    day_of_month: Option<String>,
    checks: BTreeSet<String>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("scheduledaudit/{name}"))
}

/// A day of the month is a text in AWS's form; in YAML a bare number is natural.
fn day_text(day: &serde_json::Value) -> String {
    day.as_str().map_or_else(|| day.to_string(), str::to_owned)
}

impl State {
    fn frequency(&self) -> AuditFrequency {
        self.frequency.as_str().into()
    }

    fn day_of_week(&self) -> Option<DayOfWeek> {
        self.day_of_week.as_deref().map(DayOfWeek::from)
    }

    fn checks(&self) -> Option<Vec<String>> {
        Some(self.checks.iter().cloned().collect())
    }
}

impl Kind for ScheduledAudit {
    const SECTION: &'static str = "audit.schedules";
    const NOUN: &'static str = "scheduled audit";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 75;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        let weekly = matches!(spec.frequency.as_str(), "WEEKLY" | "BIWEEKLY");
        let monthly = spec.frequency == "MONTHLY";
        if !weekly && !monthly && spec.frequency != "DAILY" {
            problems.push("/frequency", "the frequency is DAILY, WEEKLY, BIWEEKLY or MONTHLY (API:AuditFrequency)");
        }
        for (field, given, wanted) in
            [("dayOfWeek", spec.day_of_week.is_some(), weekly), ("dayOfMonth", spec.day_of_month.is_some(), monthly)]
        {
            let message = match (given, wanted) {
                (true, false) => format!("`{field}` has no meaning for a {} audit", spec.frequency),
                (false, true) => format!("a {} audit needs `{field}` (API:CreateScheduledAudit)", spec.frequency),
                _ => continue,
            };
            problems.push(if given { format!("/{field}") } else { "/frequency".into() }, message);
        }
        let is_day = |day: String| day == "LAST" || day.parse().is_ok_and(|number: u8| (1..=31).contains(&number));
        if !spec.day_of_month.as_ref().map(day_text).is_none_or(is_day) {
            problems.push("/dayOfMonth", "a day of the month is 1 to 31 or LAST (API:DayOfMonth)");
        }
        if spec.checks.is_empty() {
            problems.push("/checks", "an audit needs at least one check");
        }
        for (index, name) in spec.checks.iter().enumerate() {
            if let Some(meant) = audit_checks::meant(name) {
                let help = format!("did you mean `{meant}`?");
                problems.push_help(format!("/checks/{index}"), format!("AWS has no audit check `{name}`"), help);
            }
        }
    }

    fn references(_spec: &Spec) -> Vec<Reference> {
        Reference::to("audit", "", "").into_iter().collect()
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        Ok(State {
            frequency: spec.frequency,
            day_of_week: spec.day_of_week,
            day_of_month: spec.day_of_month.as_ref().map(day_text),
            checks: spec.checks.iter().map(|name| audit_checks::canonical(name).to_owned()).collect(),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let Some(state) = describe(cx, name).await? else { return Ok(None) };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateScheduledAudit", || {
            let request = cx.session.clients.iot.create_scheduled_audit().scheduled_audit_name(name);
            let request = request.frequency(desired.frequency()).set_day_of_week(desired.day_of_week());
            let request = request.set_day_of_month(desired.day_of_month.clone());
            request.set_target_check_names(desired.checks()).set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateScheduledAudit", || {
            let request = cx.session.clients.iot.update_scheduled_audit().scheduled_audit_name(&live.id);
            let request = request.frequency(desired.frequency()).set_day_of_week(desired.day_of_week());
            request.set_day_of_month(desired.day_of_month.clone()).set_target_check_names(desired.checks()).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_scheduled_audit().scheduled_audit_name(&live.id).send();
        cx.call("iot:DeleteScheduledAudit", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_scheduled_audits().max_results(250).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListScheduledAudits", list, |page| page.next_token()).await?;
        let audits = pages.iter().flat_map(|page| page.scheduled_audits());
        Ok(audits.filter_map(|found| found.scheduled_audit_name().map(str::to_owned)).collect())
    }
}

/// The day that does not belong to the frequency is dropped: AWS may keep it after the frequency has changed.
async fn describe(cx: &Context, name: &str) -> Result<Option<State>, AwsError> {
    let describe = || cx.session.clients.iot.describe_scheduled_audit().scheduled_audit_name(name).send();
    let Some(found) = cx.call("iot:DescribeScheduledAudit", describe).await.optional()? else { return Ok(None) };
    let frequency = found.frequency().map(AuditFrequency::as_str).unwrap_or_default().to_owned();
    let weekly = matches!(frequency.as_str(), "WEEKLY" | "BIWEEKLY");
    let day_of_week = found.day_of_week().map(|day| day.as_str().to_owned());
    let day_of_month = found.day_of_month().map(str::to_owned);
    Ok(Some(State {
        day_of_week: day_of_week.filter(|_| weekly),
        day_of_month: day_of_month.filter(|_| frequency == "MONTHLY"),
        checks: found.target_check_names().iter().cloned().collect(),
        frequency,
    }))
}

/// Takes checks that are about to be disabled out of the schedules of this fleet; their own steps of the plan do the
/// same. A schedule that would be left without checks, or is another's, stays as it is, and AWS then refuses.
pub async fn release(cx: &Context, dropped: &BTreeSet<&str>, stand_in: Option<&str>) -> Result<(), AwsError> {
    for name in ScheduledAudit::list(cx).await? {
        let Some(state) = describe(cx, &name).await? else { continue };
        let mut kept: Vec<String> =
            state.checks.iter().filter(|check| !dropped.contains(check.as_str())).cloned().collect();
        if kept.len() == state.checks.len() {
            continue;
        }
        // A schedule cannot be empty. Its own step, which follows, gives it what is declared.
        if kept.is_empty() {
            kept.extend(stand_in.map(str::to_owned));
        }
        let tags = iot_tags::read(cx, &arn(cx.place(), &name)).await?;
        if tags.get(FLEET_TAG) != Some(&cx.mark.fleet) {
            continue;
        }
        cx.call("iot:UpdateScheduledAudit", || {
            let request = cx.session.clients.iot.update_scheduled_audit().scheduled_audit_name(&name);
            request.set_target_check_names(Some(kept.clone())).send()
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_day_fits_the_frequency() {
        let cases = [
            (json!({ "frequency": "DAILY" }), None),
            (json!({ "frequency": "DAILY", "dayOfWeek": "MON" }), Some("/dayOfWeek")),
            (json!({ "frequency": "WEEKLY" }), Some("/frequency")),
            (json!({ "frequency": "BIWEEKLY", "dayOfWeek": "MON" }), None),
            (json!({ "frequency": "MONTHLY", "dayOfMonth": 31 }), None),
            (json!({ "frequency": "MONTHLY", "dayOfMonth": "LAST" }), None),
            (json!({ "frequency": "MONTHLY", "dayOfMonth": 0 }), Some("/dayOfMonth")),
            (json!({ "frequency": "HOURLY" }), Some("/frequency")),
        ];
        for (mut json, expected) in cases {
            json["checks"] = json!(["LOGGING_DISABLED_CHECK"]);
            let mut problems = Problems::default();
            ScheduledAudit::check("daily", &serde_json::from_value(json.clone()).unwrap(), &mut problems);
            let found: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, Vec::from_iter(expected), "{json}");
        }
    }
}
