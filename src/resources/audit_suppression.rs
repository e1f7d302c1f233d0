//! Audit suppressions: a check and a resource whose findings are accepted, until a date or for good.
//!
//! AWS gives them neither names nor tags. Check and resource together are the identity, so another check or resource is
//! another suppression: the new one is made, then the old one is deleted. The mark is the end of the description
//! ([`mark`]), which therefore may be a little shorter than AWS allows.
//! What AWS does with one whose date has passed is not documented; fleetctl neither renews nor removes it by itself.

mod identifier;
mod mark;

use aws_sdk_iot::types::AuditSuppression as Found;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use fleet_audit::timestamp::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::identifier::Identifier;
use super::audit_checks;
use super::names::NameRule;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{FLEET_TAG, TagChange, Tags};
use crate::scope::{Problems, Reference, Scope};

const NAME: NameRule = NameRule { others: "_-", longest: 128, source: "fleetctl, since it is part of a description" };
/// API:AuditDescription, in characters.
const LONGEST: usize = 1000;

pub struct AuditSuppression;

/// An accepted finding: the audit goes on, and what it finds there does not count. Exactly one of `expirationDate` and
/// `suppressIndefinitely`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "AuditSuppression")]
pub struct Spec {
    /// The check, by name. A change makes another suppression.
    check_name: String,
    /// The resource that the check finds, by the one kind of identifier that belongs to the check. A change makes another
    /// suppression.
    resource_identifier: Identifier,
    /// When findings count again: a date, meaning 00:00 UTC, or a time with its zone, such as `2027-03-01T12:00:00Z`.
    #[serde(default)]
    expiration_date: Option<String>,
    /// Default false.
    #[serde(default)]
    suppress_indefinitely: bool,
    /// Why it is accepted. fleetctl adds its mark at the end, which counts towards AWS's 1000 characters.
    #[serde(default)]
    description: String,
}

/// API:AuditSuppression, its description without the mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    check_name: String,
    resource_identifier: Identifier,
    /// In UTC, to the second.
    expiration_date: Option<String>,
    suppress_indefinitely: bool,
    description: String,
}

impl State {
    /// What identifies it, for people and for comparison.
    fn id(&self) -> String {
        format!("{}/{}", self.check_name, self.resource_identifier)
    }

    fn expires(&self) -> Option<DateTime> {
        let seconds = self.expiration_date.as_deref().and_then(Timestamp::parse)?.0;
        Some(DateTime::from_secs(seconds))
    }
}

