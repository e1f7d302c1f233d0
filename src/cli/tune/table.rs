//! What tuning found, for a terminal of 80 columns.

use fleet_detect::traffic::time::format_utc;
use fleet_detect::tune::{BehaviorTuning, Choice, Suspects, Tuning, minutes, short};

use super::classes::Class;
use crate::render::paint::Paint;

/// Lines of a curve.
const ROWS: usize = 12;
/// Columns of its longest bar.
const BAR: usize = 28;
const WIDTH: usize = 80;
/// Elements of lists that are shown.
const ELEMENTS: usize = 12;

/// The whole report.
pub fn table(tuning: &Tuning, classes: &[Class], paint: Paint) -> String {
    let mut text = format!(
        "Budget: {} false alarms a device and 30 days, for each behavior.\n\
         Chosen on  {} to {}\nHeld out   {} to {} (UTC)\n",
        short(tuning.budget),
        minute(tuning.from),
        minute(tuning.held_out_from),
        minute(tuning.held_out_from),
        minute(tuning.to),
    );
    // What holds for several behaviors is said once.
    let notes = || tuning.behaviors.iter().flat_map(|found| &found.notes);
    let shared = |note: &String| notes().filter(|other| *other == note).count() > 1;
    for found in &tuning.behaviors {
        text += &format!("\n{}", behavior(found, paint));
        for note in found.notes.iter().filter(|note| !shared(note)) {
            text += &wrapped("  note: ", note);
        }
    }
    text += &incidents(tuning);
    let mut common: Vec<&String> = notes().filter(|note| shared(note)).collect();
    common.sort();
    common.dedup();
    if !common.is_empty() {
        text += "\nOf several behaviors:\n";
    }
    common.iter().for_each(|note| text += &wrapped("  note: ", note));
    let changed = tuning.behaviors.iter().filter(|found| found.proposed.as_ref().is_some_and(|p| *p != found.current));
    if changed.count() > 0 {
        let more = if classes.len() > 1 { " --out FOLDER" } else { " --out tuned.yaml" };
        text += &format!("\nFor the proposals as a behavior set: --format patch{more}\n");
    }
    text
}

/// A time without seconds.
fn minute(at: i64) -> String {
    format_utc(at)[..16].to_owned()
}

fn behavior(found: &BehaviorTuning, paint: Paint) -> String {
    let unit = found.unit.map_or(String::new(), |unit| format!(", {unit}"));
    let mut text = format!(
        "{}\n  {}{unit}\n  {} devices, {} datapoints; device-months: {} to choose, {} held out\n",
        paint.bold(format_args!("{}: {}", found.profile, found.behavior)),
        found.metric,
        found.devices,
        found.datapoints,
        short(found.training_months),
        short(found.held_out_months),
    );
    text += &choices(found, paint);
    text += &curve(found, paint);
    text += &elements(found);
    if let Some(suspects) = &found.suspects {
        text += &suspected(&found.behavior, suspects);
    }
    text
}

/// Now, proposed, and what other numbers of datapoints would do.
fn choices(found: &BehaviorTuning, paint: Paint) -> String {
    let mut rows =
        vec![["", "ALARM WHEN", "AFTER", "FALSE ALARMS", "HELD OUT", "INCIDENTS", "DELAY"].map(str::to_owned)];
    rows.push(row("now", found, &found.current));
    if let Some(proposed) = &found.proposed {
        rows.push(row("proposed", found, proposed));
        let others = found.alternatives.iter().filter(|other| other.alarm_after != proposed.alarm_after);
        rows.extend(others.map(|other| row("or", found, other)));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let line = format!("  {}", cells.join("  ").trim_end());
        let line = if row[0] == "proposed" { paint.green(line) } else { line };
        text += &format!("{line}\n");
    }
    text
}

fn row(name: &str, found: &BehaviorTuning, choice: &Choice) -> [String; 7] {
    let incidents = found.training_incidents + found.held_out_incidents;
    let detected = choice.training_detected + choice.held_out_detected;
    [
        name.to_owned(),
        choice.alarm_when.clone(),
        choice.alarm_after.to_string(),
        choice.training.unlabelled.to_string(),
        if choice.held_out_rate.is_some() { choice.held_out.unlabelled.to_string() } else { "-".to_owned() },
        if incidents == 0 { "-".to_owned() } else { format!("{detected} of {incidents}") },
        choice.median_delay.map_or("-".to_owned(), minutes),
    ]
}

