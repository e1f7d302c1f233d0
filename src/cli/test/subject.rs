//! What a test file is about: the security profiles of a spec, of behaviour sets, or its own.

use std::path::Path;

use fleet_detect::registry::Registry;
use fleet_detect::{Config, Semantics};

use super::read::Reading;
use super::schema;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front::{self, Checked, Front};
use crate::cli::simulate::declared;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind;
use crate::spec::node::{Member, Node, Tree};
use crate::spec::{entry, expand, load, shape};

/// The profiles of a test file, and what they refer to.
pub struct Subject {
    /// Everything but the traffic's own devices. The registry is there where the spec declares one.
    pub config: Config,
    /// Profiles that are attached to nothing, so that their behaviours cannot alarm.
    pub unattached: Vec<String>,
}

/// Reads the subject; nothing where it has mistakes.
pub fn read(root: &Node, reading: &mut Reading, global: &Global) -> Option<Subject> {
    let semantics = match root.get("semantics") {
        None => Semantics::default(),
        Some(node) => {
            let node = reading.inline_or_file(node, None)?;
            reading.decode(&node)?
        }
    };
    let own = ["profile", "behaviors", "securityProfiles"].into_iter().filter_map(|key| root.member(key));
    let own: Vec<&Member> = own.collect();
    let checked = match (root.member("spec"), own.first()) {
        (Some(spec), None) => of_spec(&spec.node, reading, global)?,
        (None, Some(_)) => of_file(root, reading, global)?,
        (Some(spec), Some(other)) => {
            let message = format!("`spec` and `{}` exclude each other: both say what is tested", other.key);
            let diagnostic = Diagnostic::error("bad-value", message).at(other.key_span);
            reading.diagnostics.push(diagnostic.related(spec.key_span, "here too"));
            return None;
        }
        (None, None) => {
            let diagnostic = Diagnostic::error("missing-key", "nothing says what is tested").at(root.span);
            let help = "add `spec: fleet.yaml`, or `profile:` with a file of behaviours, or `behaviors:`";
            reading.diagnostics.push(diagnostic.help(help));
            return None;
        }
    };
    let mut profiles = Vec::new();
    let mut unattached = Vec::new();
    for (name, state) in declared::states(&checked, "securityProfiles") {
        match declared::targeted(name, state) {
            Ok(profile) if profile.targets.is_empty() => unattached.push(name.to_owned()),
            Ok(profile) => profiles.push(profile),
            Err(failure) => {
                reading.error("bad-value", root.span, told(&failure));
                return None;
            }
        }
    }
    if profiles.is_empty() {
        let place = root.member("spec").map_or(root.span, |member| member.node.span);
        let diagnostic = Diagnostic::error("nothing-watched", "no security profile watches a device").at(place);
        reading.diagnostics.push(diagnostic.help("declare one under securityProfiles, with attachTo"));
        return None;
    }
    let registry = Some(declared::registry(&checked)).filter(|registry| *registry != Registry::default());
    let measured = declared::dimensions(&checked).and_then(|found| Ok((found, declared::custom_metrics(&checked)?)));
    let (dimensions, custom_metrics) =
        measured.map_err(|message| reading.error("bad-value", root.span, message)).ok()?;
    Some(Subject { config: Config { profiles, dimensions, custom_metrics, registry, semantics }, unattached })
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::Message(message, _) | Failure::Usage(message) => message.clone(),
        Failure::Spec(_) | Failure::Aws(_) => "the spec cannot be used".to_owned(),
    }
}

fn of_spec(node: &Node, reading: &mut Reading, global: &Global) -> Option<Checked> {
    let path = load::beside(&reading.sources, node.span, node.as_text()?);
    if !path.exists() {
        let diagnostic = Diagnostic::error("unreadable-file", format!("there is no `{}`", path.display()));
        reading.diagnostics.push(diagnostic.at(node.span));
        return None;
    }
    let front = front::read(&path, global).and_then(|front| check(front, global));
    front.map_err(|failure| take_over(failure, node, reading)).ok()
}

fn check(front: Front, global: &Global) -> Result<Checked, Failure> {
    let place = front::offline_place(&front.outline, global);
    front::check(front, &place)
}

fn take_over(failure: Failure, node: &Node, reading: &mut Reading) {
    match failure {
        Failure::Spec(found) => reading.absorb(&found.0, &found.1),
        other => reading.error("unreadable-file", node.span, told(&other)),
    }
}

/// A spec of nothing but what the test file says.
fn of_file(root: &Node, reading: &mut Reading, global: &Global) -> Option<Checked> {
    let mut spec = Node::map(root.span);
    let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: node.span, node };
    let version = Node { span: root.span, tree: Tree::Number(1.into()) };
    spec.insert(member("version", version));
    spec.insert(member("fleet", Node::text(root.span, "test")));
    for section in schema::SECTIONS {
        // A section that specs do not have has nothing to be checked against.
        if let Some(declared) = root.member(section).filter(|_| kind::sections().any(|known| known == section)) {
            spec.insert(declared.clone());
        }
    }
    if root.get("profile").or(root.get("behaviors")).is_some() {
        let mut profile = Node::map(root.span);
        for (from, to) in [("profile", "use"), ("behaviors", "behaviors")] {
            if let Some(found) = root.member(from) {
                profile.insert(Member { key: to.to_owned(), ..found.clone() });
            }
        }
        let mut everywhere = Node::map(root.span);
        everywhere.insert(member("all", Node::text(root.span, "things")));
        profile.insert(member("attachTo", Node { span: root.span, tree: Tree::List(vec![everywhere]) }));
        let name = profile_name(root, reading);
        spec.get_or_insert_map("securityProfiles", root.span).insert(member(&name, profile));
    }
    let mut found = Diagnostics::default();
    let extras = expand::read_extras(&spec, &mut reading.sources, &mut found);
    expand::expand(&mut spec, &extras);
    entry::fill_empty(&mut spec);
    shape::check(&spec, &shape::schema(), &mut found);
    let outline = entry::outline(spec, &mut found);
    let front = Front { outline, sources: reading.sources.clone(), diagnostics: found };
    match check(front, global) {
        Ok(checked) => Some(checked),
        Err(Failure::Spec(found)) => {
            found.0.iter().for_each(|diagnostic| reading.diagnostics.push(diagnostic.clone()));
            None
        }
        Err(other) => {
            reading.error("bad-value", root.span, told(&other));
            None
        }
    }
}

/// The profile is called as its file is, or as the test file without `_test`.
fn profile_name(root: &Node, reading: &Reading) -> String {
    let named = root.get("profile").and_then(|node| match &node.tree {
        Tree::List(items) => items.last().and_then(Node::as_text),
        _ => node.as_text(),
    });
    let path = named.map_or_else(|| reading.sources.get(root.span).path.clone(), Into::into);
    let stem = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stem = stem.strip_suffix("_test").unwrap_or(&stem);
    stem.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "_-:".contains(letter) { letter } else { '-' })
        .collect()
}
