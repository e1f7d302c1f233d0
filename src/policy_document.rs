//! Policy documents (IAM, role trust, SNS, AWS IoT) in one canonical form.
//!
//! AWS takes the same policy in many spellings and gives some of them back changed: one value instead of a list, lists
//! in another order, an account's root ARN instead of its number, `true` for `"true"`. Here each policy has one
//! spelling, so that none of this can show as a change. What is not understood is kept as it is.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::diagnostic::did_you_mean;
use crate::scope::Problems;

/// The version of the policy language that fleetctl writes itself.
pub const VERSION: &str = "2012-10-17";

const DOCUMENT: &[&str] = &["Version", "Id", "Statement"];
const STATEMENT: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// What a document is for. It decides which elements a statement must have (IAM User Guide, "Grammar of the IAM JSON
/// policy language").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyUse {
    /// Attached to who acts: IAM managed and inline policies, AWS IoT policies. Names resources and no principal.
    Identity,
    /// Attached to what is acted on, such as a topic. Names principals and resources.
    Resource,
    /// Who may assume a role. Names principals and no resource.
    Trust,
}

/// A policy document in canonical form.
///
/// Elements stand in a fixed order. `Statement` is a list in the order written; actions, resources, principals and
/// condition values are sorted lists of texts. An account's root ARN is written as the account's twelve digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct PolicyDocument(Value);

impl PolicyDocument {
    /// A policy of these statements.
    pub fn of(statements: Vec<Value>) -> PolicyDocument {
        PolicyDocument(document(Map::from_iter([
            ("Version".to_owned(), json!(VERSION)),
            ("Statement".to_owned(), Value::Array(statements)),
        ])))
    }

    /// Reads JSON text. The error says where the text stops being JSON.
    pub fn parse(text: &str) -> Result<PolicyDocument, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(PolicyDocument(document(fields))),
            Ok(_) => Err("a policy document is a JSON object with `Version` and `Statement`".into()),
            Err(error) => Err(format!("the policy document is not valid JSON: {error}")),
        }
    }

    /// Reads what AWS keeps. IAM gives documents percent-encoded (API:GetRole). A text that is no JSON object is kept,
    /// to be shown as different from every declared document.
    pub fn live(text: &str) -> PolicyDocument {
        let decoded = match text.trim_start().starts_with('{') {
            true => Cow::Borrowed(text),
            false => percent_decode_str(text).decode_utf8_lossy(),
        };
        PolicyDocument::parse(&decoded).unwrap_or_else(|_| PolicyDocument(json!({ "Unreadable": text })))
    }

    /// Compact JSON, as sent.
    pub fn wire(&self) -> String {
        self.0.to_string()
    }

    pub fn statements(&self) -> &[Value] {
        self.0.get("Statement").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Characters without white space, which is what quotas count.
    pub fn size(&self) -> usize {
        self.wire().chars().filter(|c| !c.is_whitespace()).count()
    }

    /// Mistakes that AWS refuses. `pointer` is where the document stands in the entry.
    pub fn check(&self, pointer: &str, usage: PolicyUse, problems: &mut Problems) {
        let Value::Object(fields) = &self.0 else { return };
        check_elements(fields, DOCUMENT, "a policy document", pointer, problems);
        if let Some(version) = fields.get("Version").filter(|v| *v != VERSION && *v != "2008-10-17") {
            let help = format!("write `Version: \"{VERSION}\"`");
            problems.push_help(format!("{pointer}/Version"), format!("{version} is no policy version"), help);
        }
        if self.statements().is_empty() {
            problems.push(pointer, "a policy document needs at least one statement under `Statement`");
        }
        for (index, statement) in self.statements().iter().enumerate() {
            check_statement(statement, &format!("{pointer}/Statement/{index}"), usage, problems);
        }
    }
}

impl TryFrom<Value> for PolicyDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(fields) => Ok(PolicyDocument(document(fields))),
            Value::String(text) => PolicyDocument::parse(&text),
            _ => Err("a policy document is a map with `Version` and `Statement`, or the same as JSON text".into()),
        }
    }
}

