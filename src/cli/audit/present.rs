//! A report in the form that was asked for.

use std::path::Path;

use fleet_audit::framework::ByControl;
use fleet_audit::render::controls::controls;
use fleet_audit::render::heading::Heading;
use fleet_audit::render::html::html;
use fleet_audit::render::junit::junit;
use fleet_audit::render::markdown::markdown;
use fleet_audit::render::sarif::sarif;
use serde_json::json;

use super::{Audited, Format, differences, table};
use crate::cli::failure::Failure;
use crate::cli::{Global, output};
use crate::render::paint::Paint;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Says on stderr what the report cannot hold in every form.
pub fn notes(audited: &Audited, format: Format) {
    for unread in &audited.unread {
        eprintln!("note: not read: {unread}");
    }
    if !matches!(format, Format::Table | Format::Json) {
        // The other forms have no place for it.
        let aws = audited.aws.iter().map(|ran| differences::text(&ran.task, &ran.differences, Paint { color: false }));
        aws.for_each(|text| eprint!("{text}"));
    }
    for name in &audited.idle.expired {
        eprintln!("warning: no longer accepted, because its time is over: {name}");
    }
    for name in &audited.idle.unused {
        eprintln!("warning: accepted, but there is no such finding: {name}");
    }
    if audited.gone > 0 && format == Format::Table {
        eprintln!("note: {} findings of the baseline are gone; write it anew with --write-baseline", audited.gone);
    }
}

/// The report as text.
pub fn text(
    audited: &Audited,
    by_control: Option<&ByControl<'_>>,
    format: Format,
    global: &Global,
) -> Result<String, Failure> {
    let report = &audited.report;
    let heading = Heading { title: &audited.title, now: audited.now, tool_version: VERSION };
    Ok(match format {
        Format::Table => match by_control {
            Some(by_control) => table::by_control(by_control, global.paint_stdout()),
            None => {
                let paint = global.paint_stdout();
                let aws = audited.aws.as_ref().map(|ran| differences::text(&ran.task, &ran.differences, paint));
                table::report(audited, paint) + &aws.unwrap_or_default()
            }
        },
        Format::Json => pretty(&json!({
            "version": 1,
            "type": "audit",
            "subject": audited.title,
            "now": audited.now.moment(),
            "findings": report.findings,
            "advice": report.advice,
            "undecided": report.undecided,
            "checks": report.checks,
            "unread": audited.unread,
            "idle": audited.idle,
            "byControl": by_control,
            "aws": audited.aws.as_ref().map(|ran| json!({ "task": ran.task, "differences": ran.differences })),
        })),
        Format::Sarif => pretty(&sarif(report, VERSION)),
        Format::Junit => {
            junit(report).map_err(|error| Failure::new(format!("no JUnit report can be made: {error}")))?
        }
        Format::Markdown => by_control.map_or_else(|| markdown(report), controls),
        Format::Html => html(report, &heading, by_control),
    })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// Writes a text to a file, or to stdout.
pub fn deliver(out: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = out else {
        output::text(text);
        return Ok(());
    };
    std::fs::write(path, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
    eprintln!("Wrote {}.", path.display());
    Ok(())
}
