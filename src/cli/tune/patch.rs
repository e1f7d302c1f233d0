//! The proposals of one profile as a behaviour set, with the reasons beside them.

use fleet_detect::tune::patch::behavior_set;
use fleet_detect::tune::{BehaviorTuning, Tuning, short};

use super::classes::Class;

/// The YAML; none where nothing is proposed.
pub fn patch(tuning: &Tuning, class: &Class, behaviors: &[&BehaviorTuning]) -> Option<String> {
    let set = behavior_set(behaviors.iter().copied(), |found| comments(tuning, found));
    if set.is_empty() {
        return None;
    }
    let mut text = format!(
        "# Thresholds that `fleetctl tune` proposes for {}: at most {} false alarms a device and 30 days.\n",
        class.name,
        short(tuning.budget)
    );
    text += "# Behaviors not named here stay as they are. A spec takes these with `use`, after the set they replace; a\n\
             # behavior under the profile's own `behaviors` goes before both, so take it out there:\n#\n";
    let file = class.file_name();
    text += &format!("#   securityProfiles:\n#     {}:\n#       use: [BASELINE.yaml, {file}]\n", class.name);
    if class.class.is_some() {
        text += &format!("#       attachTo: [{{ group: {} }}]\n", class.name);
        let (shown, more) = class.things.split_at(class.things.len().min(20));
        let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
        text += &format!("#\n# The group holds these things: {}{more}.\n", shown.join(", "));
    }
    Some(text + &set)
}

fn comments(tuning: &Tuning, found: &BehaviorTuning) -> Vec<String> {
    let Some(proposed) = &found.proposed else { return Vec::new() };
    let mut comments = vec![format!(
        "Was `{}` after {}: {} false alarms in {} device-months; now {}.",
        found.current.alarm_when,
        found.current.alarm_after,
        found.current.training.unlabelled + found.current.held_out.unlabelled,
        short(found.training_months + found.held_out_months),
        proposed.training.unlabelled + proposed.held_out.unlabelled,
    )];
    if let Some(at_most) = proposed.held_out_rate_at_most.filter(|at_most| *at_most > tuning.budget) {
        comments.push(format!("The held-out traffic shows a rate below {}, not yet the budget.", short(at_most)));
    }
    if let Some(suspects) = &found.suspects {
        let devices: Vec<&str> = suspects.devices.iter().map(|suspect| suspect.device.as_str()).collect();
        comments.push(format!(
            "Without {} `{}` would do: an unlabelled incident?",
            devices.join(", "),
            suspects.without
        ));
    }
    comments
}
