//! What is evaluated: profiles with their targets, and the registry, from a spec or from AWS's own documents.

use std::path::{Path, PathBuf};

use fleet_detect::profile::{Target, custom_metrics_from_json, dimensions_from_json, targets_from_json};
use fleet_detect::registry::{Registry, Thing, ThingGroup};
use fleet_detect::scenario::model::Scenario;
use fleet_detect::{Config, SecurityProfile, Semantics, TargetedProfile};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front::{self, Checked};

#[derive(Debug, clap::Args)]
pub struct Profiles {
    /// The spec: a file, or a folder with a fleet.yaml. Its things and groups are the registry. Default: ./fleet.yaml
    #[arg(conflicts_with_all = ["security_profile", "targets"])]
    spec: Option<PathBuf>,
    /// Only this security profile of the spec. Repeatable.
    #[arg(long, value_name = "NAME", conflicts_with = "security_profile")]
    profile_name: Vec<String>,
    /// A profile as DescribeSecurityProfile returns it, in place of a spec.
    #[arg(long, value_name = "FILE")]
    security_profile: Option<PathBuf>,
    /// What that profile is attached to, as ListTargetsForSecurityProfile returns it. Default: every device.
    #[arg(long, value_name = "FILE", requires = "security_profile")]
    targets: Option<PathBuf>,
    /// Things, groups and their changes over time, in place of those of the spec or scenario.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// Dimensions: a list of what DescribeDimension returns.
    #[arg(long, value_name = "FILE")]
    dimensions: Option<PathBuf>,
    /// Custom metrics: a list of what DescribeCustomMetric returns.
    #[arg(long, value_name = "FILE")]
    custom_metrics: Option<PathBuf>,
    /// Settings, as JSON or YAML, for what AWS leaves open; what is left out has its default.
    #[arg(long, value_name = "FILE")]
    semantics: Option<PathBuf>,
}

impl Profiles {
    /// Everything the evaluator needs. A scenario's devices are in the registry too, unless a file gives it.
    pub fn config(&self, global: &Global, scenario: Option<&Scenario>) -> Result<Config, Failure> {
        let (profiles, registry) = match &self.security_profile {
            Some(path) => (vec![self.described(path)?], scenario.map(Scenario::registry)),
            None => {
                let (profiles, mut registry) = self.declared(global)?;
                scenario.into_iter().for_each(|scenario| add(&mut registry, scenario.registry()));
                (profiles, Some(registry))
            }
        };
        let given = self.registry.as_deref().map(json).transpose()?;
        Ok(Config {
            profiles,
            dimensions: document(self.dimensions.as_deref(), dimensions_from_json)?,
            custom_metrics: document(self.custom_metrics.as_deref(), custom_metrics_from_json)?,
            registry: given.or(registry),
            semantics: match &self.semantics {
                Some(path) => yaml(path)?,
                None => Semantics::default(),
            },
        })
    }

    /// What a page is called.
    pub fn title(&self) -> String {
        let path = self.security_profile.as_ref().or(self.spec.as_ref());
        path.map_or_else(|| "fleet.yaml".to_owned(), |path| path.display().to_string())
    }

    fn described(&self, path: &Path) -> Result<TargetedProfile, Failure> {
        let targets = document(self.targets.as_deref(), targets_from_json)?;
        // An empty list would mean every device here, and no device in AWS.
        if let Some(path) = self.targets.as_ref().filter(|_| targets.is_empty()) {
            let message = format!("{}: the profile is attached to nothing, so it watches no device", path.display());
            return Err(Failure::new(message).help("leave out --targets to evaluate the profile for every device"));
        }
        Ok(TargetedProfile { profile: json(path)?, targets })
    }

    fn declared(&self, global: &Global) -> Result<(Vec<TargetedProfile>, Registry), Failure> {
        let path = front::spec_path(self.spec.as_deref())?;
        let front = front::read(&path, global)?;
        let place = front::offline_place(&front.outline, global);
        let checked = front::check(front, &place)?;
        front::print_warnings(&checked, global);
        let known: Vec<&str> = states(&checked, "securityProfiles").map(|(name, _)| name).collect();
        if let Some(name) = self.profile_name.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(Failure::new(format!("{} has no security profile `{name}`", path.display()))
                .help(format!("there is: {}", known.join(", "))));
        }
        let mut profiles = Vec::new();
        for (name, state) in states(&checked, "securityProfiles") {
            if !self.profile_name.is_empty() && !self.profile_name.iter().any(|wanted| wanted == name) {
                continue;
            }
            let profile = targeted(name, state)?;
            if profile.targets.is_empty() {
                eprintln!(
                    "warning: security profile `{name}` is attached to nothing and watches no device; see attachTo"
                );
                continue;
            }
            profiles.push(profile);
        }
        if profiles.is_empty() {
            return Err(Failure::new(format!("{} has no security profile that watches a device", path.display()))
                .help("declare one under securityProfiles with attachTo, or give --security-profile FILE"));
        }
        Ok((profiles, registry(&checked)))
    }
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

/// Adds another registry's things and members.
pub fn add(registry: &mut Registry, other: Registry) {
    registry.things.extend(other.things);
    for group in other.thing_groups {
        match registry.thing_groups.iter_mut().find(|known| known.group_name == group.group_name) {
            Some(known) => known.things.extend(group.things),
            None => registry.thing_groups.push(group),
        }
    }
}

pub fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = text(path)?;
    let reader = &mut serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(reader).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Reads YAML, and JSON as a part of it.
pub fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&text(path)?, options)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Reads what several AWS calls return; nothing gives nothing.
fn document<T: Default>(path: Option<&Path>, read: fn(&Value) -> Result<T, String>) -> Result<T, Failure> {
    let Some(path) = path else { return Ok(T::default()) };
    read(&json(path)?).map_err(|message| Failure::new(format!("{}: {message}", path.display())))
}
