//! Behaviours on metrics that no device reports.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::healthy;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::profile::metric;
use crate::paths::trace::behavior_node;
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unreported-metric",
    severity: Severity::Error,
    title: "a behaviour is on a metric that no device reports",
    why: "Metrics of the device and custom metrics come in reports that an agent on the device publishes. Without them there \
          is no datapoint, and without a datapoint no alarm.",
    wrong: "scenarios: [scenario.yaml]
thingGroups: { hall: {} }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Out: { metric: aws:all-bytes-out, alarmWhen: \"> 50000 in 5m\" } }",
    right: "scenarios: [scenario.yaml]
thingGroups: { hall: {} }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Ports: { metric: aws:num-listening-tcp-ports, alarmWhen: \"> 3 in 5m\" } }",
    source: "Device Defender developer guide, \"Device-side metrics\" and \"Custom metrics\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        let watched: Vec<_> = fleet
            .devices
            .classes
            .iter()
            .filter(|one| fleet.watches(profile, &one.class.groups, one.class.registered))
            .collect();
        for behavior in &profile.behaviors {
            let Some(metric) = metric(behavior).filter(|metric| !metric.is_cloud_side()) else { continue };
            let pointer = format!("/behaviors/{}", pointer_token(&behavior.name));
            if !fleet.devices.known() {
                let message = format!(
                    "whether devices report {} is not decidable here: the spec names no scenario",
                    metric.name()
                );
                findings
                    .add(&profile.address, &behavior.name, message)
                    .severity(Severity::Note)
                    .fix("`scenarios: [scenario.yaml]`, with what the devices report")
                    .at(format!("{pointer}/metric"))
                    .at(pointer);
            } else if !watched.is_empty() && !watched.iter().any(|one| healthy::reports(&one.class, &metric)) {
                let names: Vec<String> = watched.iter().map(|one| format!("`{}`", one.name)).collect();
                let message = format!(
                    "`{}` is on {}, and no device of {} reports it",
                    behavior.name,
                    metric.name(),
                    names.join(", ")
                );
                let finding = findings
                    .add(&profile.address, &behavior.name, message)
                    .fix("let the devices report it, and say so in the scenario's `reports:`; or take a metric that AWS IoT measures itself")
                    .at(format!("{pointer}/metric"))
                    .at(pointer);
                if let Some(alert) = &profile.alert {
                    finding.cut(behavior_node(profile, behavior), fleet.name_of(&alert.to));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn behavior(metric: &str, more: &str) -> Option<Severity> {
        let text = format!(
            "thingGroups: {{ hall: {{}} }}\nsecurityProfiles: {{ p: {{ attachTo: [{{ group: hall }}], behaviors: {{ B: {{ metric: \"{metric}\" }} }} }} }}\n{more}"
        );
        findings(&text).into_iter().find(|finding| finding.code == "unreported-metric").map(|finding| finding.severity)
    }

    #[test]
    fn custom_metrics_must_be_reported_and_cloud_side_ones_need_not() {
        let known = "scenarios: [scenario.yaml]";
        assert_eq!(behavior("battery", known), None);
        assert_eq!(behavior("batery", known), Some(Severity::Error));
        assert_eq!(behavior("aws:listening-tcp-ports", known), None);
        assert_eq!(behavior("aws:listening-udp-ports", known), Some(Severity::Error));
        assert_eq!(behavior("aws:num-disconnects", known), None);
        assert_eq!(behavior("battery", ""), Some(Severity::Note), "not decidable");
        assert_eq!(behavior("aws:num-disconnects", ""), None);
    }
}
