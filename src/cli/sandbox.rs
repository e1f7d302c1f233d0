//! `fleetctl sandbox`: the local AWS by itself.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use fleet_sandbox::{Config, Sandbox};

use super::Global;
use super::failure::Failure;
use super::output;
use crate::exit;

/// The local AWS: IoT with Device Defender, SNS, CloudWatch, Logs, Lambda, IAM, STS.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve it on a port of this machine until Ctrl-C, for any AWS SDK or CLI.
    Serve {
        /// Port; 0 takes any free one.
        #[arg(long, default_value_t = 4570)]
        port: u16,
        /// Loopback address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        host: IpAddr,
        /// Folder of the state; `--sandbox=DIR` says the same.
        #[arg(long, value_name = "DIR", default_value = ".fleetctl/sandbox")]
        dir: PathBuf,
        /// Keep the state in memory only.
        #[arg(long, conflicts_with = "dir")]
        memory: bool,
    },
    /// Delete the state kept in a folder.
    Reset {
        /// Folder of the state; `--sandbox=DIR` says the same.
        #[arg(long, value_name = "DIR", default_value = ".fleetctl/sandbox")]
        dir: PathBuf,
    },
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Serve { port, host, dir, memory } => {
            let dir = global.sandbox.clone().unwrap_or_else(|| dir.clone());
            let config =
                Config { dir: (!memory).then_some(dir), listen: SocketAddr::new(*host, *port), ..Config::default() };
            serve(config).await
        }
        Command::Reset { dir } => {
            let dir = global.sandbox.as_ref().unwrap_or(dir);
            let was_there = fleet_sandbox::reset_dir(dir)
                .map_err(|error| Failure::new(format!("`{}` cannot be reset: {error}", dir.display())))?;
            output::line(format_args!("{} {}.", dir.display(), if was_there { "is reset" } else { "held no sandbox" }));
            Ok(exit::DONE)
        }
    }
}

async fn serve(config: Config) -> Result<u8, Failure> {
    let state = config.dir.as_ref().map_or_else(|| "in memory".to_owned(), |dir| dir.display().to_string());
    let sandbox = Sandbox::start(config).await.map_err(|error| Failure::new(error.to_string()))?;
    let url = sandbox.url();
    output::line(format_args!("Sandbox on {url}, state {state}. Ctrl-C ends it.\n"));
    output::line(format_args!(
        "  export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=sandbox AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1"
    ));
    output::line(format_args!("  aws iot list-things\n"));
    output::line(format_args!(
        "Let five minutes pass: curl -X POST {url}/_fleetctl/clock -d '{{\"advanceSeconds\": 300}}'"
    ));
    let _ = tokio::signal::ctrl_c().await;
    sandbox.shutdown().await;
    Ok(exit::DONE)
}
