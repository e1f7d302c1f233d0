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
          come more often than every five minutes may be dropped, and a function that acts on every device at once is \
          refused most of its calls.",
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
    source: "AWS General Reference, \"AWS IoT Device Defender endpoints and quotas\" (2026); for topic rules, mitigation \
             actions and the rates of the registry, the older \"AWS IoT Core endpoints and quotas\"",
};

/// How many objects of a section an account may have in a region, and whether AWS may have raised that: where its pages
/// do not say, it may.
const SECTIONS: &[(&str, &str, usize, bool)] = &[
    ("dimensions", "dimensions", 10, false),
    ("audit.schedules", "scheduled audits", 5, false),
    ("customMetrics", "custom metrics", 100, true),
    ("mitigationActions", "mitigation actions", 100, true),
    ("topicRules", "topic rules", 1000, true),
];

const PROFILES_OF_A_TARGET: usize = 5;
const ELEMENTS_OF_A_PROFILE: usize = 1000;
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
    SECTIONS.iter().for_each(|limit| section(fleet, *limit, findings));
    remediation(fleet, findings);
    reports(fleet, findings);
}

/// The first object that is one too many.
fn section(fleet: &Fleet, (name, noun, limit, adjustable): (&str, &str, usize, bool), findings: &mut Findings) {
    let Some(one) = fleet.section(name).nth(limit) else { return };
    let count = fleet.section(name).count();
    let (severity, fix) = match adjustable {
        true => (Severity::Warning, "ask AWS for a higher quota, unless this account has one; or take some out"),
        false => (Severity::Error, "AWS does not raise this: take some out, or join them"),
    };
    let message = format!("{count} {noun}; an account may have {limit} in a region");
    findings.add(one, name, message).fix(fix).severity(severity).at("");
}

/// Calls a second that AWS IoT takes of an account, of what functions do to a device.
const RATES: &[(&str, u64)] = &[
    ("iot:UpdateCertificate", 10),
    ("iot:AddThingToThingGroup", 100),
    ("iot:RemoveThingFromThingGroup", 100),
    ("iot:UpdateThing", 100),
    ("iot:DescribeThing", 350),
];
/// Seconds that the answer to one alert of every device may take: Device Defender judges no more often.
const ANSWERED_WITHIN: u64 = 300;

/// Functions that are sent the alerts of more devices than they may act on before the next ones come.
fn remediation(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        let topic = profile.alert.as_ref().and_then(|alert| fleet.topic(&alert.to));
        let sent = topic.into_iter().flat_map(|topic| topic.subscriptions.iter().flatten());
        let watched =
            fleet.devices.classes.iter().filter(|one| fleet.watches(profile, &one.class.groups, one.class.registered));
        let simulated: u64 = watched.map(|one| one.class.count).sum();
        let devices = fleet.population(profile).unwrap_or(0).max(simulated);
        for function in sent.filter_map(|one| fleet.function(&one.endpoint)) {
            let slow = RATES.iter().filter(|(action, rate)| {
                devices > rate * ANSWERED_WITHIN && function.needs.iter().any(|need| need == action)
            });
            for (action, rate) in slow {
                let message = format!(
                    "if all {devices} devices of {} violate at once, its {action} takes {} s: AWS IoT takes {rate} a second",
                    profile.address,
                    devices.div_ceil(*rate)
                );
                let finding = findings.add(&function.address, format!("{action} {}", profile.address), message);
                finding
                    .fix("let a queue stand between the topic and the function, and limit its concurrency")
                    .severity(Severity::Note)
                    .at("/needs")
                    .at("");
            }
        }
    }
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
    use crate::diagnostic::Severity;
    use crate::paths::testing::{SCENARIO, findings_with};

    #[test]
    fn limits_hold_at_their_boundary() {
        let many = |count: usize, one: &str| (0..count).map(|n| format!("x{n}: {one}, ")).collect::<String>();
        let section = |name: &str, one: &str, count: usize| {
            let text = match name {
                "audit.schedules" => format!(
                    "roles: {{ a: {{ trustedBy: [iot.amazonaws.com] }} }}\naudit: {{ role: a, checks: {{ LOGGING_DISABLED_CHECK: {{}} }}, schedules: {{ {} }} }}",
                    many(count, one)
                ),
                name => {
                    format!("roles: {{ a: {{ trustedBy: [iot.amazonaws.com] }} }}\n{name}: {{ {} }}", many(count, one))
                }
            };
            let found = findings_with(&text, SCENARIO).into_iter().filter(|finding| finding.code == "quota");
            found.map(|finding| finding.severity).collect::<Vec<_>>()
        };
        for (name, one, limit, severity) in [
            ("audit.schedules", "{ frequency: DAILY, checks: [LOGGING_DISABLED_CHECK] }", 5, Severity::Error),
            ("dimensions", "{ stringValues: [\"a/#\"] }", 10, Severity::Error),
            ("customMetrics", "{ metricType: number }", 100, Severity::Warning),
            ("mitigationActions", "{ role: a, updateDeviceCertificate: DEACTIVATE }", 100, Severity::Warning),
            ("topicRules", "{ sql: \"SELECT * FROM 'a'\", actions: [] }", 1000, Severity::Warning),
        ] {
            assert!(section(name, one, limit).is_empty(), "{name}");
            assert_eq!(section(name, one, limit + 1), [severity], "{name}");
        }
    }

    #[test]
    fn a_function_has_time_until_the_next_alerts() {
        let slow = |devices: &str, needs: &str| {
            let text = format!("scenarios: [scenario.yaml]
topics: {{ alerts: {{ subscriptions: {{ f: {{ function: f }} }} }} }}
roles: {{ d: {{ trustedBy: [iot.amazonaws.com] }}, r: {{ trustedBy: [lambda.amazonaws.com] }} }}
functions: {{ f: {{ source: code, runtime: python3.12, handler: main.handler, role: r, needs: [{needs}] }} }}
securityProfiles: {{ p: {{ attachTo: [{{ all: things }}], alertTo: {{ topic: alerts, role: d }}, retain: [aws:num-disconnects] }} }}");
            let found = findings_with(&text, &SCENARIO.replace("count: 5", devices));
            found.iter().filter(|finding| finding.code == "quota" && finding.severity == Severity::Note).count()
        };
        assert_eq!(slow("count: 3000", "\"iot:UpdateCertificate\""), 0, "ten a second for five minutes");
        assert_eq!(slow("count: 3001", "\"iot:UpdateCertificate\""), 1);
        assert_eq!(slow("count: 3001", "\"iot:DescribeThing\""), 0);
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
