//! A plan for people.

use std::fmt::{Display, Write as _};

use serde_json::Value;

use super::paint::Paint;
use super::value::{inline, is_empty, list_difference, path};
use crate::diff::Change;
use crate::kind::{self, AnyKind};
use crate::plan::{Action, Plan, Step};
use crate::spec::node::pointer_token;

/// What stands for a value that must not be shown.
pub const HIDDEN: &str = "(hidden)";

/// The whole plan: one block a step, then one line of sums.
pub fn plan(plan: &Plan, paint: Paint) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} in account {}, {}\n",
        paint.bold(format!("Fleet {}", plan.fleet)),
        plan.place.account,
        plan.place.region
    );
    for step in plan.steps.iter().filter(|step| step.action != Action::Keep) {
        text.push_str(&block(step, paint));
    }
    text.push_str(&summary(plan));
    text.push('\n');
    text
}

/// `Plan: 3 to create, …` or `No changes`.
pub fn summary(plan: &Plan) -> String {
    let counts = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
        (Action::Adopt, "to adopt"),
        (Action::Conflict, "in conflict"),
        (Action::Protected, "protected"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .map(|(action, words)| (plan.count(*action), words))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let kept = plan.count(Action::Keep);
    match parts.is_empty() {
        true if kept == 0 => "No changes: nothing is declared, and the fleet owns nothing here.".into(),
        true => format!("No changes: {kept} objects are as declared."),
        false => format!("Plan: {}; {kept} unchanged.", parts.join(", ")),
    }
}

fn block(step: &Step, paint: Paint) -> String {
    let kind = kind::of(&step.address);
    let word = match step.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Keep => "keep",
        Action::Conflict => "conflict",
        Action::Protected => "protected",
    };
    let mut text = format!(
        "{} {} {}\n",
        paint.action(step.action, format!("{:>3}", step.action.sigil())),
        paint.bold(&step.address),
        paint.dim(format!("({}, {word})", kind.noun())),
    );
    if let Some(reason) = &step.reason {
        let _ = writeln!(text, "      {reason}");
    }
    match step.action {
        Action::Create => created(&mut text, step, kind),
        _ => step.changes.iter().for_each(|change| changed(&mut text, step, change, kind, paint)),
    }
    text.push('\n');
    text
}

/// The fields of a new object that say something.
fn created(text: &mut String, step: &Step, kind: &dyn AnyKind) {
    let fields = step.desired.as_ref().and_then(Value::as_object);
    for (key, value) in fields.into_iter().flatten().filter(|(_, value)| !is_empty(value)) {
        field(text, &format!("/{}", pointer_token(key)), key, value, kind, 6);
    }
}

/// Short values on one line, long maps one line a key.
fn field(text: &mut String, pointer: &str, key: &str, value: &Value, kind: &dyn AnyKind, indent: usize) {
    let pad = " ".repeat(indent);
    if kind.hides(pointer) {
        let _ = writeln!(text, "{pad}{key}: {HIDDEN}");
        return;
    }
    match value {
        Value::Object(map) if holds_hidden(pointer, value, kind) || inline(value).chars().count() > 90 => {
            let _ = writeln!(text, "{pad}{key}:");
            for (inner, value) in map.iter().filter(|(_, value)| !is_empty(value)) {
                field(text, &format!("{pointer}/{}", pointer_token(inner)), inner, value, kind, indent + 2);
            }
        }
        Value::Array(items) if inline(value).chars().count() > 90 => {
            let _ = writeln!(text, "{pad}{key}:");
            items.iter().for_each(|item| list_item(text, pointer, item, kind, indent + 2));
        }
        Value::String(lines) if lines.trim_end().contains('\n') => {
            let _ = writeln!(text, "{pad}{key}: |");
            for line in lines.trim_end().lines() {
                let _ = writeln!(text, "{pad}  {line}");
            }
        }
        value => {
            let _ = writeln!(text, "{pad}{key}: {}", inline(value));
        }
    }
}

/// One item of a long list: on its line, or a long map with its fields below each other.
fn list_item(text: &mut String, pointer: &str, item: &Value, kind: &dyn AnyKind, indent: usize) {
    let pad = " ".repeat(indent);
    match item {
        Value::Object(map) if inline(item).chars().count() > 90 => {
            let mut fields = String::new();
            for (key, value) in map.iter().filter(|(_, value)| !is_empty(value)) {
                field(&mut fields, &format!("{pointer}/{}", pointer_token(key)), key, value, kind, indent + 2);
            }
            // The first field stands on the dash's line.
            let _ = write!(text, "{pad}- {}", fields.trim_start());
        }
        item => drop(writeln!(text, "{pad}- {}", inline(item))),
    }
}

fn holds_hidden(pointer: &str, value: &Value, kind: &dyn AnyKind) -> bool {
    value.as_object().is_some_and(|map| map.keys().any(|key| kind.hides(&format!("{pointer}/{}", pointer_token(key)))))
}

fn changed(text: &mut String, step: &Step, change: &Change, kind: &dyn AnyKind, paint: Paint) {
    let name = path(&change.path);
    let forced = match step.forced_by.contains(&change.path) {
        true => paint.red("  # forces replacement"),
        false => String::new(),
    };
    if kind.hides(&change.path) {
        let _ = writeln!(text, "      {name}: {HIDDEN} → {HIDDEN}{forced}");
        return;
    }
    match (&change.live, &change.desired) {
        (Some(Value::Array(live)), Some(Value::Array(desired))) => {
            let (gone, new) = list_difference(live, desired);
            let _ = writeln!(text, "      {name}:{forced}");
            marked(text, &paint.red("-"), gone.iter());
            marked(text, &paint.green("+"), new.iter());
            if gone.is_empty() && new.is_empty() {
                let _ = writeln!(text, "        the order changes");
            }
        }
        (Some(Value::String(live)), Some(Value::String(desired))) if live.contains('\n') || desired.contains('\n') => {
            let _ = writeln!(text, "      {name}:{forced}");
            marked(text, &paint.red("-"), live.lines());
            marked(text, &paint.green("+"), desired.lines());
        }
        (live, desired) => {
            let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), inline);
            let _ = writeln!(text, "      {name}: {} → {}{forced}", paint.red(side(live)), paint.green(side(desired)));
        }
    }
}

/// What is gone or new, one line each.
fn marked(text: &mut String, mark: &str, items: impl Iterator<Item = impl Display>) {
    for item in items {
        let _ = writeln!(text, "        {mark} {item}");
    }
}
