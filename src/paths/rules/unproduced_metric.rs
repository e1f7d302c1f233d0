//! Alarms and widgets on metrics that nothing puts into CloudWatch.

use crate::address::Address;
use crate::diagnostic::{Severity, did_you_mean};
use crate::paths::finding::{Finding, Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::metric::{Read, published_by_iot};
use crate::paths::trace::metric_node;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "unproduced-metric",
    severity: Severity::Error,
    title: "an alarm or a widget reads a metric that nothing produces",
    why: "CloudWatch takes an alarm on any name. One that never gets a datapoint stays in INSUFFICIENT_DATA, or calls the \
          missing data fine, for ever.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms: { offline: { metric: AWS/IoT/ConnectedDevices, statistic: Sum, period: 5m, alarmWhen: \"< 3\", treatMissingData: breaching, notify: [alerts] } }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }
alarms:
  offline:
    metric: AWS/IoT/Connect.Success
    dimensions: { Protocol: MQTT }
    statistic: Sum
    period: 5m
    alarmWhen: \"< 3\"
    treatMissingData: breaching
    notify: [alerts]",
    source: "AWS IoT developer guide, \"AWS IoT metrics and dimensions\" (June 2023: a later metric may be missing here)",
};

fn check(fleet: &Fleet, findings: &mut Findings) {
    for alarm in &fleet.alarms {
        for read in &alarm.reads {
            let Some(mut lack) = lack(fleet, read) else { continue };
            if lack.severity == Severity::Error {
                lack.message
                    .push_str(", so this alarm never leaves INSUFFICIENT_DATA or what it makes of missing data");
            }
            report(&alarm.address, read, lack, findings).cut(metric_node(read), alarm.address.to_string());
        }
    }
    for dashboard in &fleet.dashboards {
        for (widget, read) in
            dashboard.widgets.iter().flat_map(|widget| widget.reads.iter().map(move |read| (widget, read)))
        {
            if let Some(mut lack) = lack(fleet, read) {
                lack.message = format!("the widget `{}` stays empty: {}", widget.name, lack.message);
                report(&dashboard.address, read, lack, findings).severity(Severity::Warning);
            }
        }
    }
}

struct Lack {
    severity: Severity,
    message: String,
    fix: String,
}

fn report<'f>(address: &Address, read: &Read, lack: Lack, findings: &'f mut Findings) -> &'f mut Finding {
    let finding = findings.add(address, &read.subject, lack.message).fix(lack.fix).severity(lack.severity);
    finding.pointers.clone_from(&read.pointers);
    finding
}

/// Why a metric is thought never to be there, if it is.
fn lack(fleet: &Fleet, read: &Read) -> Option<Lack> {
    let name = format!("{}/{}", read.namespace, read.metric);
    let names = || fleet.produced.iter().filter(|one| one.namespace == read.namespace).map(|one| one.metric.as_str());
    if fleet.produced.iter().any(|produced| produced.is_named(read)) {
        return None;
    }
    if read.namespace == "AWS/IoT" {
        if published_by_iot().any(|(known, _)| known == read.metric) {
            return None;
        }
        let near = did_you_mean(&read.metric, published_by_iot().map(|(known, _)| known));
        let fix = near.unwrap_or_else(|| replacement(&read.metric).into());
        return Some(Lack { severity: Severity::Error, message: format!("AWS IoT publishes no metric {name}"), fix });
    }
    // Other services' metrics are not listed here.
    if read.namespace.starts_with("AWS/") && names().next().is_none() {
        return None;
    }
    let near = did_you_mean(&read.metric, names());
    Some(match names().next() {
        Some(_) => Lack {
            severity: Severity::Error,
            message: format!("nothing here produces {name}, though other metrics of {} are produced here", read.namespace),
            fix: near.unwrap_or_else(|| {
                let all: Vec<&str> = names().collect();
                format!("read one of {}; or let a function say in `emits:` that it produces this one", all.join(", "))
            }),
        },
        None => Lack {
            severity: Severity::Warning,
            message: format!("nothing here produces {name}"),
            fix: "say in a function's `emits:` that it does; if something outside this spec does, waive this with its name".into(),
        },
    })
}

/// For names that are often taken for metrics of AWS IoT.
fn replacement(name: &str) -> &'static str {
    match name {
        "ConnectedDevices" => {
            "AWS IoT does not count connections as a level: count presence events with a rule on \
             '$aws/events/presence/+/+' and `cloudwatchMetric`, or read AWS/IoT/Connect.Success \
             with `dimensions: { Protocol: MQTT }`"
        }
        "MessagesSent" | "MessagesReceived" => {
            "read AWS/IoT/PublishIn.Success (from devices) or PublishOut.Success (to them) with `dimensions: { Protocol: MQTT }`"
        }
        name if name.ends_with("Errors") => {
            "read AWS/IoT/Failure with `dimensions: { RuleName: RULE, ActionType: ACTION }`"
        }
        name if name.ends_with("Success") => {
            "read AWS/IoT/Success with `dimensions: { RuleName: RULE, ActionType: ACTION }`"
        }
        _ => "`aws cloudwatch list-metrics --namespace AWS/IoT` shows those that your account has",
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    fn alarm(metric: &str, more: &str) -> Option<(Severity, String)> {
        let text =
            format!("alarms: {{ a: {{ metric: {metric}, statistic: Sum, period: 5m, alarmWhen: \"> 5\" }} }}\n{more}");
        let found = findings(&text).into_iter().find(|finding| finding.code == "unproduced-metric")?;
        Some((found.severity, found.fix))
    }

    const FUNCTION: &str = "roles: { r: { trustedBy: [lambda.amazonaws.com] } }\nfunctions: { f: { source: code, runtime: python3.12, handler: main.handler, role: r, emits: [{ namespace: Fleet, metrics: [Seen, Lost] }] } }";
    const RULE: &str = "roles: { r: { trustedBy: [iot.amazonaws.com] } }\ntopicRules: { w: { DISABLED sql: \"SELECT * FROM 'a'\", actions: [{ cloudwatchMetric: { namespace: Fleet, name: \"Devices-${x}\", value: \"1\", unit: Count, role: r } }] } }";

    #[test]
    fn a_metric_comes_from_aws_iot_from_the_spec_or_from_nowhere() {
        assert!(alarm("AWS/IoT/Violations", "").is_none());
        assert!(alarm("AWS/Lambda/Errors", "").is_none(), "other services are not listed");
        assert_eq!(alarm("AWS/IoT/Violation", ""), Some((Severity::Error, "did you mean `Violations`?".into())));
        assert_eq!(alarm("Fleet/Seen", "").map(|found| found.0), Some(Severity::Warning), "somebody else may");
        assert!(alarm("Fleet/Seen", FUNCTION).is_none());
        assert_eq!(alarm("Fleet/Sen", FUNCTION), Some((Severity::Error, "did you mean `Seen`?".into())));
        assert!(alarm("Fleet/Devices-connected", &RULE.replace("DISABLED", "")).is_none());
        assert!(alarm("Fleet/Devices-connected", &RULE.replace("DISABLED", "disabled: true,")).is_some());
    }
}
