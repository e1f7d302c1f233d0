//! What goes wrong is said in one place each, with the next step, and nothing is half done in silence.

use fleet_sandbox::{Action as Fault, Config, Rule, Sandbox};

use super::program::{Program, Ran};

const TEN_MISTAKES: &str = r#"version: 1
fleet: factory
thingTypes:
  sensor: { desciption: A sensor }
things:
  line 1: {}
  line-2: { thingType: sensr }
  line-3: { attributes: { a: "1", b: "2", c: "3" } }
thingGroups:
  hall: { parent: hall, things: [line-9] }
logGroups:
  /fleet/log: { retentionDays: 31 }
alarms:
  many: { metric: Fleet/Violations, statistic: Sum, period: 45, alarmWhen: "> 5 for 2 periods", notify: [alrts] }
topics:
  alerts: { publishers: iot.amazonaws.com }
topicRules:
  no-hyphens: { sql: SELECT * FROM 'a', actions: [{ sns: { topic: alerts, role: nobody } }] }
"#;

#[test]
fn ten_mistakes_are_ten_errors_each_at_its_line() {
    let program = Program::new();
    let spec = program.write("fleet.yaml", TEN_MISTAKES);
    let ran = program.run(&["check", "--json", spec.to_str().expect("UTF-8")]);
    assert_eq!(ran.code, 1);
    let found: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let diagnostics = found["diagnostics"].as_array().expect("a list");
    let lines: std::collections::BTreeSet<u64> =
        diagnostics.iter().filter_map(|one| one["at"]["line"].as_u64()).collect();
    assert_eq!(lines, [4, 6, 7, 8, 10, 12, 14, 16, 18].into(), "{diagnostics:#?}");
    assert!(diagnostics.len() >= 10, "{diagnostics:#?}");
    let text = program.run(&["check", spec.to_str().expect("UTF-8")]).err;
    for part in [
        "did you mean `description`?",
        "did you mean `sensor`?",
        "did you mean `alerts`?",
        "fleet.yaml:4:",
        "fleet.yaml:18:",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

async fn plan_with(endpoint: &str, key: &str) -> Ran {
    let program = Program::new();
    let spec = program.write("fleet.yaml", "version: 1\nfleet: f\nthings: { a: {} }\n");
    let mut command = program.command();
    command.args(["apply", "--auto-approve", "--region", "us-east-1", "--endpoint-url", endpoint]).arg(spec);
    if !key.is_empty() {
        command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", "secret-that-is-not-shown");
    }
    let ran =
        tokio::task::spawn_blocking(move || Ran::from(command.output().expect("it starts"))).await.expect("it runs");
    assert!(!ran.err.contains("secret-that-is-not-shown") && !ran.out.contains("secret-that-is-not-shown"));
    drop(program);
    ran
}

/// One line, with all the parts, and exit code 1.
fn assert_says(ran: &Ran, parts: &[&str]) {
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(lines.len(), 1, "one clear sentence:\n{}", ran.err);
    for part in parts {
        assert!(lines[0].contains(part), "`{part}` is missing in\n{}", lines[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_the_caller_or_the_network_is_one_sentence() {
    let sandbox = Sandbox::start(Config::default()).await.expect("it starts");
    let url = sandbox.url();
    assert_says(&plan_with(&url, "").await, &["no AWS credentials were found", "AWS_PROFILE", "--sandbox"]);
    assert_says(
        &plan_with(&url, "EXPIRED0000000000").await,
        &["sts:GetCallerIdentity", "ExpiredToken", "sign in again"],
    );
    assert_says(&plan_with(&url, "INVALID0000000000").await, &["sts:GetCallerIdentity", "check the access key"]);
    let closed = "http://127.0.0.1:9";
    assert_says(
        &plan_with(closed, "000000000000").await,
        &["cannot be reached", "--endpoint-url", "nothing was changed"],
    );
    assert_eq!(sandbox.snapshot()["objects"], serde_json::json!({}), "nothing is half written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_action_names_itself_and_its_object_and_the_rest_goes_on() {
    let sandbox = Sandbox::start(Config::default()).await.expect("it starts");
    let message = "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: iot:CreateThing on resource: \
                   arn:aws:iot:us-east-1:000000000000:thing/b because no identity-based policy allows the iot:CreateThing action";
    let action = Fault::Error { code: "UnauthorizedException".into(), message: message.into(), status: 401 };
    let rule =
        Rule { service: Some("iot".into()), operation: Some("CreateThing".into()), nth: None, times: None, action };
    sandbox.faults().add(rule);
    let program = Program::new();
    let spec = program.write(
        "fleet.yaml",
        "version: 1\nfleet: f\nthings: { b: {} }\nthingTypes: { t: {} }\nthingGroups: { g: { things: [b] } }\n",
    );
    let mut command = program.command();
    command.args(["apply", "--auto-approve", "--region", "us-east-1", "--endpoint-url", &sandbox.url()]).arg(spec);
    command.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "s");
    let ran =
        tokio::task::spawn_blocking(move || Ran::from(command.output().expect("it starts"))).await.expect("it runs");
    assert_eq!(ran.code, 3, "partly applied: {}{}", ran.out, ran.err);
    for part in [
        "things.b failed: iot:CreateThing for things.b failed",
        "allow iot:CreateThing for the caller",
        "thingGroups.g was not begun: things.b was not done",
    ] {
        assert!(ran.out.contains(part), "`{part}` is missing in\n{}", ran.out);
    }
    assert!(ran.out.contains("1 of 3 changes are made"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_calls_in_flight_and_the_next_run_goes_on() {
    let sandbox = Sandbox::start(Config::default()).await.expect("it starts");
    let program = Program::new();
    let things: String = (0..60).map(|number| format!("  line-{number}: {{}}\n")).collect();
    let spec = program.write("fleet.yaml", &format!("version: 1\nfleet: f\nthings:\n{things}"));
    let slow = Fault::delay(std::time::Duration::from_millis(150));
    let rule = Rule { service: None, operation: Some("CreateThing".into()), nth: None, times: None, action: slow };
    sandbox.faults().add(rule);
    let mut command = program.command();
    command.args(["apply", "--auto-approve", "--region", "us-east-1", "--endpoint-url", &sandbox.url()]).arg(&spec);
    command.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "s");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("it starts");
    while sandbox.calls_by_operation().get("iot:CreateThing").copied().unwrap_or(0) < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill runs").success());
    let ran = tokio::task::spawn_blocking(move || Ran::from(child.wait_with_output().expect("it ends")))
        .await
        .expect("it runs");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("finishing the calls in flight") && ran.out.contains("the run was interrupted"),
        "{}",
        ran.out
    );
    let made = sandbox.calls_by_operation()["iot:CreateThing"];
    assert!(
        ran.out.contains(&format!("{made} of 60 changes are made")),
        "what was begun was ended: {made}\n{}",
        ran.out
    );
    sandbox.faults().clear();
    let mut again = program.command();
    again.args(["apply", "--auto-approve", "--region", "us-east-1", "--endpoint-url", &sandbox.url()]).arg(&spec);
    again.env("AWS_ACCESS_KEY_ID", "000000000000").env("AWS_SECRET_ACCESS_KEY", "s");
    let again =
        tokio::task::spawn_blocking(move || Ran::from(again.output().expect("it starts"))).await.expect("it runs");
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(again.out.contains(&format!("Plan: {} to create; {made} unchanged.", 60 - made)), "{}", again.out);
}
