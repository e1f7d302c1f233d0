//! `fleetctl graph`.

use std::path::PathBuf;

use super::failure::Failure;
use super::{Global, front, output};
use crate::paths::drawing;
use crate::{exit, graph};

/// Draw what uses what: solid where it must exist first, dashed where it is only named.
///
/// With --paths, draw the way of every alert instead: behaviours, audits and alarms on the left, whom they reach on the
/// right, and what stops them on the way in red.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// The language of the drawing.
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// Draw the ways of alerts.
    #[arg(long)]
    paths: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Mermaid,
    Dot,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = front::spec_path(args.spec.as_deref())?;
    let front = front::read(&path, global)?;
    let place = front::offline_place(&front.outline, global);
    let checked = front::check(front, &place)?;
    if args.paths {
        let report = front::trace(&checked, &place, &checked.states());
        output::text(&match args.format {
            Format::Mermaid => drawing::mermaid(&report.paths),
            Format::Dot => drawing::dot(&report.paths),
        });
        return Ok(exit::DONE);
    }
    match args.format {
        Format::Mermaid => output::text(&graph::mermaid(&checked.resolved)),
        Format::Dot => output::text(&graph::dot(&checked.resolved)),
    }
    Ok(exit::DONE)
}
