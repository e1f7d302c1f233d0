//! Role aliases: names under which devices get temporary credentials of an IAM role from AWS IoT.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::NameRule;
use super::role;
use super::seconds::Seconds;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{Place, Problems, Reference, Scope};

/// `[\w=,@-]+`, 1–128.
const NAME: NameRule = NameRule { others: "_=,@-", longest: 128, source: "API:RoleAlias" };
/// API:CredentialDurationSeconds.
const DURATIONS: std::ops::RangeInclusive<u32> = 900..=43_200;
/// What AWS takes where nothing is said, for credentials (API:CreateRoleAlias) and for sessions (API:CreateRole).
const UNSAID: u32 = 3600;

pub struct RoleAlias;

/// A name by which devices ask for credentials of a role. The role can change without a change on the devices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RoleAlias")]
pub struct Spec {
    /// A role of this spec, or the ARN of another. It must trust credentials.iot.amazonaws.com.
    role: String,
    /// How long credentials are valid: 900 to 43200 seconds, or `15m` to `12h`, by default an hour. At most the role's
    /// `maxSessionDuration`.
    #[serde(default)]
    credential_duration_seconds: Option<Seconds>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    role_arn: String,
    credential_duration_seconds: u32,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("rolealias/{name}"))
}

impl Spec {
    fn seconds(&self) -> u32 {
        self.credential_duration_seconds.map_or(UNSAID, |seconds| seconds.0)
    }
}

impl State {
    fn seconds(&self) -> i32 {
        self.credential_duration_seconds.cast_signed()
    }
}

impl Kind for RoleAlias {
    const SECTION: &'static str = "roleAliases";
    const NOUN: &'static str = "role alias";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 66;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        if !DURATIONS.contains(&spec.seconds()) {
            let message = "credentials are valid for 900 to 43200 seconds (API:CredentialDurationSeconds)";
            problems.push("/credentialDurationSeconds", message);
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        Reference::to("roles", &spec.role, "/role").into_iter().collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let role = (scope.declared)("roles", &spec.role);
        let session = role.map(|role| role.get("maxSessionDuration").and_then(|value| value.as_u64()));
        let longest = session.map(|seconds| seconds.unwrap_or(UNSAID.into()));
        if longest.is_some_and(|longest| u64::from(spec.seconds()) > longest) {
            let mut problems = Problems::default();
            problems.push_help(
                "/credentialDurationSeconds",
                "credentials cannot be valid for longer than a session of the role (API:CreateRoleAlias)",
                format!("give the role `{}` at least `maxSessionDuration: {}`", spec.role, spec.seconds()),
            );
            return Err(problems);
        }
        Ok(State {
            credential_duration_seconds: spec.seconds(),
            role_arn: Reference::arn(&spec.role, |name| role::arn(scope.place, scope.fleet, name)),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let describe = || cx.session.clients.iot.describe_role_alias().role_alias(name).send();
        let Some(found) = cx.call("iot:DescribeRoleAlias", describe).await.optional()? else { return Ok(None) };
        let found = found.role_alias_description();
        let seconds = found.and_then(|found| found.credential_duration_seconds());
        let state = State {
            role_arn: found.and_then(|found| found.role_arn()).unwrap_or_default().to_owned(),
            credential_duration_seconds: seconds.map_or(UNSAID, i32::cast_unsigned),
        };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateRoleAlias", || {
            let request = cx.session.clients.iot.create_role_alias().role_alias(name).role_arn(&desired.role_arn);
            let request = request.credential_duration_seconds(desired.seconds());
            request.set_tags(iot_tags::wire(&cx.tags())).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:UpdateRoleAlias", || {
            let request = cx.session.clients.iot.update_role_alias().role_alias(&live.id);
            request.role_arn(&desired.role_arn).credential_duration_seconds(desired.seconds()).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_role_alias().role_alias(&live.id).send();
        cx.call("iot:DeleteRoleAlias", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |marker| cx.session.clients.iot.list_role_aliases().page_size(250).set_marker(marker).send();
        let pages = pages::all(cx, "iot:ListRoleAliases", list, |page| page.next_marker()).await?;
        Ok(pages.iter().flat_map(|page| page.role_aliases()).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn credentials_last_no_longer_than_a_session_of_the_role() {
        let place = Place::new("123456789012", "eu-central-1");
        let files = Default::default();
        let declared = |_: &str, name: &str| -> Option<Value> {
            match name {
                "hour" => Some(json!({})),
                "half-day" => Some(json!({ "maxSessionDuration": 43200 })),
                _ => None,
            }
        };
        let scope =
            Scope { fleet: "factory", place: &place, name: "a", files: &files, invokers: &[], declared: &declared };
        let foreign = "arn:aws:iam::123456789012:role/elsewhere";
        for (role, duration, fits) in [
            ("hour", json!(null), true),
            ("hour", json!("1h"), true),
            ("hour", json!(3601), false),
            ("half-day", json!("12h"), true),
            (foreign, json!("12h"), true),
        ] {
            let spec = json!({ "role": role, "credentialDurationSeconds": duration });
            let state = RoleAlias::desired(serde_json::from_value(spec).unwrap(), &scope);
            assert_eq!(state.is_ok(), fits, "{role} {duration}");
        }
        for (seconds, fits) in [(899, false), (900, true), (43_200, true), (43_201, false)] {
            let spec = json!({ "role": "half-day", "credentialDurationSeconds": seconds });
            let mut problems = Problems::default();
            RoleAlias::check("a", &serde_json::from_value(spec).unwrap(), &mut problems);
            assert_eq!(problems.is_empty(), fits, "{seconds}");
        }
    }
}
