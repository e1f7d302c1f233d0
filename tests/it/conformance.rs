//! One suite over every kind, driven by `tests/conformance/SECTION.yaml`.
//!
//! For each kind: what is created plans to nothing; every field that its schema has, changed alone, shows as just that
//! field, is applied, and goes back again; an object deleted behind our back is planned again; a foreign object of the
//! same name is a conflict and stays as it is; deletion leaves nothing. A field without a case is a failure, so a kind
//! cannot grow one that is not kept.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use fleetctl::address::Address;
use fleetctl::aws::context::{Context, Session};
use fleetctl::kind::{self, AnyKind};
use fleetctl::plan::Action;
use fleetctl::render::value::path as readable;
use fleetctl::spec::shape;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::world::{World, apply_plan, assert_all_done, check, step};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Sections that the entry leans on.
    #[serde(default)]
    needs: Map<String, Value>,
    name: String,
    base: Map<String, Value>,
    changes: Vec<Change>,
    /// Fields without a change, each with the reason.
    #[serde(default)]
    exempt: Map<String, Value>,
    /// Files that the entry names.
    #[serde(default)]
    files: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Fields of the entry that differ from the base; `null` takes one away.
    set: Map<String, Value>,
    /// Paths that the plan must show, as people read them.
    shows: BTreeSet<String>,
    /// Paths on the way back, where they differ.
    back: Option<BTreeSet<String>>,
    /// What the plan does to the object; `create` where another object takes its place.
    #[serde(default = "update")]
    action: Action,
}

fn update() -> Action {
    Action::Update
}

impl Case {
    fn spec(&self, section: &str, set: &Map<String, Value>, with_entry: bool) -> String {
        let mut spec = json!({ "version": 1, "fleet": "conformance" });
        let fields = spec.as_object_mut().expect("an object");
        fields.extend(self.needs.clone());
        if with_entry {
            let mut entry = self.base.clone();
            for (key, value) in set {
                match value {
                    Value::Null => drop(entry.remove(key)),
                    value => drop(entry.insert(key.clone(), value.clone())),
                }
            }
            place(fields, section, &self.name, entry.into());
        }
        serde_json::to_string_pretty(&spec).expect("plain data")
    }

    fn address(&self, section: &str) -> Address {
        Address::new(section, &self.name)
    }
}

/// Puts an entry where its section is, inside an outer section if it nests.
fn place(fields: &mut Map<String, Value>, section: &str, name: &str, entry: Value) {
    let mut outer = fields;
    for part in section.split('.') {
        outer = outer.entry(part).or_insert_with(|| json!({})).as_object_mut().expect("a section is a map");
    }
    match (name.is_empty(), entry) {
        (true, Value::Object(entry)) => outer.extend(entry),
        (_, entry) => drop(outer.insert(name.to_owned(), entry)),
    }
}

fn case(kind: &dyn AnyKind) -> Case {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/conformance/{}.yaml", kind.section()));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn world(case: &Case) -> World {
    let world = World::new().await;
    for (name, text) in &case.files {
        world.write(name, text);
    }
    world
}

/// The suite for one kind. Each kind is a test of its own, so that they run side by side.
async fn conforms(section: &str) {
    let kind = kind::find(section).expect("a registered section");
    let case = case(kind);
    every_field_has_a_case(kind, &case);
    let world = world(&case).await;
    fields_change_one_by_one(&world, kind, &case).await;
    vanished_is_planned_again(&world, kind, &case).await;
    removed_is_deleted(&world, kind, &case).await;
    foreign_is_a_conflict(&world, kind, &case).await;
}

fn every_field_has_a_case(kind: &dyn AnyKind, case: &Case) {
    let schema = shape::schema();
    let fields = fields_of(&schema, kind.section());
    let covered: BTreeSet<&String> = case.changes.iter().flat_map(|change| change.set.keys()).collect();
    let missing: Vec<&String> =
        fields.iter().filter(|field| !covered.contains(field) && !case.exempt.contains_key(*field)).collect();
    assert!(missing.is_empty(), "{}: no case changes {missing:?}", kind.section());
}

/// The keys that an entry of a section may have, from the published schema.
fn fields_of(schema: &Value, section: &str) -> BTreeSet<String> {
    let mut node = schema.clone();
    for part in section.split('.') {
        node = follow(schema, &node)["properties"][part].clone();
    }
    let node = node.get("additionalProperties").filter(|inner| inner.is_object()).cloned().unwrap_or(node);
    let properties = follow(schema, &node)["properties"].as_object().cloned().unwrap_or_default();
    let nested = |field: &String| kind::sections().any(|other| other == format!("{section}.{field}"));
    properties.keys().filter(|field| !nested(field)).cloned().collect()
}

