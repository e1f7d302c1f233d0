//! The paths as a picture: signals on the left, whom they reach on the right, dead ends in red.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::trace::{Paths, Step, is_end};

/// Nodes in the order of their names, each with its number.
fn numbered(paths: &Paths) -> BTreeMap<&str, usize> {
    let steps = paths.steps.iter().flat_map(|step| [step.from.as_str(), step.to.as_str()]);
    let mut nodes: BTreeMap<&str, usize> =
        steps.chain(paths.signals.iter().map(|signal| signal.node.as_str())).map(|node| (node, 0)).collect();
    nodes.values_mut().enumerate().for_each(|(number, own)| *own = number);
    nodes
}

/// Signals that reach nobody, and inner nodes from which no step goes on.
fn is_dead(paths: &Paths, node: &str) -> bool {
    let lost = paths.signals.iter().any(|signal| signal.node == node && signal.reaches.is_empty());
    lost || (!is_end(node) && !paths.steps.iter().any(|step| step.from == node && step.stopped_by.is_none()))
}

fn label(step: &Step) -> Option<String> {
    step.stopped_by
        .map(|code| format!("stopped: {code}"))
        .or_else(|| step.role.as_ref().map(|role| format!("as {role}")))
}

/// As a Mermaid flowchart.
pub fn mermaid(paths: &Paths) -> String {
    let nodes = numbered(paths);
    let mut text = String::from("flowchart LR\n");
    for (node, number) in &nodes {
        let class = if is_dead(paths, node) { ":::dead" } else { "" };
        let _ = writeln!(text, "  n{number}[\"{}\"]{class}", node.replace('"', "#quot;"));
    }
    for (index, step) in paths.steps.iter().enumerate() {
        let label = label(step).map(|label| format!("|\"{label}\"|")).unwrap_or_default();
        let arrow = if step.stopped_by.is_some() { "-.-x" } else { "-->" };
        let _ = writeln!(text, "  n{} {arrow}{label} n{}", nodes[step.from.as_str()], nodes[step.to.as_str()]);
        if step.stopped_by.is_some() {
            let _ = writeln!(text, "  linkStyle {index} stroke:#c00,color:#c00");
        }
    }
    text.push_str("  classDef dead fill:#fdd,stroke:#c00,color:#900\n");
    text
}

/// In Graphviz's language.
pub fn dot(paths: &Paths) -> String {
    let nodes = numbered(paths);
    let mut text = String::from("digraph paths {\n  rankdir=LR;\n  node [shape=box];\n");
    for (node, number) in &nodes {
        let color = if is_dead(paths, node) { ", color=red, fontcolor=red" } else { "" };
        let _ = writeln!(text, "  n{number} [label=\"{}\"{color}];", node.replace('"', "\\\""));
    }
    for step in &paths.steps {
        let mut attributes: Vec<String> = label(step).map(|label| format!("label=\"{label}\"")).into_iter().collect();
        if step.stopped_by.is_some() {
            attributes.push("color=red, fontcolor=red, style=dashed, arrowhead=tee".into());
        }
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        let _ = writeln!(text, "  n{} -> n{}{attributes};", nodes[step.from.as_str()], nodes[step.to.as_str()]);
    }
    text.push_str("}\n");
    text
}
