//! The front half of every command that takes a spec: files to resolved entries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Global;
use super::failure::Failure;
use crate::address::Address;
use crate::diagnostic::{Diagnostics, Sources};
use crate::graph;
use crate::paths::model::device::Devices;
use crate::paths::model::fleet::Input;
use crate::paths::report::Report;
use crate::scope::Place;
use crate::spec::entry::{self, Outline};
use crate::spec::files::{self, Files};
use crate::spec::head::{self, Waiver};
use crate::spec::node::{Member, Node, Tree};
use crate::spec::resolve::{self, Resolved};
use crate::spec::{expand, load, shape, vars};

/// A spec with its shape checked and its names not yet resolved.
#[derive(Clone)]
pub struct Front {
    pub outline: Outline,
    pub sources: Sources,
    pub diagnostics: Diagnostics,
}

/// A spec with everything decided that needs no network.
pub struct Checked {
    pub resolved: Resolved,
    pub files: Files,
    pub sources: Sources,
    /// Warnings; errors have become a failure.
    pub diagnostics: Diagnostics,
    pub waivers: Vec<Waiver>,
    /// What the spec's scenarios say of the devices.
    pub devices: Devices,
}

/// The spec named on the command line, or the one that lies here.
pub fn spec_path(given: Option<&Path>) -> Result<PathBuf, Failure> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => ["fleet.yaml", "fleet.yml"].iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            Failure::new("no spec is named, and there is no fleet.yaml here")
                .help("name a file or a folder, or start with `fleetctl init`")
        }),
    }
}

/// Reads and checks the shape. Fails only where nothing more can be looked at.
pub fn read(path: &Path, global: &Global) -> Result<Front, Failure> {
    // A folder that holds a fleet.yaml is that spec; other YAML files in it are named by it.
    let main = path.join("fleet.yaml");
    let path = if path.is_dir() && main.exists() { main.as_path() } else { path };
    read_as(path, global, |root, _| root)
}

/// Reads a behaviour set, a file as `use` names it, as the spec of one profile with the file's name.
pub fn read_behavior_set(path: &Path, global: &Global) -> Result<Front, Failure> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' }).collect();
    read_as(path, global, |mut set, diagnostics| {
        expand::check_behavior_set(&mut set, diagnostics);
        let span = set.span;
        let mut root = Node::map(span);
        let text = |key: &str, text: &str| Member { key: key.into(), key_span: span, node: Node::text(span, text) };
        let version = Node { span, tree: Tree::Number(1.into()) };
        root.insert(Member { key: "version".into(), key_span: span, node: version });
        root.insert(text("fleet", "simulation"));
        root.get_or_insert_map("securityProfiles", span).insert(Member { key: name, key_span: span, node: set });
        root
    })
}

/// Reads a file, of whose tree `shaped` makes a spec.
fn read_as(
    path: &Path,
    global: &Global,
    shaped: impl FnOnce(Node, &mut Diagnostics) -> Node,
) -> Result<Front, Failure> {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let mut given = vars::Given::new();
    for file in &global.var_file {
        if let Some(values) = load::load(file, &mut sources, &mut diagnostics) {
            given.extend(values.members().iter().map(|member| (member.key.clone(), member.node.clone())));
        }
    }
    given.extend(vars::given(&global.var, &mut sources, &mut diagnostics));
    let Some(root) = load::load(path, &mut sources, &mut diagnostics) else {
        diagnostics.sort();
        return Err(Failure::Spec(Box::new((diagnostics, sources))));
    };
    let mut root = shaped(root, &mut diagnostics);
    vars::substitute(&mut root, &given, &mut diagnostics);
    let extras = expand::read_extras(&root, &mut sources, &mut diagnostics);
    expand::expand(&mut root, &extras);
    entry::fill_empty(&mut root);
    shape::check(&root, &shape::schema(), &mut diagnostics);
    let outline = entry::outline(root, &mut diagnostics);
    Ok(Front { outline, sources, diagnostics })
}

/// Resolves names for a place and computes the states to reach.
pub fn check(front: Front, place: &Place) -> Result<Checked, Failure> {
    let Front { outline, mut sources, mut diagnostics } = front;
    // Names are linked even when shapes are wrong, so that one run shows all mistakes; decoding errors that repeat a
    // shape error are dropped.
    let shapes_wrong = diagnostics.has_errors();
    let mut linked = Diagnostics::default();
    let mut resolved = resolve::link(outline.clone(), place, &mut linked);
    for diagnostic in linked.iter() {
        let covered = diagnostics.iter().any(|known| known.at == diagnostic.at && known.at.is_some());
        let decoding = shapes_wrong && is_decoding(&diagnostic.message);
        if !covered && !decoding {
            diagnostics.push(diagnostic.clone());
        }
    }
    graph::check_cycles(&resolved, &mut diagnostics);
    let scenarios = outline.scenarios.as_ref();
    let scenarios = scenarios.map(|node| head::scenarios(node, &mut sources, &mut diagnostics)).unwrap_or_default();
    let waivers = outline.waivers.clone();
    let files = files::read(&outline, &sources, &mut diagnostics);
    if !diagnostics.has_errors() {
        resolve::states(&mut resolved, &files, place, &mut diagnostics);
    }
    diagnostics.sort();
    match diagnostics.has_errors() {
        true => Err(Failure::Spec(Box::new((diagnostics, sources)))),
        false => Ok(Checked { resolved, files, sources, diagnostics, waivers, devices: Devices::new(scenarios) }),
    }
}

/// Follows the alert paths of a fleet in the states of `objects`.
pub fn trace(checked: &Checked, place: &Place, objects: &BTreeMap<Address, &Value>) -> Report {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    Report::new(checked.paths_input(place, objects), &checked.waivers, today)
}

impl Checked {
    /// The states to reach.
    pub fn states(&self) -> BTreeMap<Address, &Value> {
        self.resolved.desired.iter().map(|(address, desired)| (address.clone(), &desired.state)).collect()
    }

    /// What the alert paths are computed from, for other states than the declared ones too.
    pub fn paths_input<'a>(&'a self, place: &'a Place, objects: &'a BTreeMap<Address, &'a Value>) -> Input<'a> {
        let Checked { resolved, devices, .. } = self;
        Input { fleet: &resolved.fleet, place, objects, entries: &resolved.entries, devices }
    }
}

/// Serde's own wording for what the shape check has already said better.
fn is_decoding(message: &str) -> bool {
    ["unknown field", "missing field", "invalid type", "unknown variant", "invalid value"]
        .iter()
        .any(|start| message.starts_with(start))
}

/// The place that stands in where nothing is known: for `check` and `graph`, which use no network.
pub fn offline_place(outline: &Outline, global: &Global) -> Place {
    let account = outline.account.as_ref().map_or("000000000000", |(account, _)| account);
    let region = global.region.as_deref().or(outline.region.as_deref()).unwrap_or("us-east-1");
    Place::new(account, region)
}

/// Prints warnings, if there are any.
pub fn print_warnings(checked: &Checked, global: &Global) {
    if !global.json {
        eprint!("{}", checked.diagnostics.render(&checked.sources, global.paint_stderr().color));
    }
}
