//! An action of a topic rule: one of AWS's forms, with some sugar, checked and brought into canonical form as data.
//!
//! The SDK has two dozen types for actions. A table says the same in less, and JSON goes over the wire anyway.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::action_table::{ACTIONS, Action, Default, Field, Means, Shape, find};
use crate::diagnostic::did_you_mean;
use crate::resources::{function, log_group, role, topic};
use crate::scope::{Problems, Reference, Scope};
use crate::spec::node::pointer_token;

/// What the user wrote: an object with one key, the action's name.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Declared(Value);

/// IoT invokes a function as this principal.
const IOT: &str = "iot.amazonaws.com";

impl Declared {
    /// The action, its name and its members, where the shape is right so far.
    fn parts(&self) -> Option<(&'static Action, &Map<String, Value>)> {
        let (name, members) = self.0.as_object().filter(|map| map.len() == 1)?.iter().next()?;
        Some((find(name)?, members.as_object()?))
    }

    pub fn check(&self, pointer: &str, problems: &mut Problems) {
        let Some(map) = self.0.as_object().filter(|map| map.len() == 1) else {
            return problems.push(pointer, "an action has exactly one key, its type, such as `sns:` (API:Action)");
        };
        let Some((action, members)) = self.parts() else {
            for (name, members) in map {
                let at = format!("{pointer}/{}", pointer_token(name));
                match find(name) {
                    Some(_) => problems.push(at, format!("`{name}` must be a map, not {}", found(members))),
                    None => unknown(&at, name, ACTIONS.iter().map(|action| action.name).collect(), problems),
                }
            }
            return;
        };
        check_action(action, members, &format!("{pointer}/{}", action.name), problems);
    }

    pub fn references(&self, pointer: &str) -> Vec<Reference> {
        let Some((action, members)) = self.parts() else { return Vec::new() };
        let named = action.all_sugar().filter_map(|sugar| Some((sugar, members.get(sugar.key)?.as_str()?)));
        named
            .filter_map(|(sugar, text)| {
                let at = format!("{pointer}/{}/{}", action.name, sugar.key);
                match sugar.means {
                    Means::Role => Reference::to("roles", text, at),
                    Means::Topic => Reference::to("topics", text, at),
                    Means::LogGroup => Reference::to("logGroups", text, at),
                    Means::Function => Reference::to("functions", text, at).map(|to| to.invoking_as(IOT)),
                    Means::Value | Means::Queue => None,
                }
            })
            .collect()
    }

    /// AWS's own form, canonical.
    pub fn expand(&self, scope: &Scope) -> Value {
        let Some((action, members)) = self.parts() else { return self.0.clone() };
        let mut own = members.clone();
        for sugar in action.all_sugar() {
            if let Some(value) = own.shift_remove(sugar.key) {
                own.insert(sugar.stands_for.into(), expanded(sugar.means, &value, scope));
            }
        }
        canonical(&json!({ action.name: own }))
    }
}

fn expanded(means: Means, value: &Value, scope: &Scope) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let place = scope.place;
    Value::String(match means {
        Means::Value => text,
        Means::Role => Reference::arn(&text, |name| role::arn(place, scope.fleet, name)),
        Means::Function => Reference::arn(&text, |name| function::arn(place, name)),
        Means::Topic => Reference::arn(&text, |name| topic::arn(place, name)),
        Means::LogGroup => log_group::name_of(&text).to_owned(),
        Means::Queue if text.starts_with("https://") => text,
        Means::Queue => {
            let domain = if place.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://sqs.{}.{domain}/{}/{text}", place.region, place.account)
        }
    })
}

/// An action in AWS's form without what means nothing: nulls, and defaults that AWS may write out. Keys are in order.
pub fn canonical(action: &Value) -> Value {
    let Some((name, members)) = action.as_object().and_then(|map| map.iter().find(|(_, value)| !value.is_null()))
    else {
        return action.clone();
    };
    // A type that is new to us is kept as it is: it can only come from AWS.
    json!({ name: settled(members, find(name).map_or(&[], |action| action.fields)) })
}

