//! Percentiles over too few devices, and models without enough data.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "small-population",
    severity: Severity::Warning,
    title: "a percentile is taken over too few devices",
    why: "With five devices, the 99th percentile is the greatest of five values: one device that misbehaves sets the \
          threshold that it is judged by. ML Detect builds no model below 25,000 datapoints in 14 days, which are seven \
          devices that report every five minutes.",
    wrong: "things: { line-1: {}, line-2: {} }
thingGroups: { hall: { things: [line-1, line-2] } }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Sent: { metric: aws:num-messages-sent, alarmWhen: \"> p99 in 15m\" } }",
    right: "things: { line-1: {}, line-2: {} }
thingGroups: { hall: { things: [line-1, line-2] } }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Sent: { metric: aws:num-messages-sent, alarmWhen: \"> 100 in 15m\" } }",
    source: "the least number of devices is fleetctl's own, the same as in `simulate`; ML: Device Defender developer guide, \
             \"ML Detect\"",
};

/// Devices below which a percentile says little (`Semantics::smallest_population`'s default).
const FEWEST: u64 = 20;
/// Devices that give 25,000 datapoints in 14 days at one in five minutes.
const FEWEST_FOR_MODELS: u64 = 7;

fn check(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        let Some(devices) = fleet.population(profile) else { continue };
        for behavior in &profile.behaviors {
            let Some(criteria) = &behavior.criteria else { continue };
            let (fewest, what) = match (&criteria.statistical_threshold, &criteria.ml_detection_config) {
                (Some(_), _) => (FEWEST, "a percentile says little below"),
                (_, Some(_)) => (FEWEST_FOR_MODELS, "a model is not built below"),
                _ => continue,
            };
            // An empty group is another rule's.
            if (1..fewest).contains(&devices) {
                let message = format!("`{}` compares with {devices} devices, and {what} {fewest}", behavior.name);
                let pointer = format!("/behaviors/{}", pointer_token(&behavior.name));
                findings
                    .add(&profile.address, &behavior.name, message)
                    .fix("a fixed threshold, such as `alarmWhen: \"> 100 in 15m\"`; `fleetctl simulate` shows what devices measure")
                    .at(format!("{pointer}/alarmWhen"))
                    .at(format!("{pointer}/criteria/statisticalThreshold"))
                    .at(pointer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::{SCENARIO, findings_with};

    #[test]
    fn twenty_devices_are_enough_and_nineteen_are_not() {
        let profile = |devices: &str, when: &str| {
            let text = format!(
                "scenarios: [scenario.yaml]\nthingGroups: {{ hall: {{}} }}\nsecurityProfiles: {{ p: {{ attachTo: [{{ group: hall }}], behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"{when}\" }} }} }} }}"
            );
            let found = findings_with(&text, &SCENARIO.replace("count: 5", devices));
            found.iter().filter(|finding| finding.code == "small-population").count()
        };
        assert_eq!(profile("count: 19", "> p99 in 5m"), 1);
        assert_eq!(profile("count: 20", "> p99 in 5m"), 0);
        assert_eq!(profile("count: 6", "unusual with HIGH confidence"), 1);
        assert_eq!(profile("count: 7", "unusual with HIGH confidence"), 0);
        assert_eq!(profile("count: 1", "> 5 in 5m"), 0);
    }
}
