//! Reads a live account for an audit: only the parts that the selected checks look at.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fleet_audit::registry;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Certificate;
use fleet_audit::timestamp::Timestamp;
use futures_util::stream::{self, StreamExt};

use super::bar::Bar;
use super::checkpoint::{Checkpoint, Purpose};
use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::error::AwsError;
use crate::aws::inventory::account::PARALLEL;
use crate::aws::inventory::certificates::{self, Depth};
use crate::aws::inventory::{self, Inventory, Watch};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::session::{self, Wanted};
use crate::scope::Place;
use crate::spec::entry::Outline;

/// Where what was read is kept.
pub struct Kept {
    pub path: Option<PathBuf>,
    pub fresh: bool,
}

/// A live account.
pub struct Account {
    pub place: Place,
    pub inventory: Inventory,
    /// The device certificates, if the checks look at any.
    pub checkpoint: Option<Checkpoint>,
}

/// Reads the account; a spec's outline says which one it must be.
pub async fn read(
    global: &Global,
    outline: Option<&Outline>,
    checks: &Settings,
    kept: &Kept,
    now: Timestamp,
) -> Result<Account, Failure> {
    let connected = session::connect(global, Wanted::to_look(outline, "audit")).await?;
    let cx = Context::new(&connected.session, Address::new("the account", ""));
    let read = of_account(&cx, checks, kept, now).await;
    drop(cx);
    connected.close().await;
    read
}

async fn of_account(cx: &Context, checks: &Settings, kept: &Kept, now: Timestamp) -> Result<Account, Failure> {
    let place = cx.place().clone();
    let parts = parts(checks);
    let depth = depth(checks);
    let file = || PathBuf::from(".fleetctl/audit").join(format!("{}-{}.jsonl", place.account, place.region));
    let path = kept.path.clone().unwrap_or_else(file);
    let purpose = Purpose {
        version: 1,
        account: place.account.clone(),
        region: place.region.clone(),
        text: depth.text,
        things: depth.things,
    };
    let (mut checkpoint, left) = Checkpoint::open(path.clone(), &purpose, kept.fresh, now)?;
    if !left.certificates.is_empty() || !left.policies.is_empty() {
        let (certificates, policies) = (left.certificates.len(), left.policies.len());
        eprintln!(
            "Going on with {}: {certificates} certificates and {policies} policies are read already; --fresh reads all anew.",
            path.display()
        );
    }
    // A file that cannot be written stops the run at its end, not each of many tasks in its own way.
    let trouble = Mutex::new(None);
    let note = |result: Result<(), Failure>| {
        if let Err(failure) = result {
            trouble.lock().expect("no panic while holding the lock").get_or_insert(failure);
        }
    };
    let bar = Bar::new("objects read");
    let keep = |policy: &_| note(checkpoint.keep_policy(policy));
    let mut inventory = inventory::read(cx, &parts, left.policies, &keep, &bar).await.map_err(resumable)?;
    if !parts.contains("certificates") {
        checkpoint.remove();
        return finished(trouble, Account { place, inventory, checkpoint: None });
    }
    let keep = |certificate| note(checkpoint.keep_certificate(certificate));
    let read = certificates_of(cx, depth, &left.certificates, &bar, &keep).await;
    let ids = inventory.part("device certificates", read).map_err(resumable)?;
    let checkpoint = ids.map(|ids| {
        checkpoint.want(ids);
        checkpoint
    });
    finished(trouble, Account { place, inventory, checkpoint })
}

fn finished(trouble: Mutex<Option<Failure>>, account: Account) -> Result<Account, Failure> {
    match trouble.into_inner().expect("no panic while holding the lock") {
        Some(failure) => Err(failure),
        None => Ok(account),
    }
}

fn resumable(error: AwsError) -> Failure {
    Failure::new(error.to_string()).help("run the command again: it goes on with what is read already")
}

/// The parts of a snapshot that the checks read.
fn parts(checks: &Settings) -> BTreeSet<&'static str> {
    let selected = registry::ALL.into_iter().filter(|check| checks.checks.contains(check.name));
    selected.flat_map(|check| check.page.reads.iter().copied()).collect()
}

/// What is to be read of each certificate. The list tells the age; only one check looks at things.
fn depth(checks: &Settings) -> Depth {
    const BY_LIST: &str = "DEVICE_CERTIFICATE_AGE_CHECK";
    const BY_THINGS: &str = "DEVICE_CERTIFICATE_SHARED_CHECK";
    let selected = registry::ALL.into_iter().filter(|check| checks.checks.contains(check.name));
    let mut reading = selected.filter(|check| check.certificates.is_some()).map(|check| check.name);
    Depth { things: checks.checks.contains(BY_THINGS), text: reading.any(|name| name != BY_LIST && name != BY_THINGS) }
}

/// Reads the certificates that any check judges, those that are `known` excepted, and tells the IDs of all of them.
async fn certificates_of(
    cx: &Context,
    depth: Depth,
    known: &BTreeSet<String>,
    bar: &Bar,
    keep: &(dyn Fn(Certificate) + Sync),
) -> Result<BTreeSet<String>, AwsError> {
    let mut listed = certificates::list(cx).await?;
    listed.retain(certificates::is_judged);
    let ids = listed.iter().map(|one| one.certificate_id.clone()).collect();
    listed.retain(|one| !known.contains(&one.certificate_id));
    bar.found("certificates", listed.len());
    // After the first failure nothing more is asked, but what is under way is kept.
    let stop = AtomicBool::new(false);
    let reads = listed.into_iter().map(|listed| async {
        let listed = listed;
        match stop.load(Ordering::Relaxed) {
            true => Ok(None),
            false => certificates::describe(cx, &listed, depth).await,
        }
    });
    let mut reads = stream::iter(reads).buffer_unordered(PARALLEL);
    let mut failure = None;
    while let Some(described) = reads.next().await {
        match described {
            Ok(described) => described.into_iter().for_each(keep),
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                failure.get_or_insert(error);
            }
        }
        bar.read();
    }
    failure.map_or(Ok(ids), Err)
}