impl Kind for AuditSuppression {
    const SECTION: &'static str = "audit.suppressions";
    const NOUN: &'static str = "audit suppression";
    const OWNERSHIP: Ownership = Ownership::Mark;
    const RANK: u8 = 76;
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        NAME.check(name, problems);
        if let Some(meant) = audit_checks::meant(&spec.check_name) {
            let message = format!("AWS has no audit check `{}`", spec.check_name);
            problems.push_help("/checkName", message, format!("did you mean `{meant}`?"));
        }
        spec.resource_identifier.check(audit_checks::canonical(&spec.check_name), problems);
        match (&spec.expiration_date, spec.suppress_indefinitely) {
            (Some(_), true) => {
                problems.push("/expirationDate", "a suppression either expires or is indefinite; keep one of the two");
            }
            (None, false) => problems.push_help(
                "",
                "a suppression needs an end",
                "give `expirationDate: 2027-03-31`, or `suppressIndefinitely: true` if it shall have none",
            ),
            (Some(text), false) if written(text).is_none() => problems.push_help(
                "/expirationDate",
                format!("`{text}` is no date"),
                "write a date such as 2027-03-31, or a time with its zone such as 2027-03-31T12:00:00Z",
            ),
            _ => {}
        }
        if spec.description.chars().any(char::is_control) {
            problems.push("/description", "line breaks and control characters are not allowed (API:AuditDescription)");
        }
    }

    /// AWS suppresses findings of enabled checks only.
    fn references(spec: &Spec) -> Vec<Reference> {
        let configuration = Reference::to("audit", "", "");
        configuration.into_iter().chain(spec.resource_identifier.reference("/resourceIdentifier")).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let room = LONGEST.saturating_sub(mark::text(scope.fleet, scope.name).chars().count() + 1);
        if spec.description.chars().count() > room {
            let message =
                format!("at most {room} characters: AWS allows {LONGEST}, and fleetctl's mark takes the rest");
            return Err(Problems::one("/description", message));
        }
        Ok(State {
            check_name: audit_checks::canonical(&spec.check_name).to_owned(),
            resource_identifier: spec.resource_identifier,
            expiration_date: spec.expiration_date.as_deref().and_then(written),
            suppress_indefinitely: spec.suppress_indefinitely,
            description: spec.description.trim().to_owned(),
        })
    }

    /// By what identifies it; a declared name alone does not lead to a suppression.
    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        Ok(all(cx).await?.into_iter().find(|live| live.id == name))
    }

    async fn read_declared(cx: &Context, _name: &str, desired: &State) -> Result<Option<Live<State>>, AwsError> {
        let describe = || {
            let request = cx.session.clients.iot.describe_audit_suppression().check_name(&desired.check_name);
            request.resource_identifier(desired.resource_identifier.to_sdk()).send()
        };
        let Some(found) = cx.call("iot:DescribeAuditSuppression", describe).await.optional()? else { return Ok(None) };
        let identifier = desired.resource_identifier.clone();
        let end = (found.expiration_date(), found.suppress_indefinitely());
        Ok(Some(live(&desired.check_name, identifier, end, found.description())))
    }

    async fn create(cx: &Context, _name: &str, desired: &State) -> Result<(), AwsError> {
        let description = marked(cx, &desired.description);
        cx.call("iot:CreateAuditSuppression", || {
            let request = cx.session.clients.iot.create_audit_suppression().check_name(&desired.check_name);
            let request = request.resource_identifier(desired.resource_identifier.to_sdk());
            let request = request.set_expiration_date(desired.expires());
            request.suppress_indefinitely(desired.suppress_indefinitely).description(&description).send()
        })
        .await?;
        Ok(())
    }

    async fn update(cx: &Context, _live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        write(cx, desired).await
    }

    /// The mark is written with the description.
    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        match change.set.is_empty() {
            true => Ok(()),
            false => write(cx, &live.state).await,
        }
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || {
            let request = cx.session.clients.iot.delete_audit_suppression().check_name(&live.state.check_name);
            request.resource_identifier(live.state.resource_identifier.to_sdk()).send()
        };
        cx.call("iot:DeleteAuditSuppression", delete).await.optional()?;
        Ok(())
    }

    /// What identifies those that carry this fleet's mark, the declared ones among them.
    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let ours = all(cx).await?.into_iter().filter(|live| live.tags.get(FLEET_TAG) == Some(&cx.mark.fleet));
        Ok(ours.map(|live| live.id).collect())
    }
}

/// A date or time as the state holds it, in UTC.
fn written(text: &str) -> Option<String> {
    DateTime::from_secs(Timestamp::parse(text)?.0).fmt(Format::DateTime).ok()
}

fn live(
    check_name: &str,
    resource_identifier: Identifier,
    (expiration_date, suppress_indefinitely): (Option<&DateTime>, Option<bool>),
    description: Option<&str>,
) -> Live<State> {
    let (description, tags) = mark::read(description.unwrap_or_default());
    let expiration_date = expiration_date.and_then(|date| DateTime::from_secs(date.secs()).fmt(Format::DateTime).ok());
    let state = State {
        check_name: audit_checks::canonical(check_name).to_owned(),
        resource_identifier,
        expiration_date,
        suppress_indefinitely: suppress_indefinitely.unwrap_or(false),
        description,
    };
    Live { id: state.id(), state, tags, version: None }
}

