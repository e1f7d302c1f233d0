//! Roles that may not do what they are taken for.

use crate::diagnostic::Severity;
use crate::paths::duty::{STREAM, duties};
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::permission::{Verdict, may};

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "role-lacks-permission",
    severity: Severity::Error,
    title: "a role may not do what it is taken for",
    why: "AWS checks the permission when the role is used, and not before. Device Defender and the rules engine then drop \
          the alert or the message; the only trace is in a log, if there is one.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  device-defender:
    trustedBy: [iot.amazonaws.com]
    managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: device-defender }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  device-defender:
    trustedBy: [iot.amazonaws.com]
    managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]
    allow: [{ actions: [sns:Publish], resources: [\"${topics.alerts.arn}\"] }]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: device-defender }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    source: "Device Defender developer guide, \"Detect permissions\"; IoT developer guide, the pages of the rule actions; \
             SNS developer guide, \"Encryption at rest\"; Device Defender developer guide, \"Mitigation actions\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for duty in duties(fleet) {
        let Some(role) = fleet.role(duty.role) else { continue };
        let facts: Vec<(&str, &str)> = duty.facts.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let refused = |action: &&&str| may(role, action, &duty.resource, &facts, duty.policy) == Verdict::Refused;
        let missing: Vec<&str> = duty.actions.iter().filter(refused).copied().collect();
        if missing.is_empty() {
            continue;
        }
        let actions = missing.join(", ");
        let (spoken, resource) = said(fleet, &duty.resource);
        let message = format!("{} is not allowed {actions}{spoken}, which is needed {}", role.address, duty.purpose);
        let fix = format!(
            "to the list `allow:` of {}, add `- {{ actions: [{actions}], resources: [\"{resource}\"] }}`",
            role.address
        );
        let finding = findings.add(duty.address, format!("{} {}", duty.purpose, role.address), message).fix(fix);
        if duty.elsewhere {
            finding.severity(Severity::Warning);
            finding.message.push_str("; what the key's own policy allows is not known here");
        }
        finding.pointers = duty.pointers;
        finding.cuts = duty.cuts;
    }
}

/// A resource as a part of a sentence, and as one would write it in a policy of this spec.
fn said(fleet: &Fleet, resource: &str) -> (String, String) {
    let (object, rest) = resource.strip_suffix(STREAM).map_or((resource, ""), |group| (group, ":*"));
    match fleet.named(object) {
        Some(address) => (format!(" on {address}"), format!("${{{address}.arn}}{rest}")),
        None if object == "*" => (String::new(), "*".into()),
        None => (format!(" on {object}"), format!("{object}{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::{findings, found};

    fn logs(role: &str) -> Vec<String> {
        let text = format!(
            "logGroups: {{ /fleet/log: {{}} }}\nroles: {{ writer: {{ trustedBy: [iot.amazonaws.com], {role} }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchLogs: {{ logGroup: /fleet/log, role: writer }} }}] }} }}"
        );
        found("role-lacks-permission", &text)
    }

    #[test]
    fn the_resource_of_a_permission_counts() {
        let allow = |resource: &str| {
            format!("allow: [{{ actions: [logs:CreateLogStream, logs:PutLogEvents], resources: [\"{resource}\"] }}]")
        };
        assert!(logs(&allow("${logGroups./fleet/log.arn}:*")).is_empty());
        assert_eq!(logs(&allow("${logGroups./fleet/log.arn}")).len(), 1, "the streams need `:*`");
        assert!(logs(&allow("*")).is_empty());
        assert!(logs("managedPolicies: [service-role/AWSIoTLogging]").is_empty());
        assert_eq!(logs("managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]").len(), 1);
        assert!(logs("managedPolicies: [service-role/Unknown]").is_empty(), "it may allow anything");
    }

    #[test]
    fn a_key_of_ones_own_is_to_be_used_as_well() {
        let lacks = |key: &str, allowed: &str| {
            let text = format!(
                "topics: {{ alerts: {{ kmsKey: {key} }} }}\nroles: {{ defender: {{ trustedBy: [iot.amazonaws.com], allow: [{{ actions: [sns:Publish], resources: [\"*\"] }}, {{ actions: [\"{allowed}\"], resources: [\"arn:aws:kms:*:*:key/k-1\"] }}] }} }}\nsecurityProfiles: {{ p: {{ alertTo: {{ topic: alerts, role: defender }}, behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }} }} }} }}"
            );
            let found = findings(&text).into_iter().filter(|finding| finding.code == "role-lacks-permission");
            found.map(|finding| finding.severity).collect::<Vec<_>>()
        };
        assert_eq!(lacks("k-1", "kms:Decrypt"), [Severity::Warning], "the key's policy may allow the other");
        assert!(lacks("k-1", "kms:*").is_empty());
        assert_eq!(lacks("k-2", "kms:*").len(), 1);
        assert!(lacks("alias/alerts", "kms:*").is_empty(), "it may stand for that key");
        assert_eq!(lacks("alias/alerts", "s3:*").len(), 1);
        assert!(lacks("alias/aws/sns", "s3:*").is_empty(), "SNS's key lets in who may publish");
    }

    #[test]
    fn mitigation_actions_and_logs_need_what_their_type_does() {
        let lacks = |allowed: &str, what: &str| {
            let text = format!(
                "roles: {{ r: {{ trustedBy: [iot.amazonaws.com], allow: [{{ actions: [\"{allowed}\"], resources: [\"*\"] }}] }} }}\ntopics: {{ alerts: {{}} }}\n{what}"
            );
            found("role-lacks-permission", &text).len()
        };
        for (kind, needed) in [
            ("updateDeviceCertificate: DEACTIVATE", "iot:UpdateCertificate"),
            ("updateCACertificate: DEACTIVATE", "iot:UpdateCACertificate"),
            ("replaceDefaultPolicyVersion: BLANK_POLICY", "iot:CreatePolicyVersion"),
            ("publishFindingToSns: alerts", "sns:Publish"),
        ] {
            let action = format!("mitigationActions: {{ stop: {{ role: r, {kind} }} }}");
            assert_eq!((lacks(needed, &action), lacks("iot:DescribeThing", &action)), (0, 1), "{kind}");
        }
        let logging = |level: &str| format!("logging: {{ role: r, defaultLogLevel: {level} }}");
        assert_eq!((lacks("logs:*", &logging("ERROR")), lacks("logs:GetLogEvents", &logging("ERROR"))), (0, 1));
        assert_eq!(lacks("logs:GetLogEvents", &logging("DISABLED")), 0, "it writes nothing");
        let elsewhere = "DISABLED, eventConfigurations: { Connect: { logLevel: INFO, logDestination: /fleet/log } }";
        assert_eq!(lacks("logs:GetLogEvents", &logging(elsewhere)), 0, "it writes to another group");
    }

    #[test]
    fn conditions_and_denies_count() {
        let metric = |role: &str| {
            let text = format!(
                "roles: {{ writer: {{ trustedBy: [iot.amazonaws.com], {role} }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ cloudwatchMetric: {{ namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer }} }}] }} }}"
            );
            found("role-lacks-permission", &text)
        };
        let only = |namespace: &str| {
            format!(
                "allow: [{{ actions: [cloudwatch:PutMetricData], resources: [\"*\"], conditions: {{ StringEquals: {{ \"cloudwatch:namespace\": {namespace} }} }} }}]"
            )
        };
        assert!(metric(&only("Fleet")).is_empty());
        assert_eq!(metric(&only("Other")), ["topicRules.watch for `cloudwatchMetric` roles.writer"]);
        let deny = "managedPolicies: [policy/AdministratorAccess], inlinePolicies: { no: { Version: \"2012-10-17\", Statement: [{ Effect: Deny, Action: \"cloudwatch:*\", Resource: \"*\" }] } }";
        assert_eq!(metric(deny).len(), 1);
        let boundary = "managedPolicies: [policy/AdministratorAccess], permissionsBoundary: service-role/AWSIoTLogging";
        assert_eq!(metric(boundary).len(), 1);
    }

    #[test]
    fn within_one_account_the_topics_policy_is_enough() {
        let alert = |policy: &str| {
            let text = format!(
                "topics: {{ alerts: {{ {policy}, subscriptions: {{ oncall: {{ sms: \"+4915112345678\" }} }} }} }}\nroles: {{ defender: {{ trustedBy: [iot.amazonaws.com] }} }}\nsecurityProfiles: {{ p: {{ alertTo: {{ topic: alerts, role: defender }}, behaviors: {{ B: {{ metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }} }} }} }}"
            );
            found("role-lacks-permission", &text).len()
        };
        let policy = |principal: &str| {
            format!(
                "policy: {{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Principal: {{ AWS: \"{principal}\" }}, Action: sns:Publish, Resource: \"*\" }}] }}"
            )
        };
        assert_eq!(alert(&policy("arn:aws:iam::000000000000:role/fleetctl/f/defender")), 0);
        assert_eq!(alert(&policy("000000000000")), 1, "that lets the account hand the permission on, and nobody did");
        assert_eq!(alert("publishers: [iot.amazonaws.com]"), 1, "the role publishes, not the service");
    }
}