fn settled(value: &Value, fields: &[Field]) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept: Vec<(&String, Value)> = Vec::new();
            for (key, value) in members {
                let field = fields.iter().find(|field| field.name == key);
                if value.is_null() || field.is_some_and(|field| field.default.is(value)) {
                    continue;
                }
                let inner = match field.map(|field| &field.shape) {
                    Some(Shape::Object(inner) | Shape::List(inner)) => *inner,
                    _ => &[],
                };
                kept.push((key, settled(value, inner)));
            }
            kept.sort_by_key(|(key, _)| *key);
            Value::Object(kept.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => items.iter().map(|item| settled(item, fields)).collect(),
        other => other.clone(),
    }
}

impl Default {
    fn is(self, value: &Value) -> bool {
        match self {
            Default::None => false,
            Default::False => value == false,
            Default::Zero => value == 0,
            Default::Text(text) => value == text,
        }
    }
}

fn check_action(action: &Action, members: &Map<String, Value>, pointer: &str, problems: &mut Problems) {
    let mut own = Map::new();
    for (key, value) in members {
        let at = format!("{pointer}/{}", pointer_token(key));
        let sugar = action.all_sugar().find(|sugar| sugar.key == key);
        match sugar {
            Some(sugar) if members.contains_key(sugar.stands_for) => {
                problems.push(at, format!("`{key}` and `{}` say the same; keep one of them", sugar.stands_for));
            }
            Some(sugar) if value.is_string() || (sugar.means == Means::Value && value.is_number()) => {}
            Some(_) => problems.push(at, format!("`{key}` must be a text, not {}", found(value))),
            None if action.fields.iter().any(|field| field.name == key) => drop(own.insert(key.clone(), value.clone())),
            None => {
                let sugar = action.all_sugar().map(|sugar| sugar.key);
                unknown(&at, key, action.fields.iter().map(|field| field.name).chain(sugar).collect(), problems);
            }
        }
    }
    for field in action.fields.iter().filter(|field| field.required && !members.contains_key(field.name)) {
        match action.all_sugar().find(|sugar| sugar.stands_for == field.name) {
            Some(sugar) if members.contains_key(sugar.key) => {}
            Some(sugar) => {
                let message = format!("`{}` needs `{}:` (AWS's `{}:` will do)", action.name, sugar.key, field.name);
                problems.push(pointer, message);
            }
            None => problems.push(pointer, format!("`{}` needs `{}:`", action.name, field.name)),
        }
    }
    for field in action.fields {
        if let Some(value) = own.get(field.name) {
            check_value(field, value, &format!("{pointer}/{}", field.name), problems);
        }
    }
}

fn check_value(field: &Field, value: &Value, pointer: &str, problems: &mut Problems) {
    let name = field.name;
    let mut wrong =
        |expected: &str| problems.push(pointer, format!("`{name}` must be {expected}, not {}", found(value)));
    match &field.shape {
        Shape::Text if value.is_number() => wrong("a text (put it in quotes)"),
        Shape::Text if !value.is_string() => wrong("a text"),
        Shape::Flag if !value.is_boolean() => wrong("true or false"),
        Shape::Whole(least, most) if !value.as_i64().is_some_and(|number| (*least..=*most).contains(&number)) => {
            wrong(&format!("a whole number from {least} to {most}"));
        }
        Shape::OneOf(options) if !value.as_str().is_some_and(|text| options.contains(&text)) => {
            wrong(&format!("one of {options:?}"));
        }
        Shape::Texts if !value.as_object().is_some_and(|map| map.values().all(Value::is_string)) => {
            wrong("a map of texts");
        }
        Shape::Object(fields) => match value.as_object() {
            Some(members) => check_members(fields, name, members, pointer, problems),
            None => wrong("a map"),
        },
        Shape::List(fields) => match value.as_array() {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    let at = format!("{pointer}/{index}");
                    match item.as_object() {
                        Some(members) => check_members(fields, name, members, &at, problems),
                        None => problems.push(at, format!("an item of `{name}` must be a map, not {}", found(item))),
                    }
                }
            }
            None => wrong("a list"),
        },
        _ => {}
    }
}

