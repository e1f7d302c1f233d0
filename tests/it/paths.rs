//! Alert paths: what `check` finds in a published recipe, and what it makes of the fixes.

use serde_json::Value;

use super::program::{Program, Ran, repository};

/// What is silently wrong with the recipe: the rule, the object, what it is about within it, and a text of the line of
/// the spec at which the finding points.
const RECIPE: &[(&str, &str, &str, &str)] = &[
    // Criteria state what is normal, so each of these pages for the healthy and is silent for the others.
    ("inverted-criteria", PROFILE, "AuthorizationFailures", "comparisonOperator: greater-than"),
    ("inverted-criteria", PROFILE, "MessageByteSize", "comparisonOperator: greater-than"),
    ("inverted-criteria", PROFILE, "MessagesReceived", "comparisonOperator: greater-than"),
    ("inverted-criteria", PROFILE, "MessagesSent", "comparisonOperator: greater-than"),
    ("inverted-criteria", PROFILE, "ConnectionAttempts", "comparisonOperator: greater-than"),
    // The one role that everything takes may only read what it audits.
    ("role-lacks-permission", PROFILE, "to publish alerts", "roleArn: "),
    ("role-lacks-permission", "audit", "to announce audits", "notify: "),
    ("role-lacks-permission", CONNECTIONS, "for `cloudwatchMetric`", "roleArn: "),
    ("role-lacks-permission", CONNECTIONS, "for `cloudwatchLogs`", "roleArn: "),
    ("role-lacks-permission", VOLUME, "for `cloudwatchMetric`", "roleArn: "),
    // The topic's own policy has shut CloudWatch out.
    ("topic-refuses-publisher", HIGH, "topics.iot-fleet-alerts-a1b2c3", "alarmActions: "),
    ("topic-refuses-publisher", LOW, "topics.iot-fleet-alerts-a1b2c3", "alarmActions: "),
    ("topic-refuses-publisher", ERRORS, "topics.iot-fleet-alerts-a1b2c3", "alarmActions: "),
    // Metrics that nothing produces, or not so.
    ("dimension-mismatch", HIGH, "SecurityViolations", "dimensions: "),
    ("unproduced-metric", LOW, "ConnectedDevices", "metricName: ConnectedDevices"),
    ("unproduced-metric", ERRORS, "RuleMessageProcessingErrors", "metricName: RuleMessageProcessingErrors"),
    // And once it is so, the alarm's own message counts as a violation.
    ("alarm-loop", HIGH, "functions.iot-fleet-remediation-a1b2c3", "alarmActions: "),
    // Nobody connected counts as well connected.
    ("missing-data", LOW, "", "treatMissingData: notBreaching"),
    // Without violations and without errors, these two stand in INSUFFICIENT_DATA even when all else is mended.
    ("missing-data", HIGH, "", "comparisonOperator: "),
    ("missing-data", ERRORS, "", "comparisonOperator: "),
    // Widgets that stay empty.
    ("unproduced-metric", DASHBOARD, "IoT Fleet Overview: ConnectedDevices", "ConnectedDevices"),
    ("unproduced-metric", DASHBOARD, "IoT Fleet Overview: MessagesSent", "MessagesSent"),
    ("unproduced-metric", DASHBOARD, "IoT Fleet Overview: MessagesReceived", "MessagesReceived"),
    ("dimension-mismatch", DASHBOARD, "Security Violations: SecurityViolations", "SecurityViolations"),
    ("dimension-mismatch", DASHBOARD, "Security Violations: SecurityAlarmsCleared", "SecurityAlarmsCleared"),
    ("unproduced-metric", DASHBOARD, "Message Processing: RuleMessageProcessingErrors", "RuleMessageProcessingErrors"),
    (
        "unproduced-metric",
        DASHBOARD,
        "Message Processing: RuleMessageProcessingSuccess",
        "RuleMessageProcessingSuccess",
    ),
    // A namespace of AWS's: the function fails at its first metric, before it does anything else.
    ("reserved-namespace", FUNCTION, "/emits/0", "namespace: AWS/IoT/FleetMonitoring"),
    ("reserved-namespace", FUNCTION, "/emits/1", "namespace: AWS/IoT/FleetMonitoring"),
    ("reserved-namespace", CONNECTIONS, "/actions/0/cloudwatchMetric", "metricNamespace: "),
    ("reserved-namespace", VOLUME, "/actions/0/cloudwatchMetric", "metricNamespace: "),
    // Milliseconds where seconds are taken.
    ("metric-timestamp", CONNECTIONS, "/actions/0/cloudwatchMetric", "metricTimestamp: "),
    ("metric-timestamp", VOLUME, "/actions/0/cloudwatchMetric", "metricTimestamp: "),
    // Disconnects arrive on another topic; and what was to be read are functions.
    ("rule-never-matches", CONNECTIONS, "", "sql: "),
    ("function-read-as-field", VOLUME, "", "sql: "),
    // Two checks collect data, and no audit looks at it.
    ("disabled-check", "audit", "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK", "AUTHENTICATED_COGNITO"),
    ("disabled-check", "audit", "CONFLICTING_CLIENT_IDS_CHECK", "CONFLICTING_CLIENT_IDS_CHECK"),
    // The audit looks for logging, and nothing sets it up: none of the failures of the rules leaves a trace.
    ("unlogged-failures", CONNECTIONS, "", "actions:"),
    ("unlogged-failures", VOLUME, "", "actions:"),
    // An address that nobody reads.
    ("mail-only", "topics.iot-fleet-alerts-a1b2c3", "your-email@example.com", "email: your-email@example.com"),
    // Counted, and looked at by nobody.
    ("unwatched-metric", CONNECTIONS, "", "cloudwatchMetric:"),
    ("unwatched-metric", VOLUME, "", "cloudwatchMetric:"),
];

