//! The page that `explain CODE` prints, for a check or a rule.

use crate::check::{Basis, Check, Level, Rule};
use crate::registry;
use std::fmt::Write as _;

/// The page as Markdown; `None` if `code` is no check, alias or rule. A rule's id gives
/// the page of its check with that rule alone.
pub fn explain(code: &str) -> Option<String> {
    if let Some(check) = registry::find(code) {
        return Some(page(check, check.rules.iter().collect()));
    }
    let (check, rule) = registry::find_rule(code)?;
    Some(page(check, vec![rule]))
}

fn page(check: &Check, rules: Vec<&Rule>) -> String {
    let mut text = format!("# {}\n\nSeverity {}. {}\n", check.name, check.severity, check.page.why);
    for rule in rules {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n\nReports when {}.\n", rule.id, rule.when);
        let _ = writeln!(text, "AWS's reason code: {}.", rule.reason_code);
        if rule.level == Level::Advice {
            text.push_str("A remark: the resource stays compliant.\n");
        }
        if let Basis::Chosen(why) = rule.basis {
            let _ = writeln!(text, "Our choice: {why}.");
        }
        let _ = write!(text, "\nWrong:\n\n    {}\n\nRight:\n\n    {}\n", rule.wrong, rule.right);
    }
    let _ = write!(
        text,
        "\n## What to do\n\n{}\n\nReads: {}. Mitigation actions: {}. Source: {}.\n",
        check.page.fix,
        check.page.reads.join(", "),
        check.mitigations.join(", "),
        check.page.source
    );
    text
}
