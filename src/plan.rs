//! The plan: steps as data, decided here and nowhere else. `apply` has no choices left to make.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::diff::{Change, diff};
use crate::kind::{self, LiveObject};
use crate::ownership::{Owner, Tags};
use crate::scope::Place;
use crate::spec::resolve::{Desired, Edge};

/// The version of the saved form. A plan of another version is refused.
pub const VERSION: u32 = 1;

/// What is to happen to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    /// Delete, then create: AWS has no call for the change, and the name is the identity.
    Replace,
    Delete,
    /// Take over a live object of the same name, as asked for.
    Adopt,
    Keep,
    /// A live object of that name is not ours; nothing is done.
    Conflict,
    /// To be deleted, but protected; nothing is done.
    Protected,
}

impl Action {
    /// The sign in front of a line of the plan.
    pub fn sigil(self) -> &'static str {
        match self {
            Action::Create => "+",
            Action::Update => "~",
            Action::Replace => "-/+",
            Action::Delete => "-",
            Action::Adopt => ">",
            Action::Keep => " ",
            Action::Conflict | Action::Protected => "!",
        }
    }

    /// Whether the step makes calls that change something.
    pub fn writes(self) -> bool {
        !matches!(self, Action::Keep | Action::Conflict | Action::Protected)
    }

    /// Whether the step stands in the way of an apply.
    pub fn blocks(self) -> bool {
        matches!(self, Action::Conflict | Action::Protected)
    }
}

/// One step.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub address: Address,
    /// The name that AWS knows the object by.
    pub id: String,
    pub action: Action,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Paths that force a replacement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<String>,
    /// Why, where the changes do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Zero for what is written; deletions come later, those of higher rank first. A phase starts when the one before is
    /// done without a failure.
    pub phase: u8,
    /// Steps of the same phase that must be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Address>,
    /// Set where an earlier step of this plan changes the live object, so that it must be read anew instead of compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh: bool,
    /// Of the live object that this was computed from; `apply` refuses another.
    pub fingerprint: String,
    /// The state to reach. Absent for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Value>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
}

/// Why an object goes that is live and not in the spec.
pub const NO_LONGER_DECLARED: &str = "it is no longer declared";
/// Why an object goes on `destroy`.
pub const DESTROYED: &str = "everything the fleet owns is to go";

/// All steps for one account and region.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub version: u32,
    pub fleet: String,
    pub place: Place,
    pub steps: Vec<Step>,
    /// Folders that functions are packed from, by the hash of the zip.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<String, std::path::PathBuf>,
}

impl Plan {
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action.writes())
    }

    pub fn blocked(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.action.blocks())
    }
}

/// What the planner decides from. Plain data, so that the same input always gives the same plan.
pub struct Input<'a> {
    pub fleet: &'a str,
    pub place: &'a Place,
    pub desired: &'a BTreeMap<Address, Desired>,
    pub edges: &'a [Edge],
    /// Live objects at declared addresses.
    pub live: &'a BTreeMap<Address, LiveObject>,
    /// Live objects that carry our mark and are not declared.
    pub orphans: &'a BTreeMap<Address, LiveObject>,
    /// Foreign objects that the user asked to take over.
    pub adopt: &'a BTreeSet<Address>,
    /// Why objects that are not in `desired` go.
    pub why_gone: &'a str,
    /// `--target` and `--exclude`: whether an address takes part.
    pub selected: &'a dyn Fn(&Address) -> bool,
}

/// Decides.
pub fn build(input: &Input) -> Plan {
    let mut steps: Vec<Step> = input
        .desired
        .iter()
        .filter(|(address, _)| (input.selected)(address))
        .map(|(address, desired)| declared_step(input, address, desired))
        .collect();
    let orphans = input.orphans.iter().filter(|(address, _)| (input.selected)(address));
    steps.extend(orphans.map(|(address, live)| orphan_step(address, live, input.why_gone)));
    cascade_replacements(&mut steps, input.edges);
    refresh_nested(&mut steps);
    order(&mut steps, input);
    Plan {
        version: VERSION,
        fleet: input.fleet.to_owned(),
        place: input.place.clone(),
        steps,
        folders: BTreeMap::new(),
    }
}

fn declared_step(input: &Input, address: &Address, desired: &Desired) -> Step {
    let live = input.live.get(address);
    let mut step = Step {
        address: address.clone(),
        id: live.map_or_else(|| address.name.clone(), |live| live.id.clone()),
        action: Action::Create,
        changes: Vec::new(),
        forced_by: Vec::new(),
        reason: None,
        phase: 0,
        after: Vec::new(),
        refresh: false,
        fingerprint: fingerprint(live),
        desired: Some(desired.state.clone()),
        tags: desired.tags.clone(),
        protect: desired.protect,
    };
    let Some(live) = live else { return step };
    let kind = kind::of(address);
    step.changes = diff(&live.state, &desired.state);
    let ours = live.owner.as_ref().is_some_and(|owner| owner.fleet == input.fleet);
    let taken_over = input.adopt.contains(address) && kind.adoptable();
    if !ours && !taken_over {
        step.action = Action::Conflict;
        step.reason = Some(conflict_reason(address, live.owner.as_ref()));
        return step;
    }
    // A replaced singleton or an adopted object keeps its place in the address space; only our own mark can be off.
    let misplaced = live.owner.as_ref().and_then(|owner| owner.address.as_deref()) != Some(&address.to_string());
    step.forced_by =
        step.changes.iter().map(|change| &change.path).filter(|path| kind.replaces(path)).cloned().collect();
    step.action = match () {
        () if !step.forced_by.is_empty() && live.protected() => Action::Protected,
        () if !step.forced_by.is_empty() => Action::Replace,
        () if !ours => Action::Adopt,
        () if step.changes.is_empty() && !misplaced => Action::Keep,
        () => Action::Update,
    };
    if step.action == Action::Protected {
        step.reason = Some("it would have to be replaced, and it is protected; apply `protect: false` first".into());
    } else if step.action == Action::Update && step.changes.is_empty() {
        step.reason = Some("the mark on the live object names another address".into());
    }
    step
}

