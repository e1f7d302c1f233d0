//! Metrics and messages sent to where only AWS may write.

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::Produced;
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "reserved-namespace",
    severity: Severity::Error,
    title: "metrics or messages are sent to a namespace that is AWS's own",
    why: "Namespaces that begin with `AWS/` are for AWS's services. CloudWatch may refuse what others put there, and a \
          name that looks like AWS's hides who produces the metric. MQTT topics that begin with `$` are AWS IoT's: it \
          drops what is published to those it does not know.",
    wrong: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: AWS/IoT/Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    right: "roles: { writer: { trustedBy: [iot.amazonaws.com], managedPolicies: [service-role/AWSIoTRuleActions] } }
topicRules: { watch: { sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: Seen, value: \"1\", unit: Count, role: writer } }] } }",
    source: "API:PutMetricData, Namespace; AWS IoT developer guide, \"Reserved topics\"",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    let mut reported: Vec<(&Address, &str)> = Vec::new();
    for produced in fleet.produced.iter().filter(|produced| produced.namespace.starts_with("AWS/")) {
        if reported.contains(&(&produced.by, &produced.pointer)) {
            continue;
        }
        reported.push((&produced.by, &produced.pointer));
        let own = produced.namespace.trim_start_matches("AWS/").trim_start_matches("IoT/");
        let own = if own.is_empty() { "Fleet" } else { own };
        let message = format!(
            "it puts metrics into `{}`, and namespaces that begin with `AWS/` are AWS's own",
            produced.namespace
        );
        let finding = findings
            .add(&produced.by, &produced.pointer, message)
            .fix(format!("`namespace: {own}`, here and in whatever reads it"))
            .at(format!("{}/namespace", produced.pointer))
            .at(format!("{}/metricNamespace", produced.pointer));
        finding.cuts = fed(fleet, produced);
    }
    for rule in &fleet.topic_rules {
        for action in rule.actions.iter().filter(|action| action.kind == "republish") {
            // `$$` writes a `$` here, where `${` begins a substitution.
            let topic = action.text("topic").unwrap_or_default();
            let plain = topic.strip_prefix("$$").map_or(topic.clone(), |rest| format!("${rest}"));
            if plain.starts_with('$') && !plain.starts_with("${") && !plain.starts_with("$aws/") {
                let message = format!("it republishes to `{plain}`; topics that begin with `$` are AWS IoT's own");
                findings
                    .add(&rule.address, &action.pointer, message)
                    .fix("take a topic without `$`")
                    .at(format!("{}/topic", action.pointer));
            }
        }
    }
    for profile in &fleet.profiles {
        let Some(export) = &profile.export else { continue };
        let rule = export.to.strip_prefix("$aws/rules/").map(|rest| rest.split('/').next().unwrap_or_default());
        let known = rule.is_some_and(|name| fleet.topic_rules.iter().any(|rule| rule.address.name == name));
        if !export.to.starts_with('$') || known {
            continue;
        }
        let (message, fix) = match rule {
            Some(name) => (
                format!("metrics are exported to the rule `{name}`, which is not declared"),
                format!("declare `topicRules: {{ {name}: … }}`"),
            ),
            None => (
                format!("metrics are exported to `{}`; topics that begin with `$` are AWS IoT's own", export.to),
                "take a topic without `$`, or `$aws/rules/RULE`".into(),
            ),
        };
        findings
            .add(&profile.address, "export", message)
            .fix(fix)
            .at("/metricsExport/topic")
            .at("/metricsExportConfig/mqttTopic");
    }
}

fn fed(fleet: &Fleet, produced: &Produced) -> Vec<(String, String)> {
    let reads = fleet.alarms.iter().flat_map(|alarm| &alarm.reads).filter(|read| read.namespace == produced.namespace);
    reads.map(|read| (produced.by.to_string(), metric_node(read))).collect()
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    const ROLE: &str = "roles: { r: { trustedBy: [iot.amazonaws.com] } }\n";

    #[test]
    fn what_only_looks_like_aws_is_not_reserved() {
        let function = |namespace: &str| {
            found(
                "reserved-namespace",
                &format!(
                    "{ROLE}functions: {{ f: {{ source: code, runtime: python3.12, handler: main.handler, role: r, emits: [{{ namespace: {namespace}, metrics: [Seen, Lost] }}] }} }}"
                ),
            )
        };
        assert_eq!(function("AWS/IoT/FleetMonitoring"), ["functions.f /emits/0"], "once, not for each metric");
        assert!(function("AWSFleet").is_empty() && function("aws/fleet").is_empty());
    }

    #[test]
    fn topics_with_a_dollar_are_aws_iots() {
        let rule = |topic: &str| {
            found("reserved-namespace", &format!("{ROLE}topicRules: {{ w: {{ sql: \"SELECT * FROM 'a'\", actions: [{{ republish: {{ topic: \"{topic}\", role: r }} }}] }} }}")).len()
        };
        assert_eq!(rule("$$own/a"), 1);
        assert_eq!(rule("$$aws/things/a/shadow/update"), 0);
        assert_eq!(rule("${topic(2)}/a"), 0);
        let export = |topic: &str| {
            found("reserved-namespace", &format!("{ROLE}topicRules: {{ keep: {{ sql: \"SELECT * FROM 'a'\", actions: [] }} }}\nsecurityProfiles: {{ p: {{ metricsExport: {{ topic: \"{topic}\", role: r }} }} }}")).len()
        };
        assert_eq!(export("$aws/rules/keep"), 0);
        assert_eq!(export("$aws/rules/kept"), 1);
        assert_eq!(export("metrics/all"), 0);
    }
}
