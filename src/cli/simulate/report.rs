//! What a simulation says: to people, to programs, and as a page.

use std::collections::BTreeMap;

use fleet_detect::Config;
use fleet_detect::Violation;
use fleet_detect::explain::{Choice, explain};
use fleet_detect::summary::html::render;
use fleet_detect::summary::page::Page;
use fleet_detect::summary::series::{Point, SeriesKey};
use fleet_detect::traffic::time::format_utc;
use fleet_detect::validate::infer_metric;
use serde_json::{Value, json};

use super::Simulation;

/// Says on stderr what the result leaves out or only approximates.
pub fn notes(config: &Config, simulation: &Simulation) {
    for (name, tally) in simulation.traffic.iter().filter(|(_, tally)| tally.bad_lines() > 0) {
        eprintln!("warning: {name}: {} of {} lines are bad and left out", tally.bad_lines(), tally.lines);
        for (reason, lines) in &tally.bad {
            eprintln!("  {} × {reason}", lines.count);
            lines.first.iter().for_each(|(line, detail)| eprintln!("    line {line}: {detail}"));
        }
    }
    let counts = simulation.counts;
    let left_out = [
        (counts.late, "too far behind the newest event (latenessSeconds)"),
        (counts.ahead, "too far ahead of the newest event (longestGapSeconds)"),
        (counts.untargeted, "of devices that no profile is attached to"),
        (counts.mistyped, "of another type than their metric has"),
    ];
    for (count, why) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        let what = if why.starts_with("of another") { "values" } else { "events" };
        eprintln!("note: {count} {what} left out: {why}");
    }
    for (profile, behavior) in &simulation.approximate {
        let profile = &config.profiles[*profile].profile;
        let (name, behavior) = (&profile.security_profile_name, &profile.behaviors[*behavior].name);
        eprintln!("note: {name}: {behavior} uses ML Detect, whose algorithm AWS does not publish: approximate");
    }
}

/// Alarms, behaviours, and who is paged.
pub fn table(simulation: &Simulation) -> String {
    let mut alarms = vec![["DEVICE", "PROFILE", "BEHAVIOR", "RAISED (UTC)", "ENDED (UTC)"].map(str::to_owned)];
    for alarm in &simulation.alarms {
        let ended = match alarm.ended {
            None => "still in alarm".to_owned(),
            Some((at, event)) => format!("{} ({})", format_utc(at), event.as_str()),
        };
        let texts = [&alarm.device, &alarm.profile, &alarm.behavior].map(String::clone);
        let [device, profile, behavior] = texts;
        alarms.push([device, profile, behavior, format_utc(alarm.raised), ended]);
    }
    let mut behaviors = vec![["BEHAVIOR", "ALARMS", "DEVICES", "DATAPOINTS", "BELOW THRESHOLD"].map(str::to_owned)];
    for totals in &simulation.totals.behaviors {
        let below = totals.threshold_percentile.map_or("-".to_owned(), |share| format!("{share:.1} %"));
        let [count, devices, datapoints] = [totals.alarms, totals.devices, totals.datapoints].map(|n| n.to_string());
        behaviors.push([format!("{}: {}", totals.profile, totals.behavior), count, devices, datapoints, below]);
    }
    let mut text = String::new();
    if simulation.alarms.is_empty() {
        text += "No alarms.\n";
    } else {
        text += &columns(&alarms);
    }
    text += &format!("\n{}\n", columns(&behaviors));
    let never = simulation.totals.behaviors.iter().filter(|totals| totals.alarms == 0);
    let never: Vec<&str> = never.map(|totals| totals.behavior.as_str()).collect();
    if !never.is_empty() {
        text += &format!("Behaviors that never fired: {}\n", never.join(", "));
    }
    for (target, count) in &simulation.totals.paged {
        text += &format!("Alarms that page {target}: {count}\n");
    }
    text + &format!("Alarms: {}; events: {}.\n", simulation.alarms.len(), simulation.counts.accepted)
}

fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The bodies of the messages that Device Defender would have sent to SNS.
pub fn jsonl(simulation: &Simulation) -> String {
    let sent = simulation.violations.iter().filter(|violation| !violation.suppressed);
    sent.map(|violation| violation.to_json() + "\n").collect()
}

/// Everything, for programs.
pub fn json(config: &Config, simulation: &Simulation, explained: bool) -> String {
    let event = |violation: &Violation| {
        let mut event = json!({ "message": violation.message(), "suppressed": violation.suppressed });
        if explained {
            event["choices"] = json!(choices(config, violation));
        }
        event
    };
    let traffic: serde_json::Map<String, Value> =
        simulation.traffic.iter().map(|(name, tally)| (name.clone(), json!(tally))).collect();
    let result = json!({
        "version": 1,
        "type": "simulation",
        "totals": simulation.totals,
        "alarms": simulation.alarms,
        "events": simulation.violations.iter().map(event).collect::<Vec<_>>(),
        "counts": simulation.counts,
        "traffic": traffic,
        "approximate": simulation.approximate.iter().map(|(profile, behavior)| {
            let profile = &config.profiles[*profile].profile;
            json!({ "profile": profile.security_profile_name, "behavior": profile.behaviors[*behavior].name })
        }).collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}

/// One self-contained page.
pub fn html(
    title: &str,
    config: &Config,
    simulation: &Simulation,
    series: (BTreeMap<SeriesKey, Vec<Point>>, bool),
) -> String {
    let mut page = Page::new(title, config, simulation.totals.clone(), &simulation.alarms, series);
    page.events = simulation.counts.accepted;
    render(&page)
}

/// The choices behind every event, as text.
pub fn explanation(config: &Config, simulation: &Simulation) -> String {
    let mut text = String::new();
    for violation in &simulation.violations {
        let (at, event) = (format_utc(violation.at), violation.event.as_str());
        text += &format!("\n{at} {} {} {event}\n", violation.device, violation.behavior.name);
        for choice in choices(config, violation) {
            text += &format!("  {}: {}\n", choice.setting, choice.effect);
        }
    }
    text
}

fn choices(config: &Config, violation: &Violation) -> Vec<Choice> {
    let metric = infer_metric(&violation.behavior, &config.custom_metrics);
    metric.map_or_else(Vec::new, |metric| explain(violation, &metric, &config.semantics))
}
