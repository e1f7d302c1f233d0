//! Names become values: `${…}` references and bare names, the edges between entries, and the state to reach.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::entry::{Entry, Outline};
use super::files::Files;
use super::node::{Node, Tree, pointer_token};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean, nearest};
use crate::kind::{self, Ownership, common_state};
use crate::ownership::Tags;
use crate::scope::{Invoker, Place, Problems, Reference, Scope, alone};

/// The entry at `from` names the one at `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: Address,
    pub to: Address,
    pub span: Span,
    /// Whether `to` must exist before `from` is created.
    pub orders: bool,
}

/// An object to reach.
#[derive(Clone, Debug)]
pub struct Desired {
    /// With `tags` and `protect` where the kind has them.
    pub state: Value,
    pub tags: Tags,
    pub protect: bool,
}

/// The whole spec with every name resolved.
#[derive(Clone, Default)]
pub struct Resolved {
    pub fleet: String,
    pub entries: BTreeMap<Address, Entry>,
    pub desired: BTreeMap<Address, Desired>,
    pub edges: Vec<Edge>,
}

/// Resolves everything that does not need files: references, bare names, and the kinds' own rules.
pub fn link(outline: Outline, place: &Place, diagnostics: &mut Diagnostics) -> Resolved {
    let Outline { fleet, entries, .. } = outline;
    let addresses: BTreeSet<Address> = entries.keys().cloned().collect();
    let mut resolved = Resolved { fleet, ..Resolved::default() };
    for (address, mut entry) in entries {
        let mut linker = Linker {
            fleet: &resolved.fleet,
            place,
            addresses: &addresses,
            entry: &entry,
            edges: Vec::new(),
            diagnostics,
        };
        let mut node = entry.node.clone();
        linker.texts(&mut node);
        linker.bare_names(&node);
        resolved.edges.append(&mut linker.edges);
        entry.node = node;
        let mut problems = Problems::default();
        entry.kind.check(&address.name, &entry.node.to_json(), &mut problems);
        report(&entry, problems, diagnostics);
        resolved.entries.insert(address, entry);
    }
    resolved
}

/// Computes the states to reach. Entries with mistakes are left out; the mistakes are reported.
pub fn states(resolved: &mut Resolved, files: &Files, place: &Place, diagnostics: &mut Diagnostics) {
    let invokers = invokers(resolved, place);
    let no_files = BTreeMap::new();
    for (address, entry) in &resolved.entries {
        let files = files.of(address).unwrap_or(&no_files);
        let invokers = invokers.get(address).map(Vec::as_slice).unwrap_or_default();
        let declared = |section: &str, name: &str| {
            resolved.entries.get(&Address::new(section, name)).map(|entry| entry.node.to_json())
        };
        let scope = Scope { fleet: &resolved.fleet, place, name: &address.name, files, invokers, declared: &declared };
        match entry.kind.desired(&entry.node.to_json(), &scope) {
            Ok(state) => {
                let state = common_state(state, entry.kind.ownership(), &entry.tags, entry.protect);
                let desired = Desired { state, tags: entry.tags.clone(), protect: entry.protect };
                resolved.desired.insert(address.clone(), desired);
            }
            Err(problems) => report(entry, problems, diagnostics),
        }
    }
}

/// Places a kind's findings.
fn report(entry: &Entry, problems: Problems, diagnostics: &mut Diagnostics) {
    for problem in problems.0 {
        let node = entry.node.nearest(&problem.pointer);
        // What is wrong with a map or a list is best seen at its name.
        let at = match node.tree {
            _ if problem.pointer.is_empty() => entry.key_span,
            Tree::Map(_) | Tree::List(_) => entry.node.key_span(&problem.pointer),
            _ => node.span,
        };
        diagnostics.push(Diagnostic::error("bad-value", problem.message).at(at).help_if(problem.help));
    }
}

