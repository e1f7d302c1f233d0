//! What is kept, for how long, and for whom.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use fleet_sandbox::{Config, Sandbox, StartError};
use serde_json::Value;

use crate::caller::{ACCOUNT, Caller, start};

const DIR: &str = "FLEET_SANDBOX_TEST_DIR";

fn in_folder(dir: &Path) -> Config {
    Config { dir: Some(dir.to_owned()), ..Config::default() }
}

/// Not a test of its own: the server which the next test kills.
#[test]
#[ignore = "started by killed_at_once_nothing_answered_is_lost"]
fn child_server() {
    let dir = std::env::var_os(DIR).expect("started by the other test");
    let local = start(in_folder(Path::new(&dir)));
    println!("url={}", local.sandbox.url());
    std::thread::park();
}

#[test]
fn killed_at_once_nothing_answered_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::child_server", "--ignored", "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.find_map(|line| line.split_once("url=").map(|(_, url)| url.to_owned())).unwrap();
    let caller = Caller::new(&url);
    let names: Vec<String> = (0..120).map(|n| format!("t{n:03}")).collect();
    for name in &names {
        assert_eq!(caller.create_topic(name).unwrap().status, 200);
    }
    let gone = format!("Action=DeleteTopic&TopicArn=arn:aws:sns:us-east-1:{ACCOUNT}:t000");
    assert_eq!(caller.query("sns", &gone).unwrap().status, 200);
    caller.send_plain("POST", "/_fleetctl/clock", &[], br#"{"advanceSeconds": 100000}"#).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut journal = std::fs::OpenOptions::new().append(true).open(dir.path().join("state.jsonl")).unwrap();
    journal.write_all(br#"{"put":[["111111111111","us-east-1","sns.topic","torn""#).unwrap();

    let local = start(in_folder(dir.path()));
    assert_eq!(local.caller().topics(), names[1..], "two pages of what was answered, and the torn line dropped");
    let machine_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!(local.sandbox.clock().now() as u128 >= machine_ms + 99_000_000, "the clock is part of the state");
    let second = tokio::runtime::Runtime::new().unwrap().block_on(Sandbox::start(in_folder(dir.path()))).err().unwrap();
    assert!(second.to_string().contains(&dir.path().display().to_string()), "{second}");
    local.stop();
    assert!(fleet_sandbox::reset_dir(dir.path()).unwrap());
    assert_eq!(start(in_folder(dir.path())).caller().topics(), Vec::<String>::new());
}

#[test]
fn a_refused_call_leaves_no_trace() {
    let local = start(Config::default());
    let caller = local.caller();
    let before = local.sandbox.snapshot();
    // The topic is stored before its 51 tags are counted.
    let tags: String = (1..=51).map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=v")).collect();
    let refused = caller.query("sns", &format!("Action=CreateTopic&Name=t{tags}")).unwrap();
    assert_eq!((refused.status, refused.error().as_str()), (400, "TagLimitExceeded"), "{}", refused.text());
    assert_eq!(local.sandbox.snapshot(), before);
}

#[test]
fn equal_calls_make_equal_accounts_apart_from_each_other() {
    let local = start(Config::default());
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let fill = |account: &str| {
        let mut caller = local.caller();
        caller.key = account.to_owned();
        caller.create_topic("t").unwrap();
        let mail = format!(
            "Action=Subscribe&TopicArn=arn:aws:sns:us-east-1:{account}:t&Protocol=email&Endpoint=a@example.com"
        );
        assert_eq!(caller.query("sns", &mail).unwrap().status, 200);
        let role = form_urlencoded::Serializer::new("Action=CreateRole&RoleName=r".to_owned())
            .append_pair("AssumeRolePolicyDocument", trust)
            .finish();
        assert_eq!(caller.query("iam", &role).unwrap().status, 200);
    };
    fill("111111111111");
    local.sandbox.clock().advance(std::time::Duration::from_secs(7)).unwrap();
    fill("222222222222");
    let snapshot = local.sandbox.snapshot();
    let of = |account: &str| -> Value {
        let text = snapshot["objects"][account].to_string().replace(account, "ACCOUNT");
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(of("111111111111"), of("222222222222"));
    assert!(of("111111111111")["aws-global"]["iam.role"]["r"]["Arn"].is_string());
    assert!(snapshot["volatile"]["111111111111"]["aws-global"]["iam.role"]["r"]["RoleId"].is_string());
}

#[test]
fn calls_at_the_same_time_are_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let local = start(in_folder(dir.path()));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let caller = local.caller();
            scope.spawn(move || {
                for n in 0..20 {
                    assert_eq!(caller.create_topic(&format!("t{thread}-{n}")).unwrap().status, 200);
                }
            });
        }
    });
    assert_eq!(local.caller().topics().len(), 160);
    assert_eq!(local.sandbox.calls_by_operation()["sns:CreateTopic"], 160);
    let snapshot = local.sandbox.snapshot();
    local.stop();
    assert_eq!(start(in_folder(dir.path())).sandbox.snapshot(), snapshot, "read back from the folder");
}

#[test]
fn only_the_own_machine_can_connect() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let config = Config { listen: everywhere, ..Config::default() };
    let refused = tokio::runtime::Runtime::new().unwrap().block_on(Sandbox::start(config)).err().unwrap();
    assert!(matches!(refused, StartError::NotLoopback(address) if address == everywhere), "{refused}");
}
