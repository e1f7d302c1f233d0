//! The paths themselves: every signal, the steps from it on, and who is at the end.
//!
//! Nodes are named by texts: `securityProfiles.P/B` for a behaviour, an address for an object of the spec, an ARN for
//! one outside it, `email:a@example.org` for an endpoint, `metric NAMESPACE/NAME by DIMENSION` for a metric.

use std::collections::{BTreeMap, BTreeSet};

use fleet_detect::Behavior;

use super::finding::{Finding, Link};
use super::model::fleet::Fleet;
use super::model::metric::Read;
use super::model::profile::Profile;
use super::model::topic_rule::Action;
use crate::diagnostic::Severity;

/// All steps and signals of a fleet.
pub struct Paths {
    pub steps: Vec<Step>,
    pub signals: Vec<Signal>,
}

/// A step from one node to the next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub from: String,
    pub to: String,
    /// The role that is taken for it.
    pub role: Option<String>,
    /// The code of the finding that stops it.
    pub stopped_by: Option<&'static str>,
}

/// Something that somebody ought to hear of.
#[derive(Clone, Debug)]
pub struct Signal {
    pub node: String,
    /// The ends that it reaches: endpoints, functions and objects outside the spec.
    pub reaches: BTreeSet<String>,
}

pub fn behavior_node(profile: &Profile, behavior: &Behavior) -> String {
    format!("{}/{}", profile.address, behavior.name)
}

pub fn metric_node(read: &Read) -> String {
    format!("metric {}", read.in_words())
}

/// Where an action of a rule leads, if that is something that alerts go through.
pub fn action_target(fleet: &Fleet, action: &Action) -> Option<String> {
    match action.kind.as_str() {
        "sns" => action.text("targetArn").map(|arn| fleet.name_of(&arn)),
        "lambda" => action.text("functionArn").map(|arn| fleet.name_of(&arn)),
        "sqs" => action.text("queueUrl"),
        _ => None,
    }
}

impl Paths {
    /// Follows every signal; a step that an unwaived error cuts leads nowhere.
    pub fn new(fleet: &Fleet, findings: &[&Finding]) -> Paths {
        let mut cuts: BTreeMap<&Link, &'static str> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
            cuts.extend(finding.cuts.iter().map(|link| (link, finding.code)));
        }
        let mut steps = steps(fleet);
        for step in &mut steps {
            step.stopped_by = cuts.get(&(step.from.clone(), step.to.clone())).copied();
        }
        steps.sort();
        steps.dedup();
        let mut onward: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.stopped_by.is_none()) {
            onward.entry(&step.from).or_default().push(step);
        }
        let signals = signals(fleet);
        let fed = |node: &str| {
            let mut feeding = steps.iter().filter(|step| step.to == node && step.from.starts_with("metric "));
            feeding.all(|step| step.stopped_by.is_none())
        };
        let signals = signals.into_iter().map(|node| {
            let reaches = if fed(&node) { ends(&node, &onward) } else { BTreeSet::new() };
            Signal { node, reaches }
        });
        let signals = signals.collect();
        Paths { steps, signals }
    }

    /// `7 signals, 6 of which reach somebody`.
    pub fn in_words(&self) -> String {
        let reached = self.signals.iter().filter(|signal| !signal.reaches.is_empty()).count();
        match (self.signals.len(), reached) {
            (1, 0) => "1 signal, which reaches nobody".into(),
            (1, _) => "1 signal, which reaches somebody".into(),
            (signals, 0) => format!("{signals} signals, none of which reaches anybody"),
            (signals, reached) if reached == signals => format!("{signals} signals, all of which reach somebody"),
            (signals, 1) => format!("{signals} signals, 1 of which reaches somebody"),
            (signals, reached) => format!("{signals} signals, {reached} of which reach somebody"),
        }
    }
}

/// The nodes at the end of every way from `start`: those that are made to be ends. A topic without subscribers, or an
/// alarm without actions, is none.
fn ends(start: &str, onward: &BTreeMap<&str, Vec<&Step>>) -> BTreeSet<String> {
    let (mut seen, mut queue) = (BTreeSet::from([start]), vec![start]);
    while let Some(node) = queue.pop() {
        for step in onward.get(node).into_iter().flatten() {
            if seen.insert(&step.to) {
                queue.push(&step.to);
            }
        }
    }
    seen.into_iter().filter(|node| is_end(node)).map(str::to_owned).collect()
}

/// Whether somebody, or something that acts, is there.
pub fn is_end(node: &str) -> bool {
    let inner = ["metric ", "topics.", "alarms.", "securityProfiles.", "audit.schedules.", "topicRules."];
    !inner.iter().any(|start| node.starts_with(start))
}

fn signals(fleet: &Fleet) -> Vec<String> {
    let behaviors = fleet
        .profiles
        .iter()
        .flat_map(|profile| profile.alerting().map(move |behavior| behavior_node(profile, behavior)));
    let schedules = fleet.schedules.iter().map(|schedule| schedule.address.to_string());
    let alarms = fleet.alarms.iter().map(|alarm| alarm.address.to_string());
    behaviors.chain(schedules).chain(alarms).collect()
}