fn follow(schema: &Value, node: &Value) -> Value {
    match node.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(&reference[1..]).cloned().unwrap_or_default(),
        None => node.clone(),
    }
}

async fn fields_change_one_by_one(world: &World, kind: &dyn AnyKind, case: &Case) {
    let (section, address) = (kind.section(), case.address(kind.section()));
    let base = case.spec(section, &Map::new(), true);
    let plan = world.apply(&base).await;
    assert_eq!(step(&plan, &address).action, Action::Create, "{address}");
    world.assert_settled(&base, &format!("{address} after creation")).await;
    for change in &case.changes {
        let changed = case.spec(section, &change.set, true);
        let back = change.back.as_ref().unwrap_or(&change.shows);
        for (text, direction, shows) in [(&changed, "there", &change.shows), (&base, "back", back)] {
            let label = format!("{address} {} {direction}", serde_json::to_string(&change.set).expect("plain data"));
            let plan = world.apply(text).await;
            let step = step(&plan, &address);
            let shown: BTreeSet<String> = step.changes.iter().map(|change| readable(&change.path)).collect();
            assert_eq!(&shown, shows, "{label}");
            assert_eq!(step.action, change.action, "{label}");
            world.assert_settled(text, &label).await;
        }
    }
}

/// Deletes the object with the kind's own calls, as somebody else might.
async fn delete_directly(session: &Arc<Session>, kind: &dyn AnyKind, world: &World, case: &Case) {
    let path = world.write("fleet.yaml", &case.spec(kind.section(), &Map::new(), true));
    let desired = check(&path).resolved.desired[&case.address(kind.section())].state.clone();
    let cx = Context::new(session, case.address(kind.section()));
    let live = kind.read_declared(&cx, &case.name, &desired).await.expect("it can be read").expect("it is there");
    kind.delete(&cx, &live).await.expect("it can be deleted");
}

async fn vanished_is_planned_again(world: &World, kind: &dyn AnyKind, case: &Case) {
    let base = case.spec(kind.section(), &Map::new(), true);
    let session = world.session("conformance", Default::default());
    delete_directly(&session, kind, world, case).await;
    let plan = world.apply(&base).await;
    assert_eq!(step(&plan, &case.address(kind.section())).action, Action::Create, "vanished");
    world.assert_settled(&base, "after it vanished and was made again").await;
}

async fn removed_is_deleted(world: &World, kind: &dyn AnyKind, case: &Case) {
    let without = case.spec(kind.section(), &Map::new(), false);
    let plan = world.apply(&without).await;
    let deleted = plan.steps.iter().filter(|step| step.action == Action::Delete).count();
    assert_eq!(deleted, 1, "{}: only what is no longer declared goes", kind.section());
    world.assert_settled(&without, "after removal").await;
}

async fn foreign_is_a_conflict(world: &World, kind: &dyn AnyKind, case: &Case) {
    let (section, address) = (kind.section(), case.address(kind.section()));
    world.apply("version: 1\nfleet: conformance\n").await;
    let base = case.spec(section, &Map::new(), true);
    world.apply(&base.replacen("\"conformance\"", "\"other-fleet\"", 1)).await;
    let before = world.sandbox.snapshot();
    let (mut plan, session) = world.plan(&base).await;
    assert_eq!(step(&plan, &address).action, Action::Conflict, "{address}");
    plan.steps.retain(|step| step.address == address);
    assert_all_done(&apply_plan(&session, &plan).await);
    pretty_assertions::assert_eq!(world.sandbox.snapshot(), before, "{address}: a foreign object was changed");
    let (plan, _) = world.plan("version: 1\nfleet: conformance\n").await;
    assert_eq!(plan.count(Action::Delete), 0, "{address}: a foreign object would be deleted");
}

macro_rules! kinds {
    ($($test:ident: $section:literal),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            conforms($section).await;
        })*

        #[test]
        fn every_kind_is_tested() {
            let tested = BTreeSet::from([$($section),*]);
            assert_eq!(tested, kind::sections().collect());
        }
    };
}

kinds! {
    managed_policy: "managedPolicies",
    role: "roles",
    log_group: "logGroups",
    thing_type: "thingTypes",
    thing: "things",
    thing_group: "thingGroups",
    policy: "policies",
    ca_certificate: "caCertificates",
    certificate: "certificates",
    function: "functions",
    topic: "topics",
    custom_metric: "customMetrics",
    dimension: "dimensions",
    security_profile: "securityProfiles",
    audit: "audit",
    scheduled_audit: "audit.schedules",
    audit_suppression: "audit.suppressions",
    mitigation_action: "mitigationActions",
    role_alias: "roleAliases",
    logging: "logging",
    topic_rule: "topicRules",
    alarm: "alarms",
    dashboard: "dashboards",
}
