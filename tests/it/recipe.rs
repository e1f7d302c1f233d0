//! The main job, by the program itself: the recipe's fleet made, kept, changed and taken down.

use fleetctl::plan::Action;

use super::program::{Program, repository};
use super::world::{World, apply_plan, assert_all_done, assert_no_changes};

const OBJECTS: usize = 24;

#[test]
fn apply_again_edit_and_destroy() {
    let program = Program::new();
    let spec = repository("examples/factory-fleet");
    let spec = spec.to_str().expect("UTF-8");
    let first = program.run(&["apply", "--sandbox", "--auto-approve", spec]);
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    assert!(first.out.contains(&format!("Plan: {OBJECTS} to create; 0 unchanged.")), "{}", first.out);
    assert!(first.out.contains(&format!("Done: {OBJECTS} changes to fleet factory")), "{}", first.out);
    assert!(first.out.contains("Next: fleetctl plan --sandbox"), "{}", first.out);

    let second = program.run(&["apply", "--sandbox", "--auto-approve", spec]);
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(second.out.contains("No changes: 24 objects are as declared."), "{}", second.out);

    let edited =
        program.run(&["plan", "--sandbox", "--detailed-exitcode", "--var", "oncall_email=night@example.com", spec]);
    assert_eq!(edited.code, 2, "{}", edited.err);
    assert!(edited.out.contains("Plan: 1 to update; 23 unchanged."), "{}", edited.out);
    assert!(edited.out.contains("night@example.com"), "{}", edited.out);

    let gone = program.run(&["destroy", "--sandbox", "--auto-approve", spec]);
    assert_eq!(gone.code, 0, "{}{}", gone.out, gone.err);
    let empty = program.run(&["destroy", "--sandbox", "--auto-approve", spec]);
    assert!(empty.out.contains("the fleet owns nothing here"), "{}", empty.out);
}

