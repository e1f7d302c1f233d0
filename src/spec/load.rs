//! Reads the spec's files: one file or a folder of them, and what they include. The only I/O besides `files`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::node::{Member, Node, Tree};
use super::parse::parse;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};

/// Top-level keys whose members are merged when several files have them.
fn merges(key: &str) -> bool {
    key == "vars" || key == "tags" || crate::kind::sections().any(|section| section == key)
}

/// A top-level list that is joined when several files have it.
fn list_mut<'a>(root: &'a mut Node, key: &str) -> Option<&'a mut Vec<Node>> {
    let joined = key == "waivers" || key == "scenarios";
    match &mut root.member_mut(key).filter(|_| joined)?.node.tree {
        Tree::List(items) => Some(items),
        _ => None,
    }
}

/// Reads `path` (a file, or a folder whose `*.yaml` and `*.yml` files are taken in order of name) into one tree.
pub fn load(path: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    let files = match spec_files(path) {
        Ok(files) => files,
        Err(message) => {
            diagnostics.push(
                Diagnostic::error("unreadable-file", message)
                    .help("name a spec file or its folder; `fleetctl init` writes one to start from"),
            );
            return None;
        }
    };
    let mut loader = Loader { sources, diagnostics, seen: BTreeSet::new(), root: None };
    for file in files {
        loader.file(&file, None);
    }
    loader.root
}

/// Reads one more file that the spec names, relative to the file that names it.
pub fn read_named(
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
    named_at: Span,
    path: &str,
) -> Option<(PathBuf, u32)> {
    let full = beside(sources, named_at, path);
    match std::fs::read_to_string(&full) {
        Ok(text) => {
            let source = sources.add(full.clone(), text);
            Some((full, source))
        }
        Err(error) => {
            diagnostics.push(unreadable(&full, &error).at(named_at));
            None
        }
    }
}

/// A path in the spec is relative to the file it stands in.
pub fn beside(sources: &Sources, named_at: Span, path: &str) -> PathBuf {
    sources.get(named_at).path.parent().unwrap_or(Path::new("")).join(path)
}

pub fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unreadable-file", format!("`{}` cannot be read: {error}", path.display()))
}

fn spec_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    let yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let other = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        name.ends_with("_test") || name.starts_with("scenario")
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| yaml(path) && !other(path))
        .collect();
    files.sort();
    match files.is_empty() {
        true => Err(format!("the folder `{}` holds no YAML file", path.display())),
        false => Ok(files),
    }
}

struct Loader<'a> {
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    seen: BTreeSet<PathBuf>,
    root: Option<Node>,
}

impl Loader<'_> {
    fn file(&mut self, path: &Path, included_at: Option<Span>) {
        if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return;
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let diagnostic = unreadable(path, &error);
                self.diagnostics.push(match included_at {
                    Some(span) => diagnostic.at(span),
                    None => diagnostic.help("name a spec file or its folder; `fleetctl init` writes one to start from"),
                });
                return;
            }
        };
        let source = self.sources.add(path.to_owned(), text);
        let text = self.sources.iter().last().expect("just added").text.clone();
        let Some(mut tree) = parse(source, &text, self.diagnostics) else { return };
        if !matches!(tree.tree, Tree::Map(_)) {
            let message = "a spec file is a map of sections such as `things:` and `topics:`";
            self.diagnostics.push(Diagnostic::error("wrong-type", message).at(tree.span));
            return;
        }
        let include = tree.remove("include");
        match &mut self.root {
            None => self.root = Some(tree),
            Some(root) => merge(root, tree, self.diagnostics),
        }
        if let Some(include) = include {
            self.include(&include.node);
        }
    }

    fn include(&mut self, node: &Node) {
        let patterns = match &node.tree {
            Tree::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for pattern in patterns {
            let Some(text) = pattern.as_text() else {
                let message = "`include` takes a path or a list of paths; `*` is allowed in them";
                self.diagnostics.push(Diagnostic::error("wrong-type", message).at(pattern.span));
                continue;
            };
            let full = beside(self.sources, pattern.span, text);
            let mut found: Vec<PathBuf> = glob::glob(&full.to_string_lossy())
                .map(|paths| paths.filter_map(Result::ok).collect())
                .unwrap_or_default();
            found.sort();
            if found.is_empty() {
                let message = format!("`{text}` names no file");
                self.diagnostics.push(Diagnostic::error("unreadable-file", message).at(pattern.span));
            }
            for path in found {
                self.file(&path, Some(pattern.span));
            }
        }
    }
}

/// Adds a file's top level to the whole. Sections are joined; a name may be declared once.
fn merge(root: &mut Node, tree: Node, diagnostics: &mut Diagnostics) {
    let Tree::Map(members) = tree.tree else { return };
    for member in members {
        if let (Tree::List(items), Some(all)) = (&member.node.tree, list_mut(root, &member.key)) {
            all.extend(items.iter().cloned());
            continue;
        }
        let Some(existing) = root.member(&member.key) else {
            root.insert(member);
            continue;
        };
        if !merges(&member.key) {
            if existing.node.to_json() != member.node.to_json() {
                let message = format!("`{}` is already set in another file, to another value", member.key);
                let first = existing.key_span;
                diagnostics.push(
                    Diagnostic::error("duplicate-name", message).at(member.key_span).related(first, "first here"),
                );
            }
            continue;
        }
        let section = member.key.clone();
        let target = root.get_or_insert_map(&section, member.key_span);
        merge_section(&section, target, member.node, diagnostics);
    }
}

fn merge_section(section: &str, target: &mut Node, addition: Node, diagnostics: &mut Diagnostics) {
    let Tree::Map(members) = addition.tree else { return };
    for Member { key, key_span, node } in members {
        match target.member(&key) {
            None => target.insert(Member { key, key_span, node }),
            Some(first) => {
                let message = format!("`{section}.{key}` is declared twice");
                let first = first.key_span;
                diagnostics
                    .push(Diagnostic::error("duplicate-name", message).at(key_span).related(first, "first here"));
            }
        }
    }
}
