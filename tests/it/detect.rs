//! Custom metrics and dimensions together with the security profiles that use them.

use fleet_sandbox::{Config, Realism, Sandbox};
use fleetctl::address::Address;
use fleetctl::plan::Action;
use serde_json::{Value, json};

use super::program::{Program, Ran};
use super::world::{World, step};

/// A profile over a custom metric of a type, with a criterion that fits it.
fn fleet(metric_type: &str, alarm_when: &str) -> String {
    format!(
        r#"
version: 1
fleet: detect
thingGroups: {{ hall: {{}} }}
customMetrics: {{ battery: {{ metricType: {metric_type} }} }}
dimensions: {{ status: {{ stringValues: ["line/+/status"] }} }}
securityProfiles:
  baseline:
    attachTo: [{{ group: hall }}]
    retain: [battery]
    behaviors:
      Battery: {{ metric: battery, alarmWhen: "{alarm_when}" }}
      Status: {{ metric: "aws:num-messages-sent", alarmWhen: "> 5 in 5m", metricDimension: {{ dimensionName: status }} }}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_is_replaced_while_a_profile_uses_it_and_the_profile_has_it_again() {
    let world = World::new().await;
    world.apply(&fleet("number", "< 20")).await;
    let wanted = fleet("number-list", "any in [0]");
    let plan = world.apply(&wanted).await;
    assert_eq!(step(&plan, &Address::new("customMetrics", "battery")).action, Action::Replace);
    assert_eq!(step(&plan, &Address::new("securityProfiles", "baseline")).action, Action::Update);
    assert_eq!(step(&plan, &Address::new("dimensions", "status")).action, Action::Keep);
    world.assert_settled(&wanted, "after the replacement").await;
    let fresh = World::new().await;
    fresh.apply(&wanted).await;
    pretty_assertions::assert_eq!(world.objects(), fresh.objects());
    world.apply("version: 1\nfleet: detect\n").await;
    pretty_assertions::assert_eq!(world.objects(), World::new().await.objects(), "nothing is left, users went first");
}

fn checked(spec: &str) -> Ran {
    let program = Program::new();
    let path = program.write("fleet.yaml", spec);
    program.run(&["check", path.to_str().expect("UTF-8")])
}

#[test]
fn names_and_types_of_metrics_and_dimensions_are_checked_where_they_are_used() {
    let right = checked(&fleet("number", "< 20"));
    assert_eq!((right.code, right.err.contains("is declared")), (0, false), "{}", right.err);
    let wrong_type = checked(&fleet("string-list", "< 20"));
    assert_eq!(wrong_type.code, 1);
    assert!(wrong_type.err.contains("fleet.yaml:12:"), "at the behaviour: {}", wrong_type.err);
    let slip = checked(&fleet("number", "< 20").replace("dimensionName: status", "dimensionName: statuss"));
    assert_eq!(slip.code, 0, "it may be there already: {}", slip.err);
    assert!(slip.err.contains("no dimension `statuss`") && slip.err.contains("did you mean `status`?"), "{}", slip.err);
    let elsewhere = checked(&fleet("number", "< 20").replace("retain: [battery]", "retain: [temperature]"));
    assert_eq!(elsewhere.code, 0, "{}", elsewhere.err);
    assert!(elsewhere.err.contains("no custom metric `temperature` is declared"), "{}", elsewhere.err);
}

#[test]
fn simulate_knows_the_metrics_and_dimensions_of_the_spec() {
    let program = Program::new();
    let spec = fleet("string-list", "any in [10.0.0.1]").replace("hall: {}", "hall: { things: [line-1] }");
    program.write("fleet.yaml", &format!("{spec}things: {{ line-1: {{}} }}\n"));
    let at = 1_573_786_500_000_i64;
    // Six messages on a topic of the dimension are too many; of the twelve elsewhere none counts.
    let publish = |number: i64| {
        let topic = if number % 3 == 0 { "line/line-1/status" } else { "line/line-1/log" };
        json!({ "timestamp": at + number * 1000, "type": "publish", "clientId": "line-1", "topic": topic, "bytes": 1 })
    };
    let report = json!({ "timestamp": at + 20_000, "type": "report", "clientId": "line-1",
        "metrics": { "battery": { "strings": ["10.0.0.1"] } } });
    let lines: Vec<String> = (0..18).map(publish).chain([report]).map(|event| event.to_string()).collect();
    program.write("traffic.ndjson", &(lines.join("\n") + "\n"));
    let ran = program.run(&["simulate", "fleet.yaml", "--traffic", "traffic.ndjson", "--format", "jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let bodies = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a body"));
    let mut found: Vec<(String, Value)> =
        bodies.map(|body| (body["behavior"]["name"].to_string(), body["metricValue"].clone())).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("Battery", json!({ "strings": ["10.0.0.1"] })), ("Status", json!({ "count": 6 }))];
    assert_eq!(found, expected.map(|(name, value)| (json!(name).to_string(), value)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_detect_is_told_so_at_once_for_each_kind_and_the_rest_goes_on() {
    let realism = Realism { detect_available: false, ..Realism::default() };
    let sandbox = Sandbox::start(Config { realism, ..Config::default() }).await.expect("it starts");
    let program = Program::new();
    let profile = "  quiet: { retain: [\"aws:num-disconnects\"] }\n";
    let spec = program.write("fleet.yaml", &(fleet("number", "< 20") + profile));
    let mut command = program.command();
    command.args(["apply", "--auto-approve", "--region", "us-east-1", "--endpoint-url", &sandbox.url()]).arg(spec);
    command.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "s");
    let ran =
        tokio::task::spawn_blocking(move || Ran::from(command.output().expect("it starts"))).await.expect("it runs");
    assert_eq!(ran.code, 3, "partly applied: {}{}", ran.out, ran.err);
    for address in ["customMetrics.battery", "dimensions.status", "securityProfiles.quiet"] {
        let line = ran.out.lines().chain(ran.err.lines()).find(|line| line.contains(&format!("{address} failed")));
        let line = line.unwrap_or_else(|| panic!("{address} in\n{}", ran.out));
        assert!(line.contains("no new customers for Detect since 2026-08-31"), "{line}");
    }
    let calls = sandbox.calls_by_operation();
    for operation in ["CreateCustomMetric", "CreateDimension", "CreateSecurityProfile"] {
        assert_eq!(calls[&format!("iot:{operation}")], 1, "{operation} is not tried again");
    }
    assert_eq!(calls["iot:CreateThingGroup"], 1);
}
