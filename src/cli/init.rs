//! `fleetctl init`.

use std::path::{Path, PathBuf};

use super::Global;
use super::failure::Failure;
use super::output;
use crate::exit;

/// Write a commented spec to start from, and tests of its security profile.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to; made if it does not exist. Nothing in it is overwritten.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Which example to write.
    #[arg(long, value_enum, default_value = "starter")]
    example: Example,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Example {
    /// A small fleet, each part explained.
    Starter,
    /// A factory's sensors with profile, audit, rules, alarms, dashboard and a remediation function.
    FactoryFleet,
    /// One device with a certificate and a narrow policy.
    Lab,
}

impl Example {
    fn files(self) -> Vec<(&'static str, String)> {
        let files: &[(&str, &str)] = match self {
            Example::Starter => &[
                ("fleet.yaml", include_str!("init/fleet.yaml")),
                ("fleet_test.yaml", include_str!("init/fleet_test.yaml")),
            ],
            Example::FactoryFleet => &[
                ("fleet.yaml", include_str!("../../examples/factory-fleet/fleet.yaml")),
                ("scenario.yaml", include_str!("../../examples/factory-fleet/scenario.yaml")),
                ("factory_test.yaml", include_str!("../../examples/factory-fleet/factory_test.yaml")),
                ("profiles/cloud-side-baseline.yaml", include_str!("../../profiles/cloud-side-baseline.yaml")),
                (
                    "functions/remediation/lambda_function.py",
                    include_str!("../../examples/factory-fleet/functions/remediation/lambda_function.py"),
                ),
            ],
            Example::Lab => &[
                ("fleet.yaml", include_str!("../../examples/lab/fleet.yaml")),
                ("lab_test.yaml", include_str!("../../examples/lab/lab_test.yaml")),
                ("device.pem", include_str!("../../examples/lab/device.pem")),
            ],
        };
        // In the repository the profiles lie beside the examples, here within.
        files.iter().map(|(name, text)| (*name, text.replace("../../profiles/", "profiles/"))).collect()
    }
}

pub fn run(_: &Global, args: &Args) -> Result<u8, Failure> {
    let files = args.example.files();
    let taken: Vec<String> = files
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        return Err(Failure::new(format!("{} is already there; nothing was written", taken.join(", ")))
            .help("name another folder"));
    }
    for (name, text) in &files {
        write(&args.dir.join(name), text)?;
        output::line(format_args!("wrote {}", args.dir.join(name).display()));
    }
    output::line(format_args!("Next: fleetctl test {0}, fleetctl apply --sandbox {0}", args.dir.display()));
    Ok(exit::DONE)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("`{}` cannot be written: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
