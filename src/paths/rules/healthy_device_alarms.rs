//! Thresholds that a healthy device meets.

use fleet_detect::metric::Metric;

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::healthy;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::profile::{Profile, Threshold, metric};
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "healthy-device-alarms",
    severity: Severity::Error,
    title: "a healthy device meets the threshold",
    why: "An alarm that rings when all is well is switched off, and then it is silent when it should ring. What healthy \
          devices do is in the scenarios that the spec names.",
    wrong: "scenarios: [scenario.yaml]
thingGroups: { hall: {} }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Sent: { metric: aws:num-messages-sent, alarmWhen: \"> 8 in 5m\" } }",
    right: "scenarios: [scenario.yaml]
thingGroups: { hall: {} }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Sent: { metric: aws:num-messages-sent, alarmWhen: \"> 20 in 5m\" } }",
    source: "fleetctl's own, from the device classes of the scenarios; `fleetctl simulate` shows the alarms one by one",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        for behavior in profile.behaviors.iter().filter(|behavior| behavior.metric_dimension.is_none()) {
            let (Some(threshold), Some(metric)) = (Threshold::of(behavior), metric(behavior)) else { continue };
            let pointer = format!("/behaviors/{}", pointer_token(&behavior.name));
            // Criteria that are the wrong way round are another rule's.
            let inverted = !threshold.operator.bounds_above()
                && fleet.written(&profile.address, &format!("{pointer}/alarmWhen")).is_none();
            if inverted {
                continue;
            }
            if let Some(Alarms { message, severity }) = alarms(fleet, profile, &threshold, &metric) {
                findings
                    .add(&profile.address, &behavior.name, format!("`{}` {message}", behavior.name))
                    .severity(severity)
                    .fix("choose a threshold that healthy devices do not meet; `fleetctl simulate` shows what they measure")
                    .at(format!("{pointer}/alarmWhen"))
                    .at(format!("{pointer}/criteria/value"))
                    .at(pointer);
            }
        }
    }
}

struct Alarms {
    message: String,
    severity: Severity,
}

fn alarms(fleet: &Fleet, profile: &Profile, threshold: &Threshold, metric: &Metric) -> Option<Alarms> {
    let normal = format!("{} {}", threshold.operator, threshold.value);
    for one in &fleet.devices.classes {
        let Some(range) = healthy::of_class(&one.class, metric, threshold.seconds) else { continue };
        if !fleet.watches(profile, &one.class.groups, one.class.registered) {
            continue;
        }
        let (least, most) = (threshold.is_normal(range.min), threshold.is_normal(range.max));
        if !least || !most {
            let often = if !least && !most { "always" } else { "at times" };
            let severity = if !least && !most { Severity::Error } else { Severity::Warning };
            let message = format!(
                "{often} alarms for devices of `{}`, which measure {} in {} s when all is well ({}); only {normal} is normal",
                one.name,
                range.in_words(),
                threshold.seconds,
                one.file
            );
            return Some(Alarms { message, severity });
        }
    }
    if fleet.devices.known() {
        return None;
    }
    let Metric::BuiltIn(built_in) = metric else { return None };
    let (range, why) = healthy::by_nature(*built_in)?;
    (!threshold.is_normal(range.min)).then(|| Alarms {
        message: format!(
            "alarms for healthy devices: {why}, so it measures {}, and only {normal} is normal",
            range.in_words()
        ),
        severity: Severity::Error,
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn behavior(text: &str, more: &str) -> Option<Severity> {
        let text = format!(
            "thingGroups: {{ hall: {{ parent: plant }}, plant: {{}}, yard: {{}} }}\nsecurityProfiles: {{ p: {{ attachTo: [{{ group: GROUP }}], behaviors: {{ B: {{ {text} }} }} }} }}\n{more}"
        );
        let text = if text.contains("GROUP") { text.replace("GROUP", "plant") } else { text };
        findings(&text)
            .into_iter()
            .find(|finding| finding.code == "healthy-device-alarms")
            .map(|finding| finding.severity)
    }

    #[test]
    fn thresholds_are_held_against_what_the_classes_do() {
        let known = "scenarios: [scenario.yaml]";
        // Ten messages in five minutes, each of 150 to 400 bytes, in a group below the one that is watched.
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"> 10 in 5m\"", known), None);
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"> 9 in 5m\"", known), Some(Severity::Error));
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"> 20 in 10m\"", known), None);
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"< 10 in 5m\"", known), None);
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"< 11 in 5m\"", known), Some(Severity::Error));
        assert_eq!(behavior("metric: aws:message-byte-size, alarmWhen: \"> 399\"", known), Some(Severity::Warning));
        assert_eq!(behavior("metric: aws:message-byte-size, alarmWhen: \"> 400\"", known), None);
        assert_eq!(
            behavior("metric: aws:num-connection-attempts, alarmWhen: \"> 0 in 5m\"", known),
            Some(Severity::Warning)
        );
        assert_eq!(behavior("metric: aws:num-connection-attempts, alarmWhen: \"> 1 in 5m\"", known), None);
        assert_eq!(behavior("metric: aws:num-disconnects, alarmWhen: \"> 0 in 5m\"", known), None);
        assert_eq!(behavior("metric: battery, alarmWhen: \"< 40\"", known), None);
        assert_eq!(behavior("metric: battery, alarmWhen: \"< 41\"", known), Some(Severity::Warning));
    }

    #[test]
    fn without_scenarios_only_what_no_healthy_device_has_is_known() {
        assert_eq!(behavior("metric: aws:num-messages-sent, alarmWhen: \"> 1 in 5m\"", ""), None);
        assert_eq!(
            behavior("metric: aws:num-authorization-failures, alarmWhen: \"< 5 in 5m\"", ""),
            Some(Severity::Error)
        );
        assert_eq!(behavior("metric: aws:num-authorization-failures, alarmWhen: \"> 0 in 5m\"", ""), None);
    }
}