fn check_members(fields: &[Field], name: &str, members: &Map<String, Value>, pointer: &str, problems: &mut Problems) {
    for (key, value) in members {
        let at = format!("{pointer}/{}", pointer_token(key));
        match fields.iter().find(|field| field.name == key) {
            Some(field) => check_value(field, value, &at, problems),
            None => unknown(&at, key, fields.iter().map(|field| field.name).collect(), problems),
        }
    }
    for field in fields.iter().filter(|field| field.required && !members.contains_key(field.name)) {
        problems.push(pointer, format!("`{name}` needs `{}:`", field.name));
    }
}

fn unknown(pointer: &str, key: &str, known: Vec<&str>, problems: &mut Problems) {
    let help = did_you_mean(key, known.iter().copied()).unwrap_or_else(|| format!("known are {}", known.join(", ")));
    problems.push_help(pointer, format!("`{key}` is not known here (API:Action)"), help);
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

impl JsonSchema for Declared {
    fn schema_name() -> Cow<'static, str> {
        "RuleAction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let actions: Map<String, Value> =
            ACTIONS.iter().map(|action| (action.name.to_owned(), action_schema(action))).collect();
        schemars::json_schema!({
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
            "description": "One action, in AWS's own form or with the shorter keys that say what they expand to.",
            "properties": actions,
        })
    }
}

fn action_schema(action: &Action) -> Value {
    let mut schema = members_schema(action.fields);
    let required: Vec<&str> = action.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let sugared: Vec<&str> = action.all_sugar().map(|sugar| sugar.stands_for).collect();
    schema["required"] = required.into_iter().filter(|name| !sugared.contains(name)).collect();
    for sugar in action.all_sugar() {
        let what = match sugar.means {
            Means::Value => format!("Short for {}.", sugar.stands_for),
            Means::Role => "A role of this spec, or the ARN of another. Expands to roleArn.".into(),
            Means::Function => "A function of this spec, or the ARN of another. Expands to functionArn.".into(),
            Means::Topic => "An SNS topic of this spec, or the ARN of another. Expands to targetArn.".into(),
            Means::LogGroup => "A log group of this spec, or the ARN of another. Expands to logGroupName.".into(),
            Means::Queue => "The name of a queue in the same account and region. Expands to queueUrl.".into(),
        };
        let kind = if sugar.means == Means::Value { json!(["string", "number"]) } else { json!("string") };
        schema["properties"][sugar.key] = json!({ "type": kind, "description": what });
    }
    schema
}

