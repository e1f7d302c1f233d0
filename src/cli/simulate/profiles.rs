//! What is evaluated: profiles with their targets, and the registry, from a spec or from AWS's own documents.

use std::path::{Path, PathBuf};

use fleet_detect::dimension::Dimension;
use fleet_detect::metric::CustomMetrics;
use fleet_detect::profile::{custom_metrics_from_json, dimensions_from_json, targets_from_json};
use fleet_detect::registry::Registry;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::{Config, Semantics, TargetedProfile};

use super::declared;
use super::documents::{self, Form, document};
use super::subscribers::Subscribers;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front;

#[derive(Debug, clap::Args)]
pub struct Profiles {
    /// What is simulated: a spec (a file, or a folder with a fleet.yaml; its things and groups are the registry), a
    /// behaviour set such as those in profiles/, or a profile as DescribeSecurityProfile returns it. The last two watch
    /// every device. Default: ./fleet.yaml
    #[arg(value_name = "PROFILE-or-SPEC", conflicts_with = "security_profile")]
    spec: Option<PathBuf>,
    /// Only this security profile of a spec. Repeatable.
    #[arg(long, value_name = "NAME", conflicts_with = "security_profile")]
    profile_name: Vec<String>,
    /// A profile as DescribeSecurityProfile returns it.
    #[arg(long, value_name = "FILE")]
    security_profile: Option<PathBuf>,
    /// What the profile is attached to, as ListTargetsForSecurityProfile returns it. Not with a spec, which says so
    /// itself. Default: every device.
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
    /// Things, groups and their changes over time, in place of those of the spec or scenario.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// Dimensions: a list of what DescribeDimension returns, beside those of the spec.
    #[arg(long, value_name = "FILE")]
    dimensions: Option<PathBuf>,
    /// Custom metrics: a list of what DescribeCustomMetric returns, beside those of the spec.
    #[arg(long, value_name = "FILE")]
    custom_metrics: Option<PathBuf>,
    /// Settings, as JSON or YAML, for what AWS leaves open; what is left out has its default.
    #[arg(long, value_name = "FILE")]
    semantics: Option<PathBuf>,
}

/// What is evaluated, and what it is called.
#[derive(Clone)]
pub struct Subject {
    pub title: String,
    pub config: Config,
    /// Who listens to the spec's topics.
    pub subscribers: Subscribers,
}

/// What a spec or document declares.
#[derive(Default)]
pub struct Declared {
    pub profiles: Vec<TargetedProfile>,
    /// None where nothing is known of things and groups.
    pub registry: Option<Registry>,
    pub dimensions: Vec<Dimension>,
    pub custom_metrics: CustomMetrics,
    pub subscribers: Subscribers,
}

impl Profiles {
    /// Everything the evaluator needs, and reports beside it. A scenario's devices are in the registry too, unless a file
    /// gives it.
    pub fn subject(&self, global: &Global, scenario: Option<&Scenario>) -> Result<Subject, Failure> {
        let (path, form) = self.path()?;
        let mut declared = self.read(&path, form, global)?;
        if declared.profiles.is_empty() {
            return Err(Failure::new(format!("{} has no security profile that watches a device", path.display()))
                .help("declare one under securityProfiles with attachTo, or give --security-profile FILE"));
        }
        let known: Vec<&str> = declared.profiles.iter().map(|one| &*one.profile.security_profile_name).collect();
        let unknown = self.profile_name.iter().find(|name| !known.contains(&name.as_str()));
        if let Some(name) = unknown.filter(|_| form == Form::Spec) {
            return Err(Failure::new(format!("{} has no security profile `{name}`", path.display()))
                .help(format!("there is: {}", known.join(", "))));
        }
        self.choose(form, &mut declared);
        self.complete(&path, declared, scenario)
    }

    /// The subject that `path` holds, to be compared with `after`. Where one of both sides is a single profile, it
    /// stands against the other side's profile of the same name, or the only one, and is attached as that is; the rest
    /// is left out, also of `after`.
    pub fn against(
        &self,
        path: &Path,
        global: &Global,
        scenario: Option<&Scenario>,
        after: &mut Subject,
    ) -> Result<Subject, Failure> {
        let form = Form::of(path);
        let mut declared = self.read(path, form, global)?;
        self.choose(form, &mut declared);
        if form != Form::Spec {
            pair(&mut declared.profiles[0], &mut after.config.profiles, &path.display())?;
            declared.registry = after.config.registry.clone();
            declared.dimensions.clone_from(&after.config.dimensions);
            declared.custom_metrics = after.config.custom_metrics.clone();
        } else if self.path()?.1 != Form::Spec {
            let alone = &mut after.config.profiles[0];
            let name = alone.profile.security_profile_name.clone();
            let targets = alone.targets.clone();
            pair(alone, &mut declared.profiles, &path.display())?;
            alone.profile.security_profile_name.clone_from(&name);
            declared.profiles[0].profile.security_profile_name = name;
            if targets.is_empty() {
                let old = self.complete(path, declared, scenario)?;
                after.config.registry.clone_from(&old.config.registry);
                after.subscribers.clone_from(&old.subscribers);
                return Ok(old);
            }
            alone.targets = targets;
        }
        self.complete(path, declared, scenario)
    }

