//! Repetition ends here: behaviour sets (`use`) and device tables (`thingsFrom`) become plain entries.

use std::collections::{BTreeMap, HashSet};

use super::load::read_named;
use super::node::{Member, Node, Tree};
use super::parse::parse;
use super::things_csv::{self, Row};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};

/// What the named files hold, by the place that names them.
#[derive(Default)]
pub struct Extras {
    behavior_sets: BTreeMap<(u32, usize), Node>,
    tables: BTreeMap<(u32, usize), Vec<Row>>,
}

fn key(span: Span) -> (u32, usize) {
    (span.source, span.start)
}

fn entries<'a>(root: &'a Node, section: &str) -> &'a [Member] {
    root.get(section).map(Node::members).unwrap_or_default()
}

fn texts(node: &Node) -> Vec<(&str, Span)> {
    match &node.tree {
        Tree::List(items) => items.iter().filter_map(|item| Some((item.as_text()?, item.span))).collect(),
        _ => node.as_text().map(|text| (text, node.span)).into_iter().collect(),
    }
}

/// Reads the files that `use` and `thingsFrom` name.
pub fn read_extras(root: &Node, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Extras {
    let mut extras = Extras::default();
    for (path, span) in
        entries(root, "securityProfiles").iter().filter_map(|entry| entry.node.get("use")).flat_map(texts)
    {
        let Some((_, source)) = read_named(sources, diagnostics, span, path) else { continue };
        let text = sources.get(Span { source, start: 0, end: 0 }).text.clone();
        let Some(mut node) = parse(source, &text, diagnostics) else { continue };
        check_behavior_set(&mut node, diagnostics);
        extras.behavior_sets.insert(key(span), node);
    }
    for (path, span) in
        entries(root, "thingGroups").iter().filter_map(|entry| entry.node.get("thingsFrom")).flat_map(texts)
    {
        let Some((_, source)) = read_named(sources, diagnostics, span, path) else { continue };
        extras.tables.insert(key(span), things_csv::rows(sources, source, diagnostics));
    }
    extras
}

/// A behaviour set has nothing but behaviours, so that it fits every profile. Takes other keys out.
pub fn check_behavior_set(set: &mut Node, diagnostics: &mut Diagnostics) {
    const KEYS: [&str; 2] = ["description", "behaviors"];
    let Tree::Map(members) = &mut set.tree else { return };
    members.retain(|member| {
        let is_known = KEYS.contains(&member.key.as_str());
        if !is_known {
            let message = format!("a behaviour set has no key `{}`", member.key);
            let help = did_you_mean(&member.key, KEYS).unwrap_or_else(|| format!("it has {}", KEYS.join(", ")));
            diagnostics.push(Diagnostic::error("unknown-key", message).at(member.key_span).help(help));
        }
        is_known
    });
}

/// Puts the extras into the tree.
pub fn expand(root: &mut Node, extras: &Extras) {
    use_behavior_sets(root, extras);
    declare_things(root, extras);
}

/// A profile's own behaviour replaces one of the same name from a set; `Name: null` drops it. Of several sets the
/// later one wins.
fn use_behavior_sets(root: &mut Node, extras: &Extras) {
    let Some(Tree::Map(profiles)) = section_mut(root, "securityProfiles") else { return };
    for profile in profiles {
        let Some(used) = profile.node.get("use") else { continue };
        let sets: Vec<&Node> =
            texts(used).iter().filter_map(|(_, span)| extras.behavior_sets.get(&key(*span))).collect();
        let own = profile.node.get("behaviors");
        if own.is_some_and(|node| !matches!(node.tree, Tree::Map(_))) {
            continue; // The shape check will say so.
        }
        let mut merged: Vec<Member> = Vec::new();
        let layers = sets.iter().filter_map(|set| set.get("behaviors")).chain(own);
        for member in layers.flat_map(|layer| layer.members()) {
            match merged.iter_mut().find(|existing| existing.key == member.key) {
                Some(existing) => *existing = member.clone(),
                None => merged.push(member.clone()),
            }
        }
        merged.retain(|member| member.node.tree != Tree::Null);
        let span = own.map_or(used.span, |node| node.span);
        profile.node.remove("behaviors");
        let node = Node { span, tree: Tree::Map(merged) };
        profile.node.insert(Member { key: "behaviors".into(), key_span: span, node });
    }
}

/// Rows become things, unless the spec declares the thing itself, and members of the group.
fn declare_things(root: &mut Node, extras: &Extras) {
    let mut declared: Vec<Member> = Vec::new();
    if let Some(Tree::Map(groups)) = section_mut(root, "thingGroups") {
        for group in groups {
            let Some(from) = group.node.get("thingsFrom") else { continue };
            let span = from.span;
            let tables: Vec<&Vec<Row>> =
                texts(from).iter().filter_map(|(_, span)| extras.tables.get(&key(*span))).collect();
            let mut members = match group.node.remove("things").map(|member| member.node.tree) {
                Some(Tree::List(items)) => items,
                _ => Vec::new(),
            };
            let named: HashSet<String> = members.iter().filter_map(|m| m.as_text().map(str::to_owned)).collect();
            for row in tables.into_iter().flatten() {
                if !named.contains(&row.name) {
                    members.push(Node::text(row.span, &row.name));
                }
                declared.push(Member { key: row.name.clone(), key_span: row.span, node: row.node() });
            }
            group.node.insert(Member {
                key: "things".into(),
                key_span: span,
                node: Node { span, tree: Tree::List(members) },
            });
        }
    }
    let span = root.span;
    if declared.is_empty() {
        return;
    }
    let things = root.get_or_insert_map("things", span);
    let mut names: HashSet<String> = things.members().iter().map(|member| member.key.clone()).collect();
    for thing in declared {
        if names.insert(thing.key.clone()) {
            things.insert(thing);
        }
    }
}

fn section_mut<'a>(root: &'a mut Node, section: &str) -> Option<&'a mut Tree> {
    let Tree::Map(members) = &mut root.tree else { return None };
    members.iter_mut().find(|member| member.key == section).map(|member| &mut member.node.tree)
}