fn conflict_reason(address: &Address, owner: Option<&Owner>) -> String {
    let whose = match owner {
        Some(owner) => format!("belongs to the fleet `{}`", owner.fleet),
        None => "was not made by fleetctl".into(),
    };
    format!(
        "it exists and {whose}; rename it here, delete it there, or take it over with `fleetctl adopt SPEC {address}`"
    )
}

fn orphan_step(address: &Address, live: &LiveObject, why: &str) -> Step {
    let protected = live.protected();
    Step {
        address: address.clone(),
        id: live.id.clone(),
        action: if protected { Action::Protected } else { Action::Delete },
        changes: Vec::new(),
        forced_by: Vec::new(),
        reason: Some(match protected {
            true => format!("{why}, but it is protected; apply `protect: false` first, or leave it out with --exclude"),
            false => why.to_owned(),
        }),
        phase: u8::MAX - kind::of(address).rank(),
        after: Vec::new(),
        refresh: false,
        fingerprint: fingerprint(Some(live)),
        desired: None,
        tags: Tags::new(),
        protect: false,
    }
}

/// What hangs on a replaced object goes with it: children of a replaced group are replaced too, and everything else that
/// names it is looked at again, since attachments are lost with the object.
fn cascade_replacements(steps: &mut [Step], edges: &[Edge]) {
    let index: BTreeMap<Address, usize> = steps.iter().enumerate().map(|(i, step)| (step.address.clone(), i)).collect();
    let mut queue: Vec<Address> =
        steps.iter().filter(|step| step.action == Action::Replace).map(|step| step.address.clone()).collect();
    while let Some(replaced) = queue.pop() {
        for edge in edges.iter().filter(|edge| edge.orders && edge.to == replaced) {
            let Some(step) = index.get(&edge.from).map(|i| &mut steps[*i]) else { continue };
            let child = edge.from.section == edge.to.section;
            if child && matches!(step.action, Action::Keep | Action::Update) {
                step.action = Action::Replace;
                step.refresh = true;
                step.reason = Some(format!("{replaced} is replaced"));
                queue.push(edge.from.clone());
            } else if matches!(step.action, Action::Keep | Action::Update) {
                step.refresh = true;
                if step.action == Action::Keep {
                    step.action = Action::Update;
                    step.reason = Some(format!("{replaced} is replaced, and what is attached to it is attached again"));
                }
            }
        }
    }
}

/// Writing a singleton may touch what is nested in its section: the audit configuration takes a check out of the
/// schedules before it disables it. Those are read anew.
fn refresh_nested(steps: &mut [Step]) {
    let outer: BTreeSet<String> =
        steps.iter().filter(|step| step.action.writes()).map(|step| format!("{}.", step.address.section)).collect();
    for step in steps.iter_mut() {
        step.refresh |= outer.iter().any(|section| step.address.section.starts_with(section.as_str()));
    }
}

/// Predecessors within a phase: what an object needs comes before it, and a child is deleted before its parent.
fn order(steps: &mut [Step], input: &Input) {
    let planned: BTreeSet<Address> = steps.iter().map(|step| step.address.clone()).collect();
    let mut needs: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for edge in input.edges.iter().filter(|edge| edge.orders && planned.contains(&edge.to)) {
        needs.entry(edge.from.clone()).or_default().insert(edge.to.clone());
    }
    for (child, parent) in input.orphans.iter().filter_map(|(address, live)| parent(address, live)) {
        if input.orphans.contains_key(&parent) {
            needs.entry(parent).or_default().insert(child);
        }
    }
    for step in steps.iter_mut() {
        step.after = needs.remove(&step.address).unwrap_or_default().into_iter().collect();
    }
}

fn parent(address: &Address, live: &LiveObject) -> Option<(Address, Address)> {
    let parent = kind::of(address).parent(&live.state)?;
    Some((address.clone(), Address::new(address.section.clone(), parent)))
}

/// A hash of everything that a decision was based on.
pub fn fingerprint(live: Option<&LiveObject>) -> String {
    let Some(live) = live else { return "absent".into() };
    let seen = serde_json::json!([live.id, live.state, live.owner, live.version]);
    Sha256::digest(canonical(&seen).to_string()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Objects with sorted keys, so that equal values have equal texts.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, Value> = map.iter().map(|(key, value)| (key, canonical(value))).collect();
            serde_json::json!(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}