/// All suppressions of the account. What is identified in a way that this version does not know is nobody's here.
async fn all(cx: &Context) -> Result<Vec<Live<State>>, AwsError> {
    let list = |token| cx.session.clients.iot.list_audit_suppressions().max_results(250).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListAuditSuppressions", list, |page| page.next_token()).await?;
    let read = |found: &Found| {
        let identifier = Identifier::from_sdk(found.resource_identifier()?)?;
        let end = (found.expiration_date(), found.suppress_indefinitely());
        Some(live(found.check_name(), identifier, end, found.description()))
    };
    Ok(pages.iter().flat_map(|page| page.suppressions()).filter_map(read).collect())
}

fn marked(cx: &Context, description: &str) -> String {
    mark::with(description, &cx.mark.fleet, &cx.mark.address.name)
}

/// Everything is said: whether an update keeps what it does not name is not documented.
async fn write(cx: &Context, state: &State) -> Result<(), AwsError> {
    let description = marked(cx, &state.description);
    cx.call("iot:UpdateAuditSuppression", || {
        let request = cx.session.clients.iot.update_audit_suppression().check_name(&state.check_name);
        let request = request.resource_identifier(state.resource_identifier.to_sdk());
        let request = request.set_expiration_date(state.expires());
        request.suppress_indefinitely(state.suppress_indefinitely).description(&description).send()
    })
    .await?;
    Ok(())
}

/// The mark as tags.
fn tags_of(fleet: &str, name: &str) -> Tags {
    let address = format!("{}.{name}", AuditSuppression::SECTION);
    Tags::from([(FLEET_TAG.to_owned(), fleet.to_owned()), (crate::ownership::ADDRESS_TAG.to_owned(), address)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Place, alone};
    use serde_json::{Value, json};

    fn spec(more: Value) -> Spec {
        let mut spec =
            json!({ "checkName": "LOGGING_DISABLED_CHECK", "resourceIdentifier": { "account": "123456789012" } });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_suppression_has_an_end_or_says_that_it_has_none() {
        let cases = [
            (json!({}), Some("")),
            (json!({ "suppressIndefinitely": true }), None),
            (json!({ "expirationDate": "2027-03-31" }), None),
            (json!({ "expirationDate": "2027-03-31T12:00:00+02:00" }), None),
            (json!({ "expirationDate": "31.3.2027" }), Some("/expirationDate")),
            (json!({ "expirationDate": "2027-03-31", "suppressIndefinitely": true }), Some("/expirationDate")),
            (json!({ "suppressIndefinitely": true, "description": "a\nb" }), Some("/description")),
            (json!({ "suppressIndefinitely": true, "checkName": "LOGGING_DISABLD_CHECK" }), Some("/checkName")),
        ];
        for (more, expected) in cases {
            let mut problems = Problems::default();
            AuditSuppression::check("accepted", &spec(more.clone()), &mut problems);
            let found: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, Vec::from_iter(expected), "{more}");
        }
        assert_eq!(written("2027-03-31T12:00:00+02:00").as_deref(), Some("2027-03-31T10:00:00Z"));
        assert_eq!(written("2027-03-31").as_deref(), Some("2027-03-31T00:00:00Z"));
    }

    #[test]
    fn description_and_mark_fit_into_what_aws_allows() {
        let place = Place::new("123456789012", "eu-central-1");
        let files = Default::default();
        let scope =
            Scope { fleet: "factory", place: &place, name: "a", files: &files, invokers: &[], declared: &alone };
        let longest = LONGEST - mark::with("", "factory", "a").chars().count() - 1;
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let more = json!({ "suppressIndefinitely": true, "description": "ä".repeat(length) });
            let state = AuditSuppression::desired(spec(more), &scope);
            assert_eq!(state.is_ok(), fits, "{length}");
            let written = state.map(|state| mark::with(&state.description, "factory", "a").chars().count());
            assert!(written.is_ok_and(|length| length <= LONGEST) == fits);
        }
    }
}