const PROFILE: &str = "securityProfiles.fleet-security-profile-a1b2c3";
const HIGH: &str = "alarms.IoT-Fleet-High-Security-Violations-a1b2c3";
const LOW: &str = "alarms.IoT-Fleet-Low-Connectivity-a1b2c3";
const ERRORS: &str = "alarms.IoT-Fleet-Message-Processing-Errors-a1b2c3";
const CONNECTIONS: &str = "topicRules.DeviceConnectionMonitoringa1b2c3";
const VOLUME: &str = "topicRules.MessageVolumeMonitoringa1b2c3";
const DASHBOARD: &str = "dashboards.IoT-Fleet-Dashboard-a1b2c3";
const FUNCTION: &str = "functions.iot-fleet-remediation-a1b2c3";

fn check(arguments: &[&str], spec: &std::path::Path) -> Ran {
    let program = Program::new();
    program.run(&[&["check"], arguments, &[spec.to_str().expect("UTF-8")]].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

#[test]
fn every_silent_failure_of_the_recipe_is_reported_at_its_line_with_a_fix() {
    let spec = repository("tests/paths/recipe/fleet.yaml");
    let ran = check(&["--json"], &spec);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let report = json(&ran);
    let lines: Vec<String> = std::fs::read_to_string(&spec).expect("readable").lines().map(str::to_owned).collect();
    let mut found: Vec<&Value> = report["paths"]["findings"].as_array().expect("a list").iter().collect();
    for (code, address, subject, text) in RECIPE {
        let position = found.iter().position(|finding| {
            finding["code"] == *code
                && finding["address"] == *address
                && finding["subject"].as_str().is_some_and(|given| given.starts_with(subject))
        });
        let Some(position) = position else { panic!("{code} {address} {subject} is not reported\n{found:#?}") };
        let finding = found.remove(position);
        let line = finding["at"]["line"].as_u64().expect("a line") as usize;
        assert!(
            lines[line - 1].contains(text),
            "{code} {subject}: `{text}` is not in line {line}: {}",
            lines[line - 1]
        );
        assert!(finding["help"].as_str().is_some_and(|fix| fix.len() > 5), "{code}: no fix");
    }
    // Beyond the table there is only advice.
    let rest: Vec<&&Value> = found.iter().filter(|finding| finding["code"] != "no-owner").collect();
    assert!(rest.is_empty(), "{rest:#?}");
    let reached = report["paths"]["signals"].as_array().expect("a list").iter();
    let reached = reached.filter(|signal| signal["reaches"].as_array().is_some_and(|ends| !ends.is_empty())).count();
    assert_eq!(reached, 0, "none of its alerts reaches anybody: {:#}", report["paths"]["signals"]);
}

#[test]
fn with_each_fix_made_the_recipe_is_accepted() {
    let ran = check(&["--strict"], &repository("tests/paths/recipe/fixed.yaml"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("9 signals, all of which reach somebody."), "{}", ran.out);
}

#[test]
fn the_examples_are_clean_without_waivers() {
    let program = Program::new();
    for example in ["starter", "factory-fleet", "lab"] {
        assert_eq!(program.run(&["init", example, "--example", example]).code, 0);
        let ran = program.run(&["check", "--strict", example]);
        assert_eq!(ran.code, 0, "{example}: {}{}", ran.out, ran.err);
        let text = std::fs::read_to_string(program.dir.path().join(example).join("fleet.yaml")).expect("readable");
        assert!(!text.contains("waivers:"), "{example}");
    }
}

const WAIVED: &str = "version: 1
fleet: f
topics: { alerts: { subscriptions: {} } }
alarms: { a: { metric: AWS/IoT/Violations, statistic: Sum, period: 5m, alarmWhen: \"> 5\", treatMissingData: notBreaching, notify: [alerts] } }
";

#[test]
fn a_waiver_has_a_reason_and_an_end() {
    let program = Program::new();
    let run = |waivers: &str| {
        let spec = program.write("fleet.yaml", &format!("{WAIVED}{waivers}\n"));
        program.run(&["check", "--strict", spec.to_str().expect("UTF-8")])
    };
    let waiver = |code: &str, address: &str, until: &str| {
        format!("waivers: [{{ code: {code}, address: {address}, reason: the phone comes in May, until: \"{until}\" }}]")
    };
    assert_eq!(run("").code, 1);
    let waived = run(&waiver("nobody-subscribed", "topics.*", "2999-12-31"));
    assert_eq!(waived.code, 0, "{}", waived.err);
    assert!(
        waived.out.contains("waived until 2999-12-31: topics.alerts nobody-subscribed: the phone comes in May"),
        "{}",
        waived.out
    );
    let expired = run(&waiver("nobody-subscribed", "topics.*", "2020-01-31"));
    assert!(
        expired.code == 1
            && expired.err.contains("error[expired-waiver]")
            && expired.err.contains("error[nobody-subscribed]"),
        "{}",
        expired.err
    );
    let elsewhere = run(&waiver("nobody-subscribed", "topics.other", "2999-12-31"));
    assert!(elsewhere.code == 1 && elsewhere.err.contains("warning[unused-waiver]"), "{}", elsewhere.err);
    let misspelt = run(&waiver("nobody-subscribd", "topics.*", "2999-12-31"));
    assert!(misspelt.err.contains("did you mean `nobody-subscribed`?"), "{}", misspelt.err);
    let day = run(&waiver("nobody-subscribed", "topics.*", "2999-02-31"));
    assert!(day.code == 1 && day.err.contains("the last day of the waiver"), "{}", day.err);
    let reason = run("waivers: [{ code: nobody-subscribed, until: \"2999-12-31\" }]");
    assert!(reason.code == 1 && reason.err.contains("needs `reason:`"), "{}", reason.err);
}

#[test]
fn plan_tells_new_findings_from_those_that_are_live() {
    let program = Program::new();
    let spec = program.write("fleet.yaml", WAIVED);
    let spec = spec.to_str().expect("UTF-8");
    let first = program.run(&["plan", "--sandbox", spec]);
    assert!(first.err.contains("error[nobody-subscribed]") && first.err.contains("fleet.yaml:3:"), "{}", first.err);
    assert!(
        first.out.contains("Alert paths: 1 signal, which reaches nobody; 1 error and 0 warnings, all new."),
        "{}",
        first.out
    );
    let applied = program.run(&["apply", "--sandbox", "--auto-approve", spec]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    assert!(applied.err.contains("warning: Alert paths:"), "{}", applied.err);
    let again = program.run(&["plan", "--sandbox", spec]);
    assert!(
        again.out.contains("all live already") && !again.err.contains("nobody-subscribed"),
        "{}{}",
        again.out,
        again.err
    );
    program.write("fleet.yaml", &WAIVED.replace("\"> 5\"", "\">= 0\""));
    let plan: Value = json(&program.run(&["plan", "--sandbox", "--json", spec]));
    let new: Vec<(&str, &Value)> = plan["paths"]["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["severity"] == "error")
        .map(|one| (one["code"].as_str().expect("a code"), &one["new"]))
        .collect();
    assert_eq!(new, [("unreachable-threshold", &Value::Bool(true)), ("nobody-subscribed", &Value::Bool(false))]);
}

#[test]
fn the_drawing_shows_dead_ends_in_red() {
    let program = Program::new();
    let spec = repository("tests/paths/recipe/fleet.yaml");
    let spec = spec.to_str().expect("UTF-8");
    let mermaid = program.run(&["graph", "--paths", spec]).out;
    assert!(mermaid.contains("stopped: role-lacks-permission") && mermaid.contains(":::dead"), "{mermaid}");
    let dot = program.run(&["graph", "--paths", "--format", "dot", spec]).out;
    assert!(dot.contains("color=red") && dot.contains("IoTDeviceDefenderRole") || dot.contains("stopped"), "{dot}");
    let fixed = repository("tests/paths/recipe/fixed.yaml");
    let drawn = program.run(&["graph", "--paths", fixed.to_str().expect("UTF-8")]).out;
    assert!(!drawn.contains(":::dead") && !drawn.contains("stopped"), "{drawn}");
    assert!(
        drawn.contains("email:oncall@factory.test-company.org")
            && drawn.contains("as roles.IoTDeviceDefenderRole-a1b2c3"),
        "{drawn}"
    );
}

#[test]
fn scenarios_are_read_and_waivers_of_all_files_count() {
    let program = Program::new();
    let check = |head: &str| {
        let spec = program.write("fleet.yaml", &format!("{WAIVED}{head}\n"));
        program.run(&["check", spec.to_str().expect("UTF-8")])
    };
    program.write("more.yaml", "waivers: [{ code: nobody-subscribed, reason: later, until: 2999-12-31 }]\n");
    let own = "waivers: [{ code: no-alert, address: alarms.x, reason: later, until: 2999-12-31 }]";
    let joined = check(&format!("{own}\ninclude: more.yaml"));
    assert!(
        joined.code == 0 && joined.err.contains("waives nothing"),
        "both lists count: {}{}",
        joined.out,
        joined.err
    );
    let missing = check("scenarios: [gone.yaml]");
    assert!(
        missing.code == 1 && missing.err.contains("error[unreadable-file]") && missing.err.contains("fleet.yaml:5:"),
        "{}",
        missing.err
    );
    program.write("scenario.yaml", "start: 2026-01-05T08:00:00Z\nduration: 1h\nclasses: { a: { count: many } }\n");
    let broken = check("scenarios: [scenario.yaml]");
    assert!(
        broken.code == 1 && broken.err.contains("error[bad-scenario]") && broken.err.contains("fleet.yaml:5:"),
        "{}",
        broken.err
    );
    program.write(
        "scenario.yaml",
        "start: 2026-01-05T08:00:00Z\nduration: 1h\nclasses: { a: { count: 2, name: same } }\n",
    );
    assert!(check("scenarios: [scenario.yaml]").err.contains("classes.a.name: needs `{n}`"));
}
