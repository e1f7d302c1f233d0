//! The declared objects: each an address with its part of the tree.

use std::collections::BTreeMap;

use super::head::{self, Waiver};
use super::node::{Member, Node, Tree};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kind::{self, AnyKind, Ownership};
use crate::ownership::{TAG_PREFIX, Tags};

/// One declared object.
#[derive(Clone)]
pub struct Entry {
    pub address: Address,
    pub kind: &'static dyn AnyKind,
    /// What stands below the name, without `tags`, `protect` and nested sections.
    pub node: Node,
    pub key_span: Span,
    /// The spec's tags with the entry's own on top. Empty for kinds without tags.
    pub tags: Tags,
    pub protect: bool,
}

/// The spec's head and its entries.
#[derive(Clone, Default)]
pub struct Outline {
    pub fleet: String,
    pub account: Option<(String, Span)>,
    pub region: Option<String>,
    pub entries: BTreeMap<Address, Entry>,
    pub waivers: Vec<Waiver>,
    /// The list of scenario files.
    pub scenarios: Option<Node>,
}

/// A name with nothing below it, such as `LOGGING_DISABLED_CHECK:` or `line-1:`, means an empty map.
pub fn fill_empty(root: &mut Node) {
    let Tree::Map(sections) = &mut root.tree else { return };
    for section in sections.iter_mut().filter(|member| kind::sections().any(|name| name == member.key)) {
        if section.node.tree == Tree::Null {
            section.node.tree = Tree::Map(Vec::new());
        }
        if let Tree::Map(entries) = &mut section.node.tree {
            for entry in entries.iter_mut().filter(|entry| entry.node.tree == Tree::Null) {
                entry.node.tree = Tree::Map(Vec::new());
            }
        }
    }
}

/// Takes the tree apart. The shape has been checked; what has the wrong shape is passed over here.
pub fn outline(mut root: Node, diagnostics: &mut Diagnostics) -> Outline {
    let fleet = root.get("fleet").and_then(Node::as_text).unwrap_or_default().to_owned();
    let mut outline = Outline { fleet, ..Outline::default() };
    if let Some(Tree::List(targets)) = root.get("targets").map(|node| &node.tree) {
        let target = targets.first();
        outline.region = target.and_then(|t| t.get("region")).and_then(Node::as_text).map(str::to_owned);
        let account = target.and_then(|t| t.get("account"));
        outline.account = account.and_then(|node| Some((node.as_text()?.to_owned(), node.span)));
    }
    outline.waivers = root.get("waivers").map(|node| head::waivers(node, diagnostics)).unwrap_or_default();
    outline.scenarios = root.remove("scenarios").map(|member| member.node);
    let common = root.get("tags").map(|node| tags(node, diagnostics)).unwrap_or_default();
    // Inner sections first, so that an outer singleton's entry no longer holds them.
    let mut kinds: Vec<&'static dyn AnyKind> = kind::all().to_vec();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.section().matches('.').count()));
    for kind in kinds {
        let Some(section) = take(&mut root, kind.section()) else { continue };
        if kind.ownership() == Ownership::Singleton {
            add(&mut outline, kind, Member { key: String::new(), ..section }, &common, diagnostics);
            continue;
        }
        let Tree::Map(members) = section.node.tree else { continue };
        for member in members {
            add(&mut outline, kind, member, &common, diagnostics);
        }
    }
    outline
}

fn take(root: &mut Node, section: &str) -> Option<Member> {
    match section.split_once('.') {
        None => root.remove(section),
        Some((outer, inner)) => {
            let Tree::Map(members) = &mut root.tree else { return None };
            members.iter_mut().find(|member| member.key == outer)?.node.remove(inner)
        }
    }
}

fn add(
    outline: &mut Outline,
    kind: &'static dyn AnyKind,
    member: Member,
    common: &Tags,
    diagnostics: &mut Diagnostics,
) {
    let Member { key, key_span, mut node } = member;
    let mut all = Tags::new();
    let mut protect = false;
    if kind.ownership() == Ownership::Tags {
        all.clone_from(common);
        if let Some(own) = node.remove("tags") {
            all.extend(tags(&own.node, diagnostics));
        }
        protect = node.remove("protect").is_some_and(|member| member.node.tree == Tree::Bool(true));
    }
    if node.tree == Tree::Null {
        node.tree = Tree::Map(Vec::new());
    }
    let address = Address::new(kind.section(), key);
    outline.entries.insert(address.clone(), Entry { address, kind, node, key_span, tags: all, protect });
}

fn tags(node: &Node, diagnostics: &mut Diagnostics) -> Tags {
    let mut tags = Tags::new();
    for member in node.members() {
        if member.key.starts_with(TAG_PREFIX) || member.key.starts_with("aws:") {
            let message = format!("tag keys that start with `{TAG_PREFIX}` or `aws:` are reserved");
            diagnostics.push(Diagnostic::error("reserved-tag", message).at(member.key_span));
        }
        tags.insert(member.key.clone(), member.node.as_text().unwrap_or_default().to_owned());
    }
    tags
}
