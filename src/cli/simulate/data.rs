//! Everything, for programs: `--format json`. docs/simulate.md describes the members.

use fleet_detect::{Config, Violation};
use serde_json::{Value, json};

use super::change::Change;
use super::notes::choices;
use super::simulation::Simulation;

/// The simulation as indented JSON.
pub fn json(config: &Config, simulation: &Simulation, change: Option<&Change>, explains: bool) -> String {
    let event = |violation: &Violation| {
        let mut event = json!({ "message": violation.message(), "suppressed": violation.suppressed });
        if explains {
            event["choices"] = json!(choices(config, violation));
        }
        event
    };
    let outcome = &simulation.outcome;
    let traffic: serde_json::Map<String, Value> =
        outcome.traffic.iter().map(|(name, tally)| (name.clone(), json!(tally))).collect();
    let mut result = json!({
        "version": 1,
        "type": "simulation",
        "totals": simulation.totals,
        "alarms": simulation.alarms,
        "events": simulation.violations.iter().map(event).collect::<Vec<_>>(),
        "counts": outcome.counts,
        "traffic": traffic,
        "approximate": outcome.approximate.iter().map(|(profile, behavior)| {
            let profile = &config.profiles[*profile].profile;
            json!({ "profile": profile.security_profile_name, "behavior": profile.behaviors[*behavior].name })
        }).collect::<Vec<_>>(),
    });
    if let Some(change) = change {
        result["change"] = json!({
            "against": change.old.title,
            "totalsBefore": change.before.totals,
            "added": change.difference.added,
            "removed": change.difference.removed,
            "kept": change.difference.kept,
        });
    }
    format!("{result:#}\n")
}
