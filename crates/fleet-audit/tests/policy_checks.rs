//! The two checks on AWS IoT policies: their decision tables with both sides of every
//! boundary, and properties over generated policies.

use fleet_audit::audit::{self, Audit, Report};
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:";

/// Statements in short: `allow ACTION… on RESOURCE… if CONDITION`, with `not` before
/// negated lists and resources without their ARN prefix.
fn statement(line: &str) -> Value {
    let (head, condition) = match line.split_once(" if ") {
        Some((head, condition)) => (head, Some(condition)),
        None => (line, None),
    };
    let (effect, rest) = head.split_once(' ').unwrap();
    let (actions, resources) = rest.split_once(" on ").unwrap();
    let mut statement = json!({"Effect": if effect == "allow" { "Allow" } else { "Deny" }});
    for (plain, list) in [("Action", actions), ("Resource", resources)] {
        let (name, list) = match list.strip_prefix("not ") {
            Some(list) => (format!("Not{plain}"), list),
            None => (plain.to_owned(), list),
        };
        let items: Vec<String> = list
            .split(' ')
            .map(|item| match (plain, item) {
                (_, "*") => "*".to_owned(),
                ("Action", item) if item.contains(':') => item.to_owned(),
                ("Action", item) => format!("iot:{item}"),
                (_, item) => format!("{ARN}{item}"),
            })
            .collect();
        statement[name] = json!(items);
    }
    if let Some(condition) = condition {
        statement["Condition"] = match condition {
            "attached" => json!({"Bool": {"iot:Connection.Thing.IsAttached": "true"}}),
            "attached-list" => json!({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}),
            "not-attached" => json!({"Bool": {"iot:Connection.Thing.IsAttached": "false"}}),
            "attached-if-exists" => {
                json!({"BoolIfExists": {"iot:Connection.Thing.IsAttached": "true"}})
            }
            "own-id" => {
                json!({"StringEquals": {"iot:ClientId": "${iot:Connection.Thing.ThingName}"}})
            }
            "common-name" => {
                json!({"StringEquals": {"iot:ClientId": "${iot:Certificate.Subject.CommonName}"}})
            }
            "address" => json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            other => panic!("no condition {other}"),
        };
    }
    statement
}

