//! Policy documents as AWS IoT and IAM store them.
//!
//! Read: `Version`, `Statement` (one or a list), `Sid`, `Effect`, `Action` or
//! `NotAction`, `Resource` or `NotResource` (one or a list), `Condition`. Documents with
//! a `Principal` belong to resources, not to devices or roles, and are refused. Source:
//! IAM user guide, "Grammar of the IAM JSON policy language".

use super::condition::Condition;
use super::language;
use super::pattern::Pattern;
use super::template::{Template, Wildcards};
use serde_json::{Map, Value};
use std::fmt;

/// The version of the policy language that knows policy variables.
const VERSION_WITH_VARIABLES: &str = "2012-10-17";

/// A policy document that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// In the order of the document.
    pub statements: Vec<Statement>,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`, else its position counted from 1 ("statement 2").
    pub label: String,
    /// Its position in the document, counted from 0.
    pub index: usize,
    pub effect: Effect,
    pub actions: Actions,
    pub resources: Resources,
    pub conditions: Vec<Condition>,
}

/// `Action`, or `NotAction` when negated. Lower case: actions do not differ by case.
#[derive(Debug, Clone, PartialEq)]
pub struct Actions {
    pub negated: bool,
    pub patterns: Vec<Pattern>,
}

impl Actions {
    /// Whether the list covers `action` (lower case). Too complex counts as covered.
    pub fn covers(&self, action: &str) -> bool {
        let action = Pattern::literal(action);
        let named = self.patterns.iter().any(|pattern| language::intersects(pattern, &action) != Some(false));
        named != self.negated
    }
}

/// `Resource`, or `NotResource` when negated.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    pub negated: bool,
    pub templates: Vec<Template>,
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Where in the document, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What is wrong and what is expected, a lower-case fragment.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(f, "policy document: {}", self.message)
        } else {
            write!(f, "policy document at {}: {}", self.pointer, self.message)
        }
    }
}

impl std::error::Error for PolicyError {}

fn error<T>(pointer: &str, message: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError { pointer: pointer.to_owned(), message: message.into() })
}

impl Document {
    /// Reads a document given as an object, or as text as the AWS APIs return it
    /// (IAM percent-encodes it; API:GetPolicyVersion).
    pub fn parse(document: &Value) -> Result<Self, PolicyError> {
        match document {
            Value::String(text) => Self::parse_text(text),
            Value::Object(members) => Self::parse_object(members),
            _ => error("", "is neither an object nor a text; give the JSON document"),
        }
    }

    fn parse_text(text: &str) -> Result<Self, PolicyError> {
        let decoded;
        let text = if text.trim_start().starts_with('%') {
            decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            decoded.as_ref()
        } else {
            text
        };
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(members)) => Self::parse_object(&members),
            Ok(_) => error("", "is not a JSON object"),
            Err(cause) => error("", format!("is not valid JSON: {cause}")),
        }
    }

    fn parse_object(members: &Map<String, Value>) -> Result<Self, PolicyError> {
        for key in members.keys() {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                return error(&format!("/{key}"), "unknown element; expected Version, Id or Statement");
            }
        }
        let variables = match members.get("Version") {
            None => false,
            Some(Value::String(version)) if version == "2008-10-17" => false,
            Some(Value::String(version)) if version == VERSION_WITH_VARIABLES => true,
            Some(_) => return error("/Version", "must be 2012-10-17 or 2008-10-17"),
        };
        let statements = match members.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return error("/Statement", "must be a statement or a list of statements"),
        };
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, value)| statement(index, value, variables))
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }
}

fn statement(index: usize, value: &Value, variables: bool) -> Result<Statement, PolicyError> {
    let at = format!("/Statement/{index}");
    let Value::Object(members) = value else {
        return error(&at, "must be an object");
    };
    const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    if let Some(key) = members.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return error(&format!("{at}/{key}"), "unknown element of an identity policy's statement");
    }
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return error(&format!("{at}/Effect"), "must be Allow or Deny"),
    };
    let (negated, actions) = either(members, &at, "Action", "NotAction")?;
    let actions =
        Actions { negated, patterns: actions.iter().map(|action| Pattern::glob(&action.to_lowercase())).collect() };
    let (negated, resources) = either(members, &at, "Resource", "NotResource")?;
    let resources = Resources {
        negated,
        templates: resources.iter().map(|text| Template::parse(text, Wildcards::Match, variables)).collect(),
    };
    let label = match members.get("Sid").and_then(Value::as_str) {
        Some(sid) if !sid.is_empty() => sid.to_owned(),
        _ => format!("statement {}", index + 1),
    };
    Ok(Statement {
        label,
        index,
        effect,
        actions,
        resources,
        conditions: conditions(members.get("Condition"), &at, variables)?,
    })
}

/// The element `plain` or its negation, exactly one of which must be there.
fn either(
    members: &Map<String, Value>,
    at: &str,
    plain: &str,
    negation: &str,
) -> Result<(bool, Vec<String>), PolicyError> {
    match (members.get(plain), members.get(negation)) {
        (Some(value), None) => Ok((false, texts(value, &format!("{at}/{plain}"))?)),
        (None, Some(value)) => Ok((true, texts(value, &format!("{at}/{negation}"))?)),
        _ => error(at, format!("needs exactly one of {plain} and {negation}")),
    }
}

fn texts(value: &Value, at: &str) -> Result<Vec<String>, PolicyError> {
    match value {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(list) => list
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(text.clone()),
                _ => error(at, "must hold texts only"),
            })
            .collect(),
        _ => error(at, "must be a text or a list of texts"),
    }
}

fn conditions(block: Option<&Value>, at: &str, variables: bool) -> Result<Vec<Condition>, PolicyError> {
    let at = format!("{at}/Condition");
    let operators = match block {
        None => return Ok(vec![]),
        Some(Value::Object(operators)) => operators,
        Some(_) => return error(&at, "must be an object of operators"),
    };
    let mut conditions = vec![];
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            return error(&format!("{at}/{operator}"), "must be an object of condition keys");
        };
        for (key, values) in keys {
            let values = condition_values(values, &format!("{at}/{operator}/{key}"))?;
            conditions.push(Condition::new(operator, key, values, variables));
        }
    }
    Ok(conditions)
}

/// IAM also takes bare booleans and numbers as condition values.
fn condition_values(value: &Value, at: &str) -> Result<Vec<String>, PolicyError> {
    let items = match value {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(flag) => Ok(flag.to_string()),
            Value::Number(number) => Ok(number.to_string()),
            _ => error(at, "must be a text, a boolean, a number or a list of them"),
        })
        .collect()
}