impl JsonSchema for PolicyDocument {
    fn schema_name() -> Cow<'static, str> {
        "PolicyDocument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A policy document in AWS's JSON policy language: a map with `Version` and `Statement`, or \
                the same as JSON text. The order of values in a list, and one value instead of a list, make no difference.",
            "type": ["object", "string"],
            "properties": {
                "Version": { "enum": ["2012-10-17", "2008-10-17"] },
                "Id": { "type": "string" },
                "Statement": { "type": ["array", "object"] }
            }
        })
    }
}

fn document(mut fields: Map<String, Value>) -> Value {
    if let Some(statements) = fields.remove("Statement") {
        let statements = listed(statements).into_iter().map(statement).collect();
        fields.insert("Statement".into(), Value::Array(statements));
    }
    ordered(fields, DOCUMENT)
}

fn statement(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let canonical = |(key, value): (String, Value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => texts(value),
            "Principal" | "NotPrincipal" => each(value, |names| texts(each_text(names, account))),
            "Condition" => each(value, |keys| each(keys, texts)),
            _ => value,
        };
        (key, value)
    };
    ordered(fields.into_iter().map(canonical).collect(), STATEMENT)
}

/// The known elements first, in their order; others after them by name.
fn ordered(mut fields: Map<String, Value>, order: &[&str]) -> Value {
    let known: Vec<_> =
        order.iter().filter_map(|key| fields.remove(*key).map(|value| ((*key).to_owned(), value))).collect();
    fields.sort_keys();
    Value::Object(known.into_iter().chain(fields).collect())
}

/// Changes every member of a map, and sorts the map.
fn each(value: Value, change: impl Fn(Value) -> Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let mut fields: Map<_, _> = fields.into_iter().map(|(key, value)| (key, change(value))).collect();
    fields.sort_keys();
    Value::Object(fields)
}

fn each_text(value: Value, change: impl Fn(String) -> String) -> Value {
    let change = |item| match item {
        Value::String(text) => Value::String(change(text)),
        other => other,
    };
    Value::Array(listed(value).into_iter().map(change).collect())
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        single => vec![single],
    }
}

/// A sorted list of texts without doubles. Values that are no scalars stay, so that `check` or AWS can refuse them.
fn texts(value: Value) -> Value {
    let mut items: Vec<Value> = listed(value)
        .into_iter()
        .map(|item| match item {
            Value::Bool(_) | Value::Number(_) => Value::String(item.to_string()),
            other => other,
        })
        .collect();
    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    items.dedup();
    Value::Array(items)
}

/// `arn:PARTITION:iam::ACCOUNT:root` and the account's number mean the same; IAM and SNS give back the ARN (IAM User
/// Guide, "AWS JSON policy elements: Principal").
pub fn account(principal: String) -> String {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, "root"] => account.to_owned(),
        _ => principal,
    }
}

fn check_elements(fields: &Map<String, Value>, known: &[&str], what: &str, pointer: &str, problems: &mut Problems) {
    for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
        let help = did_you_mean(key, known.iter().copied())
            .unwrap_or_else(|| format!("its elements are {}; capitals matter", known.join(", ")));
        let place = format!("{pointer}/{}", crate::spec::node::pointer_token(key));
        problems.push_help(place, format!("{what} has no element `{key}`"), help);
    }
}

