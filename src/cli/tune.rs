//! `fleetctl tune`: thresholds from traffic, for a budget of false alarms.

mod classes;
mod labels;
mod patch;
mod table;
mod traffic;

use std::path::{Path, PathBuf};

use fleet_detect::tune::{BehaviorTuning, Incident, Plan, Recorder, Settings, Tuning, page, tune};
use serde_json::json;

use self::classes::{By, Class};
use super::failure::Failure;
use super::simulate::{profiles, source};
use super::{Global, output};
use crate::exit;

/// Propose thresholds from device traffic for a budget of false alarms.
///
/// Each behaviour gets the most sensitive threshold that would have kept the budget on the first part of the traffic,
/// and a report on the last part, which the choice has not seen. What is counted are alarms, raised outside of labelled
/// incidents. docs/tune.md says how, and how much traffic a budget takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    profiles: profiles::Profiles,
    #[command(flatten)]
    source: source::Input,
    /// Incidents in which alarms are right: a YAML list or a CSV table of device, from, to and, if it concerns only
    /// some, behaviors. Default with --scenario: its episodes.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// False alarms that one device may raise in 30 days, for each behaviour.
    #[arg(long, value_name = "ALARMS", default_value = "0.1", value_parser = budget)]
    budget: f64,
    /// Share of the time, at its end, that is held out: 0 up to 0.9.
    #[arg(long, value_name = "SHARE", default_value = "0.25", value_parser = share)]
    hold_out: f64,
    /// A threshold for each class of devices: `group` (every thing group with things), `group=A,B`, `type` (thing
    /// types, or the classes of a scenario) or `attribute=NAME`.
    #[arg(long, value_name = "CLASS")]
    by: Option<By>,
    /// Types and attributes of things, for --by: what ListThings returns, a registry file, or a spec.
    #[arg(long, value_name = "FILE", requires = "by")]
    things: Option<PathBuf>,
    /// Only this behaviour. Repeatable.
    #[arg(long, value_name = "NAME")]
    behavior: Vec<String>,
    /// How to show the result. `patch` is the proposed behaviours as a YAML behaviour set, for `use:` in a spec.
    /// Default: table, or json with --json.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the result to FILE; several patches to the folder FILE.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Html,
    Patch,
}

fn budget(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|budget: &f64| *budget >= 0.0 && budget.is_finite()).ok_or_else(|| {
        "expected a number of alarms from 0, such as 0.1: with a hundred devices ten alarms a month".to_owned()
    })
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=0.9).contains(share)).ok_or_else(|| "expected 0 to 0.9".to_owned())
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let format = args.format.unwrap_or(if global.json { Format::Json } else { Format::Table });
    let source = args.source.source()?;
    let mut config = traffic::config(&args.profiles, global, source.scenario())?;
    keep_behaviors(&mut config, &args.behavior)?;
    let types = config.metric_types();
    let (config, classes) = match &args.by {
        Some(by) => {
            let things = classes::things(args.things.as_deref(), source.scenario(), global)?;
            classes::split(config, by, &things)?
        }
        None => {
            let whole = |targeted: &fleet_detect::TargetedProfile| Class::whole(targeted);
            let classes = config.profiles.iter().map(whole).collect();
            (config, classes)
        }
    };
    let incidents = match (&args.labels, source.scenario()) {
        (Some(path), scenario) => labels::read(path, scenario, &config)?,
        (None, Some(scenario)) => Incident::of_scenario(scenario).map_err(Failure::new)?,
        (None, None) => Vec::new(),
    };
    let plan = Plan::new(&config).map_err(traffic::invalid)?;
    let mut recorder = Recorder::default();
    traffic::record(&plan, &source.with_metrics(types), &mut recorder)?;
    let settings = Settings { budget: args.budget, hold_out: args.hold_out };
    let Some(tuning) = tune(&plan, &recorder, &incidents, &settings) else {
        return Err(Failure::new("no behavior has a datapoint in this traffic")
            .help("look with `fleetctl simulate` whether the profile watches these devices and metrics"));
    };
    labels::warn_unknown(&tuning, &recorder);
    let paint = global.paint_stdout();
    match format {
        Format::Table => deliver(args.out.as_deref(), &table::table(&tuning, &classes, paint)),
        Format::Json => deliver(args.out.as_deref(), &format!("{:#}\n", data(&tuning, &classes))),
        Format::Html => deliver(args.out.as_deref(), &page::render(&title(&classes), &tuning)),
        Format::Patch => patches(args.out.as_deref(), &tuning, &classes),
    }?;
    Ok(exit::DONE)
}

/// Leaves only the named behaviours.
fn keep_behaviors(config: &mut fleet_detect::Config, names: &[String]) -> Result<(), Failure> {
    let all = config.profiles.iter().flat_map(|targeted| &targeted.profile.behaviors);
    let known: Vec<String> = all.map(|behavior| behavior.name.clone()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        let help = crate::diagnostic::did_you_mean(name, known.iter().map(String::as_str));
        let there_is = format!("there is: {}", known.join(", "));
        return Err(Failure::new(format!("no behavior is called `{name}`")).help(help.unwrap_or(there_is)));
    }
    for targeted in config.profiles.iter_mut().filter(|_| !names.is_empty()) {
        targeted.profile.behaviors.retain(|behavior| names.contains(&behavior.name));
    }
    Ok(())
}

fn title(classes: &[Class]) -> String {
    let mut names: Vec<&str> = classes.iter().map(|class| class.profile.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Everything, for programs.
fn data(tuning: &Tuning, classes: &[Class]) -> serde_json::Value {
    let class = |class: &Class| json!({ "profile": class.name, "of": class.profile, "class": class.class, "things": class.things });
    let mut result = json!({ "version": 1, "type": "tuning" });
    let members = serde_json::to_value(tuning).unwrap_or_default();
    if let (Some(result), serde_json::Value::Object(members)) = (result.as_object_mut(), members) {
        result.extend(members);
        result.insert("classes".to_owned(), classes.iter().map(class).collect());
    }
    result
}

/// One behaviour set for each profile and class: as the text, or as files in a folder.
fn patches(out: Option<&Path>, tuning: &Tuning, classes: &[Class]) -> Result<(), Failure> {
    let mut sets = Vec::new();
    for (position, class) in classes.iter().enumerate() {
        let mine: Vec<&BehaviorTuning> = tuning.behaviors.iter().filter(|found| found.position == position).collect();
        let text = patch::patch(tuning, class, &mine);
        sets.extend(text.map(|text| (class.file_name(), text)));
    }
    match (sets.as_slice(), out) {
        ([], _) => Err(Failure::new("nothing is proposed").help("the table says why: leave out --format patch")),
        ([(_, text)], out) if out.is_none_or(|path| !path.is_dir()) => deliver(out, text),
        (_, Some(folder)) => {
            let unwritable = |error| Failure::new(format!("{} cannot be made: {error}", folder.display()));
            std::fs::create_dir_all(folder).map_err(unwritable)?;
            sets.iter().try_for_each(|(name, text)| deliver(Some(&folder.join(name)), text))
        }
        (sets, None) => {
            Err(Failure::new(format!("there are {} profiles or classes, each with its own patch", sets.len()))
                .help("name a folder for them with --out, or one profile with --profile-name"))
        }
    }
}

fn deliver(out: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = out else {
        output::text(text);
        return Ok(());
    };
    std::fs::write(path, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
    eprintln!("Wrote {}.", path.display());
    Ok(())
}
