//! A plan for a pull request's comment.

use std::fmt::Write as _;

use super::human;
use super::paint::Paint;
use crate::plan::{Action, Plan};

pub fn plan(plan: &Plan) -> String {
    let mut text = format!("### fleetctl plan: {}\n\n{}\n", plan.fleet, human::summary(plan));
    let steps: Vec<_> = plan.steps.iter().filter(|step| step.action != Action::Keep).collect();
    if steps.is_empty() {
        return text;
    }
    text.push_str("\n| | object | action |\n|---|---|---|\n");
    for step in &steps {
        let action = serde_json::to_value(step.action).ok().and_then(|word| word.as_str().map(str::to_owned));
        let _ = writeln!(text, "| `{}` | `{}` | {} |", step.action.sigil(), step.address, action.unwrap_or_default());
    }
    let details = human::plan(plan, Paint { color: false });
    let _ = write!(text, "\n<details><summary>Details</summary>\n\n```\n{}\n```\n\n</details>\n", details.trim_end());
    text
}
