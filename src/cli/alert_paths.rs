//! What `plan` and `apply` say of the alert paths of their spec.

use std::fmt::Write as _;

use serde_json::Value;

use super::Global;
use super::front::Checked;
use crate::diagnostic::Severity;
use crate::paths::report::{Judged, Report};

/// A report with the spec that it is about.
pub struct AlertPaths<'a> {
    pub report: Report,
    pub checked: &'a Checked,
}

impl AlertPaths<'_> {
    /// Errors and warnings that nobody waived.
    fn open(&self) -> impl Iterator<Item = &Judged> {
        self.report.open().filter(|one| one.finding.severity != Severity::Note)
    }

    fn is_new(one: &Judged) -> bool {
        one.live != Some(true)
    }

    /// `Alert paths: 3 signals, 1 of which reach somebody; 2 errors and 1 warning, 1 of them new.`
    fn sentence(&self) -> Option<String> {
        if self.report.paths.signals.is_empty() && self.open().next().is_none() {
            return None;
        }
        let count = |severity, word: &str| match self.report.count(severity) {
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        };
        let (errors, warnings) = (count(Severity::Error, "error"), count(Severity::Warning, "warning"));
        let new = self.open().filter(|one| Self::is_new(one)).count();
        let found = match self.open().count() {
            0 => String::new(),
            all if new == all => format!("; {errors} and {warnings}, all new"),
            _ if new == 0 => format!("; {errors} and {warnings}, all live already"),
            _ => format!("; {errors} and {warnings}, {new} of them new"),
        };
        Some(format!("Alert paths: {}{found}.", self.report.paths.in_words()))
    }

    /// The new findings in full, and the sentence.
    pub fn print(&self, global: &Global) {
        let shown = |one: &Judged| one.finding.severity != Severity::Note && Self::is_new(one);
        let found = self.report.diagnostics(&self.checked.resolved.entries, shown);
        eprint!("{}", found.render(&self.checked.sources, global.paint_stderr().color));
        self.sentence().iter().for_each(|sentence| super::output::line(format_args!("\n{sentence}")));
    }

    /// One line, where there is something to look at.
    pub fn warn(&self, global: &Global) {
        if self.open().next().is_some() && !global.json {
            self.sentence().iter().for_each(|sentence| eprintln!("warning: {sentence} `fleetctl check` shows them"));
        }
    }

    /// The plan as JSON with the report beside it.
    pub fn within(&self, mut plan: Value) -> Value {
        plan["paths"] = self.report.to_json(&self.checked.resolved.entries, &self.checked.sources);
        plan
    }

    /// A section for a pull request.
    pub fn markdown(&self) -> String {
        let Some(sentence) = self.sentence() else { return String::new() };
        let mut text = format!("\n{sentence}\n");
        for one in self.open() {
            let finding = &one.finding;
            let new = if Self::is_new(one) { " **new**" } else { "" };
            let _ = write!(
                text,
                "\n- {}{new} `{}` `{}`: {}",
                finding.severity, finding.code, finding.address, finding.message
            );
        }
        text.push('\n');
        text
    }
}
