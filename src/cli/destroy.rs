//! `fleetctl destroy`.

use std::path::PathBuf;
use std::sync::Arc;

use super::Global;
use super::apply::{Relay, carry_out};
use super::failure::Failure;
use super::front;
use super::plan::{self, Choice, Goal, Planned};

/// Delete everything that the fleet owns, in order. Foreign objects stay. A protected object stops it: lift the protection
/// first, or leave it out with --exclude.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec; only its fleet name, target and files count. Default: ./fleet.yaml
    spec: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    choice: Choice,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = front::spec_path(args.spec.as_deref())?;
    let relay = Arc::new(Relay::default());
    let Planned { plan, connected, .. } = plan::make(global, &path, &args.choice, Goal::Nothing, relay.clone()).await?;
    carry_out(global, &plan, connected, relay, args.auto_approve, &path).await
}
