//! `fleetctl schema`.

use super::failure::Failure;
use super::output;
use crate::exit;
use crate::spec::shape;

/// Print the JSON Schema of a spec, for editors: `# yaml-language-server: $schema=fleet.schema.json`.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_: &Args) -> Result<u8, Failure> {
    output::json(&&shape::schema());
    Ok(exit::DONE)
}
