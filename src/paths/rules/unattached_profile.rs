//! Profiles that watch no device.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::trace::behavior_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unattached-profile",
    severity: Severity::Error,
    title: "a security profile watches no device",
    why: "A profile that is attached to nothing, or to a group that nobody is in, is evaluated for nobody.",
    wrong: "thingGroups: { hall: { things: [] } }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    right: "things: { line-1: {} }
thingGroups: { hall: { things: [line-1] } }
securityProfiles:
  baseline:
    attachTo: [{ group: hall }]
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    source: "API:AttachSecurityProfile",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for profile in &fleet.profiles {
        if profile.behaviors.is_empty() && profile.retained.is_empty() {
            continue;
        }
        let (message, fix) = if profile.attached.is_empty() {
            (
                "it is attached to nothing, so it watches no device".to_owned(),
                "`attachTo: [{ group: GROUP }]`, or `[{ all: things }]`",
            )
        } else if fleet.population(profile) == Some(0) {
            let groups: Vec<String> = profile.attached.iter().map(|arn| fleet.name_of(arn)).collect();
            let message = format!("nobody is in {}, so it watches no device", groups.join(" and "));
            (message, "put things into the group; or leave `things` out, if provisioning puts them there")
        } else {
            continue;
        };
        let finding = findings.add(&profile.address, "", message).fix(fix).at("/attachTo").at("");
        if let Some(alert) = &profile.alert {
            for behavior in profile.alerting() {
                finding.cut(behavior_node(profile, behavior), fleet.name_of(&alert.to));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn profile(attach: &str) -> usize {
        let text = format!(
            "things: {{ line-1: {{}} }}\nthingGroups: {{ plant: {{ things: [] }}, hall: {{ parent: plant, things: [line-1] }}, yard: {{}}, empty: {{ things: [] }} }}\nsecurityProfiles: {{ p: {{ {attach} behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }} }} }} }}"
        );
        found("unattached-profile", &text).len()
    }

    #[test]
    fn a_group_has_its_children_members_too() {
        assert_eq!(profile(""), 1);
        assert_eq!(profile("attachTo: [{ group: empty }],"), 1);
        assert_eq!(profile("attachTo: [{ group: plant }],"), 0, "line-1 is in the hall below");
        assert_eq!(profile("attachTo: [{ group: yard }],"), 0, "its members are not managed");
        assert_eq!(profile("attachTo: [{ group: empty }, { all: things }],"), 0);
        assert_eq!(
            profile("attachTo: [{ group: \"arn:aws:iot:us-east-1:000000000000:thinggroup/x\" }],"),
            0,
            "not of this spec"
        );
    }
}
