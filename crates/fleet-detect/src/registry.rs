//! The thing registry over time: which names are registered things and which groups they are in, at any moment.
//!
//! A change counts for events at its own time and later. Groups and their parents do not change; a thing that is
//! deleted leaves all its groups, as DeleteThing makes it do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::profile::Target;

/// The registry file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registry {
    /// Things registered before the first event.
    #[serde(default)]
    pub things: Vec<Thing>,
    #[serde(default)]
    pub thing_groups: Vec<ThingGroup>,
    /// Applied in order of time, and in the order of the list at equal times.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// A registered thing; members beside the name are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thing {
    pub thing_name: String,
}

/// A thing group with its members at the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThingGroup {
    pub group_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_group_name: Option<String>,
    #[serde(default)]
    pub things: Vec<String>,
}

/// One change of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    pub op: ChangeOp,
    pub thing: String,
    /// The group that `add-to-group` and `remove-from-group` name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeOp {
    CreateThing,
    DeleteThing,
    AddToGroup,
    RemoveFromGroup,
}

/// A set of at most 64 profiles, by position.
pub type ProfileSet = u64;

/// What a name is from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Milliseconds since the Unix epoch, inclusive.
    pub from: i64,
    pub registered: bool,
    /// Profiles whose targets the device is in.
    pub profiles: ProfileSet,
}

/// The registry seen from the targets of the profiles: for each name its standings, in order of time.
#[derive(Clone, Debug)]
pub struct Standings {
    named: BTreeMap<String, Box<[Standing]>>,
    others: [Standing; 1],
}

impl Standings {
    /// With no registry there is one standing for all, given by `registered` and `profiles`.
    pub fn same_for_all(registered: bool, profiles: ProfileSet) -> Self {
        Self { named: BTreeMap::new(), others: [Standing { from: i64::MIN, registered, profiles }] }
    }

    /// Follows every thing of the registry through its changes. `targets` holds the targets of each profile.
    ///
    /// # Errors
    /// Names what does not fit: a repeated or unknown group, a circle of parents, a change without its group.
    pub fn new(registry: &Registry, targets: &[&[Target]]) -> Result<Self, String> {
        let groups = targeted_groups(registry, targets)?;
        let mut states: BTreeMap<&str, ThingState> = BTreeMap::new();
        for thing in &registry.things {
            states.entry(&thing.thing_name).or_default().registered = true;
        }
        for group in &registry.thing_groups {
            for thing in &group.things {
                let state = states.entry(thing).or_default();
                state.registered = true;
                state.groups.insert(&group.group_name);
            }
        }
        let mut named: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        for (name, state) in &states {
            named.insert((*name).to_owned(), vec![state.standing(i64::MIN, targets, &groups)]);
        }
        let mut changes: Vec<&Change> = registry.changes.iter().collect();
        changes.sort_by_key(|change| change.timestamp);
        let stranger = ThingState::default().standing(i64::MIN, targets, &groups);
        for change in changes {
            let state = states.entry(&change.thing).or_default();
            state.apply(change, &groups)?;
            let standing = state.standing(change.timestamp, targets, &groups);
            let history = named.entry(change.thing.clone()).or_insert_with(|| vec![stranger]);
            push(history, standing);
        }
        let named = named.into_iter().map(|(name, history)| (name, history.into())).collect();
        Ok(Self { named, others: [stranger] })
    }

    /// The standings of a name, at least one, the first from the beginning of time.
    pub fn of(&self, name: &str) -> &[Standing] {
        self.named.get(name).map_or(&self.others[..], |history| history)
    }

    /// The profiles that watch every device, if no name has standings of its own.
    #[inline]
    pub fn of_all(&self) -> Option<ProfileSet> {
        self.named.is_empty().then_some(self.others[0].profiles)
    }

    /// The one of `history` that holds at a moment.
    pub fn at(history: &[Standing], at: i64) -> Standing {
        let later = history.partition_point(|standing| standing.from <= at);
        history[later.saturating_sub(1)]
    }
}

fn push(history: &mut Vec<Standing>, standing: Standing) {
    if let Some(last) = history.last_mut() {
        if last.from == standing.from {
            *last = standing;
            return;
        }
        if last.registered == standing.registered && last.profiles == standing.profiles {
            return;
        }
    }
    history.push(standing);
}

#[derive(Default)]
struct ThingState<'a> {
    registered: bool,
    groups: BTreeSet<&'a str>,
}

