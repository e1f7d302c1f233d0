//! Roles that the service that has to take them may not take.

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Link, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::permission::{Service, Verdict, trusts};
use crate::paths::trace::{action_target, behavior_node};

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "untrusting-role",
    severity: Severity::Error,
    title: "a service is to act with a role that does not trust it",
    why: "AWS looks at the trust policy when the alert is sent, not when the object is created. Until then everything \
          looks in order.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  publisher:
    trustedBy: [lambda.amazonaws.com]
    allow: [{ actions: [sns:Publish], resources: [\"${topics.alerts.arn}\"] }]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: publisher }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
roles:
  publisher:
    trustedBy: [iot.amazonaws.com]
    allow: [{ actions: [sns:Publish], resources: [\"${topics.alerts.arn}\"] }]
securityProfiles:
  baseline:
    attachTo: [{ all: things }]
    alertTo: { topic: alerts, role: publisher }
    behaviors: { Failures: { metric: aws:num-authorization-failures, alarmWhen: \"> 5 in 5m\" } }",
    source: "Device Defender developer guide, \"Detect permissions\"; IoT developer guide, \"Granting an AWS IoT rule the \
             access it requires\"; Lambda developer guide, \"Execution role\"",
};

/// Somebody who takes a role.
struct Taker<'a> {
    address: &'a Address,
    /// What the role is for, as a part of a sentence.
    purpose: String,
    role: &'a str,
    service: &'a str,
    source_arn: Option<String>,
    pointers: Vec<String>,
    cuts: Vec<Link>,
}

fn check(fleet: &Fleet, findings: &mut Findings) {
    for taker in takers(fleet) {
        let Some(role) = fleet.role(taker.role) else { continue };
        let service = Service { principal: taker.service, source_arn: taker.source_arn.as_deref(), place: fleet.place };
        if trusts(role, &service) != Verdict::Refused {
            continue;
        }
        let message = format!(
            "{} may not take {} {}: its trust policy does not let it",
            taker.service, role.address, taker.purpose
        );
        let finding = findings.add(taker.address, format!("{} {}", taker.purpose, role.address), message);
        finding.fix(format!("in {}: `trustedBy: [{}]`, or name another role", role.address, taker.service));
        finding.pointers = taker.pointers;
        finding.cuts = taker.cuts;
    }
}

const IOT: &str = "iot.amazonaws.com";

fn takers<'a>(fleet: &'a Fleet) -> Vec<Taker<'a>> {
    let mut takers = Vec::new();
    for profile in &fleet.profiles {
        let uses = [
            (&profile.alert, "to publish alerts", ["/alertTo/role", "/alertTargets/SNS/roleArn"]),
            (&profile.export, "to export metrics", ["/metricsExport/role", "/metricsExportConfig/roleArn"]),
        ];
        for (target, purpose, pointers) in uses {
            let Some(target) = target else { continue };
            let alert = purpose == "to publish alerts";
            let behaviors = profile.alerting().filter(|_| alert);
            takers.push(Taker {
                address: &profile.address,
                purpose: purpose.into(),
                role: &target.role,
                service: IOT,
                source_arn: Some(profile.arn.clone()),
                pointers: pointers.map(String::from).into(),
                cuts: behaviors.map(|one| (behavior_node(profile, one), fleet.name_of(&target.to))).collect(),
            });
        }
    }
    if let Some(audit) = &fleet.audit {
        let taker = |role, purpose: &str, pointer: &str, cuts| Taker {
            address: &audit.address,
            purpose: purpose.into(),
            role,
            service: IOT,
            // Audits act for the account as a whole; which ARN they name is not documented.
            source_arn: None,
            pointers: vec![pointer.into()],
            cuts,
        };
        takers.push(taker(&audit.role, "to read what it audits", "/role", Vec::new()));
        if let Some(notify) = &audit.notify {
            let to = fleet.name_of(&notify.to);
            let cuts = fleet.schedules.iter().map(|schedule| (schedule.address.to_string(), to.clone())).collect();
            takers.push(taker(&notify.role, "to announce audits", "/notify/role", cuts));
        }
    }
    for rule in &fleet.topic_rules {
        for (action, role) in
            rule.actions.iter().filter_map(|action| Some((action, action.body.get("roleArn")?.as_str()?)))
        {
            takers.push(Taker {
                address: &rule.address,
                purpose: format!("for `{}`", action.kind),
                role,
                service: IOT,
                source_arn: Some(rule.arn.clone()),
                pointers: [format!("{}/role", action.pointer), format!("{}/roleArn", action.pointer)].into(),
                cuts: action_target(fleet, action)
                    .map(|target| (rule.address.to_string(), target))
                    .into_iter()
                    .collect(),
            });
        }
    }
    takers.extend(fleet.mitigations.iter().map(|action| Taker {
        address: &action.address,
        purpose: "to carry it out".into(),
        role: &action.role,
        service: IOT,
        // Which ARN Device Defender names here is not documented.
        source_arn: None,
        pointers: vec!["/role".into()],
        cuts: Vec::new(),
    }));
    takers.extend(fleet.logging.iter().filter(|logging| logging.on).map(|logging| Taker {
        address: &logging.address,
        purpose: "to write logs".into(),
        role: &logging.role,
        service: IOT,
        source_arn: None,
        pointers: vec!["/role".into()],
        cuts: Vec::new(),
    }));
    takers.extend(fleet.functions.iter().map(|function| Taker {
        address: &function.address,
        purpose: "to run".into(),
        role: &function.role,
        service: "lambda.amazonaws.com",
        source_arn: Some(function.arn.clone()),
        pointers: vec!["/role".into()],
        cuts: Vec::new(),
    }));
    takers
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    fn rule(trust: &str) -> Vec<String> {
        let text = format!(
            "roles: {{ writer: {{ {trust}, managedPolicies: [service-role/AWSIoTRuleActions] }} }}\ntopicRules: {{ watch: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ republish: {{ topic: b, role: writer }} }}] }} }}"
        );
        found("untrusting-role", &text)
    }

    fn document(condition: &str) -> String {
        format!(
            "trust: {{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Principal: {{ Service: iot.amazonaws.com }}, Action: sts:AssumeRole, Condition: {condition} }}] }}"
        )
    }

    #[test]
    fn what_acts_on_findings_and_what_writes_logs_takes_a_role_too() {
        let taken = |service: &str| {
            let text = format!(
                "roles: {{ r: {{ trustedBy: [{service}], managedPolicies: [service-role/Unknown] }} }}\nmitigationActions: {{ stop: {{ role: r, updateDeviceCertificate: DEACTIVATE }} }}\nlogging: {{ role: r, defaultLogLevel: ERROR }}"
            );
            found("untrusting-role", &text)
        };
        assert!(taken("iot.amazonaws.com").is_empty());
        assert_eq!(
            taken("lambda.amazonaws.com"),
            ["logging to write logs roles.r", "mitigationActions.stop to carry it out roles.r"]
        );
    }

    #[test]
    fn conditions_of_the_trust_policy_count() {
        assert!(rule("trustedBy: [iot.amazonaws.com]").is_empty());
        assert_eq!(rule("trustedBy: [iotevents.amazonaws.com]").len(), 1);
        assert!(rule(&document("{ StringEquals: { \"aws:SourceAccount\": \"000000000000\" } }")).is_empty());
        assert_eq!(rule(&document("{ StringEquals: { \"aws:SourceAccount\": \"999999999999\" } }")).len(), 1);
        assert!(rule(&document("{ ArnLike: { \"aws:SourceArn\": \"arn:aws:iot:*:*:rule/watch\" } }")).is_empty());
        assert_eq!(rule(&document("{ ArnLike: { \"aws:SourceArn\": \"arn:aws:iot:*:*:rule/other\" } }")).len(), 1);
        assert!(
            rule(&document("{ StringEquals: { \"aws:PrincipalOrgID\": o-1 } }")).is_empty(),
            "nobody here can know"
        );
    }
}
