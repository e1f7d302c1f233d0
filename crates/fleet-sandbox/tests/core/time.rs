//! What takes time on AWS takes it on the sandbox's clock.

use std::time::Duration;

use fleet_sandbox::{Config, Realism};
use serde_json::{Value, json};

use crate::caller::{Caller, start};

const START_MS: i64 = 1_795_000_000_000;

fn frozen(realism: Realism) -> Config {
    Config { frozen_clock_ms: Some(START_MS), realism, ..Config::default() }
}

/// A zip with one stored, empty file `a`.
const ZIP: &str = "UEsDBAoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIeAwoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==";

fn role(caller: &Caller, action: &str, document: &str, service: &str) -> u16 {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let form = form_urlencoded::Serializer::new(format!("Action={action}&RoleName=r"))
        .append_pair(document, &trust.to_string())
        .finish();
    caller.query("iam", &form).unwrap().status
}

fn create_function(caller: &Caller, name: &str) -> (u16, Value) {
    let function = json!({
        "FunctionName": name, "Runtime": "python3.12", "Handler": "a.b", "Role": "arn:aws:iam::111111111111:role/r",
        "Code": {"ZipFile": ZIP},
    });
    let answer = caller.send("lambda", "POST", "/2015-03-31/functions", &[], function.to_string().as_bytes()).unwrap();
    (answer.status, answer.json())
}

#[test]
fn a_role_can_be_assumed_only_when_it_has_spread() {
    let local = start(frozen(Realism { iam_propagation: Duration::from_secs(10), ..Realism::default() }));
    let caller = local.caller();
    let refused = (400, json!("The role defined for the function cannot be assumed by Lambda."));
    let tried = |name: &str| {
        let (status, answer) = create_function(&caller, name);
        (status, answer.get("message").or(answer.get("Message")).cloned().unwrap_or_default())
    };
    assert_eq!(tried("f"), refused, "no such role");
    assert_eq!(role(&caller, "CreateRole", "AssumeRolePolicyDocument", "iot.amazonaws.com"), 200);
    local.sandbox.clock().advance(Duration::from_secs(10)).unwrap();
    assert_eq!(tried("f"), refused, "a role that trusts another service");
    assert_eq!(role(&caller, "UpdateAssumeRolePolicy", "PolicyDocument", "lambda.amazonaws.com"), 200);
    local.sandbox.clock().advance(Duration::from_millis(9_999)).unwrap();
    assert_eq!(tried("f"), refused, "a trust that has not spread");
    local.sandbox.clock().advance(Duration::from_millis(1)).unwrap();
    assert_eq!(tried("f").0, 201);
}

#[test]
fn a_function_is_pending_then_active() {
    let realism =
        Realism { lambda_settling: Duration::from_secs(30), iam_propagation: Duration::ZERO, ..Realism::default() };
    let local = start(frozen(realism));
    let caller = local.caller();
    role(&caller, "CreateRole", "AssumeRolePolicyDocument", "lambda.amazonaws.com");
    assert_eq!(create_function(&caller, "f").1["State"], "Pending");
    let state = || caller.send("lambda", "GET", "/2015-03-31/functions/f/configuration", &[], b"").unwrap().json();
    local.sandbox.clock().advance(Duration::from_millis(29_999)).unwrap();
    assert_eq!(state()["State"], "Pending");
    local.sandbox.clock().advance(Duration::from_millis(1)).unwrap();
    assert_eq!((state()["State"].clone(), state()["LastUpdateStatus"].clone()), (json!("Active"), json!("Successful")));
}

#[test]
fn the_tag_index_is_late_and_shows_what_is_gone() {
    let local = start(frozen(Realism { tag_index_lag: Duration::from_secs(60), ..Realism::default() }));
    let caller = local.caller();
    let indexed = || {
        let found =
            caller.json("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", &json!({})).unwrap().json();
        let all = found["ResourceTagMappingList"].as_array().unwrap().iter();
        all.map(|one| one["Tags"][0]["Value"].as_str().unwrap_or("none").to_owned()).collect::<Vec<_>>()
    };
    let wait = |seconds| local.sandbox.clock().advance(Duration::from_secs(seconds)).unwrap();
    let arn = "arn:aws:sns:us-east-1:111111111111:t";
    caller.query("sns", "Action=CreateTopic&Name=t&Tags.member.1.Key=k&Tags.member.1.Value=1").unwrap();
    wait(59);
    assert_eq!(indexed(), Vec::<String>::new());
    wait(1);
    assert_eq!(indexed(), ["1"]);
    for value in ["2", "3"] {
        caller
            .query(
                "sns",
                &format!("Action=TagResource&ResourceArn={arn}&Tags.member.1.Key=k&Tags.member.1.Value={value}"),
            )
            .unwrap();
        wait(20);
    }
    assert_eq!(indexed(), ["1"], "neither of two quick changes has come through");
    wait(20);
    assert_eq!(indexed(), ["2"]);
    caller.query("sns", &format!("Action=DeleteTopic&TopicArn={arn}")).unwrap();
    wait(59);
    assert_eq!(indexed(), ["3"], "deleted, and still shown");
    wait(1);
    assert_eq!(indexed(), Vec::<String>::new());
}
