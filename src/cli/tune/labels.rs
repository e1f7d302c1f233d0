//! The file of labelled incidents.
//!
//! ```yaml
//! - { device: line-sensor-3, from: 2026-01-05T09:00:00Z, to: 2026-01-05T09:20:00Z, behaviors: [MessagesSent] }
//! ```
//!
//! As CSV the columns are `device,from,to` and, if wanted, `behaviors` separated by spaces.

use std::path::Path;

use fleet_detect::Config;
use fleet_detect::scenario::amount::Moment;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::tune::{Incident, Recorder, Tuning};
use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::diagnostic::did_you_mean;

/// One incident as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    device: String,
    /// A UTC time; with a scenario also a span after its start.
    from: Moment,
    to: Moment,
    #[serde(default)]
    behaviors: Vec<String>,
}

/// A row of the CSV form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    device: String,
    from: Moment,
    to: Moment,
    #[serde(default)]
    behaviors: String,
}

/// Reads the incidents; the form is CSV where the name ends in `.csv`.
pub fn read(path: &Path, scenario: Option<&Scenario>, config: &Config) -> Result<Vec<Incident>, Failure> {
    let unusable = |message: String| Failure::new(format!("{}: {message}", path.display()));
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let labels = if csv { rows(&text) } else { list(&text) }.map_err(unusable)?;
    let start = scenario.map(Scenario::check).transpose().map_err(Failure::new)?;
    let known: Vec<&str> = config
        .profiles
        .iter()
        .flat_map(|targeted| &targeted.profile.behaviors)
        .map(|behavior| behavior.name.as_str())
        .collect();
    let incident = |(position, label): (usize, Label)| {
        let place = format!("incident {} (`{}`)", position + 1, label.device);
        let moment = |moment: Moment| match (moment, start) {
            (Moment::After(span), None) => Err(unusable(format!("{place}: `{span}` counts from a scenario's start"))
                .help("recorded traffic needs times such as 2026-01-05T09:00:00Z")),
            (moment, start) => Ok(moment.resolve(start.unwrap_or_default())),
        };
        let (from, to) = (moment(label.from)?, moment(label.to)?);
        if from >= to {
            return Err(unusable(format!("{place}: `to` must be later than `from`")));
        }
        // A label may speak of behaviours that --behavior leaves out, but not of a misspelt one.
        if let Some(name) = label.behaviors.iter().find(|name| !known.contains(&name.as_str())) {
            let failure = unusable(format!("{place}: no behavior that is tuned is called `{name}`"));
            return Err(match did_you_mean(name, known.iter().copied()) {
                Some(help) => failure.help(help),
                None => failure.help(format!("there is: {}", known.join(", "))),
            });
        }
        Ok(Incident { device: label.device, from, to, behaviors: label.behaviors })
    };
    labels.into_iter().enumerate().map(incident).collect()
}

fn list(text: &str) -> Result<Vec<Label>, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

fn rows(text: &str) -> Result<Vec<Label>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let label = |row: Result<Row, csv::Error>| {
        let Row { device, from, to, behaviors } = row.map_err(|error| error.to_string())?;
        let behaviors = behaviors.split_whitespace().map(str::to_owned).collect();
        Ok(Label { device, from, to, behaviors })
    };
    reader.deserialize().map(label).collect()
}

/// Says which labelled devices the traffic does not have; a misspelt label would make true alarms false ones.
pub fn warn_unknown(tuning: &Tuning, recorder: &Recorder) {
    let known = recorder.devices();
    let mut unknown: Vec<&str> = tuning.incidents.iter().map(|incident| incident.device.as_str()).collect();
    unknown.retain(|device| !known.contains(device));
    unknown.dedup();
    for device in unknown {
        let help = did_you_mean(device, known.iter().copied()).map_or(String::new(), |help| format!("; {help}"));
        eprintln!("warning: the labelled device `{device}` has no datapoint in this traffic{help}");
    }
}