#[test]
fn a_saved_plan_is_carried_out_exactly_or_refused() {
    let program = Program::new();
    let spec = program.write("fleet.yaml", "version: 1\nfleet: f\nthings: { a: {}, b: {} }\n");
    let spec = spec.to_str().expect("UTF-8");
    let saved = program.run(&["plan", "--sandbox", "--out", "plan.json", spec]);
    assert_eq!(saved.code, 0, "{}", saved.err);
    let applied = program.run(&["apply", "--sandbox", "--auto-approve", "plan.json"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    let again = program.run(&["apply", "--sandbox", "--auto-approve", "plan.json"]);
    assert_eq!(again.code, 4, "the live state moved: {}{}", again.out, again.err);
    assert_eq!(program.run(&["plan", "--sandbox", "--detailed-exitcode", spec]).code, 0);
}

#[test]
fn json_is_one_document_a_line_and_says_what_happened() {
    let program = Program::new();
    let spec = program.write("fleet.yaml", "version: 1\nfleet: f\nthings: { a: {} }\n");
    let ran = program.run(&["apply", "--sandbox", "--auto-approve", "--json", spec.to_str().expect("UTF-8")]);
    let lines: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["plan", "step", "report"]);
    assert_eq!(lines[0]["summary"]["create"], 1);
    assert_eq!(lines[1]["address"], "things.a");
    assert_eq!(lines[2]["exitCode"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_changes_is_cheap() {
    let world = World::new().await;
    let spec = repository("examples/factory-fleet/fleet.yaml");
    let (plan, session) = world.plan_file(&spec).await;
    assert_eq!(plan.count(Action::Create), OBJECTS);
    assert_all_done(&apply_plan(&session, &plan).await);
    let (before, by_operation) = (world.sandbox.calls(), world.sandbox.calls_by_operation());
    let (plan, _) = world.plan_file(&spec).await;
    assert_no_changes(&plan, "the recipe");
    // One more for the question who the caller is, which the command asks before it plans.
    let calls = world.sandbox.calls() - before + 1;
    let most = OBJECTS as f64 * 2.2;
    let made: Vec<String> = world
        .sandbox
        .calls_by_operation()
        .into_iter()
        .filter_map(|(operation, count)| {
            let made = count - by_operation.get(&operation).copied().unwrap_or(0);
            (made > 0).then(|| format!("{operation} {made}"))
        })
        .collect();
    assert!(calls as f64 <= most, "{calls} calls for {OBJECTS} objects: {made:#?}");
}

#[test]
fn what_is_not_ours_is_left_alone_until_it_is_adopted() {
    let program = Program::new();
    program.write(
        "other.yaml",
        "version: 1\nfleet: other\nthings: { a: { attributes: { owner: other } } }\ntopics: { t: {} }\n",
    );
    program.write("ours.yaml", "version: 1\nfleet: ours\nthings: { a: {} }\ntopics: { t: { displayName: Ours } }\n");
    assert_eq!(program.run(&["apply", "--sandbox", "--auto-approve", "other.yaml"]).code, 0);
    let refused = program.run(&["apply", "--sandbox", "--auto-approve", "ours.yaml"]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.out.contains("  ! topics.t (topic, conflict)"), "{}", refused.out);
    assert!(
        refused.out.contains("belongs to the fleet `other`") && refused.out.contains("fleetctl adopt SPEC topics.t")
    );
    assert!(refused.err.contains("2 objects stand in the way"), "{}", refused.err);
    assert_eq!(program.run(&["plan", "--sandbox", "--detailed-exitcode", "other.yaml"]).code, 0, "nothing was changed");
    let adopted = program.run(&["adopt", "--sandbox", "--auto-approve", "ours.yaml", "things.a", "topics.t"]);
    assert_eq!(adopted.code, 0, "{}{}", adopted.out, adopted.err);
    assert_eq!(program.run(&["plan", "--sandbox", "--detailed-exitcode", "ours.yaml"]).code, 0);
    let lost = program.run(&["plan", "--sandbox", "other.yaml"]);
    assert!(lost.out.contains("2 in conflict"), "{}", lost.out);
}

#[test]
fn what_takes_no_tags_is_taken_over_by_its_mark() {
    let program = Program::new();
    let spec = |fleet: &str| {
        format!(
            r#"
version: 1
fleet: {fleet}
roles: {{ {fleet}-role: {{ trustedBy: [iot.amazonaws.com] }} }}
logging: {{ role: {fleet}-role, defaultLogLevel: ERROR, levels: {{ CLIENT_ID: {{ {fleet}: DEBUG }} }} }}
audit:
  role: {fleet}-role
  checks: {{ LOGGING_DISABLED_CHECK: {{}} }}
  suppressions:
    accepted:
      checkName: LOGGING_DISABLED_CHECK
      resourceIdentifier: {{ account: "${{account}}" }}
      suppressIndefinitely: true
      description: The same words in both
"#
        )
    };
    program.write("other.yaml", &spec("other"));
    program.write("ours.yaml", &spec("ours"));
    assert_eq!(program.run(&["apply", "--sandbox", "--auto-approve", "other.yaml"]).code, 0);
    let refused = program.run(&["plan", "--sandbox", "ours.yaml"]);
    assert!(refused.out.contains("3 in conflict"), "{}", refused.out);
    let role = ["apply", "--sandbox", "--auto-approve", "--target", "roles.ours-role", "ours.yaml"];
    assert_eq!(program.run(&role).code, 0);
    let addresses = ["audit", "audit.suppressions.accepted", "logging"];
    let adopted = program.run(&[&["adopt", "--sandbox", "--auto-approve", "ours.yaml"], &addresses[..]].concat());
    assert_eq!(adopted.code, 0, "{}{}", adopted.out, adopted.err);
    assert_eq!(program.run(&["apply", "--sandbox", "--auto-approve", "ours.yaml"]).code, 0);
    assert_eq!(program.run(&["plan", "--sandbox", "--detailed-exitcode", "ours.yaml"]).code, 0);
    let lost = program.run(&["plan", "--sandbox", "other.yaml"]);
    assert!(lost.out.contains("3 in conflict"), "{}", lost.out);
    assert_eq!(program.run(&["destroy", "--sandbox", "--auto-approve", "ours.yaml"]).code, 0);
    let free = program.run(&["plan", "--sandbox", "other.yaml"]);
    assert!(free.out.contains("Plan: 3 to create; 1 unchanged."), "{}", free.out);
}