impl<'a> ThingState<'a> {
    fn apply(&mut self, change: &'a Change, groups: &BTreeMap<&str, ProfileSet>) -> Result<(), String> {
        let group = match (change.op, &change.group) {
            (ChangeOp::CreateThing | ChangeOp::DeleteThing, _) => "",
            (_, None) => {
                return Err(format!("registry change of `{}` at {}: no group", change.thing, change.timestamp));
            }
            (_, Some(group)) if !groups.contains_key(group.as_str()) => {
                return Err(format!("registry change of `{}`: group `{group}` is not in thingGroups", change.thing));
            }
            (_, Some(group)) => group.as_str(),
        };
        match change.op {
            ChangeOp::CreateThing => self.registered = true,
            ChangeOp::DeleteThing => *self = Self::default(),
            ChangeOp::AddToGroup => {
                // Only a registered thing can be a member, so an addition also says that the thing exists.
                self.registered = true;
                self.groups.insert(group);
            }
            ChangeOp::RemoveFromGroup => {
                self.groups.remove(group);
            }
        }
        Ok(())
    }

    fn standing(&self, from: i64, targets: &[&[Target]], groups: &BTreeMap<&str, ProfileSet>) -> Standing {
        let mut profiles = self.groups.iter().fold(0, |set, group| set | groups.get(group).copied().unwrap_or(0));
        for (index, targets) in targets.iter().enumerate() {
            let hit = targets.iter().any(|target| match target {
                Target::AllThings => true,
                Target::RegisteredThings => self.registered,
                Target::UnregisteredThings => !self.registered,
                Target::ThingGroup(_) => false,
            });
            profiles |= u64::from(hit) << index;
        }
        Standing { from, registered: self.registered, profiles }
    }
}

/// For every group the profiles that target it or one of its ancestors.
fn targeted_groups<'a>(registry: &'a Registry, targets: &[&[Target]]) -> Result<BTreeMap<&'a str, ProfileSet>, String> {
    let mut parents: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for group in &registry.thing_groups {
        if parents.insert(&group.group_name, group.parent_group_name.as_deref()).is_some() {
            return Err(format!("registry: thing group `{}` appears twice", group.group_name));
        }
    }
    let mut sets = BTreeMap::new();
    for name in parents.keys() {
        let (mut set, mut at, mut steps) = (0, Some(*name), 0);
        while let Some(group) = at {
            for (index, targets) in targets.iter().enumerate() {
                let hit = targets.iter().any(|target| matches!(target, Target::ThingGroup(name) if name == group));
                set |= u64::from(hit) << index;
            }
            steps += 1;
            if steps > parents.len() {
                return Err(format!("registry: the parents of thing group `{name}` form a circle"));
            }
            let parent = parents.get(group);
            at =
                *parent.ok_or_else(|| format!("registry: parent group `{group}` of `{name}` is not in thingGroups"))?;
        }
        sets.insert(*name, set);
    }
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        serde_json::from_str(
            r#"{"things":[{"thingName":"a","attributes":{"x":"y"}},{"thingName":"b"}],
                "thingGroups":[{"groupName":"top","things":[]},{"groupName":"sub","parentGroupName":"top","things":["b"]}],
                "changes":[{"timestamp":300,"op":"delete-thing","thing":"b"},
                           {"timestamp":100,"op":"add-to-group","thing":"a","group":"sub"},
                           {"timestamp":200,"op":"remove-from-group","thing":"a","group":"sub"},
                           {"timestamp":400,"op":"create-thing","thing":"new"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn standings_follow_the_changes() {
        let top = [Target::ThingGroup("top".into())];
        let registered = [Target::RegisteredThings];
        let unregistered = [Target::UnregisteredThings];
        let standings = Standings::new(&registry(), &[&top, &registered, &unregistered]).unwrap();
        let at = |name: &str, at| {
            let standing = Standings::at(standings.of(name), at);
            (standing.registered, standing.profiles)
        };
        assert_eq!(at("a", 99), (true, 0b010));
        assert_eq!(at("a", 100), (true, 0b011));
        assert_eq!(at("a", 200), (true, 0b010));
        assert_eq!(at("b", i64::MIN), (true, 0b011));
        assert_eq!(at("b", 300), (false, 0b100));
        assert_eq!(at("new", 399), (false, 0b100));
        assert_eq!(at("new", 400), (true, 0b010));
        assert_eq!(at("stranger", 0), (false, 0b100));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut circle = registry();
        circle.thing_groups[0].parent_group_name = Some("sub".into());
        assert!(Standings::new(&circle, &[]).unwrap_err().contains("circle"));
        let mut unknown = registry();
        unknown.changes[1].group = Some("nowhere".into());
        assert!(Standings::new(&unknown, &[]).unwrap_err().contains("nowhere"));
    }
}
