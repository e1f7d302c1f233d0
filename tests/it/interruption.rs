//! Killed at every call, and with every answer lost: the next run always gets there, and the one after it has nothing
//! to do. Nothing is orphaned, doubled, or foreign and touched.

use std::path::PathBuf;

use fleet_sandbox::{Action as Fault, Rule};
use fleetctl::plan::Plan;
use serde_json::Value;

use super::world::{World, apply_plan, assert_all_done, assert_no_changes};

fn recipe() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/factory-fleet/fleet.yaml")
}

const NOTHING: &str = "version: 1\nfleet: factory\n";

/// Objects of somebody else, some with names near to ours.
const FOREIGN: &str = r#"
version: 1
fleet: somebody-else
topics: { other-alerts: {} }
things: { other-sensor: {} }
thingGroups: { other-fleet: { things: [other-sensor] } }
"#;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// The process dies before the call; nothing after it happens.
    Killed,
    /// The change is made and its answer is lost; the process lives.
    AnswerLost,
}

/// Plans `goal` and applies it with the fault at call `nth` of the apply. Returns whether the fault was reached.
async fn cut(
    world: &World,
    plan: &Plan,
    session: &std::sync::Arc<fleetctl::aws::context::Session>,
    cut: Cut,
    nth: u64,
) -> bool {
    let before = world.sandbox.calls();
    let action = if cut == Cut::Killed { Fault::Halt } else { Fault::DropAfter };
    world.sandbox.faults().add(Rule { service: None, operation: None, nth: Some(nth), times: Some(1), action });
    match cut {
        Cut::Killed => {
            // Dropping the future is what dying is: no call is made any more.
            tokio::select! {
                _ = apply_plan(session, plan) => {}
                () = world.sandbox.faults().wait_halted() => {}
            }
        }
        Cut::AnswerLost => drop(apply_plan(session, plan).await),
    }
    world.sandbox.faults().clear();
    world.sandbox.calls() - before >= nth
}

/// Goes through all calls from one settled state to another.
async fn every_call(kind: Cut, from: Option<PathBuf>, to: Option<PathBuf>) {
    let world = World::new().await;
    let nothing = world.write("nothing.yaml", NOTHING);
    let (from, to) = (from.unwrap_or_else(|| nothing.clone()), to.unwrap_or_else(|| nothing.clone()));
    let expected = settled(&world, &from, &to).await;
    let mut nth = 1;
    loop {
        world.sandbox.reset().expect("memory can be cleared");
        world.apply(FOREIGN).await;
        reach(&world, &from).await;
        let (plan, session) = world.plan_file(&to).await;
        let reached = cut(&world, &plan, &session, kind, nth).await;
        reach(&world, &to).await;
        let (again, _) = world.plan_file(&to).await;
        assert_no_changes(&again, &format!("{kind:?} at call {nth}"));
        pretty_assertions::assert_eq!(
            world.objects(),
            expected,
            "{kind:?} at call {nth}: the account differs from an undisturbed run"
        );
        if !reached {
            assert!(nth > 40, "only {nth} calls: the fault was not where it should be");
            return;
        }
        nth += 1;
    }
}

async fn reach(world: &World, path: &std::path::Path) {
    let (plan, session) = world.plan_file(path).await;
    assert_all_done(&apply_plan(&session, &plan).await);
}

async fn settled(world: &World, from: &std::path::Path, to: &std::path::Path) -> Value {
    world.apply(FOREIGN).await;
    reach(world, from).await;
    reach(world, to).await;
    world.objects()
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_survives_being_killed_at_every_call() {
    every_call(Cut::Killed, None, Some(recipe())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_survives_losing_every_answer() {
    every_call(Cut::AnswerLost, None, Some(recipe())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destroy_survives_being_killed_at_every_call() {
    every_call(Cut::Killed, Some(recipe()), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destroy_survives_losing_every_answer() {
    every_call(Cut::AnswerLost, Some(recipe()), None).await;
}

/// From one state to another of the kinds that Device Defender leans on, with a metric, a mitigation action, a
/// suppression and a CA that make way for others.
fn defender(name: &str) -> Option<PathBuf> {
    Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/defender").join(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn replacements_survive_being_killed_at_every_call() {
    every_call(Cut::Killed, defender("before.yaml"), defender("fleet.yaml")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replacements_survive_losing_every_answer() {
    every_call(Cut::AnswerLost, defender("before.yaml"), defender("fleet.yaml")).await;
}
