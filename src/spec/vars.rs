//! Variables: `${vars.name}`.
//!
//! A text that is nothing but one reference takes the variable's value with its type; inside a longer text the value
//! is written out. Everything else in `${…}` is left for `resolve`.

use std::collections::BTreeMap;

use super::node::{Node, Tree};
use super::parse::parse;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};

/// Values from the command line, in rising order of weight: `--var-file` first, then `--var`.
pub type Given = BTreeMap<String, Node>;

/// Reads `NAME=VALUE`. The value is read as YAML, so `3` is a number and `[a, b]` a list.
pub fn given(assignments: &[String], sources: &mut Sources, diagnostics: &mut Diagnostics) -> Given {
    let mut values = Given::new();
    for assignment in assignments {
        let Some((name, value)) = assignment.split_once('=') else {
            let message = format!("`--var {assignment}` must be NAME=VALUE");
            diagnostics.push(Diagnostic::error("bad-variable", message));
            continue;
        };
        let source = sources.add(format!("--var {name}").into(), value.to_owned());
        let whole = Span { source, start: 0, end: value.len().max(1) };
        let mut quiet = Diagnostics::default();
        // What is no YAML, such as `a: b: c`, is meant as text.
        let node = parse(source, value, &mut quiet).filter(|_| !quiet.has_errors() && !value.trim().is_empty());
        values.insert(name.to_owned(), node.unwrap_or_else(|| Node::text(whole, value)));
    }
    values
}

/// Takes the `vars` section out of the tree and puts the values in.
pub fn substitute(root: &mut Node, given: &Given, diagnostics: &mut Diagnostics) {
    let declared = root.remove("vars").map(|member| member.node);
    let mut values: BTreeMap<String, Node> = BTreeMap::new();
    let members = declared.iter().flat_map(|node| node.members());
    for member in members {
        let value = given.get(&member.key).or_else(|| default_value(&member.node));
        match value {
            Some(value) => drop(values.insert(member.key.clone(), value.clone())),
            None => diagnostics.push(
                Diagnostic::error(
                    "unset-variable",
                    format!("the variable `{}` has no default and no value", member.key),
                )
                .at(member.key_span)
                .help(format!("pass `--var {}=VALUE`, or give it a `default:`", member.key)),
            ),
        }
    }
    for name in given.keys().filter(|name| !declared.iter().any(|node| node.get(name).is_some())) {
        let names = declared.iter().flat_map(|node| node.members()).map(|member| member.key.as_str());
        let help = did_you_mean(name, names).unwrap_or_else(|| "declare it under `vars:`".into());
        diagnostics.push(Diagnostic::error("unknown-variable", format!("no variable `{name}` is declared")).help(help));
    }
    replace(root, &values, declared.as_ref(), diagnostics);
}

/// `name: { default: value, description: … }`.
fn default_value(declaration: &Node) -> Option<&Node> {
    declaration.get("default")
}

fn replace(root: &mut Node, values: &BTreeMap<String, Node>, declared: Option<&Node>, diagnostics: &mut Diagnostics) {
    root.for_each_text(&mut |node| {
        let Some(text) = node.as_text().filter(|text| text.contains("${vars.")) else { return };
        let text = text.to_owned();
        let whole = text.strip_prefix("${vars.").and_then(|rest| rest.strip_suffix('}'));
        if let Some(value) = whole.and_then(|name| values.get(name)) {
            node.tree = value.tree.clone();
            return;
        }
        let mut written = String::new();
        let mut rest = text.as_str();
        while let Some(start) = rest.find("${vars.") {
            let escaped = rest[..start].ends_with('$');
            let Some(length) = rest[start..].find('}') else { break };
            let name = &rest[start + "${vars.".len()..start + length];
            written.push_str(&rest[..start]);
            match values.get(name).map(|value| &value.tree) {
                _ if escaped => written.push_str(&rest[start..=start + length]),
                Some(Tree::Text(value)) => written.push_str(value),
                Some(Tree::Number(value)) => written.push_str(&value.to_string()),
                Some(Tree::Bool(value)) => written.push_str(&value.to_string()),
                Some(_) => {
                    let message = format!("`{name}` is a list or a map and cannot stand inside a text");
                    diagnostics.push(Diagnostic::error("bad-variable", message).at(node.span));
                }
                None if declared.is_some_and(|declared| declared.get(name).is_some()) => {} // Reported as unset.
                None => {
                    let names =
                        declared.iter().flat_map(|declared| declared.members()).map(|member| member.key.as_str());
                    let help = did_you_mean(name, names).unwrap_or_else(|| "declare it under `vars:`".into());
                    let message = format!("no variable `{name}` is declared");
                    diagnostics.push(Diagnostic::error("unknown-variable", message).at(node.span).help(help));
                }
            }
            rest = &rest[start + length + 1..];
        }
        written.push_str(rest);
        node.tree = Tree::Text(written);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, assignments: &[&str]) -> (serde_json::Value, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let mut sources = Sources::default();
        let given =
            given(&assignments.iter().map(|a| a.to_string()).collect::<Vec<_>>(), &mut sources, &mut diagnostics);
        let source = sources.add("t.yaml".into(), text.into());
        let mut root = parse(source, text, &mut diagnostics).unwrap();
        substitute(&mut root, &given, &mut diagnostics);
        (root.to_json(), diagnostics.iter().map(|d| d.message.clone()).collect())
    }

    #[test]
    fn a_lone_reference_keeps_its_type_and_a_text_takes_it_in() {
        let text = "vars: { n: { default: 3 }, s: { default: x } }\na: '${vars.n}'\nb: 'n=${vars.n} ${vars.s} $${vars.n} ${iot:ClientId}'";
        let (json, messages) = run(text, &["n=[1, 2]"]);
        assert_eq!(json["a"], serde_json::json!([1, 2]));
        assert_eq!(messages, ["`n` is a list or a map and cannot stand inside a text"]);
        let (json, messages) = run(text, &[]);
        assert_eq!(json, serde_json::json!({ "a": 3, "b": "n=3 x $${vars.n} ${iot:ClientId}" }));
        assert!(messages.is_empty());
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_, messages) = run("vars: { mail: {} }\na: ${vars.mial}", &["mali=x"]);
        assert_eq!(messages.len(), 3, "{messages:?}");
    }
}
