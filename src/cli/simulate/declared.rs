//! Profiles and registry of a spec, in the form of AWS's documents.

use std::path::Path;

use fleet_detect::dimension::Dimension;
use fleet_detect::metric::CustomMetrics;
use fleet_detect::profile::{Target, custom_metrics_from_json, dimensions_from_json};
use fleet_detect::registry::{Registry, Thing, ThingGroup};
use fleet_detect::{SecurityProfile, TargetedProfile};
use serde_json::Value;

use super::profiles::Declared;
use super::subscribers;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front::{self, Checked};

/// Everything that matters to a simulation of a spec. Profiles that are attached to nothing are left out.
pub fn spec(path: &Path, global: &Global) -> Result<Declared, Failure> {
    let front = front::read(path, global)?;
    let place = front::offline_place(&front.outline, global);
    let checked = front::check(front, &place)?;
    front::print_warnings(&checked, global);
    let mut profiles = Vec::new();
    for (name, state) in states(&checked, "securityProfiles") {
        let profile = targeted(name, state)?;
        if profile.targets.is_empty() {
            eprintln!("warning: security profile `{name}` is attached to nothing and watches no device; see attachTo");
            continue;
        }
        profiles.push(profile);
    }
    Ok(Declared {
        profiles,
        registry: Some(registry(&checked)),
        dimensions: dimensions(&checked).map_err(Failure::new)?,
        custom_metrics: custom_metrics(&checked).map_err(Failure::new)?,
        subscribers: subscribers::of(states(&checked, "topics"), &place),
    })
}

/// The spec's dimensions as a list of what DescribeDimension returns.
pub fn dimensions(checked: &Checked) -> Result<Vec<Dimension>, String> {
    let described = states(checked, "dimensions").map(|(name, state)| named("name", name, state));
    dimensions_from_json(&described.collect())
}

/// The spec's custom metrics as a list of what DescribeCustomMetric returns.
pub fn custom_metrics(checked: &Checked) -> Result<CustomMetrics, String> {
    let described = states(checked, "customMetrics").map(|(name, state)| named("metricName", name, state));
    custom_metrics_from_json(&described.collect())
}

fn named(member: &str, name: &str, state: &Value) -> Value {
    let mut described = state.clone();
    described[member] = name.into();
    described
}

/// A behaviour set as the profile of every device. Nothing is known of things and groups.
pub fn behavior_set(path: &Path, global: &Global) -> Result<Declared, Failure> {
    let front = front::read_behavior_set(path, global)?;
    let place = front::offline_place(&front.outline, global);
    let checked = front::check(front, &place)?;
    front::print_warnings(&checked, global);
    let profiles = states(&checked, "securityProfiles").map(|(name, state)| targeted(name, state));
    Ok(Declared { profiles: profiles.collect::<Result<_, _>>()?, ..Declared::default() })
}

/// Name and desired state of every object of a section, as `check --expand` shows it.
pub fn states<'c>(checked: &'c Checked, section: &str) -> impl Iterator<Item = (&'c str, &'c Value)> {
    let objects = checked.resolved.desired.iter().filter(move |(address, _)| address.section == section);
    objects.map(|(address, desired)| (address.name.as_str(), &desired.state))
}

/// A profile's desired state in the form of DescribeSecurityProfile.
pub fn targeted(name: &str, state: &Value) -> Result<TargetedProfile, Failure> {
    let unusable = |message: String| Failure::new(format!("securityProfiles.{name} cannot be simulated: {message}"));
    let mut behaviors = Vec::new();
    for (behavior, declared) in state["behaviors"].as_object().into_iter().flatten() {
        let mut declared = declared.clone();
        declared["name"] = behavior.as_str().into();
        // The published alerts of behaviours without these members do not have them.
        if let Some(members) = declared.as_object_mut() {
            members.retain(|_, value| *value != Value::Bool(false));
        }
        behaviors.push(declared);
    }
    let described = serde_json::json!({
        "securityProfileName": name,
        "behaviors": behaviors,
        "additionalMetricsToRetainV2": state["retained"],
        "alertTargets": state["alertTargets"],
    });
    let profile: SecurityProfile = serde_json::from_value(described).map_err(|error| unusable(error.to_string()))?;
    let arns = state["attachedTo"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let targets = arns.map(Target::from_arn).collect::<Result<_, _>>().map_err(unusable)?;
    Ok(TargetedProfile { profile, targets })
}

pub fn registry(checked: &Checked) -> Registry {
    let things = states(checked, "things").map(|(name, _)| Thing { thing_name: name.to_owned() }).collect();
    let group = |(name, state): (&str, &Value)| ThingGroup {
        group_name: name.to_owned(),
        parent_group_name: state["parent"].as_str().map(str::to_owned),
        things: state["things"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    Registry { things, thing_groups: states(checked, "thingGroups").map(group).collect(), changes: Vec::new() }
}
