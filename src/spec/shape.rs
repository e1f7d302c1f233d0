//! The shape of a spec: one JSON Schema from the kinds' own types, published by `fleetctl schema` and checked here.
//!
//! Checking against the schema finds every misspelt key, wrong type and missing field in one pass, where decoding
//! would stop at the first. `jsonschema` (MIT, kept up) finds them; the wording and the places are ours.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::node::{Node, pointer_token};
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::kind::{self, Ownership};

/// The JSON Schema (draft 2020-12) of a whole spec.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut properties = head();
    let mut sections: Vec<(&str, Value)> = Vec::new();
    for kind in kind::all() {
        sections.push((kind.section(), kind.schema(&mut generator).to_value()));
    }
    let mut definitions = generator.take_definitions(false);
    for kind in kind::all().iter().filter(|kind| kind.ownership() == Ownership::Tags) {
        let (_, schema) = sections.iter().find(|(section, _)| *section == kind.section()).expect("listed above");
        if let Some(fields) = definition(&mut definitions, schema) {
            fields.insert("tags".into(), tags_schema("Tags of this object, on top of the spec's own."));
            fields.insert(
                "protect".into(),
                json!({ "type": "boolean", "description":
                "Forbid deletion. The mark is a tag on the live object, so it holds even after this block is gone." }),
            );
        }
    }
    for (section, schema) in &sections {
        let singleton = kind::find(section).is_some_and(|kind| kind.ownership() == Ownership::Singleton);
        let value = match singleton {
            true => schema.clone(),
            false => json!({ "type": "object", "additionalProperties": schema }),
        };
        match section.split_once('.') {
            None => drop(properties.insert((*section).to_owned(), value)),
            Some((outer, inner)) => {
                let (_, outer) =
                    sections.iter().find(|(name, _)| *name == outer).expect("a nested section has an outer one");
                if let Some(fields) = definition(&mut definitions, &outer.clone()) {
                    fields.insert(inner.to_owned(), value);
                }
            }
        }
    }
    json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fleetctl spec", "type": "object",
        "required": ["version", "fleet"], "additionalProperties": false, "properties": properties, "$defs": definitions })
}

/// The properties of a `$ref`'s definition.
fn definition<'a>(definitions: &'a mut Map<String, Value>, schema: &Value) -> Option<&'a mut Map<String, Value>> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    let definition = definitions.get_mut(name)?.as_object_mut()?;
    definition.entry("properties").or_insert_with(|| json!({})).as_object_mut()
}

fn tags_schema(description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string", "maxLength": 256 }, "maxProperties": 47,
        "propertyNames": { "minLength": 1, "maxLength": 128 }, "description": description })
}

/// The keys of a spec that are not sections.
fn head() -> Map<String, Value> {
    let head = json!({
        "version": { "const": 1, "description": "The version of the spec's form." },
        "fleet": { "type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$",
            "description": "The owner's name, written on every object. Changing it makes a new fleet." },
        "targets": { "type": "array", "maxItems": 1, "items": { "type": "object", "additionalProperties": false, "properties": {
            "account": { "type": "string", "pattern": "^[0-9]{12}$", "description": "Refuse to work on any other account." },
            "region": { "type": "string", "description": "Used unless --region says otherwise." } } },
            "description": "The account and region to work on. Left out: the caller's own." },
        "vars": { "type": "object", "additionalProperties": { "type": "object", "additionalProperties": false, "properties": {
            "default": { "description": "Used unless --var or --var-file gives a value." },
            "description": { "type": "string" } } },
            "description": "Variables, used as ${vars.NAME}." },
        "include": { "description": "More spec files, merged with this one: a path or a list; `*` is allowed.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
        "tags": tags_schema("Tags of every taggable object."),
        "scenarios": { "type": "array", "items": { "type": "string" },
            "description": "Scenario files, relative to this one. `check` takes from their device classes what healthy devices do." },
        "waivers": { "type": "array", "description": "Findings of `check` and `audit` that are accepted for a while.",
            "items": { "type": "object", "additionalProperties": false, "required": ["code", "reason", "until"], "properties": {
                "code": { "type": "string", "description": "The code of a rule, an audit check, or a rule of one; `fleetctl explain CODE` prints its page." },
                "address": { "type": "string", "description": "A glob of addresses, such as `alarms.*`. Left out, the whole spec." },
                "reason": { "type": "string", "minLength": 1, "description": "Why this is accepted." },
                "until": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "The last day on which it is." } } } },
    });
    match head {
        Value::Object(map) => map,
        _ => unreachable!("written as an object"),
    }
}

/// Reports every place where `root` does not have the shape of `schema`.
pub fn check(root: &Node, schema: &Value, diagnostics: &mut Diagnostics) {
    let validator = jsonschema::validator_for(schema).expect("the schema comes from our own types");
    let instance = root.to_json();
    for error in validator.iter_errors(&instance) {
        report(&error, root, schema, diagnostics);
    }
}

