//! Schedules over checks that are disabled, and enabled checks that no schedule runs.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "disabled-check",
    severity: Severity::Error,
    title: "a schedule is to run a check that is disabled, or no schedule runs one that is enabled",
    why: "AWS refuses a schedule with a disabled check. An enabled check collects data, but it is only judged when an audit \
          runs: without a schedule that is never, unless somebody starts one by hand.",
    wrong: "roles: { auditor: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTDeviceDefenderAudit] } }
audit:
  role: auditor
  checks: { LOGGING_DISABLED_CHECK: {} }
  schedules: { daily: { frequency: DAILY, checks: [LOGGING_DISABLED_CHECK, CA_CERTIFICATE_EXPIRING_CHECK] } }",
    right: "roles: { auditor: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTDeviceDefenderAudit] } }
audit:
  role: auditor
  checks: { LOGGING_DISABLED_CHECK: {}, CA_CERTIFICATE_EXPIRING_CHECK: {} }
  schedules: { daily: { frequency: DAILY, checks: [LOGGING_DISABLED_CHECK, CA_CERTIFICATE_EXPIRING_CHECK] } }",
    source: "API:CreateScheduledAudit, targetCheckNames; API:UpdateAccountAuditConfiguration",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    let Some(audit) = &fleet.audit else { return };
    for schedule in &fleet.schedules {
        for name in schedule.checks.iter().filter(|name| !audit.checks.contains(*name)) {
            let message = format!("it is to run {name}, which is not enabled");
            findings
                .add(&schedule.address, name, message)
                .fix(format!("in audit: `checks: {{ {name}: {{}} }}`"))
                .at("/checks");
        }
    }
    for name in audit.checks.iter().filter(|name| !fleet.schedules.iter().any(|one| one.checks.contains(name))) {
        let message = format!("{name} is enabled, and no schedule runs it");
        let fix = match fleet.schedules.first() {
            Some(schedule) => format!("add it to the checks of {}", schedule.address),
            None => format!("`schedules: {{ daily: {{ frequency: DAILY, checks: [{name}] }} }}`"),
        };
        let pointer = format!("/checks/{}", pointer_token(name));
        findings.add(&audit.address, name, message).fix(fix).severity(Severity::Warning).at(pointer).at("/checks");
    }
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn every_enabled_check_is_to_be_run_by_some_schedule() {
        let audit = |checks: &str| {
            let text = format!(
                "roles: {{ a: {{ trustedBy: [iot.amazonaws.com] }} }}\naudit: {{ role: a, checks: {{ LOGGING_DISABLED_CHECK: {{}}, CA_CERTIFICATE_EXPIRING_CHECK: {{ enabled: false }} }}, schedules: {{ one: {{ frequency: DAILY, checks: [{checks}] }} }} }}"
            );
            found("disabled-check", &text)
        };
        assert!(audit("LOGGING_DISABLED_CHECK").is_empty());
        assert_eq!(
            audit("CA_CERTIFICATE_EXPIRING_CHECK"),
            ["audit LOGGING_DISABLED_CHECK", "audit.schedules.one CA_CERTIFICATE_EXPIRING_CHECK"]
        );
    }
}
