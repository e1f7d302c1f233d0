//! What a result leaves out, only approximates, or rests on.

use fleet_detect::explain::{Choice, explain};
use fleet_detect::traffic::time::format_utc;
use fleet_detect::validate::infer_metric;
use fleet_detect::{Config, Violation};

use super::evaluation::Outcome;

/// One remark about a result.
pub struct Note {
    /// A warning is about data that is missing; everything else is good to know.
    is_warning: bool,
    pub text: String,
    details: Vec<String>,
}

impl Note {
    fn new(text: String) -> Note {
        Note { is_warning: false, text, details: Vec::new() }
    }
}

/// What the result leaves out or only approximates.
pub fn notes(config: &Config, outcome: &Outcome) -> Vec<Note> {
    let mut notes = Vec::new();
    for (name, tally) in outcome.traffic.iter().filter(|(_, tally)| tally.bad_lines() > 0) {
        let mut details = Vec::new();
        for (reason, lines) in &tally.bad {
            details.push(format!("{} × {reason}", lines.count));
            details.extend(lines.first.iter().map(|(line, detail)| format!("  line {line}: {detail}")));
        }
        let text = format!("{name}: {} of {} lines are bad and left out", tally.bad_lines(), tally.lines);
        notes.push(Note { is_warning: true, text, details });
    }
    let counts = outcome.counts;
    let left_out = [
        (counts.late, "events", "too far behind the newest event (latenessSeconds)"),
        (counts.ahead, "events", "too far ahead of the newest event (longestGapSeconds)"),
        (counts.untargeted, "events", "of devices that no profile is attached to"),
        (counts.mistyped, "values", "of another type than their metric has"),
    ];
    for (count, what, why) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
        notes.push(Note::new(format!("{count} {what} left out: {why}")));
    }
    for (profile, behavior) in &outcome.approximate {
        let profile = &config.profiles[*profile].profile;
        let (name, behavior) = (&profile.security_profile_name, &profile.behaviors[*behavior].name);
        let why = "uses ML Detect, whose algorithm AWS does not publish: approximate";
        notes.push(Note::new(format!("{name}: {behavior} {why}")));
    }
    notes
}

/// Says them on stderr.
pub fn print(notes: &[Note]) {
    for Note { is_warning, text, details } in notes {
        eprintln!("{}: {text}", if *is_warning { "warning" } else { "note" });
        details.iter().for_each(|detail| eprintln!("  {detail}"));
    }
}

/// The choices behind an event, as text.
pub fn explanation(config: &Config, violation: &Violation) -> String {
    let (at, event) = (format_utc(violation.at), violation.event.as_str());
    let mut text = format!("\n{at} {} {} {event}\n", violation.device, violation.behavior.name);
    for choice in choices(config, violation) {
        text += &format!("  {}: {}\n", choice.setting, choice.effect);
    }
    text
}

/// The choices behind an event.
pub fn choices(config: &Config, violation: &Violation) -> Vec<Choice> {
    let metric = infer_metric(&violation.behavior, &config.custom_metrics);
    metric.map_or_else(Vec::new, |metric| explain(violation, &metric, &config.semantics))
}
