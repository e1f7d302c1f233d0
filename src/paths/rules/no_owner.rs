//! Alerts for which nobody is named, and which do not say what to do.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "no-owner",
    severity: Severity::Note,
    title: "an alert names no owner, or does not say what to do",
    why: "Whoever is woken at night has to know whose it is and what to do first.",
    wrong: "alarms: { many: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching } }",
    right: "tags: { owner: iot-platform, runbook: \"https://wiki.test-company.org/many-violations\" }
alarms: { many: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching } }",
    source: "fleetctl's own",
};

/// Tags that say whose something is, in any case.
const OWNERS: &[&str] = &["owner", "team", "contact", "oncall"];

fn check(fleet: &Fleet, findings: &mut Findings) {
    let alarms = fleet.alarms.iter().map(|alarm| (&alarm.address, alarm.description.as_str()));
    let profiles = fleet
        .profiles
        .iter()
        .filter(|profile| profile.alerting().next().is_some())
        .map(|profile| (&profile.address, ""));
    for (address, description) in alarms.chain(profiles) {
        let tags: Vec<String> = fleet.tags(address).into_iter().flatten().map(|(key, _)| key.to_lowercase()).collect();
        if !tags.iter().any(|key| OWNERS.contains(&key.as_str())) {
            findings
                .add(address, "owner", "no tag says whose this is")
                .fix("`tags: { owner: TEAM }`, here or for the whole spec")
                .at("/tags")
                .at("");
        }
        let alarm = address.section == "alarms";
        if alarm && description.is_empty() && !tags.iter().any(|key| key == "runbook") {
            let message = "neither a description nor a tag `runbook` says what to do";
            findings
                .add(address, "runbook", message)
                .fix("`description:` with what to look at first, or `tags: { runbook: URL }`")
                .at("/description")
                .at("");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn a_description_will_do_in_place_of_a_runbook() {
        let alarm = |more: &str| {
            found(
                "no-owner",
                &format!(
                    "alarms: {{ a: {{ metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\" {more} }} }}"
                ),
            )
        };
        assert_eq!(alarm(""), ["alarms.a owner", "alarms.a runbook"]);
        assert_eq!(alarm(", description: look at the dashboard"), ["alarms.a owner"]);
        assert!(alarm(", tags: { Team: iot, Runbook: x }").is_empty());
    }
}