/// False alarms by threshold: from the most sensitive that was looked at to the proposal.
fn curve(found: &BehaviorTuning, paint: Paint) -> String {
    let Some(proposed) = &found.proposed else { return String::new() };
    let start = found.curve.iter().position(|point| point.alarm_when == proposed.alarm_when).unwrap_or(0);
    let points = &found.curve[start..];
    if points.len() < 2 {
        return String::new();
    }
    let count = |point: &Choice| point.training.unlabelled + point.held_out.unlabelled;
    // Only where the number changes, from the most sensitive to the proposal.
    let changes = |position: &usize| {
        let is_marked = *position == 0 || points[*position].alarm_when == found.current.alarm_when;
        is_marked || points.get(position + 1).is_none_or(|next| count(next) != count(&points[*position]))
    };
    let changing: Vec<usize> = (0..points.len()).rev().filter(changes).collect();
    let step = changing.len().div_ceil(ROWS);
    let shown = changing.iter().enumerate().filter(|(row, position)| row % step == 0 || **position == 0);
    let most = points.iter().map(count).max().unwrap_or_default();
    let length = |count: u64| ((count as f64).ln_1p() / (most as f64).ln_1p().max(1e-9) * BAR as f64).ceil() as usize;
    let width = points.iter().map(|point| point.alarm_when.chars().count()).max().unwrap_or_default();
    let after = proposed.alarm_after;
    let mut text = format!("  False alarms by threshold, after {after} (bars are logarithmic):\n");
    for (_, position) in shown {
        let point = &points[*position];
        let bar = "█".repeat(length(count(point)));
        let is_proposed = point.alarm_when == proposed.alarm_when;
        let mark = match () {
            () if is_proposed => " ◀ proposed",
            () if point.alarm_when == found.current.alarm_when => " ◀ now",
            () => "",
        };
        let line = format!("    {:>width$}  {:>6} {bar}{mark}", point.alarm_when, count(point));
        let line = line.trim_end().to_owned();
        text += &format!("{}\n", if is_proposed { paint.green(line) } else { line });
    }
    text
}

fn elements(found: &BehaviorTuning) -> String {
    if found.elements.is_empty() {
        return String::new();
    }
    let mut text = "  Seen in the part it was chosen on (element, datapoints, devices):\n".to_owned();
    // What is rare is what has to be looked at.
    let shown: Vec<_> = found.elements.iter().rev().take(ELEMENTS).collect();
    let width = shown.iter().map(|seen| seen.element.chars().count()).max().unwrap_or_default();
    let more = found.elements.len() - shown.len();
    if more > 0 {
        text += &format!("    {more} elements that were seen more often\n");
    }
    for seen in shown.iter().rev() {
        text += &format!("    {:width$}  {:>8}  {:>6}\n", seen.element, seen.datapoints, seen.devices);
    }
    text
}

fn suspected(behavior: &str, suspects: &Suspects) -> String {
    let names: Vec<&str> = suspects.devices.iter().map(|suspect| suspect.device.as_str()).collect();
    let lead = format!(
        "without {} the budget would be kept by `{}`. If this was an incident, label it (--labels):",
        names.join(", "),
        suspects.without
    );
    let mut text = wrapped("  suspect: ", &lead);
    for suspect in &suspects.devices {
        let time = |at: i64| format_utc(at)[..19].replace(' ', "T") + "Z";
        let (from, to) = (time(suspect.from), time(suspect.to + 999));
        let device = serde_json::Value::from(suspect.device.as_str());
        let behaviors = serde_json::Value::from(behavior);
        text +=
            &format!("    - device: {device}\n      from: {from}\n      to: {to}\n      behaviors: [{behaviors}]\n");
    }
    text
}

fn incidents(tuning: &Tuning) -> String {
    if tuning.incidents.is_empty() {
        return String::new();
    }
    let mut text = "\nIncidents, with the first alarm of the proposals:\n".to_owned();
    for incident in &tuning.incidents {
        let part = if incident.held_out { " (held out)" } else { "" };
        let first = match &incident.first_alarm {
            Some((behavior, delay)) => format!("{behavior} after {}", minutes(*delay)),
            None => "no alarm".to_owned(),
        };
        text += &format!("  {}  {}{part}: {first}\n", minute(incident.from), incident.device);
    }
    text
}

/// Words in lines that fit, the later ones indented as far as the first.
fn wrapped(lead: &str, words: &str) -> String {
    let (mut text, mut line) = (String::new(), lead.to_owned());
    let indent = " ".repeat(lead.chars().count());
    for word in words.split(' ') {
        if line.chars().count() + word.chars().count() > WIDTH && line.trim() != lead.trim() && !line.trim().is_empty()
        {
            text += &format!("{}\n", line.trim_end());
            line.clone_from(&indent);
        }
        line += &format!("{word} ");
    }
    text + &format!("{}\n", line.trim_end())
}