fn policy(lines: &[&str]) -> Value {
    let statements: Vec<Value> = lines.iter().map(|line| statement(line)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn audit(name: &str, document: Value) -> Report {
    let snapshot: Snapshot = serde_json::from_value(json!({"policies": [
        {"policyName": name, "defaultVersionId": "3", "policyDocument": document, "address": "p"}
    ]}))
    .unwrap();
    let checks = ["IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"];
    let settings = Settings::default().only(checks).unwrap();
    audit::run(&snapshot, &settings, Timestamp(0))
}

/// Rule ids without their family; advice in brackets.
fn rules(document: Value) -> BTreeSet<String> {
    let report = audit("p", document);
    assert!(report.undecided.is_empty(), "{:?}", report.undecided);
    let short = |id: &str| id.split_once('/').unwrap().1.to_owned();
    let findings = report.findings.iter().map(|f| short(&f.rule));
    let advice = report.advice.iter().map(|f| format!("({})", short(&f.rule)));
    findings.chain(advice).collect()
}

fn expect(cases: &[(&[&str], &[&str])]) {
    for (lines, expected) in cases {
        let expected: BTreeSet<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        assert_eq!(rules(policy(lines)), expected, "{lines:#?}");
    }
}

const THING: &str = "${iot:Connection.Thing.ThingName}";

#[test]
fn connect_row() {
    let own = format!("allow Connect on client/{THING}");
    let own_attached = format!("{own} if attached");
    expect(&[
        (&["allow Connect on client/*"], &["connect-any-client"]),
        (&["allow Connect on client/${iot:ClientId}"], &["connect-any-client"]),
        (&["allow Connect on client/${iot:ClientId} if attached"], &[]),
        (&["allow Connect on client/${iot:ClientId} if attached-list"], &[]),
        (&["allow Connect on client/${iot:ClientId} if not-attached"], &["connect-any-client"]),
        (&["allow Connect on client/${iot:ClientId} if address"], &["connect-any-client"]),
        (&["allow Connect on client/${iot:ClientId} if own-id"], &["(connect-unattached)"]),
        // The certificate's own name is not that of another client, but may be a thing's.
        (&["allow Connect on client/* if common-name"], &["(connect-unattached)"]),
        // IsAttached is always there when something connects, so IfExists adds nothing.
        (&["allow Connect on client/* if attached-if-exists"], &[]),
        (&[&own_attached], &[]),
        (&[&own], &["(connect-unattached)"]),
        (&["allow Connect on client/line-1"], &[]),
        (&["allow Connect on client/line-1 client/line-2"], &[]),
        (&["allow Connect on client/line-*"], &["(name-family)"]),
        (&["allow Connect on client/?????"], &["connect-any-client"]),
        (&["allow * on *"], &["connect-any-client", "publish-any-thing", "subscribe-any-thing", "data-api-any-thing"]),
        (&["allow con* on client/*"], &["connect-any-client"]),
        (&["allow CONNECT on client/*"], &["connect-any-client"]),
        (&["allow s3:* on *"], &[]),
        // Denied again: wholly, but for the own name, but for a part that leaves the rest.
        (&["allow Connect on client/*", "deny Connect on *"], &[]),
        (&["allow Connect on client/*", &format!("deny Connect on not client/{THING}")], &["(connect-unattached)"]),
        (&["allow Connect on client/*", "deny Connect on client/admin-*"], &["connect-any-client"]),
        // A Deny whose condition is not known closes nothing.
        (&["allow Connect on client/*", "deny Connect on * if address"], &["connect-any-client"]),
        (&["allow not Publish on client/*"], &["connect-any-client"]),
        (&["allow not Connect on client/*"], &[]),
        (&["allow Connect on not client/admin"], &["connect-any-client"]),
        (&["allow Connect on not client/*"], &[]),
    ]);
}

#[test]
fn publish_subscribe_and_api_rows() {
    let family = &["(name-family)"];
    expect(&[
        (&["allow Publish on topic/*"], &["publish-any-thing"]),
        (&["allow Publish on topic/$aws/things/*"], &["publish-any-thing"]),
        (&["allow Publish on topic/$aws/things/*/shadow/update"], &["publish-any-thing"]),
        (&[&format!("allow Publish on topic/$aws/things/{THING}/shadow/*")], &[]),
        // The missing slash lets line-1 write for line-10.
        (&[&format!("allow Publish on topic/$aws/things/{THING}*")], family),
        (&["allow Publish on topic/$aws/things/plant1-*/shadow/update"], family),
        (&["allow Publish on topic/$aws/things/line-1/*"], &[]),
        (&["allow Publish on topic/telemetry/*"], &[]),
        (&["allow Publish on topic/$aws/rules/*"], &[]),
        (&["allow Publish on topic/$aws/*", "deny Publish on topic/$aws/things/*"], &[]),
        // A device without a thing has no thing name; what AWS then does with the Deny is
        // not documented, so only a device that is known to have one is kept out.
        (
            &["allow Publish on topic/*", &format!("deny Publish on not topic/a/* topic/$aws/things/{THING}/*")],
            &["publish-any-thing"],
        ),
        (
            &[
                "allow Publish on topic/* if attached",
                &format!("deny Publish on not topic/a/* topic/$aws/things/{THING}/*"),
            ],
            &[],
        ),
        (&["allow Receive on *"], &[]),
        (&["allow Subscribe on topicfilter/$aws/things/*"], &["subscribe-any-thing"]),
        (&["allow Subscribe on topicfilter/$aws/things/#"], &["subscribe-any-thing"]),
        (&["allow Subscribe on topicfilter/$aws/things/+/shadow/update"], &["subscribe-any-thing"]),
        (&[&format!("allow Subscribe on topicfilter/$aws/things/{THING}/jobs/*")], &[]),
        (&["allow Subscribe on topicfilter/$aws/things/line-1/+/update"], &[]),
        (&["allow Subscribe on topicfilter/telemetry/#"], &[]),
        // MQTT's # does not reach topics that begin with $.
        (&["allow Subscribe on topicfilter/#"], &[]),
        (&["allow GetThingShadow on thing/*"], &["data-api-any-thing"]),
        (&["allow GetThingShadow on *"], &["data-api-any-thing"]),
        (&["allow GetThingShadow on * if common-name"], &["data-api-any-thing"]),
        (&["allow GetThingShadow on *", "deny * on * if common-name"], &["data-api-any-thing"]),
        (&["allow *ThingShadow on thing/*"], &["data-api-any-thing"]),
        (&["allow GetThingShadow on thing/line-1"], &[]),
        (&["allow GetThingShadow on thing/line-*"], family),
        (&["allow UpdateJobExecution on thing/*"], &["data-api-any-thing"]),
        (&["allow ListNamedShadowsForThing on thing/*"], &[]),
        (&["allow GetThingShadow on topic/*"], &[]),
    ]);
}

#[test]
fn misconfiguration_rules() {
    let wide = "allow Subscribe on topicfilter/building/*";
    let receive = "allow Receive on topic/building/*";
    let sub_tree = "deny Subscribe on topicfilter/building/control_room/*";
    let bypassed: &[&str] = &["deny-bypassed-by-wider-filter"];
    expect(&[
        (
            &[wide, receive, "deny Subscribe on topicfilter/building/control_room/#"],
            &["mqtt-wildcard-in-deny", "deny-bypassed-by-wider-filter"],
        ),
        (&["deny Publish on topic/a/+/b"], &["mqtt-wildcard-in-deny"]),
        (&["deny not Connect on topic/a/#"], &["mqtt-wildcard-in-deny"]),
        (&["deny Connect on client/a+b"], &[]),
        (&["deny Connect on topic/a/#"], &[]),
        (&["allow Subscribe on topicfilter/a/#"], &[]),
        (&["deny Subscribe on topicfilter/a/*"], &[]),
        (&[wide, receive, sub_tree], bypassed),
        (&[wide, sub_tree], &["(deny-leaves-receive-open)"]),
        (&[wide, receive, sub_tree, "deny Receive on topic/building/control_room/*"], &[]),
        (&[wide, receive, sub_tree, "deny Receive on topic/building/control_room/a"], bypassed),
        // Nothing wider is allowed.
        (&["allow Subscribe on topicfilter/building/control_room/*", receive, sub_tree], &[]),
        (&["allow Subscribe on topicfilter/building/hall/*", receive, sub_tree], &[]),
        // The wider filter is spelled out, or denied as well.
        (&["allow Subscribe on topicfilter/building/+/temp", receive, sub_tree], bypassed),
        (
            &["allow Subscribe on topicfilter/building/+/temp", "allow Receive on topic/building/+/temp", sub_tree],
            &["(deny-leaves-receive-open)"],
        ),
        (
            &[
                wide,
                receive,
                sub_tree,
                "deny Subscribe on topicfilter/building/#",
                "deny Subscribe on topicfilter/building/+/#",
                "deny Subscribe on topicfilter/building/+*",
            ],
            &["mqtt-wildcard-in-deny"],
        ),
        // One topic alone.
        (&[wide, receive, "deny Subscribe on topicfilter/building/safe"], bypassed),
        // A leading wildcard does not reach $aws.
        (
            &["allow Subscribe on topicfilter/#", "allow Receive on *", "deny Subscribe on topicfilter/$aws/things/*"],
            &[],
        ),
    ]);
}

#[test]
fn a_finding_shows_where_why_and_what_was_assumed() {
    let lines = ["allow Publish on topic/$aws/things/* if address", "deny Publish on topic/$aws/things/line-1/*"];
    let report = audit("device", policy(&lines));
    let finding = &report.findings[0];
    assert_eq!(finding.key(), ("IOT_POLICY_OVERLY_PERMISSIVE_CHECK".to_owned(), "device:3".to_owned()));
    assert_eq!(finding.counterexample.as_deref(), Some("any device may publish to $aws/things/OTHER/shadow/update"));
    assert_eq!(finding.assumed, ["IpAddress aws:SourceIp"]);
    assert_eq!(finding.address.as_deref(), Some("p"));
    assert_eq!(
        serde_json::to_value(&finding.non_compliant_resource).unwrap(),
        json!({"resourceType": "IOT_POLICY", "resourceIdentifier":
            {"policyVersionIdentifier": {"policyName": "device", "policyVersionId": "3"}}})
    );
}

#[test]
fn what_cannot_be_read_is_never_passed() {
    let documents = [
        (json!("{"), "is not valid JSON"),
        (json!({"Statement": 1}), "/Statement"),
        (json!({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}), "/Effect"),
        (json!({"Statement": {"Effect": "Allow", "Action": "*"}}), "NotResource"),
        (json!({"Statement": {"Effect": "Allow", "Action": [1], "Resource": "*"}}), "/Action"),
        (json!({"Version": "2021", "Statement": []}), "/Version"),
        (json!(null), "neither an object nor a text"),
    ];
    for (document, expected) in documents {
        let report = audit("p", document);
        assert!(report.findings.is_empty());
        let reasons: Vec<&str> = report.undecided.iter().map(|u| u.because.as_str()).collect();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons.iter().all(|r| r.contains(expected)), "{expected}: {reasons:?}");
    }
}

/// The forms in which AWS hands out one document mean the same; without version
/// 2012-10-17 a variable is plain text.
#[test]
fn forms_of_a_document() {
    let open = policy(&["allow Connect on client/*"]);
    let text = serde_json::to_string(&open).unwrap();
    let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
    let mut single = open.clone();
    single["Statement"] = single["Statement"][0].clone();
    for form in [json!(text), json!(encoded), single] {
        assert_eq!(rules(form), rules(open.clone()));
    }
    let mut old = policy(&["allow Connect on client/${iot:ClientId}"]);
    old["Version"] = json!("2008-10-17");
    assert_eq!(rules(old), BTreeSet::new());
}

// ---- properties -----------------------------------------------------------------

struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        options[(self.0 >> 33) as usize % options.len()]
    }
}