fn check_statement(statement: &Value, pointer: &str, usage: PolicyUse, problems: &mut Problems) {
    let Value::Object(fields) = statement else {
        problems.push(pointer, "a statement is a map with `Effect` and `Action`");
        return;
    };
    check_elements(fields, STATEMENT, "a statement", pointer, problems);
    if !matches!(fields.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        problems.push(format!("{pointer}/Effect"), "`Effect` must be `Allow` or `Deny`");
    }
    let count = |a: &str, b: &str| usize::from(fields.contains_key(a)) + usize::from(fields.contains_key(b));
    if count("Action", "NotAction") != 1 {
        problems.push(pointer, "a statement needs either `Action` or `NotAction`");
    }
    let (principals, resources) = match usage {
        PolicyUse::Identity => (0, 1),
        PolicyUse::Resource => (1, 1),
        PolicyUse::Trust => (1, 0),
    };
    for (element, wanted) in [("Principal", principals), ("Resource", resources)] {
        let found = count(element, &format!("Not{element}"));
        if found > wanted {
            let message = match wanted {
                0 => format!("a statement of this policy takes no `{element}`"),
                _ => format!("a statement takes either `{element}` or `Not{element}`"),
            };
            problems.push(pointer, message);
        } else if found < wanted {
            problems.push(pointer, format!("a statement of this policy needs `{element}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(value: Value) -> PolicyDocument {
        PolicyDocument::try_from(value).unwrap()
    }

    #[test]
    fn spellings_of_one_policy_are_one_document() {
        let short = json!({ "Statement": { "Action": "sns:Publish", "Effect": "Allow", "Resource": ["b", "a", "b"],
            "Principal": { "Service": "iot.amazonaws.com", "AWS": "arn:aws-cn:iam::123456789012:root" },
            "Condition": { "Bool": { "aws:SecureTransport": true }, "ArnLike": { "aws:SourceArn": "x" } } },
            "Version": VERSION });
        let long = json!({ "Version": VERSION, "Statement": [{ "Effect": "Allow",
            "Principal": { "AWS": ["123456789012"], "Service": ["iot.amazonaws.com"] },
            "Action": ["sns:Publish"], "Resource": ["a", "b"],
            "Condition": { "ArnLike": { "aws:SourceArn": ["x"] }, "Bool": { "aws:SecureTransport": ["true"] } } }] });
        assert_eq!(from(short.clone()).wire(), long.to_string());
        assert_eq!(from(Value::String(short.to_string())), from(long.clone()));

        let text = short.to_string();
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
        assert_eq!(PolicyDocument::live(&encoded), from(long.clone()));

        let state = serde_json::to_value(from(long.clone())).unwrap();
        assert_eq!(serde_json::from_value::<PolicyDocument>(state).unwrap(), from(long));
    }

    #[test]
    fn what_makes_a_difference_stays() {
        let statement = |sid: &str, action: &str| json!({ "Sid": sid, "Effect": "Allow", "Action": action });
        let policy = |first, second| PolicyDocument::of(vec![first, second]);
        let one = policy(statement("a", "x:A"), statement("b", "x:B"));
        assert_ne!(one, policy(statement("b", "x:B"), statement("a", "x:A")), "the order of statements is kept");
        assert_ne!(one, policy(statement("a", "x:A"), statement("b", "x:C")));
        let principal = |value: Value| PolicyDocument::of(vec![json!({ "Principal": value })]);
        assert_ne!(principal(json!("*")), principal(json!({ "AWS": "*" })));
        assert_ne!(PolicyDocument::live("no json"), PolicyDocument::live("none either"));
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        let document = from(json!({ "Version": "2012", "Statements": [], "Statement": [
            { "effect": "Allow", "Effect": "Permit", "Action": "a:B", "NotAction": "a:C", "Resource": "*" },
            { "Effect": "Deny", "Action": "a:B", "Principal": "*", "NotPrincipal": "*" } ] }));
        let mut problems = Problems::default();
        document.check("/document", PolicyUse::Identity, &mut problems);
        let found: Vec<_> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            found,
            [
                "/document/Statements",
                "/document/Version",
                "/document/Statement/0/effect",
                "/document/Statement/0/Effect",
                "/document/Statement/0",
                "/document/Statement/1",
                "/document/Statement/1",
            ]
        );

        let good = PolicyDocument::of(vec![json!({ "Effect": "Allow", "Action": "a:B", "Resource": "*" })]);
        let mut problems = Problems::default();
        good.check("", PolicyUse::Identity, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        good.check("", PolicyUse::Trust, &mut problems);
        assert_eq!(problems.0.len(), 2, "a trust names principals and no resources");
    }
}