fn members_schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), field_schema(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn field_schema(field: &Field) -> Value {
    match &field.shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::OneOf(options) => json!({ "type": "string", "enum": options }),
        Shape::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::Object(fields) => members_schema(fields),
        Shape::List(fields) => json!({ "type": "array", "items": members_schema(fields) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Place;
    use std::collections::BTreeMap;

    fn expand(json: Value) -> Value {
        let place = Place::new("123456789012", "us-east-1");
        let files = BTreeMap::new();
        let scope = Scope {
            fleet: "factory",
            place: &place,
            name: "r",
            files: &files,
            invokers: &[],
            declared: &crate::scope::alone,
        };
        let action: Declared = serde_json::from_value(json).unwrap();
        let mut problems = Problems::default();
        action.check("", &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        action.expand(&scope)
    }

    #[test]
    fn sugar_expands_to_awss_form_and_defaults_mean_nothing() {
        let role = "arn:aws:iam::123456789012:role/fleetctl/factory/rules";
        let cases = [
            (
                json!({ "lambda": { "function": "fix" } }),
                json!({ "lambda": { "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:fix" } }),
            ),
            (
                json!({ "sns": { "topic": "alerts", "role": "rules", "messageFormat": "RAW" } }),
                json!({ "sns": { "targetArn": "arn:aws:sns:us-east-1:123456789012:alerts", "roleArn": role } }),
            ),
            (
                json!({ "sqs": { "queue": "q", "role": role, "useBase64": true } }),
                json!({ "sqs": { "queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "roleArn": role,
                    "useBase64": true } }),
            ),
            (
                json!({ "cloudwatchLogs": { "logGroup": "/aws/iot/x", "role": "rules", "batchMode": false } }),
                json!({ "cloudwatchLogs": { "logGroupName": "/aws/iot/x", "roleArn": role } }),
            ),
            (
                json!({ "cloudwatchMetric": { "namespace": "Fleet", "name": "n", "value": 1, "unit": "Count", "role": "rules" } }),
                json!({ "cloudwatchMetric": { "metricNamespace": "Fleet", "metricName": "n", "metricValue": "1",
                    "metricUnit": "Count", "roleArn": role } }),
            ),
            (
                json!({ "republish": { "topic": "$$aws/x", "role": "rules", "qos": 0, "headers": { "userProperties":
                    [{ "value": "v", "key": "k" }], "contentType": null } } }),
                json!({ "republish": { "topic": "$$aws/x", "roleArn": role,
                    "headers": { "userProperties": [{ "key": "k", "value": "v" }] } } }),
            ),
        ];
        for (mut sugar, own) in cases {
            // AWS's null members, as some answers have them, are for `canonical` alone.
            if let Some(headers) = sugar.pointer_mut("/republish/headers").and_then(Value::as_object_mut) {
                headers.shift_remove("contentType");
            }
            let expanded = expand(sugar);
            assert_eq!(expanded, own);
            assert_eq!(expanded, canonical(&own));
        }
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            (json!({ "lamda": {} }), "/lamda", "not known"),
            (json!({ "sns": {}, "sqs": {} }), "", "exactly one key"),
            (json!({ "sns": "alerts" }), "/sns", "must be a map"),
            (json!({ "lambda": { "functionARN": "x", "function": "f" } }), "/lambda/functionARN", "not known"),
            (json!({ "lambda": { "functionArn": "x", "function": "f" } }), "/lambda/function", "say the same"),
            (json!({ "lambda": {} }), "/lambda", "needs `function:`"),
            (json!({ "kinesis": { "role": "r" } }), "/kinesis", "needs `streamName:`"),
            (json!({ "republish": { "role": "r", "topic": "t", "qos": 2 } }), "/republish/qos", "from 0 to 1"),
            (json!({ "s3": { "role": "r", "bucketName": "b", "key": 5 } }), "/s3/key", "in quotes"),
            (
                json!({ "timestream": { "role": "r", "databaseName": "d", "tableName": "t", "dimensions": [{ "name": "n" }] } }),
                "/timestream/dimensions/0",
                "needs `value:`",
            ),
        ];
        for (json, pointer, message) in cases {
            let mut problems = Problems::default();
            serde_json::from_value::<Declared>(json.clone()).unwrap().check("", &mut problems);
            let first = problems.0.first().unwrap_or_else(|| panic!("{json}"));
            assert!(first.pointer == pointer && first.message.contains(message), "{json}: {problems:?}");
        }
    }

    #[test]
    fn sugar_never_takes_a_key_of_awss_form() {
        for action in ACTIONS {
            for sugar in action.all_sugar() {
                assert!(action.fields.iter().all(|field| field.name != sugar.key), "{} {}", action.name, sugar.key);
                assert!(action.fields.iter().any(|field| field.name == sugar.stands_for), "{}", action.name);
            }
        }
    }
}