/// Who invokes each function.
fn invokers(resolved: &Resolved, place: &Place) -> BTreeMap<Address, Vec<Invoker>> {
    let mut all: BTreeMap<Address, Vec<Invoker>> = BTreeMap::new();
    let no_files = BTreeMap::new();
    for (address, entry) in &resolved.entries {
        let (fleet, name) = (&resolved.fleet, &address.name);
        let scope = Scope { fleet, place, name, files: &no_files, invokers: &[], declared: &alone };
        for Reference { section, name, invokes_as, .. } in entry.kind.references(&entry.node.to_json()) {
            let Some(principal) = invokes_as else { continue };
            let Some(source_arn) = entry.kind.attribute(&address.name, "arn", &scope) else { continue };
            let invoker = Invoker { address: address.clone(), principal: principal.to_owned(), source_arn };
            let list = all.entry(Address::new(section, name)).or_default();
            if !list.contains(&invoker) {
                list.push(invoker);
            }
        }
    }
    all.values_mut().for_each(|list| list.sort());
    all
}

struct Linker<'a> {
    fleet: &'a str,
    place: &'a Place,
    addresses: &'a BTreeSet<Address>,
    entry: &'a Entry,
    edges: Vec<Edge>,
    diagnostics: &'a mut Diagnostics,
}

