//! Criteria that were meant as the alarm's condition.

use fleet_detect::Behavior;
use fleet_detect::behavior::ComparisonOperator;
use fleet_detect::metric::{BuiltIn, Metric};

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::healthy;
use crate::paths::model::fleet::Fleet;
use crate::paths::model::profile::{Profile, Threshold, metric};
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "inverted-criteria",
    severity: Severity::Error,
    title: "criteria say what is normal, and these call healthy devices abnormal",
    why: "Device Defender alarms when the criteria do not hold. `greater-than 5` therefore alarms for every device that \
          stays at five or below, which is every healthy one, and is silent for the one that misbehaves.",
    wrong: "securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    behaviors:
      Failures:
        metric: aws:num-authorization-failures
        criteria: { comparisonOperator: greater-than, value: { count: 5 }, durationSeconds: 300 }",
    right: "securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    behaviors:
      Failures:
        metric: aws:num-authorization-failures
        criteria: { comparisonOperator: less-than-equals, value: { count: 5 }, durationSeconds: 300 }",
    source: "Device Defender developer guide, \"Troubleshooting\"; API:BehaviorCriteria; the bound on messages is fleetctl's own",
};

/// Messages a minute up to which a lower bound is taken for a sign of life. Our choice: a device that has to send more
/// than that to be normal is rarer than criteria that are the wrong way round.
const SIGN_OF_LIFE_PER_MINUTE: f64 = 1.0;

fn check(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        for behavior in &profile.behaviors {
            let pointer = format!("/behaviors/{}", pointer_token(&behavior.name));
            // Who writes `alarmWhen` has said when to alarm; `healthy-device-alarms` looks at that.
            if fleet.written(&profile.address, &format!("{pointer}/alarmWhen")).is_some() {
                continue;
            }
            let (Some(threshold), Some(metric)) = (Threshold::of(behavior), metric(behavior)) else { continue };
            let (turned, sign, rest) = match threshold.operator {
                ComparisonOperator::GreaterThan => ("less-than-equals", ">", format!("{} or less", threshold.value)),
                ComparisonOperator::GreaterThanEquals => ("less-than", ">=", format!("less than {}", threshold.value)),
                _ => continue,
            };
            let Some((severity, healthy)) = judge(fleet, profile, behavior, &metric, &threshold) else { continue };
            let message = format!(
                "`{}` calls {} {} {} normal and alarms for every device with {rest}: {healthy}",
                behavior.name,
                metric.name(),
                threshold.operator,
                threshold.value
            );
            let fix = format!(
                "`comparisonOperator: {turned}`; or say when to alarm, in place of `criteria`: `alarmWhen: \"{}\"`",
                threshold.alarm_when(sign, &metric)
            );
            findings
                .add(&profile.address, &behavior.name, message)
                .severity(severity)
                .fix(fix)
                .at(format!("{pointer}/criteria/comparisonOperator"))
                .at(pointer);
        }
    }
}

/// Whether the lower bound is one that healthy devices do not reach, and what they measure.
fn judge(
    fleet: &Fleet,
    profile: &Profile,
    behavior: &Behavior,
    metric: &Metric,
    threshold: &Threshold,
) -> Option<(Severity, String)> {
    let classes =
        fleet.devices.classes.iter().filter(|one| fleet.watches(profile, &one.class.groups, one.class.registered));
    let measured: Vec<_> = classes
        .filter(|_| behavior.metric_dimension.is_none())
        .filter_map(|one| Some((one, healthy::of_class(&one.class, metric, threshold.seconds)?)))
        .collect();
    if let Some((one, range)) = measured.first() {
        let all = measured.iter().all(|(_, range)| !threshold.is_normal(range.min) && !threshold.is_normal(range.max));
        let words = format!("`{}` of {} measures {} when all is well", one.name, one.file, range.in_words());
        return all.then_some((Severity::Error, words));
    }
    let Metric::BuiltIn(built_in) = metric else { return None };
    if let Some((range, why)) = healthy::by_nature(*built_in) {
        let words = format!("{why}, so it measures {}", range.in_words());
        return (!threshold.is_normal(range.max)).then_some((Severity::Error, words));
    }
    let (most, words) = match built_in {
        BuiltIn::MessageByteSize => (0.0, "any message that is no larger raises it"),
        BuiltIn::NumMessagesSent | BuiltIn::NumMessagesReceived => {
            (f64::from(threshold.seconds) / 60.0 * SIGN_OF_LIFE_PER_MINUTE, "an idle device has 0")
        }
        _ => return None,
    };
    let words = format!("{words}; if devices really have to do more, say what they do with `scenarios:`");
    (threshold.value > most).then_some((Severity::Warning, words))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn severity(metric: &str, criteria: &str, more: &str) -> Option<Severity> {
        let text = format!(
            "thingGroups: {{ hall: {{ things: [] }} }}\nsecurityProfiles:\n  p:\n    attachTo: [{{ group: hall }}]\n    behaviors: {{ B: {{ metric: \"{metric}\", {criteria} }} }}\n{more}"
        );
        findings(&text).into_iter().find(|finding| finding.code == "inverted-criteria").map(|finding| finding.severity)
    }

    fn bound(metric: &str, operator: &str, count: u32, more: &str) -> Option<Severity> {
        let duration = if metric == "aws:message-byte-size" { "" } else { ", durationSeconds: 300" };
        severity(
            metric,
            &format!("criteria: {{ comparisonOperator: {operator}, value: {{ count: {count} }}{duration} }}"),
            more,
        )
    }

    #[test]
    fn without_a_scenario_the_nature_of_the_metric_decides() {
        let failures = "aws:num-authorization-failures";
        assert_eq!(bound(failures, "greater-than", 0, ""), Some(Severity::Error));
        assert_eq!(bound(failures, "greater-than-equals", 0, ""), None, "that is always so");
        assert_eq!(bound(failures, "less-than", 5, ""), None);
        let sent = "aws:num-messages-sent";
        assert_eq!(bound(sent, "greater-than", 5, ""), None, "a sign of life, once a minute");
        assert_eq!(bound(sent, "greater-than", 6, ""), Some(Severity::Warning));
        assert_eq!(bound("aws:message-byte-size", "greater-than", 0, ""), None);
        assert_eq!(bound("aws:message-byte-size", "greater-than", 1, ""), Some(Severity::Warning));
        assert_eq!(severity(sent, "alarmWhen: \"< 100 in 5m\"", ""), None, "who says when to alarm means it");
    }

    #[test]
    fn a_scenario_decides_with_its_numbers() {
        let (sent, known) = ("aws:num-messages-sent", "scenarios: [scenario.yaml]");
        // The sensors send ten messages in five minutes.
        assert_eq!(bound(sent, "greater-than", 9, known), None);
        assert_eq!(bound(sent, "greater-than", 10, known), Some(Severity::Error));
        assert_eq!(bound(sent, "greater-than-equals", 10, known), None);
    }
}