fn steps(fleet: &Fleet) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |from: String, to: String, role: Option<&str>| {
        let role = role.map(|arn| fleet.name_of(arn));
        steps.push(Step { from, to, role, stopped_by: None });
    };
    for profile in &fleet.profiles {
        for behavior in profile.alerting() {
            let node = behavior_node(profile, behavior);
            if let Some(alert) = &profile.alert {
                step(node.clone(), fleet.name_of(&alert.to), Some(&alert.role));
            }
            // Device Defender counts violations in CloudWatch too.
            for read in
                fleet.alarms.iter().flat_map(|alarm| &alarm.reads).filter(|read| counts(read, profile, behavior))
            {
                step(node.clone(), metric_node(read), None);
            }
        }
    }
    for (schedule, audit) in
        fleet.schedules.iter().flat_map(|schedule| fleet.audit.iter().map(move |audit| (schedule, audit)))
    {
        if let Some(notify) = &audit.notify {
            step(schedule.address.to_string(), fleet.name_of(&notify.to), Some(&notify.role));
        }
    }
    for topic in &fleet.topics {
        for subscription in topic.subscriptions.iter().flatten() {
            let to = match subscription.protocol.as_str() {
                "lambda" => fleet.name_of(&subscription.endpoint),
                protocol => format!("{protocol}:{}", subscription.endpoint),
            };
            step(topic.address.to_string(), to, None);
        }
    }
    for rule in fleet.topic_rules.iter().filter(|rule| !rule.disabled) {
        for action in &rule.actions {
            if let Some(target) = action_target(fleet, action) {
                step(rule.address.to_string(), target, action.role().as_deref());
            }
        }
    }
    for alarm in &fleet.alarms {
        for read in &alarm.reads {
            step(metric_node(read), alarm.address.to_string(), None);
            for produced in fleet.produced.iter().filter(|produced| produced.feeds(read)) {
                step(produced.by.to_string(), metric_node(read), None);
            }
        }
        for action in alarm.all_actions() {
            step(alarm.address.to_string(), fleet.name_of(action), None);
        }
    }
    steps
}

/// Whether an alarm reads AWS IoT's own count of the behaviour's violations.
fn counts(read: &Read, profile: &Profile, behavior: &Behavior) -> bool {
    let is = |dimension: &str, value: &str| read.dimensions.get(dimension).is_none_or(|given| given == value);
    read.namespace == "AWS/IoT"
        && read.metric == "Violations"
        && is("SecurityProfileName", &profile.address.name)
        && is("BehaviorName", &behavior.name)
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::paths;

    const FLEET: &str = "topics:
  alerts: { subscriptions: { count: { function: count } } }
  phone: { subscriptions: { oncall: { sms: \"+4915112345678\" } } }
roles:
  defender: { trustedBy: [iot.amazonaws.com], allow: [{ actions: [sns:Publish], resources: [\"${topics.alerts.arn}\"] }] }
  runner: { trustedBy: [lambda.amazonaws.com], allow: [{ actions: [cloudwatch:PutMetricData], resources: [\"*\"] }] }
functions: { count: { source: code, runtime: python3.12, handler: main.handler, role: runner, emits: [{ namespace: Fleet, metrics: [Violations] }] } }
alarms: { many: { metric: METRIC, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [phone] } }
securityProfiles:
  base:
    alertTo: { topic: alerts, role: defender }
    attachTo: [{ all: things }]
    behaviors:
      Sent: { metric: aws:num-messages-sent, alarmWhen: \"> 5 in 5m\" }
      Quiet: { metric: aws:num-messages-received, alarmWhen: \"> 5 in 5m\", suppressAlerts: true }
";

    fn reaches(text: &str) -> Vec<(String, Vec<String>)> {
        let paths = paths(text);
        paths.signals.into_iter().map(|one| (one.node, one.reaches.into_iter().collect())).collect()
    }

    #[test]
    fn a_signal_is_followed_over_functions_metrics_and_alarms() {
        let phone = "sms:+4915112345678".to_owned();
        let through =
            |ends: &[&str]| [ends, &["sms:+4915112345678"]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let sent = "securityProfiles.base/Sent".to_owned();
        let alarm = "alarms.many".to_owned();
        let own = FLEET.replace("METRIC", "Fleet/Violations");
        assert_eq!(
            reaches(&own),
            [(sent.clone(), through(&["functions.count"])), (alarm.clone(), vec![phone.clone()])]
        );
        let refused = own.replace("sns:Publish", "sns:Subscribe");
        assert_eq!(reaches(&refused), [(sent.clone(), vec![]), (alarm.clone(), vec![phone.clone()])]);
        // AWS IoT counts violations too, whatever becomes of the alert.
        let counted = refused.replace("Fleet/Violations", "AWS/IoT/Violations");
        assert_eq!(reaches(&counted), [(sent.clone(), vec![phone.clone()]), (alarm.clone(), vec![phone])]);
        let nothing = own.replace("Fleet/Violations", "AWS/IoT/Violation");
        assert_eq!(reaches(&nothing), [(sent, vec!["functions.count".to_owned()]), (alarm, vec![])]);
    }
}
