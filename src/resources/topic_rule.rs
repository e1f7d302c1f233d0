//! Topic rules: SQL on messages, and what to do with the result.
//!
//! The payload stays JSON in AWS's form. The SDK addresses, signs and sends the requests; the body is put in, and the
//! answer taken out, where its types would otherwise stand.

mod action;
mod action_table;

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_iot::types::TopicRulePayload;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::action::Declared;
use super::names::NameRule;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{TagChange, Tags};
use crate::scope::{Place, Problems, Reference, Scope};

const NAME: NameRule = NameRule { others: "_", longest: 128, source: "API:RuleName" };
/// What AWS takes when a rule does not say (IoT developer guide, "SQL versions").
const UNSAID_SQL_VERSION: &str = "2015-10-08";
/// Actions of one rule (API:ActionList).
const MOST_ACTIONS: usize = 10;

pub struct TopicRule;

/// A rule of the AWS IoT rules engine. Its name has letters, digits and `_` only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "TopicRule")]
pub struct Spec {
    /// An AWS IoT SQL statement, such as `SELECT * FROM 'line/+/status'`.
    sql: String,
    /// For people.
    #[serde(default)]
    description: String,
    /// `2016-03-23` (the default here), `2015-10-08` (AWS's default) or `beta`.
    #[serde(default = "sql_version")]
    #[schemars(extend("enum" = ["2015-10-08", "2016-03-23", "beta"]))]
    aws_iot_sql_version: String,
    /// Default false. AWS calls it `ruleDisabled`.
    #[serde(default)]
    disabled: bool,
    /// What to do with each result, up to ten.
    #[schemars(length(max = 10))]
    actions: Vec<Declared>,
    /// What to do when an action fails.
    #[serde(default)]
    error_action: Option<Declared>,
}

fn sql_version() -> String {
    "2016-03-23".into()
}

/// API:TopicRulePayload, word for word.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    sql: String,
    description: String,
    aws_iot_sql_version: String,
    rule_disabled: bool,
    actions: Vec<Value>,
    error_action: Option<Value>,
}

pub fn arn(place: &Place, name: &str) -> String {
    place.arn("iot", format_args!("rule/{name}"))
}

impl Kind for TopicRule {
    const SECTION: &'static str = "topicRules";
    const NOUN: &'static str = "topic rule";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 80;
    const ATTRIBUTES: &'static [&'static str] = &["arn"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        match name.contains('-') {
            true => problems.push_help(
                "",
                format!("the name `{name}` has a hyphen, which AWS does not allow for rules (API:RuleName)"),
                format!("call it `{}`", name.replace('-', "_")),
            ),
            false => NAME.check(name, problems),
        }
        let statement = spec.sql.trim_start().to_ascii_uppercase();
        if !["SELECT", "SET"].iter().any(|word| statement.starts_with(word)) {
            problems.push("/sql", "the statement must start with SELECT (or with SET, which defines variables for it)");
        }
        if spec.actions.len() > MOST_ACTIONS {
            problems.push("/actions", format!("a rule has at most {MOST_ACTIONS} actions (API:ActionList)"));
        }
        for (pointer, action) in spec.all_actions() {
            action.check(&pointer, problems);
        }
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        spec.all_actions().flat_map(|(pointer, action)| action.references(&pointer)).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        Ok(State {
            sql: spec.sql.trim().to_owned(),
            description: spec.description,
            aws_iot_sql_version: spec.aws_iot_sql_version,
            rule_disabled: spec.disabled,
            actions: spec.actions.iter().map(|action| action.expand(scope)).collect(),
            error_action: spec.error_action.as_ref().map(|action| action.expand(scope)),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        (attribute == "arn").then(|| arn(scope.place, name))
    }

    fn hides(path: &str) -> bool {
        path.contains("/salesforce/token")
            || path.contains("/http/headers/")
            || (path.contains("/kafka/clientProperties/") && path.contains("password"))
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let Some(state) = rule(cx, name).await? else { return Ok(None) };
        let tags = iot_tags::read(cx, &arn(cx.place(), name)).await?;
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:CreateTopicRule", || {
            let request = cx.session.clients.iot.create_topic_rule().rule_name(name).topic_rule_payload(stand_in());
            request.tags(query(&cx.tags())).customize().mutate_request(desired.body()).send()
        })
        .await?;
        Ok(())
    }

    /// Replaces the whole rule: there is no smaller change.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:ReplaceTopicRule", || {
            let request = cx.session.clients.iot.replace_topic_rule().rule_name(&live.id);
            request.topic_rule_payload(stand_in()).customize().mutate_request(desired.body()).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.iot.delete_topic_rule().rule_name(&live.id).send();
        let deleted = cx.call("iot:DeleteTopicRule", delete).await;
        unless_denied_for_absence(cx, &live.id, deleted).await?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.iot.list_topic_rules().max_results(1000).set_next_token(token).send();
        let pages = pages::all(cx, "iot:ListTopicRules", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.rules())
            .filter_map(|found| found.rule_name().map(str::to_owned))
            .collect())
    }
}

impl Spec {
    /// Each action with its place in the entry.
    fn all_actions(&self) -> impl Iterator<Item = (String, &Declared)> {
        let listed = self.actions.iter().enumerate().map(|(index, action)| (format!("/actions/{index}"), action));
        listed.chain(self.error_action.iter().map(|action| ("/errorAction".to_owned(), action)))
    }
}

