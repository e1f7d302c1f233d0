//! A sandbox in memory and a session that talks to it: what every test here starts from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fleet_sandbox::{Config, Sandbox};
use fleetctl::address::Address;
use fleetctl::apply::{self, End, Events, Report};
use fleetctl::aws::clients::{Clients, Options};
use fleetctl::aws::clock::Clock;
use fleetctl::aws::context::{Artifacts, Session, Silent};
use fleetctl::aws::rate::Rates;
use fleetctl::cli::front::{self, Checked};
use fleetctl::live::{self, Search};
use fleetctl::plan::{self, Input, Plan, Step};
use fleetctl::scope::Place;
use futures_util::future::BoxFuture;
use serde_json::Value;

pub const ACCOUNT: &str = "000000000000";
pub const REGION: &str = "us-east-1";

pub struct World {
    pub sandbox: Arc<Sandbox>,
    clients: Clients,
    dir: tempfile::TempDir,
}

impl World {
    pub async fn new() -> World {
        let sandbox = Sandbox::start(Config { record: true, ..Config::default() }).await.expect("the sandbox starts");
        let options = Options {
            region: Some(REGION.into()),
            endpoint_url: Some(sandbox.url()),
            fixed_credentials: Some((ACCOUNT.into(), "sandbox".into())),
            ..Options::default()
        };
        let clients = Clients::connect(&options).await;
        World { sandbox: Arc::new(sandbox), clients, dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn place() -> Place {
        Place::new(ACCOUNT, REGION)
    }

    /// A session of a fleet; waiting moves the sandbox's clock.
    pub fn session(&self, fleet: &str, artifacts: BTreeMap<String, Arc<Vec<u8>>>) -> Arc<Session> {
        Arc::new(Session {
            clients: self.clients.clone(),
            place: World::place(),
            fleet: fleet.into(),
            clock: Arc::new(Skipping(self.sandbox.clone())),
            rates: Rates::default(),
            progress: Arc::new(Silent),
            artifacts: Arc::new(Zips(artifacts)),
            calls: AtomicU64::new(0),
        })
    }

    /// A spec file in this world's folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("the folder is made");
        std::fs::write(&path, text).expect("the spec is written");
        path
    }

    /// Plans a spec text for the fleet it names.
    pub async fn plan(&self, text: &str) -> (Plan, Arc<Session>) {
        let path = self.write("fleet.yaml", text);
        self.plan_file(&path).await
    }

    pub async fn plan_file(&self, path: &Path) -> (Plan, Arc<Session>) {
        let checked = check(path);
        let session = self.session(&checked.resolved.fleet, checked.files.artifacts());
        let resolved = &checked.resolved;
        let live =
            live::read(&session, &resolved.desired, Search::Index, &|_| true).await.expect("everything can be read");
        let plan = plan::build(&Input {
            fleet: &resolved.fleet,
            place: &session.place,
            desired: &resolved.desired,
            edges: &resolved.edges,
            live: &live.declared,
            orphans: &live.orphans,
            adopt: &BTreeSet::new(),
            why_gone: plan::NO_LONGER_DECLARED,
            selected: &|_| true,
        });
        (plan, session)
    }

    /// What lies in the sandbox, to compare two ways to a state: without identifiers and times, without counters of the
    /// changes on the way, and without the difference between absent, null and empty.
    pub fn objects(&self) -> Value {
        let mut objects = self.sandbox.snapshot()["objects"].clone();
        forget_the_way(&mut objects);
        objects
    }

    /// Plans and applies; everything must be done.
    pub async fn apply(&self, text: &str) -> Plan {
        let (plan, session) = self.plan(text).await;
        let report = apply_plan(&session, &plan).await;
        assert_all_done(&report);
        plan
    }

    /// Plans, and asserts that nothing is to be done.
    pub async fn assert_settled(&self, text: &str, when: &str) {
        let (plan, _) = self.plan(text).await;
        assert_no_changes(&plan, when);
    }
}

fn forget_the_way(value: &mut Value) {
    const COUNTERS: [&str; 7] =
        ["version", "clockOffsetMs", "defaultVersionId", "versionId", "DefaultVersionId", "VersionId", "generationId"];
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(forget_the_way);
            let empty = |value: &Value| match value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(map) => map.is_empty(),
                _ => false,
            };
            map.retain(|key, value| !COUNTERS.contains(&key.as_str()) && !empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(forget_the_way),
        _ => {}
    }
}

impl Drop for World {
    /// Leaves the recorded traffic for the wire check, where the test script asks for it.
    fn drop(&mut self) {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        let Some(folder) = std::env::var_os("FLEETCTL_WIRE_DIR") else { return };
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(folder).join(format!("{}-{number}.jsonl", std::process::id()));
        let lines: Vec<String> = self
            .sandbox
            .exchanges()
            .iter()
            .map(|exchange| serde_json::to_string(exchange).expect("plain data"))
            .collect();
        std::fs::write(path, lines.join("\n") + "\n").expect("the traffic is written");
    }
}

pub fn check(path: &Path) -> Checked {
    let cli = <fleetctl::cli::Cli as clap::Parser>::parse_from(["fleetctl", "check"]);
    let checked = front::read(path, &cli.global).and_then(|front| front::check(front, &World::place()));
    checked.unwrap_or_else(|failure| {
        failure.print(&cli.global);
        panic!("{} has mistakes", path.display())
    })
}

pub async fn apply_plan(session: &Arc<Session>, plan: &Plan) -> Report {
    let events: Arc<dyn Events> = Arc::new(Quiet);
    apply::apply(session, plan, &events, &AtomicBool::new(false)).await
}

pub fn assert_all_done(report: &Report) {
    for (step, end) in &report.ends {
        assert!(matches!(end, End::Done), "{}: {end:?}", step.address);
    }
}

pub fn assert_no_changes(plan: &Plan, when: &str) {
    let changes: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.action != plan::Action::Keep)
        .map(|step| format!("{} {:?} {:?} {:?}", step.address, step.action, step.changes, step.reason))
        .collect();
    assert!(changes.is_empty(), "{when}: {changes:#?}");
}

pub fn step<'a>(plan: &'a Plan, address: &Address) -> &'a Step {
    plan.steps.iter().find(|step| step.address == *address).unwrap_or_else(|| panic!("no step for {address}"))
}

struct Quiet;

impl Events for Quiet {
    fn started(&self, _: &Step) {}
    fn ended(&self, _: &Step, _: &End) {}
}

struct Zips(BTreeMap<String, Arc<Vec<u8>>>);

impl Artifacts for Zips {
    fn get(&self, sha256_base64: &str) -> Option<Arc<Vec<u8>>> {
        self.0.get(sha256_base64).cloned()
    }
}

struct Skipping(Arc<Sandbox>);

impl Clock for Skipping {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.clock().advance(duration).expect("a clock in memory always moves");
            tokio::task::yield_now().await;
        })
    }
}
