//! The form of a test file: its own keys, the sections of a spec, scenarios and expectations, in one JSON Schema.

use fleet_detect::{expect, scenario};
use serde_json::{Map, Value, json};

use crate::spec::shape;

/// Sections of a spec that a test file may hold itself.
pub const SECTIONS: [&str; 6] =
    ["securityProfiles", "thingGroups", "thingTypes", "things", "customMetrics", "dimensions"];

/// JSON Schema of a test file, draft 2020-12.
pub fn published() -> Value {
    let mut schema = checked();
    let mut spec = shape::schema();
    rename_references(&mut spec);
    let definitions = spec["$defs"].as_object().into_iter().flatten();
    let definitions = definitions.map(|(name, definition)| (format!("spec.{name}"), definition.clone())).collect();
    add_definitions(&mut schema, definitions);
    let properties = schema["properties"].as_object_mut().expect("written as an object");
    for section in SECTIONS {
        match spec["properties"].get(section) {
            Some(known) => properties.insert(section.to_owned(), known.clone()),
            None => properties.remove(section),
        };
    }
    properties["behaviors"]["additionalProperties"] = json!({ "$ref": "#/$defs/spec.Behavior" });
    schema
}

/// The schema that a file is checked against first. What has the form of a spec is checked as one, once its behaviour
/// sets are written out.
pub fn checked() -> Value {
    let mut schema: Value = serde_json::from_str(include_str!("file.schema.json")).expect("our own file");
    for part in [scenario(), serde_json::from_str(expect::SCHEMA).expect("a published schema")] {
        add_definitions(&mut schema, part["$defs"].as_object().cloned().unwrap_or_default());
    }
    schema
}

/// The schema of a scenario that has a file of its own.
pub fn scenario() -> Value {
    serde_json::from_str(scenario::schema::SCHEMA).expect("a published schema")
}

fn add_definitions(schema: &mut Value, others: Map<String, Value>) {
    schema["$defs"].as_object_mut().expect("written as an object").extend(others);
}

/// Scenarios and specs both have, for example, a `Class`.
fn rename_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(target) if key == "$ref" => *target = target.replace("#/$defs/", "#/$defs/spec."),
                    other => rename_references(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename_references),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_file_with_everything_fits_the_published_schema() {
        let validator = jsonschema::validator_for(&published()).expect("a schema");
        let file = json!({
            "profile": ["a.yaml"], "behaviors": { "B": { "metric": "aws:num-disconnects", "alarmWhen": "> 5 in 5m" } },
            "scenario": "s.yaml",
            "tests": [
                { "name": "n", "episodes": [{ "kind": "botnet", "at": "1h", "devices": { "region": "north" } }],
                  "expect": { "alarms": [{ "devices": { "class": "c" }, "behavior": "B", "cleared": "never" }] } },
                { "name": "m", "events": [{ "at": "1s", "type": "connect", "clientId": "c" }], "expect": "no alarms" }]
        });
        let found: Vec<String> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
        assert_eq!(found, Vec::<String>::new());
        let wrong = json!({ "behaviors": { "B": { "metrc": "x" } }, "tests": [{ "name": "n", "expect": "alarms" }] });
        assert_eq!(validator.iter_errors(&wrong).count(), 3, "a misspelt key, a missing one, and no such expectation");
    }
}
