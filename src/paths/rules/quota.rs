//! Limits of AWS that only the whole spec can exceed.

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::profile::Profile;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "quota",
    severity: Severity::Error,
    title: "the fleet exceeds a limit of AWS",
    why: "AWS refuses what is above a fixed limit halfway through `apply`, and throttles what is above a rate: reports that \
          come more often than every five minutes may be dropped.",
    wrong: "thingGroups: { hall: {} }
securityProfiles:
  a: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  b: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  c: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  d: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  e: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  f: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }",
    right: "thingGroups: { hall: {} }
securityProfiles:
  a: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  b: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  c: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  d: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }
  e: { attachTo: [{ group: hall }], retain: [aws:num-disconnects] }",
    source: "AWS General Reference, \"AWS IoT Device Defender endpoints and quotas\" (2026)",
};

const PROFILES_OF_A_TARGET: usize = 5;
const ELEMENTS_OF_A_PROFILE: usize = 1000;
const SCHEDULES: usize = 5;
/// Seconds between two reports of a device; AWS can raise it.
const REPORT_EVERY: i64 = 300;
/// Reports a second, of all devices of an account; AWS can raise it.
const REPORTS_A_SECOND: f64 = 3500.0;

fn check(fleet: &Fleet, findings: &mut Findings) {
    let mut of_target: BTreeMap<&str, Vec<&Profile>> = BTreeMap::new();
    for profile in &fleet.profiles {
        profile.attached.iter().for_each(|target| of_target.entry(target).or_default().push(profile));
        let elements: usize =
            profile.behaviors.iter().filter_map(|one| Some(one.criteria.as_ref()?.value.as_ref()?.elements())).sum();
        if elements > ELEMENTS_OF_A_PROFILE {
            let message =
                format!("its thresholds have {elements} elements in all; a profile may have {ELEMENTS_OF_A_PROFILE}");
            findings
                .add(&profile.address, "elements", message)
                .fix("share the behaviours out to several profiles")
                .at("/behaviors");
        }
    }
    for (target, profiles) in of_target {
        if let Some(one) = profiles.get(PROFILES_OF_A_TARGET) {
            let target = fleet.name_of(target);
            let message = format!(
                "{} profiles are attached to {target}; a target may have {PROFILES_OF_A_TARGET}",
                profiles.len()
            );
            findings
                .add(&one.address, &target, message)
                .fix("join profiles: one may have 100 behaviours")
                .at("/attachTo");
        }
    }
    if let Some(one) = fleet.schedules.get(SCHEDULES) {
        let message =
            format!("{} scheduled audits; an account may have {SCHEDULES} in a region", fleet.schedules.len());
        findings.add(&one.address, "schedules", message).fix("one schedule can run all checks").at("/checks");
    }
    reports(fleet, findings);
}

/// The device reports of the scenarios.
fn reports(fleet: &Fleet, findings: &mut Findings) {
    let Some(profile) = fleet.profiles.first() else { return };
    let mut each_second = 0.0;
    for one in &fleet.devices.classes {
        let Some(every) = one.class.reports.as_ref().map(|reports| reports.every.0) else { continue };
        each_second += one.class.count as f64 * 1000.0 / every as f64;
        if every < REPORT_EVERY * 1000 {
            let message = format!(
                "devices of `{}` report every {} s; AWS may throttle reports that come more often than every {REPORT_EVERY} s ({})",
                one.name,
                every as f64 / 1000.0,
                one.file
            );
            let finding = findings.add(&profile.address, format!("reports {}", one.name), message);
            finding
                .fix("`reports: { every: 5m }` on the devices and in the scenario")
                .severity(Severity::Warning)
                .at("/behaviors")
                .at("");
        }
    }
    if each_second > REPORTS_A_SECOND {
        let message = format!(
            "the devices of the scenarios make {each_second:.0} reports a second; an account may make {REPORTS_A_SECOND}"
        );
        let finding = findings.add(&profile.address, "reports", message);
        finding
            .fix("let devices report less often, or ask AWS for a higher quota")
            .severity(Severity::Warning)
            .at("/behaviors")
            .at("");
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::{SCENARIO, findings_with, found};

    #[test]
    fn limits_hold_at_their_boundary() {
        let schedules = |count: usize| {
            let all: String = (0..count)
                .map(|n| format!("s{n}: {{ frequency: DAILY, checks: [LOGGING_DISABLED_CHECK] }}, "))
                .collect();
            found("quota", &format!("roles: {{ a: {{ trustedBy: [iot.amazonaws.com] }} }}\naudit: {{ role: a, checks: {{ LOGGING_DISABLED_CHECK: {{}} }}, schedules: {{ {all} }} }}")).len()
        };
        assert_eq!((schedules(5), schedules(6)), (0, 1));
    }

    #[test]
    fn reports_have_a_rate() {
        let reports = |every: &str, devices: &str| {
            let scenario = SCENARIO
                .replace("reports: { every: 5m", &format!("reports: {{ every: {every}"))
                .replace("count: 5", devices);
            let text = "scenarios: [scenario.yaml]\nsecurityProfiles: { p: { retain: [aws:num-disconnects] } }";
            let found = findings_with(text, &scenario);
            found
                .into_iter()
                .filter(|finding| finding.code == "quota")
                .map(|finding| finding.subject)
                .collect::<Vec<_>>()
        };
        assert!(reports("300s", "count: 1050000").is_empty(), "3500 a second");
        assert_eq!(reports("300s", "count: 1050300"), ["reports"]);
        assert_eq!(reports("299s", "count: 5"), ["reports sensor"]);
    }
}
