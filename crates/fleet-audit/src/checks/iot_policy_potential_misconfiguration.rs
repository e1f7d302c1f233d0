//! `IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK`: a Deny that does not do what it seems to.
//!
//! | the policy | answer |
//! |---|---|
//! | denies on a topic or topic filter with the characters + or # | finding |
//! | denies Subscribe below a topic, allows a wider filter that covers it, and allows Receive there | finding |
//! | the same, but Receive is neither allowed nor denied there | advice |
//! | the same, but Receive is denied there | compliant |
//!
//! The bypass itself is searched for in [`bypass`]. AWS warns of false positives and
//! suggests to suppress them.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};
use crate::policy::bypass::{self, Bypass, Receive};
use crate::policy::context::Context;
use crate::policy::document::{Document, Effect, Statement};
use crate::policy::language;
use crate::policy::pattern::{Class, Letter, Pattern, Token};
use crate::snapshot::IotPolicy;

const MQTT_WILDCARD: Rule = Rule {
    id: "iot-policy/mqtt-wildcard-in-deny",
    reason_code: "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "a Deny names a topic or topic filter with + or #, which the policy engine takes \
           as plain characters",
    wrong: r#"{"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/building/control_room/#"}"#,
    right: r#"{"Effect": "Deny", "Action": ["iot:Subscribe", "iot:Receive"], "Resource": ["arn:aws:iot:us-east-1:123456789012:topicfilter/building/control_room/*", "arn:aws:iot:us-east-1:123456789012:topic/building/control_room/*"]}"#,
};

const BYPASS: Rule = Rule {
    id: "iot-policy/deny-bypassed-by-wider-filter",
    reason_code: "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "Subscribe is denied below a topic, but a wider filter that covers it is allowed, \
           and so is Receive below it",
    wrong: r#"{"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/building/control_room/*"}"#,
    right: MQTT_WILDCARD.right,
};

const LEFT_OPEN: Rule = Rule {
    id: "iot-policy/deny-leaves-receive-open",
    reason_code: "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS",
    level: Level::Advice,
    basis: Basis::Chosen(
        "messages arrive only if another policy of the device allows Receive, which one \
         policy does not show",
    ),
    when: "as iot-policy/deny-bypassed-by-wider-filter, but this policy does not allow \
           Receive below the topic either",
    wrong: BYPASS.wrong,
    right: BYPASS.right,
};

pub static CHECK: Check = Check {
    name: "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
    aliases: &[],
    severity: Severity::Medium,
    rules: &[MQTT_WILDCARD, BYPASS, LEFT_OPEN],
    page: Page {
        why: "The policy looks as if it kept devices away from some topics, and does not.",
        fix: "Deny with the policy wildcard *, and deny Receive on the topics along with \
              Subscribe on the filters.",
        reads: &["policies"],
        source: "Device Defender guide, \"AWS IoT policy potentially misconfigured\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "REPLACE_DEFAULT_POLICY_VERSION"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let Some(policies) = &scope.snapshot.policies else {
        outcome.cannot_decide("the snapshot has no AWS IoT policies");
        return;
    };
    for policy in policies {
        outcome.evaluated += 1;
        match Document::parse(&policy.policy_document) {
            Ok(document) => {
                mqtt_wildcards(policy, &document.statements, outcome);
                bypasses(policy, &document.statements, outcome);
            }
            Err(cause) => {
                let resource = Resource::policy(policy).resource_identifier.to_string();
                outcome.cannot_decide_for(&resource, &cause.to_string());
            }
        }
        (scope.policy_judged)();
    }
}

fn mqtt_wildcards(policy: &IotPolicy, statements: &[Statement], outcome: &mut Outcome) {
    let mut texts: Vec<&str> = vec![];
    let mut index = None;
    for deny in statements.iter().filter(|s| s.effect == Effect::Deny) {
        let about_topics = ["iot:publish", "iot:receive", "iot:retainpublish", "iot:subscribe"];
        if !about_topics.iter().any(|action| deny.actions.covers(action)) {
            continue;
        }
        for template in &deny.resources.templates {
            let pattern = template.resolve(&Context::attached_device());
            if pattern.is_some_and(|p| names_mqtt_wildcard(&p)) && !texts.contains(&template.text()) {
                texts.push(template.text());
                index = index.or(Some(deny.index));
            }
        }
    }
    if let Some(first) = texts.first() {
        let reason =
            format!("A Deny takes + or # for wildcards, which in a policy they are not: {}.", texts.join(", "));
        let finding = outcome.report(&CHECK, &MQTT_WILDCARD, Resource::policy(policy), reason);
        finding.counterexample = Some(format!("only the very text {first} is denied"));
        finding.address = policy.address.clone();
        finding.pointer = index.map(|index| format!("/Statement/{index}"));
    }
}

fn names_mqtt_wildcard(pattern: &Pattern) -> bool {
    let plus_or_hash = [Letter::Char('+'), Letter::Char('#')];
    let named = pattern.tokens().iter().any(|token| match token {
        Token::One(Class::Only(letter)) => plus_or_hash.contains(letter),
        _ => false,
    });
    named
        && ["topic/", "topicfilter/"].iter().any(|kind| {
            // Topics of whatever region and account.
            let topics = Pattern::glob(&format!("arn:*:iot:*:{kind}*"));
            language::intersects(pattern, &topics) != Some(false)
        })
}

fn bypasses(policy: &IotPolicy, statements: &[Statement], outcome: &mut Outcome) {
    let found = bypass::find(statements);
    if found.too_complex {
        let name = Resource::policy(policy).resource_identifier.to_string();
        outcome.cannot_decide_for(&name, "the policy's patterns are too complex to search");
    }
    let allowed = found.bypasses.iter().find(|b| b.receive == Receive::Allowed);
    let left_open = found.bypasses.iter().find(|b| b.receive == Receive::NotDenied);
    let (rule, bypass) = match (allowed, left_open) {
        (Some(bypass), _) => (&BYPASS, bypass),
        (None, Some(bypass)) => (&LEFT_OPEN, bypass),
        (None, None) => return,
    };
    let Bypass { index, denied, filter, topic, assumed, .. } = bypass;
    let reason = format!("Subscribing to {denied} is denied, but subscribing to {filter} is not.");
    let finding = outcome.report(&CHECK, rule, Resource::policy(policy), reason);
    finding.counterexample = Some(format!("a subscription to {filter} delivers {topic}"));
    finding.assumed = assumed.clone();
    finding.pointer = Some(format!("/Statement/{index}"));
    finding.address = policy.address.clone();
}