fn some_line(dice: &mut Dice, effect: &str) -> String {
    let action = dice.pick(&[
        "Connect",
        "Publish",
        "Subscribe",
        "GetThingShadow",
        "*",
        "Pub*",
        "not Publish",
        "Connect Subscribe",
        "UpdateJobExecution",
        "not Connect Subscribe",
    ]);
    let resource = dice.pick(&[
        "*",
        "client/*",
        "client/${iot:ClientId}",
        "client/line-1",
        "client/line-*",
        "topic/$aws/things/*",
        "topic/$aws/things/line-1/*",
        "topicfilter/$aws/things/+/shadow/update",
        "topicfilter/$aws/things/*/jobs/*",
        "topic/$aws/things/${iot:Connection.Thing.ThingName}/*",
        "thing/*",
        "thing/line-1",
        "not client/*",
        "not topic/$aws/things/${iot:Connection.Thing.ThingName}/*",
        "not thing/line-1",
    ]);
    let condition = dice.pick(&["", "", "", " if attached", " if address", " if own-id"]);
    format!("{effect} {action} on {resource}{condition}")
}

fn broad(lines: &[String]) -> BTreeSet<String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = audit("p", policy(&lines));
    assert!(report.undecided.is_empty());
    let broad = report.findings.into_iter();
    broad.filter(|f| f.check_name == "IOT_POLICY_OVERLY_PERMISSIVE_CHECK").map(|f| f.rule).collect()
}

