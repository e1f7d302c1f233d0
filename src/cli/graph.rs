//! `fleetctl graph`.

use std::path::PathBuf;

use super::failure::Failure;
use super::{Global, front, output};
use crate::{exit, graph};

/// Draw what uses what: solid where it must exist first, dashed where it is only named.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// The language of the drawing.
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
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
    match args.format {
        Format::Mermaid => output::text(&graph::mermaid(&checked.resolved)),
        Format::Dot => output::text(&graph::dot(&checked.resolved)),
    }
    Ok(exit::DONE)
}
