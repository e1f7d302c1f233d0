//! Who comes before whom: cycles, and the picture for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::spec::resolve::{Edge, Resolved};

/// Reports every cycle among edges that order creation, with each place that closes it.
pub fn check_cycles(resolved: &Resolved, diagnostics: &mut Diagnostics) {
    let mut outgoing: BTreeMap<&Address, Vec<&Edge>> = BTreeMap::new();
    for edge in resolved.edges.iter().filter(|edge| edge.orders) {
        outgoing.entry(&edge.from).or_default().push(edge);
    }
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    for start in resolved.entries.keys() {
        if let Some(cycle) = find_cycle(start, &outgoing, &mut done) {
            let names: Vec<String> = cycle.iter().map(|edge| edge.from.to_string()).collect();
            let message = format!("these need each other to exist first: {} → {}", names.join(" → "), names[0]);
            let mut diagnostic = Diagnostic::error("cycle", message).at(cycle[0].span);
            for edge in &cycle[1..] {
                diagnostic = diagnostic.related(edge.span, format!("{} needs {}", edge.from, edge.to));
            }
            diagnostics.push(diagnostic.help("let one of them go without the other"));
        }
    }
}

/// Depth-first with an explicit path; what is done is not entered again.
fn find_cycle<'a>(
    start: &'a Address,
    outgoing: &BTreeMap<&'a Address, Vec<&'a Edge>>,
    done: &mut BTreeSet<&'a Address>,
) -> Option<Vec<&'a Edge>> {
    let mut path: Vec<&Edge> = Vec::new();
    let mut stack: Vec<(&Address, usize)> = vec![(start, 0)];
    while let Some((address, next)) = stack.pop() {
        if done.contains(address) {
            path.pop();
            continue;
        }
        let Some(edge) = outgoing.get(address).and_then(|edges| edges.get(next)) else {
            done.insert(address);
            path.pop();
            continue;
        };
        stack.push((address, next + 1));
        path.push(edge);
        let on_path = stack.iter().position(|(node, _)| *node == &edge.to);
        if let Some(position) = on_path {
            done.extend(stack.iter().map(|(node, _)| node));
            return Some(path.split_off(position));
        }
        stack.push((&edge.to, 0));
    }
    None
}

/// The graph as a Mermaid flowchart: an arrow points from what is used to what uses it.
pub fn mermaid(resolved: &Resolved) -> String {
    let ids = ids(resolved);
    let mut text = String::from("flowchart LR\n");
    for (section, addresses) in by_section(resolved) {
        let _ = writeln!(text, "  subgraph {section}");
        for address in addresses {
            let label = if address.name.is_empty() { &address.section } else { &address.name };
            let _ = writeln!(text, "    n{}[\"{}\"]", ids[address], label.replace('"', "#quot;"));
        }
        text.push_str("  end\n");
    }
    for (from, to, orders) in arrows(resolved) {
        let arrow = if orders { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{} {arrow} n{}", ids[to], ids[from]);
    }
    text
}

/// The graph in Graphviz's language.
pub fn dot(resolved: &Resolved) -> String {
    let ids = ids(resolved);
    let mut text = String::from("digraph fleet {\n  rankdir=LR;\n  node [shape=box];\n");
    for (address, id) in &ids {
        let _ = writeln!(text, "  n{id} [label=\"{}\"];", address.to_string().replace('"', "\\\""));
    }
    for (from, to, orders) in arrows(resolved) {
        let style = if orders { "" } else { " [style=dashed]" };
        let _ = writeln!(text, "  n{} -> n{}{style};", ids[to], ids[from]);
    }
    text.push_str("}\n");
    text
}

fn ids(resolved: &Resolved) -> BTreeMap<&Address, usize> {
    resolved.entries.keys().enumerate().map(|(id, address)| (address, id)).collect()
}

fn by_section(resolved: &Resolved) -> BTreeMap<&str, Vec<&Address>> {
    let mut sections: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for address in resolved.entries.keys() {
        sections.entry(&address.section).or_default().push(address);
    }
    sections
}

/// Each pair once; an ordering edge wins over one that only names.
fn arrows(resolved: &Resolved) -> impl Iterator<Item = (&Address, &Address, bool)> {
    let mut pairs: BTreeMap<(&Address, &Address), bool> = BTreeMap::new();
    for edge in resolved.edges.iter().filter(|edge| resolved.entries.contains_key(&edge.to)) {
        *pairs.entry((&edge.from, &edge.to)).or_default() |= edge.orders;
    }
    pairs.into_iter().map(|((from, to), orders)| (from, to, orders))
}
