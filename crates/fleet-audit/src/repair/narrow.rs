//! An Allow for any device, parted into statements for the device itself.
//!
//! Each part keeps the actions and resources of the Allow that are about one kind of
//! resource. Resources that are broad by themselves become those of the connecting thing.

use super::deny::texts;
use crate::policy::data_plane::{DataPlane, ROWS, Row};
use crate::policy::document::Document;
use crate::policy::language;
use crate::policy::pattern::Pattern;
use serde_json::{Value, json};

const THING: &str = "${iot:Connection.Thing.ThingName}";

const NOTE: &str = "Devices keep access to what is theirs by the thing's name. Add the topics of your own that they use, \
                    each with the thing's name in it.";

/// A kind of resource with the actions that are about it.
struct Part {
    kind: &'static str,
    row: Row,
    actions: &'static [&'static str],
    /// The connecting thing's own.
    own: String,
}

fn parts() -> [Part; 4] {
    let part = |kind, row, actions, own: String| Part { kind, row, actions, own };
    [
        part("client/", Row::Connect, &["iot:Connect"], THING.to_owned()),
        part(
            "topic/",
            Row::Publish,
            &["iot:Publish", "iot:RetainPublish", "iot:Receive"],
            format!("$aws/things/{THING}/*"),
        ),
        part("topicfilter/", Row::Subscribe, &["iot:Subscribe"], format!("$aws/things/{THING}/*")),
        part("thing/", Row::DataApi, Row::DataApi.actions(), THING.to_owned()),
    ]
}

/// The statements that take the place of `statement`, and what else to think of. `None` if
/// it is of a form that is not understood, such as one with NotAction.
pub fn statements(statement: &Value) -> Option<(Vec<Value>, &'static str)> {
    let actions = texts(statement.get("Action")?)?;
    let resources = texts(statement.get("Resource")?)?;
    let mut statements = vec![];
    for part in parts() {
        let wanted = wanted(&actions, part.actions);
        if wanted.is_empty() {
            continue;
        }
        let arns = narrowed(&part, &resources, statement.get("Condition"));
        if arns.is_empty() {
            continue;
        }
        let mut narrow = json!({"Effect": "Allow", "Action": one_or_list(wanted), "Resource": one_or_list(arns)});
        if let Some(condition) = statement.get("Condition") {
            narrow["Condition"] = condition.clone();
        }
        if part.row == Row::Connect {
            narrow["Condition"]["Bool"]["iot:Connection.Thing.IsAttached"] = json!("true");
        }
        statements.push(narrow);
    }
    (!statements.is_empty()).then_some((statements, NOTE))
}

fn one_or_list(mut texts: Vec<String>) -> Value {
    if texts.len() == 1 { json!(texts.remove(0)) } else { json!(texts) }
}

/// The actions of a part that the Allow covers.
fn wanted(allowed: &[String], of_part: &[&str]) -> Vec<String> {
    let covers = |action: &&&str| {
        allowed.iter().any(|pattern| {
            let action = Pattern::literal(&action.to_lowercase());
            language::includes(&Pattern::glob(&pattern.to_lowercase()), &action) == Some(true)
        })
    };
    of_part.iter().filter(covers).map(|action| (*action).to_owned()).collect()
}

/// The resources of one kind, the broad ones narrowed to the connecting thing's.
fn narrowed(part: &Part, resources: &[String], condition: Option<&Value>) -> Vec<String> {
    let place = resources.iter().find_map(|arn| {
        Some(arn.splitn(6, ':').take(5).collect::<Vec<_>>().join(":")).filter(|p| p.starts_with("arn:"))
    });
    let place = place.unwrap_or_else(|| "arn:${partition}:iot:${region}:${account}".to_owned());
    let mut arns = vec![];
    for resource in resources {
        let of_kind = resource.splitn(6, ':').nth(5).is_some_and(|rest| rest.starts_with(part.kind));
        let everything = resource.splitn(6, ':').nth(5).is_none_or(|rest| rest.starts_with(['*', '?']));
        if !of_kind && !everything {
            continue;
        }
        let arn = match everything || is_broad(part, resource, condition) {
            true => format!("{place}:{}{}", part.kind, part.own),
            false => resource.clone(),
        };
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    arns
}

/// Whether the resource alone reaches devices that nobody named.
fn is_broad(part: &Part, resource: &str, condition: Option<&Value>) -> bool {
    let mut statement = json!({"Effect": "Allow", "Action": part.actions, "Resource": resource});
    if let Some(condition) = condition {
        statement["Condition"] = condition.clone();
    }
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    let Ok(document) = Document::parse(&document) else { return true };
    let data_plane = DataPlane::new(&document.statements);
    let reaches = |row: Row| !data_plane.broad(row).allowed.is_empty() || !data_plane.family(row).allowed.is_empty();
    ROWS.contains(&part.row) && reaches(part.row)
}
