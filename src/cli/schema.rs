//! `fleetctl schema`.

use fleet_detect::traffic::ndjson;
use serde_json::Value;

use super::failure::Failure;
use super::{output, test};
use crate::exit;
use crate::spec::shape;

/// Print a JSON Schema for editors: `# yaml-language-server: $schema=fleet.schema.json`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of which file.
    #[arg(long, value_enum, default_value = "spec")]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// A spec.
    Spec,
    /// A scenario for `simulate` and `test`.
    Scenario,
    /// A test file.
    Test,
    /// One line of fleetctl's NDJSON traffic.
    Traffic,
}

pub fn run(args: &Args) -> Result<u8, Failure> {
    output::json(&match args.of {
        Of::Spec => shape::schema(),
        Of::Scenario => test::schema::scenario(),
        Of::Test => test::schema::published(),
        Of::Traffic => traffic(),
    });
    Ok(exit::DONE)
}

fn traffic() -> Value {
    serde_json::from_str(ndjson::SCHEMA).expect("our own file")
}