fn report(error: &ValidationError, root: &Node, schema: &Value, diagnostics: &mut Diagnostics) {
    let pointer = error.instance_path().as_str();
    let at = root.nearest(pointer).span;
    let key_at = root.key_span(pointer);
    let diagnostic = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = sibling_properties(error, schema);
            for key in unexpected {
                let place = root.key_span(&format!("{pointer}/{}", pointer_token(key)));
                let help = did_you_mean(key, known.iter().map(String::as_str)).or_else(|| listed("it has", &known));
                let message = format!("{} has no key `{key}`", subject(pointer));
                diagnostics.push(Diagnostic::error("unknown-key", message).at(place).help_if(help));
            }
            return;
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            return report_alternatives(context, error, root, schema, diagnostics);
        }
        ValidationErrorKind::PropertyNames { .. } => {
            Diagnostic::error("bad-value", "a tag key has 1 to 128 characters").at(at)
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            Diagnostic::error("missing-key", format!("{} needs `{key}:`", subject(pointer))).at(key_at)
        }
        ValidationErrorKind::Type { kind } => {
            let message = format!("{} must be {}, not {}", subject(pointer), expected(kind), found(error.instance()));
            Diagnostic::error("wrong-type", message).at(at)
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            let written = plain(error.instance());
            let help =
                did_you_mean(&written, options.iter().map(String::as_str)).or_else(|| listed("use one of", &options));
            let message = format!("{} cannot be `{written}`", subject(pointer));
            Diagnostic::error("bad-value", message).at(at).help_if(help)
        }
        ValidationErrorKind::Constant { expected_value } => {
            let message = format!("{} must be `{}`", subject(pointer), plain(expected_value));
            Diagnostic::error("bad-value", message).at(at)
        }
        ValidationErrorKind::Pattern { pattern } => {
            let message = format!("{} cannot be `{}`", subject(pointer), plain(error.instance()));
            Diagnostic::error("bad-value", message).at(at).help(format!("it must match {pattern}"))
        }
        _ => Diagnostic::error("bad-value", format!("{}: {}", subject(pointer), error.masked())).at(at),
    };
    diagnostics.push(diagnostic);
}

/// Of several forms that a value may have, the one that it comes nearest to explains itself.
fn report_alternatives(
    context: &[Vec<ValidationError<'static>>],
    error: &ValidationError,
    root: &Node,
    schema: &Value,
    diagnostics: &mut Diagnostics,
) {
    let pointer = error.instance_path().as_str();
    let here = |inner: &ValidationError| {
        inner.instance_path().as_str() == pointer
            && matches!(inner.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::Constant { .. })
    };
    let fitting = context.iter().filter(|errors| !errors.iter().any(here)).min_by_key(|errors| errors.len());
    if let Some(errors) = fitting {
        errors.iter().for_each(|inner| report(inner, root, schema, diagnostics));
        return;
    }
    let mut forms: Vec<String> = Vec::new();
    for inner in context.iter().flatten() {
        let form = match inner.kind() {
            ValidationErrorKind::Type { kind } => expected(kind),
            ValidationErrorKind::Constant { expected_value } => format!("`{}`", plain(expected_value)),
            _ => continue,
        };
        if !forms.contains(&form) && form != "nothing" {
            forms.push(form);
        }
    }
    let message = format!("{} must be {}, not {}", subject(pointer), forms.join(" or "), found(error.instance()));
    diagnostics.push(Diagnostic::error("wrong-type", message).at(root.nearest(pointer).span));
}

/// The keys that the object may have where an unknown one was found.
fn sibling_properties(error: &ValidationError, schema: &Value) -> Vec<String> {
    let path = error.schema_path().as_str();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(parent).and_then(|object| object.get("properties")).and_then(Value::as_object);
    properties.map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

fn listed(intro: &str, words: &[String]) -> Option<String> {
    (!words.is_empty() && words.len() <= 24).then(|| format!("{intro} {}", words.join(", ")))
}

/// The last steps of a pointer as people would say it: `topics.alerts.publishers`.
fn subject(pointer: &str) -> String {
    match pointer.strip_prefix('/') {
        None => "this file".into(),
        Some(path) => format!("`{}`", path.replace('/', ".").replace("~1", "/").replace("~0", "~")),
    }
}

fn expected(kind: &TypeKind) -> String {
    let word = |name: &str| match name {
        "object" => "a map",
        "array" => "a list",
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        _ => "nothing",
    };
    match kind {
        TypeKind::Single(single) => word(&single.to_string()).to_owned(),
        TypeKind::Multiple(set) => {
            let words: Vec<_> =
                set.iter().map(|one| word(&one.to_string())).filter(|word| *word != "nothing").collect();
            words.join(" or ")
        }
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "empty".into(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the text `{}`", value.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