    /// Keeps the profiles of a spec that were asked for.
    fn choose(&self, form: Form, declared: &mut Declared) {
        let names = &self.profile_name;
        let is_wanted = |one: &TargetedProfile| names.contains(&one.profile.security_profile_name);
        declared.profiles.retain(|one| form != Form::Spec || names.is_empty() || is_wanted(one));
    }

    /// The file or folder that is simulated.
    fn path(&self) -> Result<(PathBuf, Form), Failure> {
        let (path, form) = match &self.security_profile {
            Some(path) => (path.clone(), Form::Described),
            None => {
                let path = front::spec_path(self.spec.as_deref())?;
                let form = Form::of(&path);
                (path, form)
            }
        };
        if form == Form::Spec && self.targets.is_some() {
            let message = "--targets goes with a single profile; a spec says in attachTo what its profiles watch";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok((path, form))
    }

    fn read(&self, path: &Path, form: Form, global: &Global) -> Result<Declared, Failure> {
        let mut declared = match form {
            Form::Spec => declared::spec(path, global)?,
            Form::BehaviorSet => declared::behavior_set(path, global)?,
            Form::Described => Declared { profiles: vec![documents::json(path).map(profile)?], ..Declared::default() },
        };
        if form != Form::Spec {
            let targets = document(self.targets.as_deref(), targets_from_json)?;
            // An empty list would mean every device here, and no device in AWS.
            if let Some(path) = self.targets.as_ref().filter(|_| targets.is_empty()) {
                let message =
                    format!("{}: the profile is attached to nothing, so it watches no device", path.display());
                return Err(Failure::new(message).help("leave out --targets to evaluate the profile for every device"));
            }
            declared.profiles[0].targets = targets;
        }
        Ok(declared)
    }

    /// Adds what files and the scenario say.
    fn complete(&self, path: &Path, declared: Declared, scenario: Option<&Scenario>) -> Result<Subject, Failure> {
        let mut registry = declared.registry;
        if let Some(made) = scenario.map(Scenario::registry) {
            match &mut registry {
                Some(registry) => add(registry, made),
                None => registry = Some(made),
            }
        }
        let given = self.registry.as_deref().map(documents::json).transpose()?;
        let mut dimensions = document(self.dimensions.as_deref(), dimensions_from_json)?;
        let named: Vec<String> = dimensions.iter().map(|one: &Dimension| one.name.clone()).collect();
        dimensions.extend(declared.dimensions.into_iter().filter(|one| !named.contains(&one.name)));
        let mut custom_metrics = declared.custom_metrics;
        custom_metrics.0.extend(document(self.custom_metrics.as_deref(), custom_metrics_from_json)?.0);
        let semantics = match &self.semantics {
            Some(path) => documents::yaml(path)?,
            None => Semantics::default(),
        };
        let registry = given.or(registry);
        let config = Config { profiles: declared.profiles, dimensions, custom_metrics, registry, semantics };
        Ok(Subject { title: path.display().to_string(), config, subscribers: declared.subscribers })
    }
}

fn profile(profile: fleet_detect::SecurityProfile) -> TargetedProfile {
    profile.into()
}

/// Keeps of `many` the one that stands against `one`, and gives `one` its name and targets.
fn pair(
    one: &mut TargetedProfile,
    many: &mut Vec<TargetedProfile>,
    path: &impl std::fmt::Display,
) -> Result<(), Failure> {
    let name = one.profile.security_profile_name.clone();
    if many.len() > 1 {
        let known: Vec<String> = many.iter().map(|one| one.profile.security_profile_name.clone()).collect();
        many.retain(|other| other.profile.security_profile_name == name);
        if many.is_empty() {
            let message = format!("--against {path}: which profile `{name}` stands against is not clear");
            return Err(Failure::new(message).help(format!("choose with --profile-name: {}", known.join(", "))));
        }
    }
    let Some(other) = many.first() else {
        return Err(Failure::new(format!("--against {path}: there is no security profile")));
    };
    one.profile.security_profile_name = other.profile.security_profile_name.clone();
    one.targets.clone_from(&other.targets);
    // A behaviour set says nothing about alert targets: those of the other side stand.
    if one.profile.alert_targets.is_empty() {
        one.profile.alert_targets = other.profile.alert_targets.clone();
    }
    Ok(())
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
