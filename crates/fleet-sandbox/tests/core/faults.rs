//! Faults as a client meets them.

use std::time::{Duration, Instant};

use fleet_sandbox::{Action, Config, Rule};
use serde_json::json;

use crate::caller::start;

fn once(action: Action) -> Rule {
    Rule { times: Some(1), ..Rule::always(action) }
}

#[test]
fn refusals_take_each_services_form_and_do_nothing() {
    let local = start(Config::default());
    let caller = local.caller();
    let forms = [
        ("iam", ("Throttling", 400), "InternalFailure", ("AccessDenied", 403)),
        ("iot", ("ThrottlingException", 400), "InternalFailureException", ("AccessDeniedException", 403)),
        ("lambda", ("TooManyRequestsException", 429), "ServiceException", ("AccessDeniedException", 403)),
        ("logs", ("ThrottlingException", 400), "ServiceUnavailableException", ("AccessDeniedException", 400)),
        ("monitoring", ("ThrottlingException", 400), "InternalServiceFault", ("AccessDeniedException", 400)),
        ("sns", ("Throttled", 429), "InternalError", ("AuthorizationError", 403)),
        ("sts", ("Throttling", 400), "InternalFailure", ("AccessDenied", 403)),
        ("tagging", ("ThrottledException", 400), "InternalServiceException", ("AccessDeniedException", 400)),
    ];
    for (service, throttled, failure, denied) in forms {
        let only = |action| Rule { service: Some(service.to_owned()), ..once(action) };
        let resource = Some("arn:aws:x".to_owned());
        local.sandbox.faults().add(only(Action::Throttle));
        local.sandbox.faults().add(Rule { nth: Some(2), ..only(Action::ServerError) });
        local.sandbox.faults().add(Rule { nth: Some(3), ..only(Action::AccessDenied { resource }) });
        let answers: Vec<_> = (0..4).map(|_| caller.read(service).unwrap()).collect();
        assert_eq!((answers[0].error().as_str(), answers[0].status), throttled, "{service}");
        assert_eq!((answers[1].error().as_str(), answers[1].status), (failure, 500), "{service}");
        assert_eq!((answers[2].error().as_str(), answers[2].status), denied, "{service}");
        let words = "User: arn:aws:iam::111111111111:root is not authorized to perform: ";
        let text = answers[2].text();
        assert!(text.contains(words) && text.contains("on resource: arn:aws:x"), "{service}: {text}");
        assert_eq!(answers[3].status, 200, "{service}: the rules are used up");
    }
    let code = "OperationAbortedException".to_owned();
    local.sandbox.faults().add(once(Action::Error { code, message: "later".into(), status: 400 }));
    let group = json!({"logGroupName": "g"});
    let refused = caller.json("logs", "Logs_20140328.CreateLogGroup", &group).unwrap();
    assert_eq!(
        (refused.error().as_str(), refused.json()["message"].as_str()),
        ("OperationAbortedException", Some("later"))
    );
    assert_eq!(
        caller.json("logs", "Logs_20140328.CreateLogGroup", &group).unwrap().status,
        200,
        "nothing was done before"
    );
}

#[test]
fn connections_close_before_or_after_the_work_and_a_halt_ends_it() {
    let local = start(Config { record: true, ..Config::default() });
    let caller = local.caller();
    let faults = local.sandbox.faults();
    faults.add(once(Action::DropBefore));
    assert!(caller.create_topic("before").is_none());
    assert_eq!(caller.topics(), Vec::<String>::new());
    faults.clear();
    faults.add(once(Action::DropAfter));
    assert!(caller.create_topic("after").is_none());
    assert_eq!(caller.topics(), ["after"]);
    let closed: Vec<_> = local.sandbox.exchanges().into_iter().filter(|exchange| exchange.status == 0).collect();
    assert_eq!(closed.len(), 1, "a lost reply is recorded as made, a call not carried out as closed");
    faults.clear();
    faults.add(Rule { operation: Some("CreateTopic".into()), nth: Some(2), ..Rule::always(Action::Halt) });
    assert!(caller.create_topic("last").is_some() && !faults.halted());
    assert!(caller.create_topic("never").is_none() && faults.halted());
    local.wait(faults.wait_halted());
    assert!(caller.read("sts").is_none(), "every later call, whatever it is");
    faults.clear();
    assert_eq!(caller.topics(), ["after", "last"]);
}

#[test]
fn reads_can_be_stale_and_calls_slow() {
    let local = start(Config::default());
    let caller = local.caller();
    caller.create_topic("one").unwrap();
    caller.create_topic("two").unwrap();
    local.sandbox.faults().add(once(Action::StaleRead));
    assert_eq!(caller.topics(), ["one"]);
    assert_eq!(caller.topics(), ["one", "two"]);
    local.sandbox.faults().clear();
    local.sandbox.faults().add(once(Action::StaleRead));
    caller.create_topic("three").unwrap();
    assert_eq!(caller.topics(), ["one", "three", "two"], "a write is done on the present state");
    local.sandbox.faults().clear();
    local.sandbox.faults().add(once(Action::delay(Duration::from_millis(60))));
    let begun = Instant::now();
    caller.topics();
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[test]
fn the_control_plane_sets_faults_and_time_and_keeps_browsers_out() {
    let local = start(Config { record: true, ..Config::default() });
    let caller = local.caller();
    let control = |method: &str, path: &str, body: &str| {
        caller.send_plain(method, &format!("/_fleetctl/{path}"), &[], body.as_bytes()).unwrap()
    };
    let rule = r#"{"service": "sns", "operation": "CreateTopic", "nth": 2, "action": {"type": "Throttle"}}"#;
    assert_eq!(control("POST", "faults", rule).status, 200);
    let statuses: Vec<u16> = (0..3).map(|n| caller.create_topic(&format!("t{n}")).unwrap().status).collect();
    assert_eq!(statuses, [200, 429, 200]);
    let wrong = control("POST", "faults", r#"{"acton": 1}"#);
    assert!(wrong.status == 400 && wrong.text().contains("acton"), "{}", wrong.text());
    assert_eq!(control("POST", "faults", r#"{"seed": 1, "probability": 1}"#).status, 200);
    assert!(caller.read("sts").is_none_or(|answer| answer.status >= 400));
    assert_eq!(control("DELETE", "faults", "").status, 200);
    assert_eq!(caller.read("sts").unwrap().status, 200);
    let before = control("GET", "clock", "").json()["epochMilliseconds"].as_i64().unwrap();
    let after = control("POST", "clock", r#"{"advanceSeconds": 90.5}"#).json()["epochMilliseconds"].as_i64().unwrap();
    assert!(after - before >= 90_500);
    assert_eq!(control("POST", "clock", r#"{"advanceSeconds": -1}"#).status, 400);
    let lines = control("GET", "exchanges", "").text();
    assert_eq!(lines.lines().count(), local.sandbox.exchanges().len());
    assert!(!lines.contains("Signature=0"), "signatures are not recorded");
    assert_eq!(control("GET", "snapshot", "").json(), local.sandbox.snapshot());
    let origin = [("origin", "http://localhost:3000")];
    assert_eq!(caller.send_plain("POST", "/_fleetctl/reset", &origin, b"").unwrap().status, 403);
    assert_eq!(control("POST", "reset", "").status, 200);
    assert_eq!((caller.topics().len(), local.sandbox.calls()), (0, 1));
    assert_eq!(control("GET", "nonsense", "").status, 404);
}