impl Linker<'_> {
    /// Replaces every `${…}` that is a reference. Others, such as IoT policy variables and the substitution templates
    /// of rules, are left as they are; `$${` writes a literal `${`.
    fn texts(&mut self, node: &mut Node) {
        let mut pointers = Vec::new();
        collect_texts(node, String::new(), &mut pointers);
        let orders: BTreeMap<(u32, usize), bool> = pointers
            .iter()
            .map(|(pointer, span)| ((span.source, span.start), self.entry.kind.orders(pointer)))
            .collect();
        node.for_each_text(&mut |node| {
            let Some(text) = node.as_text().filter(|text| text.contains("${")) else { return };
            let ordering = orders.get(&(node.span.source, node.span.start)).copied().unwrap_or(true);
            let written = self.interpolate(text, node.span, ordering);
            *node = Node::text(node.span, written);
        });
    }

    fn interpolate(&mut self, text: &str, span: Span, orders: bool) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else { break };
            let (whole, inner) = (&rest[start..=start + length], &rest[start + 2..start + length]);
            if rest[..start].ends_with('$') {
                written.push_str(&rest[..start - 1]);
                written.push_str(whole);
            } else {
                written.push_str(&rest[..start]);
                written.push_str(&self.value(inner, span, orders).unwrap_or_else(|| whole.to_owned()));
            }
            rest = &rest[start + length + 1..];
        }
        written.push_str(rest);
        written
    }

    /// The value of a reference, or `None` for what is none.
    fn value(&mut self, inner: &str, span: Span, orders: bool) -> Option<String> {
        match inner {
            "fleet" => return Some(self.fleet.to_owned()),
            "account" => return Some(self.place.account.clone()),
            "region" => return Some(self.place.region.clone()),
            "partition" => return Some(self.place.partition.clone()),
            _ => {}
        }
        if !inner.contains('.') || inner.contains([':', '(', ' ', '$']) {
            return None;
        }
        let sections: Vec<&str> = kind::sections().collect();
        let (path, attribute) = inner.rsplit_once('.')?;
        let Some(address) = Address::parse(path, &sections).filter(|address| !address.name.is_empty()) else {
            self.suspect(inner, span, &sections);
            return None;
        };
        if !self.addresses.contains(&address) {
            self.unknown_name(&address.section, &address.name, span);
            return None;
        }
        let kind = kind::of(&address);
        let no_files = BTreeMap::new();
        let (fleet, place, name) = (self.fleet, self.place, &address.name);
        let scope = Scope { fleet, place, name, files: &no_files, invokers: &[], declared: &alone };
        let value = kind.attribute(&address.name, attribute, &scope);
        if value.is_none() {
            let known = kind.attributes();
            let help = did_you_mean(attribute, known.iter().copied()).unwrap_or_else(|| match known {
                [] => "it has none that are known before it is created".into(),
                known => format!("it has {}", known.join(", ")),
            });
            let message = format!("a {} has no attribute `{attribute}`", kind.noun());
            self.diagnostics.push(Diagnostic::error("unknown-reference", message).at(span).help(help));
        }
        self.edges.push(Edge { from: self.entry.address.clone(), to: address, span, orders });
        value
    }

    /// Something like `${topcs.alerts.arn}`: most likely a misspelt section and not another language's variable.
    fn suspect(&mut self, inner: &str, span: Span, sections: &[&str]) {
        let head = inner.split('.').next().unwrap_or(inner);
        let candidates = sections.iter().copied().chain(["vars"]);
        if let Some(near) = nearest(head, candidates) {
            let message = format!("`${{{inner}}}` is no reference: there is no section `{head}`");
            let help = format!("did you mean `{near}`? Write `$${{` if this is meant literally");
            self.diagnostics.push(Diagnostic::error("unknown-reference", message).at(span).help(help));
        }
    }

    fn bare_names(&mut self, node: &Node) {
        for Reference { pointer, section, name, may_be_elsewhere, .. } in self.entry.kind.references(&node.to_json()) {
            // What is still a reference here, or held none that is known, has been reported.
            let singleton = kind::find(section).is_some_and(|kind| kind.ownership() == Ownership::Singleton);
            if (name.is_empty() && !singleton) || name.contains("${") {
                continue;
            }
            let span = locate(node, &pointer, &name);
            let to = Address::new(section, &name);
            if !self.addresses.contains(&to) {
                match may_be_elsewhere {
                    true => self.undeclared_name(section, &name, span),
                    false => self.unknown_name(section, &name, span),
                }
                continue;
            }
            let orders = self.entry.kind.orders(&pointer);
            self.edges.push(Edge { from: self.entry.address.clone(), to, span, orders });
        }
    }

    fn names_in(&self, section: &str) -> impl Iterator<Item = &str> {
        self.addresses.iter().filter(move |address| address.section == section).map(|address| address.name.as_str())
    }

    /// A name that may be that of an object outside this spec, also where one in it has nearly the same.
    fn undeclared_name(&mut self, section: &str, name: &str, span: Span) {
        let noun = kind::find(section).map_or("object", |kind| kind.noun());
        let message = format!("no {noun} `{name}` is declared; it must be in the account already");
        let help = did_you_mean(name, self.names_in(section))
            .unwrap_or_else(|| format!("declare it under `{section}:` to have it made, checked and kept"));
        self.diagnostics.push(Diagnostic::warning("undeclared-name", message).at(span).help(help));
    }

    fn unknown_name(&mut self, section: &str, name: &str, span: Span) {
        let noun = kind::find(section).map_or("object", |kind| kind.noun());
        let help = did_you_mean(name, self.names_in(section))
            .unwrap_or_else(|| format!("declare it under `{section}:`, or give an ARN where one is taken"));
        let message = match name {
            "" => format!("no {noun} is declared; add `{section}:`"),
            name => format!("no {noun} `{name}` is declared"),
        };
        self.diagnostics.push(Diagnostic::error("unknown-reference", message).at(span).help(help));
    }
}

/// The place of a name: at its pointer, as the value or as the key there, or, since a kind may have put a list in order,
/// wherever it stands in that list.
fn locate(node: &Node, pointer: &str, name: &str) -> Span {
    let here = node.nearest(pointer);
    if here.as_text() == Some(name) {
        return here.span;
    }
    if pointer.rsplit('/').next() == Some(pointer_token(name).as_str()) {
        return node.key_span(pointer);
    }
    let list = node.nearest(pointer.rsplit_once('/').map_or("", |(list, _)| list));
    match &list.tree {
        Tree::List(items) => items.iter().find(|item| item.as_text() == Some(name)).map_or(here.span, |item| item.span),
        _ => here.span,
    }
}

fn collect_texts(node: &Node, pointer: String, into: &mut Vec<(String, Span)>) {
    match &node.tree {
        Tree::Text(_) => into.push((pointer, node.span)),
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_texts(item, format!("{pointer}/{index}"), into);
            }
        }
        Tree::Map(members) => {
            for member in members {
                collect_texts(&member.node, format!("{pointer}/{}", pointer_token(&member.key)), into);
            }
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => {}
    }
}
