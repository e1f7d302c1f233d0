//! `fleetctl completions`.

use clap::CommandFactory;

use super::failure::Failure;
use crate::exit;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    shell: clap_complete::Shell,
}

pub fn run(args: &Args) -> Result<u8, Failure> {
    clap_complete::generate(args.shell, &mut super::Cli::command(), "fleetctl", &mut std::io::stdout());
    Ok(exit::DONE)
}