#[test]
fn denying_narrows_widening_widens_renaming_changes_nothing() {
    let (mut some, mut none) = (0, 0);
    for seed in 0..300 {
        let dice = &mut Dice(seed);
        let mut lines = vec![some_line(dice, "allow"), some_line(dice, "allow")];
        if seed % 2 == 0 {
            lines.push(some_line(dice, "deny"));
        }
        let before = broad(&lines);
        if before.is_empty() {
            none += 1
        } else {
            some += 1
        }

        let mut denied = lines.clone();
        denied.push(some_line(dice, "deny"));
        assert!(broad(&denied).is_subset(&before), "{denied:#?}");

        let mut widened = lines.clone();
        let (action, condition) = (
            lines[0].split(" on ").next().unwrap().to_owned(),
            lines[0].split_once(" if ").map_or(String::new(), |(_, c)| format!(" if {c}")),
        );
        widened[0] = match seed % 3 {
            0 => format!("{action} on *{condition}"),
            1 => lines[0].split(" if ").next().unwrap().to_owned(),
            _ => format!("allow * on {}", lines[0].split_once(" on ").unwrap().1),
        };
        assert!(broad(&widened).is_superset(&before), "{lines:#?} to {widened:#?}");

        let renamed: Vec<String> = lines.iter().map(|l| l.replace("line-", "Pumpe:7_")).collect();
        assert_eq!(broad(&renamed), before, "{renamed:#?}");
    }
    assert!(some > 50 && none > 50, "{some} broad, {none} not");
}

#[test]
fn progress_counts_every_policy_that_was_announced() {
    let policy = json!({ "policyName": "p", "policyDocument": { "Version": "2012-10-17", "Statement": [] } });
    let snapshot: Snapshot = serde_json::from_value(json!({ "policies": [policy, policy, policy] })).unwrap();
    for settings in [Settings::default(), Settings::default().only(["IOT_POLICY_OVERLY_PERMISSIVE_CHECK"]).unwrap()] {
        let judged = std::cell::Cell::new(0);
        Audit::begin_watched(&snapshot, &settings, Timestamp::parse("2026-01-05T00:00:00Z").unwrap(), &|| {
            judged.set(judged.get() + 1);
        });
        assert_eq!(judged.get(), Audit::policies_to_judge(&snapshot, &settings));
        assert!(judged.get() > 0);
    }
}
