//! A plan and its outcome as data. The form is versioned; fields are added, never changed, within a version.

use serde_json::{Value, json};

use super::human::HIDDEN;
use crate::apply::{End, Report};
use crate::kind::{self, AnyKind};
use crate::plan::{Action, Plan, Step};
use crate::spec::node::pointer_token;

/// The plan for `--json`: the saved form without values that must not be shown, and with sums.
pub fn plan(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan.steps.iter().map(step).collect();
    let count = |action| plan.count(action);
    json!({
        "version": plan.version, "type": "plan", "fleet": plan.fleet, "place": plan.place,
        "summary": { "create": count(Action::Create), "update": count(Action::Update), "replace": count(Action::Replace),
            "delete": count(Action::Delete), "adopt": count(Action::Adopt), "keep": count(Action::Keep),
            "conflict": count(Action::Conflict), "protected": count(Action::Protected) },
        "steps": steps,
    })
}

fn step(step: &Step) -> Value {
    let kind = kind::of(&step.address);
    let mut step = step.clone();
    if let Some(desired) = &mut step.desired {
        hide(desired, String::new(), kind);
    }
    for change in step.changes.iter_mut().filter(|change| kind.hides(&change.path)) {
        change.live = change.live.take().map(|_| HIDDEN.into());
        change.desired = change.desired.take().map(|_| HIDDEN.into());
    }
    serde_json::to_value(&step).expect("a step is plain data")
}

fn hide(value: &mut Value, pointer: String, kind: &dyn AnyKind) {
    if kind.hides(&pointer) {
        *value = HIDDEN.into();
    } else if let Value::Object(map) = value {
        map.iter_mut().for_each(|(key, value)| hide(value, format!("{pointer}/{}", pointer_token(key)), kind));
    }
}

/// How one step ended, as one line of `apply --json`.
pub fn end(step: &Step, end: &End) -> Value {
    let (result, detail) = match end {
        End::Done => ("done", None),
        End::Failed(error) => ("failed", Some(error.to_string())),
        End::Moved => ("moved", Some("the live object is not the one the plan was computed from".to_owned())),
        End::Skipped(because) => ("skipped", Some(because.clone())),
    };
    json!({ "type": "step", "address": step.address, "action": step.action, "result": result, "detail": detail })
}

/// The last line of `apply --json`.
pub fn report(report: &Report) -> Value {
    json!({
        "version": crate::plan::VERSION, "type": "report", "exitCode": report.exit_code(),
        "done": report.count(|end| matches!(end, End::Done)), "failed": report.count(|end| matches!(end, End::Failed(_))),
        "moved": report.count(|end| matches!(end, End::Moved)), "skipped": report.count(|end| matches!(end, End::Skipped(_))),
    })
}