impl State {
    /// From the `rule` member of API:GetTopicRule.
    fn from_answer(answer: &Value) -> State {
        let rule = &answer["rule"];
        let text = |name: &str| rule[name].as_str().map(str::to_owned);
        let error_action = rule.get("errorAction").filter(|action| !action.is_null());
        State {
            sql: text("sql").unwrap_or_default(),
            description: text("description").unwrap_or_default(),
            aws_iot_sql_version: text("awsIotSqlVersion").unwrap_or_else(|| UNSAID_SQL_VERSION.into()),
            rule_disabled: rule["ruleDisabled"].as_bool().unwrap_or(false),
            actions: rule["actions"].as_array().into_iter().flatten().map(action::canonical).collect(),
            error_action: error_action.map(action::canonical),
        }
    }

    /// Puts this state into a request before it is signed, in place of [`stand_in`].
    fn body(&self) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
        let mut payload = serde_json::to_value(self).expect("a state is plain data");
        if self.error_action.is_none() {
            payload.as_object_mut().map(|members| members.shift_remove("errorAction"));
        }
        let text = payload.to_string();
        move |request| {
            request.headers_mut().insert("content-length", text.len().to_string());
            *request.body_mut() = SdkBody::from(text.as_str());
        }
    }
}

/// The least that the SDK's types take for a payload.
fn stand_in() -> TopicRulePayload {
    TopicRulePayload::builder().sql("").set_actions(Some(Vec::new())).build().expect("both members are set")
}

/// Tags as CreateTopicRule wants them: a header in the form of a URL's query.
fn query(tags: &Tags) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    pairs.join("&")
}

async fn rule(cx: &Context, name: &str) -> Result<Option<State>, AwsError> {
    const ACTION: &str = "iot:GetTopicRule";
    let answer = Answer::default();
    let got = cx
        .call(ACTION, || {
            cx.session.clients.iot.get_topic_rule().rule_name(name).customize().interceptor(answer.clone()).send()
        })
        .await;
    if unless_denied_for_absence(cx, name, got).await?.is_none() {
        return Ok(None);
    }
    match serde_json::from_slice(&answer.take()) {
        Ok(json) => Ok(Some(State::from_answer(&json))),
        Err(error) => Err(AwsError {
            action: ACTION,
            subject: cx.mark.address.to_string(),
            cause: Cause::Malformed { message: format!("the answer is not JSON: {error}") },
        }),
    }
}

/// For a rule that does not exist, AWS answers that access to it is denied (no rule operation declares a "not found";
/// hashicorp/terraform-provider-aws, topic rule resource). The list of rules tells the one case from the other.
async fn unless_denied_for_absence<T>(
    cx: &Context,
    name: &str,
    result: Result<T, AwsError>,
) -> Result<Option<T>, AwsError> {
    match result {
        Err(error) if error.code() == "UnauthorizedException" => match TopicRule::list(cx).await {
            Ok(names) if !names.iter().any(|listed| listed == name) => Ok(None),
            // The first refusal is the one to tell: the caller may lack the right to list as well.
            _ => Err(error),
        },
        other => other.optional(),
    }
}

/// Keeps the body of an answer.
#[derive(Clone, Debug, Default)]
struct Answer(Arc<Mutex<Vec<u8>>>);

impl Answer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "keep the answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default().to_vec();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_with_defaults_written_out_reads_like_the_declared_rule() {
        let place = Place::new("123456789012", "us-east-1");
        let files = Default::default();
        let scope = Scope {
            fleet: "factory",
            place: &place,
            name: "r",
            files: &files,
            invokers: &[],
            declared: &crate::scope::alone,
        };
        let spec = json!({ "sql": "SELECT * FROM 'a'\n", "actions": [{ "sns": { "topic": "t", "role": "r" } }],
            "errorAction": { "cloudwatchLogs": { "logGroup": "/x", "role": "r" } } });
        let desired = TopicRule::desired(serde_json::from_value(spec).unwrap(), &scope).unwrap();
        let role = "arn:aws:iam::123456789012:role/fleetctl/factory/r";
        let answer = json!({ "ruleArn": "x", "rule": { "ruleName": "r", "sql": "SELECT * FROM 'a'", "createdAt": 1.5,
            "awsIotSqlVersion": "2016-03-23", "ruleDisabled": false, "actions": [{ "sns": { "messageFormat": "RAW",
            "targetArn": "arn:aws:sns:us-east-1:123456789012:t", "roleArn": role } }],
            "errorAction": { "cloudwatchLogs": { "batchMode": false, "logGroupName": "/x", "roleArn": role } } } });
        let json = |state: &State| serde_json::to_value(state).unwrap();
        assert_eq!(json(&State::from_answer(&answer)), json(&desired));
    }

    #[test]
    fn tags_become_a_query() {
        let tags = Tags::from([("fleetctl:fleet".into(), "a b".into()), ("k".into(), "x=y&z+ü".into())]);
        assert_eq!(query(&tags), "fleetctl%3Afleet=a%20b&k=x%3Dy%26z%2B%C3%BC");
    }
}
