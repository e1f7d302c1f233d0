//! AWS's own audits through the program: `audit --run`, `findings` and `mitigate`; and
//! Detect's: `violations`.

use std::collections::BTreeSet;

use fleet_sandbox::{Action as Fault, Rule};
use serde_json::Value;

use super::program::{Program, Ran};
use super::world::{ACCOUNT, REGION, World};

const POLICY: &str = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK";
const LOGGING: &str = "LOGGING_DISABLED_CHECK";

/// An account that violates both checks, of which these are enabled.
fn spec(checks: &[&str], trusted: &str) -> String {
    let checks: String = checks.iter().map(|check| format!("    {check}: {{}}\n")).collect();
    format!(
        "version: 1
fleet: watched
policies:
  wide:
    document: {{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Action: \"iot:*\", Resource: \"*\" }}] }}
roles:
  auditor:
    trustedBy: [{trusted}]
    managedPolicies: [service-role/AWSIoTDeviceDefenderAudit]
  responder:
    trustedBy: [iot.amazonaws.com]
    allow: [{{ actions: [iot:CreatePolicyVersion, iot:SetV2LoggingOptions], resources: [\"*\"] }}]
audit:
  role: auditor
  checks:
{checks}"
    )
}

fn run(world: &World, program: &Program, arguments: &[&str]) -> Ran {
    let mut command = program.command();
    command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "sandbox");
    command.args(["--endpoint-url", &world.sandbox.url(), "--region", REGION]).args(arguments);
    Ran::from(command.output().expect("it starts"))
}

fn as_json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
}

fn differences(ran: &Ran) -> Vec<String> {
    let report = as_json(ran);
    let differences = report["aws"]["differences"].as_array().unwrap_or_else(|| panic!("{}", ran.err)).iter();
    differences.map(|one| format!("{} {} {}", one["side"], one["checkName"], one["because"])).collect()
}

const BOTH: &str = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK,LOGGING_DISABLED_CHECK";

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_by_aws_and_ours_agree_and_where_not_it_is_told_why() {
    let world = World::new().await;
    let program = Program::new();
    world.apply(&spec(&[POLICY, LOGGING], "iot.amazonaws.com")).await;

    let ran = run(&world, &program, &["audit", "--run", "--check", BOTH, "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(differences(&ran), Vec::<String>::new());
    assert!(ran.err.contains("of 2 checks done"), "{}", ran.err);
    let report = as_json(&ran);
    assert_eq!(report["aws"]["task"]["status"], "COMPLETED");
    let findings = report["findings"].as_array().expect("a list");
    let checks: BTreeSet<&str> = findings.iter().map(|one| one["checkName"].as_str().unwrap()).collect();
    assert_eq!(checks, BTreeSet::from([POLICY, LOGGING]));
    assert!(findings.iter().all(|one| one["findingId"].is_string() && !one["rule"].as_str().unwrap().is_empty()));
    let text = run(&world, &program, &["audit", "--run", "--check", BOTH]);
    assert!(text.out.contains("AWS and fleetctl have found the same"), "{}", text.out);

    // A suppression that only the account has.
    let session = world.session("x", Default::default());
    let version = aws_sdk_iot::types::PolicyVersionIdentifier::builder().policy_name("wide").policy_version_id("1");
    let resource = aws_sdk_iot::types::ResourceIdentifier::builder().policy_version_identifier(version.build()).build();
    let suppress = session.clients.iot.create_audit_suppression().check_name(POLICY).resource_identifier(resource);
    suppress.suppress_indefinitely(true).client_request_token("t").send().await.expect("made");
    let ran = run(&world, &program, &["audit", "--run", "--check", BOTH, "--json", "--fail-on", "critical"]);
    assert_eq!(ran.code, 0, "what the account accepts does not fail: {}", ran.err);
    let told = differences(&ran);
    assert!(told.len() == 1 && told[0].contains("awsAlone") && told[0].contains("suppress"), "{told:?}");

    // A check that is not enabled.
    world.apply(&spec(&[POLICY], "iot.amazonaws.com")).await;
    let ran = run(&world, &program, &["audit", "--run", "--check", BOTH, "--json"]);
    let told = differences(&ran);
    assert!(told.iter().any(|one| one.contains("fleetctlAlone") && one.contains("not enabled")), "{told:?}");
    let ran = run(&world, &program, &["audit", "--run", "--check", LOGGING]);
    assert!(ran.code == 1 && ran.err.contains("none of the selected checks is enabled"), "{}", ran.err);

    listed(&world, &program);
}

/// `findings` after those four audits.
fn listed(world: &World, program: &Program) {
    let list = |arguments: &[&str]| as_json(&run(world, program, &[&["findings", "--json"], arguments].concat()));
    let checks = |answer: &Value| {
        let findings = answer["findings"].as_array().expect("a list").iter();
        findings.map(|one| one["checkName"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let all = list(&["--all"]);
    assert!(all["findings"].as_array().unwrap().len() > list(&[])["findings"].as_array().unwrap().len());
    assert_eq!(checks(&list(&["--check", LOGGING])), BTreeSet::from([LOGGING.to_owned()]));
    assert_eq!(checks(&list(&["--severity", "critical"])), BTreeSet::from([POLICY.to_owned()]));
    assert_eq!(checks(&list(&["--resource", ACCOUNT])), BTreeSet::from([LOGGING.to_owned()]));
    assert_eq!(checks(&list(&["--suppressed"])), BTreeSet::from([POLICY.to_owned()]));
    let task = all["findings"][0]["taskId"].as_str().expect("an id");
    assert!(list(&["--task", task])["findings"].as_array().unwrap().iter().all(|one| one["taskId"] == task));
    let text = run(world, program, &["findings"]);
    assert!(text.out.contains("wide:1") && text.out.contains("finding ") && text.code == 0, "{}{}", text.out, text.err);
    let slip = run(world, program, &["findings", "--check", "LOGING_DISABLED_CHECK"]);
    assert!(slip.code == 64 && slip.err.contains("did you mean"), "{}", slip.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_aws_cannot_make_says_why() {
    let world = World::new().await;
    let program = Program::new();
    let ran = run(&world, &program, &["audit", "--run"]);
    assert!(ran.code == 1 && ran.err.contains("no check is enabled") && ran.err.contains("--live"), "{}", ran.err);

    world.apply(&spec(&[LOGGING], "lambda.amazonaws.com")).await;
    let ran = run(&world, &program, &["audit", "--run"]);
    let parts = ["FAILED", "INSUFFICIENT_PERMISSIONS", "does not trust iot.amazonaws.com", "help:"];
    assert!(ran.code == 1 && parts.iter().all(|part| ran.err.contains(part)), "{}", ran.err);

    let action =
        Fault::Error { code: "LimitExceededException".into(), message: "10 audits are running".into(), status: 410 };
    let operation = Some("StartOnDemandAuditTask".to_owned());
    world.sandbox.faults().add(Rule { operation: operation.clone(), times: Some(1), ..Rule::always(action) });
    let ran = run(&world, &program, &["audit", "--run"]);
    let parts = ["iot:StartOnDemandAuditTask", "10 audits are running"];
    assert!(ran.code == 1 && parts.iter().all(|part| ran.err.contains(part)), "{}", ran.err);

    // Throttling passes by itself.
    world.apply(&spec(&[LOGGING], "iot.amazonaws.com")).await;
    world.sandbox.faults().add(Rule { operation, times: Some(1), ..Rule::always(Fault::Throttle) });
    let ran = run(&world, &program, &["audit", "--run", "--check", LOGGING, "--json"]);
    assert_eq!((ran.code, differences(&ran)), (0, Vec::new()), "{}", ran.err);
}

const ACTIONS: &str = "mitigationActions:
  blank: { role: responder, replaceDefaultPolicyVersion: BLANK_POLICY }
  log: { role: responder, enableIoTLogging: { role: responder, logLevel: ERROR } }
";

#[tokio::test(flavor = "multi_thread")]
async fn mitigating_changes_the_account_and_the_next_audit_is_clean() {
    let world = World::new().await;
    let program = Program::new();
    world.apply(&(spec(&[POLICY, LOGGING], "iot.amazonaws.com") + ACTIONS)).await;
    let ran = as_json(&run(&world, &program, &["audit", "--run", "--check", BOTH, "--json"]));
    let task = ran["aws"]["task"]["taskId"].as_str().expect("an id");
    let id = |check: &str| {
        let found = ran["findings"].as_array().unwrap().iter().find(|one| one["checkName"] == check);
        found.expect("found")["findingId"].as_str().expect("an id").to_owned()
    };
    let mitigate = |arguments: &[&str]| run(&world, &program, &[&["mitigate"], arguments].concat());

    for (arguments, code, parts) in [
        (&[&id(POLICY), "--action", "blnk"][..], 1, &["no mitigation action `blnk`", "did you mean `blank`"][..]),
        (&["--task", task, "--action", "blank"], 1, &["does not offer", LOGGING, "--check"]),
        (&["nobody", "--action", "blank"], 1, &["there is no finding nobody", "fleetctl findings"]),
        (&[&id(POLICY), "--action", "blank"], 64, &["--auto-approve"]),
        (&["--action", "blank"], 64, &["FINDING"]),
    ] {
        let ran = mitigate(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "`{part}` is missing in {}", ran.err));
    }
    let dry = mitigate(&["--task", task, "--check", POLICY, "--action", "blank", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("wide:1") && dry.out.contains("lose all it allows"), "{}", dry.out);
    let session = world.session("x", Default::default());
    let version = async || {
        let policy = session.clients.iot.get_policy().policy_name("wide").send().await.expect("read");
        policy.default_version_id().expect("a version").to_owned()
    };
    assert_eq!(version().await, "1", "nothing was done");

    let done = mitigate(&[&id(POLICY), "--action", "blank", "--auto-approve"]);
    assert!(
        done.code == 0 && done.out.contains("COMPLETED") && done.out.contains("wide:1"),
        "{}{}",
        done.out,
        done.err
    );
    assert_eq!(version().await, "2");
    let done = mitigate(&[&id(LOGGING), "--action", "log", "--auto-approve", "--json"]);
    assert_eq!(as_json(&done)["tasks"][0]["executions"][0]["status"], "COMPLETED", "{}", done.err);
    let ran = run(&world, &program, &["audit", "--run", "--check", BOTH, "--json", "--fail-on", "low"]);
    assert_eq!((ran.code, differences(&ran)), (0, Vec::new()), "{}{}", ran.out, ran.err);
    assert_eq!(as_json(&ran)["findings"], serde_json::json!([]));

    // The policy has five versions in the end, and AWS says that no more fit.
    for _ in 0..3 {
        assert_eq!(mitigate(&[&id(POLICY), "--action", "blank", "--auto-approve"]).code, 0);
    }
    let full = mitigate(&[&id(POLICY), "--action", "blank", "--auto-approve"]);
    assert_eq!(full.code, 3, "{}{}", full.out, full.err);
    assert!(full.out.contains("FAILED") && full.out.contains("VersionsLimitExceeded"), "{}", full.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn violations_are_listed_and_verified() {
    let world = World::new().await;
    let program = Program::new();
    world
        .apply(
            "version: 1
fleet: watched
securityProfiles:
  quiet:
    behaviors:
      Sent: { metric: aws:num-messages-sent, alarmWhen: \"> 1 in 5m\" }
    attachTo: [{ all: things }]
",
        )
        .await;
    let now = world.sandbox.clock().now();
    let event = |at: i64| {
        let event =
            serde_json::json!({ "timestamp": at, "type": "publish", "clientId": "line-1", "topic": "t", "bytes": 1 });
        event.to_string()
    };
    // Two in one window of five minutes.
    let window = (now - 1_800_000).div_euclid(300_000) * 300_000;
    let traffic = [event(window + 1000), event(window + 2000)].join("\n");
    let url = format!("{}/_fleetctl/traffic/{ACCOUNT}/{REGION}", world.sandbox.url());
    let posted =
        std::process::Command::new("curl").args(["-sS", "-X", "POST", &url, "--data-binary", &traffic]).output();
    let posted = String::from_utf8(posted.expect("curl starts").stdout).expect("UTF-8");
    assert!(posted.contains("violationEvents"), "{posted}");

    let list = |arguments: &[&str]| as_json(&run(&world, &program, &[&["violations", "--json"], arguments].concat()));
    let active = list(&[]);
    let one = &active["violations"][0];
    assert_eq!((&one["thingName"], &one["behaviorName"]), (&"line-1".into(), &"Sent".into()), "{active}");
    assert_eq!(one["value"], serde_json::json!({ "count": 2 }));
    assert_eq!(list(&["--thing", "line-2"])["violations"], serde_json::json!([]));
    assert_eq!(list(&["--events", "--since", "1h"])["violations"][0]["eventType"], "in-alarm");
    assert_eq!(list(&["--events", "--since", "1m"])["violations"], serde_json::json!([]));
    let id = one["violationId"].as_str().expect("an id");
    let verified = run(&world, &program, &["violations", "verify", id, "false_positive", "--description", "bench"]);
    assert!(verified.code == 0 && verified.out.contains("FALSE_POSITIVE"), "{}{}", verified.out, verified.err);
    assert_eq!(list(&["--verification", "UNKNOWN"])["violations"], serde_json::json!([]));
    let text = run(&world, &program, &["violations", "--verification", "FALSE_POSITIVE"]);
    assert!(text.out.contains("line-1 quiet/Sent") && text.out.contains("FALSE_POSITIVE: bench"), "{}", text.out);
    let wrong = run(&world, &program, &["violations", "verify", "nobody", "UNKNOWN"]);
    assert!(wrong.code == 1 && wrong.err.contains("nobody does not exist"), "{}", wrong.err);
}
