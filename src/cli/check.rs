//! `fleetctl check`.

use std::path::PathBuf;

use super::failure::Failure;
use super::{Global, front, output};
use crate::exit;

/// Check a spec without any network: form, names, limits, references, cycles, files.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// Print every object with its defaults filled in and its sugar expanded, as JSON.
    #[arg(long)]
    expand: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = front::spec_path(args.spec.as_deref())?;
    let front = front::read(&path, global)?;
    let place = front::offline_place(&front.outline, global);
    let checked = front::check(front, &place)?;
    front::print_warnings(&checked, global);
    let states =
        || checked.resolved.desired.iter().map(|(address, desired)| (address.to_string(), desired.state.clone()));
    match () {
        () if args.expand => {
            let states: serde_json::Map<_, _> = states().collect();
            output::json(&&states);
        }
        () if global.json => {
            let found = checked.diagnostics.to_json(&checked.sources);
            output::line(format_args!(
                "{}",
                serde_json::json!({ "version": 1, "type": "diagnostics", "diagnostics": found })
            ));
        }
        () => {
            output::line(format_args!("{}: {} objects are in order.", path.display(), checked.resolved.entries.len()))
        }
    }
    Ok(exit::DONE)
}
