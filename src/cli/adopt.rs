//! `fleetctl adopt`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::Global;
use super::apply::{Relay, carry_out};
use super::failure::Failure;
use super::plan::{self, Choice, Goal, Planned};
use crate::address::Address;
use crate::kind;

/// Take over live objects of the same name: mark them as this fleet's and bring them to what the spec says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The spec.
    spec: PathBuf,
    /// Addresses to take over, for example `topics.alerts`. Only these take part.
    #[arg(required = true)]
    addresses: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let sections: Vec<&str> = kind::sections().collect();
    let mut wanted = BTreeSet::new();
    for text in &args.addresses {
        let Some(address) = Address::parse(text, &sections) else {
            return Err(Failure::Usage(format!(
                "`{text}` is no address; it has the form SECTION.NAME, as in the spec"
            )));
        };
        wanted.insert(address);
    }
    let relay = Arc::new(Relay::default());
    let goal = Goal::Adopting(wanted.clone());
    let Planned { mut plan, connected, .. } =
        plan::make(global, &args.spec, &Choice::default(), goal, relay.clone()).await?;
    plan.steps.retain(|step| wanted.contains(&step.address));
    if let Some(missing) = wanted.iter().find(|address| !plan.steps.iter().any(|step| step.address == **address)) {
        return Err(Failure::new(format!("the spec declares no {missing}")));
    }
    carry_out(global, &plan, connected, relay, args.auto_approve, &args.spec).await
}
