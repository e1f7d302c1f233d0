//! `fleetctl check`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::failure::{self, Failure};
use super::front::Checked;
use super::{Global, front, output};
use crate::diagnostic::{Diagnostics, Severity};
use crate::exit;
use crate::paths::registry;
use crate::paths::report::Report;

/// Check a spec without any network: form, names, limits, references, files, and whether every alert reaches somebody.
///
/// The rules about alerts have codes, such as `inverted-criteria`; `fleetctl explain CODE` prints the page of one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// Print every object with its defaults filled in and its sugar expanded, as JSON.
    #[arg(long)]
    expand: bool,
    /// Warnings are errors.
    #[arg(long)]
    strict: bool,
    /// Print notes too: what is worth knowing and no mistake.
    #[arg(long)]
    notes: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = front::spec_path(args.spec.as_deref())?;
    let front = front::read(&path, global)?;
    let place = front::offline_place(&front.outline, global);
    let checked = front::check(front, &place)?;
    let states = checked.states();
    if args.expand {
        front::print_warnings(&checked, global);
        let states: serde_json::Map<_, _> =
            states.into_iter().map(|(address, state)| (address.to_string(), state.clone())).collect();
        output::json(&&states);
        return Ok(exit::DONE);
    }
    let report = front::trace(&checked, &place, &states);
    let mut all = checked.diagnostics.clone();
    let shown = |severity: Severity| args.notes || severity != Severity::Note;
    let found = report.diagnostics(&checked.resolved.entries, |one| shown(one.finding.severity));
    found.iter().for_each(|diagnostic| all.push(diagnostic.clone()));
    all.sort();
    let failed = all.has_errors() || (args.strict && all.count(Severity::Warning) > 0);
    if global.json {
        let paths = report.to_json(&checked.resolved.entries, &checked.sources);
        let found = all.to_json(&checked.sources);
        let document = serde_json::json!({ "version": 1, "type": "diagnostics", "diagnostics": found, "paths": paths });
        output::line(format_args!("{document}"));
    } else {
        eprint!("{}", all.render(&checked.sources, global.paint_stderr().color));
        summary(&path, &checked, &report, args);
        by_code(&all);
        let paint = global.paint_stderr();
        if failed {
            eprintln!("{}: {}", paint.red(paint.bold("error")), failure::count(&all));
        }
    }
    Ok(if failed { exit::ERROR } else { exit::DONE })
}

/// How many findings each rule has, the most frequent first: several are often one mistake.
fn by_code(shown: &Diagnostics) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in shown.iter().filter(|diagnostic| registry::explain(diagnostic.code).is_some()) {
        *counts.entry(diagnostic.code).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let Some((first, _)) = counts.first() else { return };
    if counts.iter().any(|(_, count)| *count > 1) {
        output::line("By rule:");
        counts.iter().for_each(|(code, count)| output::line(format_args!("  {count:>3}  {code}")));
    }
    output::line(format_args!(
        "`fleetctl explain {first}` prints the page of a rule, with an example of what is right."
    ));
}

fn summary(path: &std::path::Path, checked: &Checked, report: &Report, args: &Args) {
    for (finding, (reason, until)) in report.waived() {
        output::line(format_args!("waived until {until}: {} {}: {reason}", finding.address, finding.code));
    }
    let objects = checked.resolved.entries.len();
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let order = if errors + warnings == 0 { " are in order" } else { "" };
    output::line(format_args!("{}: {objects} objects{order}.", path.display()));
    if !report.paths.signals.is_empty() {
        output::line(format_args!("{}.", report.paths.in_words()));
    }
    let notes = report.count(Severity::Note);
    if notes > 0 && !args.notes {
        let noun = if notes == 1 { "1 note".to_owned() } else { format!("{notes} notes") };
        output::line(format_args!("{noun}; --notes shows them."));
    }
}
