//! What is audited: a spec, a live account, or a snapshot that was saved.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use fleet_audit::audit::{Audit, Report};
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;

use super::bar::Bar;
use super::checkpoint::Checkpoint;
use super::{from_spec, live};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front::{self, Checked};

#[derive(Debug, clap::Args)]
pub struct Named {
    /// The spec: a file, or a folder with a fleet.yaml. Default: ./fleet.yaml. With --live or --snapshot, it gives places
    /// and waivers to what is found there.
    pub spec: Option<PathBuf>,
    /// Audit the account (or with --sandbox the local AWS) instead of a spec.
    #[arg(long)]
    live: bool,
    /// Have AWS audit the account too, now: start its on-demand task with the enabled checks, wait, and show both
    /// findings as one with the differences. Audits as --live does.
    #[arg(long, conflicts_with = "snapshot")]
    pub run: bool,
    /// Audit a snapshot: JSON, as --save-snapshot writes it.
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    snapshot: Option<PathBuf>,
    /// Where a live audit keeps what it has read, so that a run that was cut goes on there.
    /// Default: .fleetctl/audit/ACCOUNT-REGION.jsonl
    #[arg(long, value_name = "FILE", requires = "live")]
    checkpoint: Option<PathBuf>,
    /// Read everything anew, whatever an earlier run has kept.
    #[arg(long, requires = "live")]
    fresh: bool,
}

/// Where a snapshot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Spec,
    Account,
    File,
}

/// Something to audit.
pub struct Subject {
    source: Source,
    pub title: String,
    /// Without device certificates where those lie in a checkpoint.
    pub snapshot: Snapshot,
    checkpoint: Option<Checkpoint>,
    pub spec: Option<Spec>,
    /// Parts that could not be read.
    pub unread: Vec<String>,
}

/// A spec, for places, thresholds and waivers.
pub struct Spec {
    pub checked: Checked,
    /// What it declares.
    pub declared: Snapshot,
}

/// Reads what the command line names.
pub async fn read(global: &Global, input: &Named, checks: &Settings, now: Timestamp) -> Result<Subject, Failure> {
    if input.live || input.run {
        return live_account(global, input, checks, now).await;
    }
    if let Some(path) = &input.snapshot {
        let spec = input.spec.as_deref().map(|path| spec(global, path, None)).transpose()?;
        let snapshot = snapshot_file(path)?;
        let title = path.display().to_string();
        return Ok(Subject { source: Source::File, title, snapshot, checkpoint: None, spec, unread: Vec::new() });
    }
    let path = front::spec_path(input.spec.as_deref())?;
    let spec = spec(global, &path, None)?;
    front::print_warnings(&spec.checked, global);
    let (title, snapshot) = (path.display().to_string(), spec.declared.clone());
    Ok(Subject { source: Source::Spec, title, snapshot, checkpoint: None, spec: Some(spec), unread: Vec::new() })
}

async fn live_account(global: &Global, input: &Named, checks: &Settings, now: Timestamp) -> Result<Subject, Failure> {
    let outline = match &input.spec {
        Some(path) => Some(front::read(path, global)?.outline),
        None => None,
    };
    let kept = live::Kept { path: input.checkpoint.clone(), fresh: input.fresh };
    let read = live::read(global, outline.as_ref(), checks, &kept, now).await?;
    let spec = input.spec.as_deref().map(|path| spec(global, path, Some(&read.place))).transpose()?;
    let title = format!("account {}, {}", read.place.account, read.place.region);
    let unread = read.inventory.unread.iter().map(|unread| format!("{}: {}", unread.part, unread.error)).collect();
    let (source, snapshot) = (Source::Account, read.inventory.snapshot);
    Ok(Subject { source, title, snapshot, checkpoint: read.checkpoint, spec, unread })
}

fn spec(global: &Global, path: &Path, place: Option<&crate::scope::Place>) -> Result<Spec, Failure> {
    let front = front::read(path, global)?;
    let place = place.cloned().unwrap_or_else(|| front::offline_place(&front.outline, global));
    let checked = front::check(front, &place)?;
    let declared = from_spec::snapshot(&checked, &place);
    Ok(Spec { checked, declared })
}

fn snapshot_file(path: &Path) -> Result<Snapshot, Failure> {
    let file = File::open(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .help("a snapshot is the JSON that --save-snapshot writes; docs/audit.md lists its members")
    })
}

impl Subject {
    /// Whether a spec alone is audited, before anything of it exists.
    pub fn is_spec(&self) -> bool {
        self.source == Source::Spec
    }

    /// The settings of the audit: the selected checks, with the spec's thresholds.
    pub fn settings(&self, mut checks: Settings) -> Result<Settings, Failure> {
        let Some(spec) = &self.spec else { return Ok(checks) };
        let (expiry, age) = from_spec::thresholds(&spec.checked);
        let refused = |error: fleet_audit::settings::SettingsError| Failure::new(error.to_string());
        if let Some(days) = expiry {
            checks = checks.with_expiration_threshold(days).map_err(refused)?;
        }
        if let Some(days) = age {
            checks = checks.with_age_threshold(days).map_err(refused)?;
        }
        Ok(checks)
    }

    /// Makes the checks; device certificates page by page.
    pub fn judge(&self, settings: &Settings, now: Timestamp) -> Result<Report, Failure> {
        let bar = Bar::new("policies judged");
        bar.found_total(Audit::policies_to_judge(&self.snapshot, settings));
        let mut audit = Audit::begin_watched(&self.snapshot, settings, now, &|| bar.add(1));
        drop(bar);
        let count = self.snapshot.certificates.as_ref().map_or(0, Vec::len);
        let bar = Bar::new("certificates judged");
        match (&self.checkpoint, &self.snapshot.certificates) {
            (Some(checkpoint), _) => {
                bar.found_total(checkpoint.certificates());
                checkpoint.pages(&mut |page| {
                    audit.certificates(page);
                    bar.add(page.len());
                })?;
            }
            (None, Some(certificates)) => {
                bar.found_total(count);
                audit.certificates(&[]);
                for page in certificates.chunks(1_000) {
                    audit.certificates(page);
                    bar.add(page.len());
                }
            }
            (None, None) => {}
        }
        Ok(audit.finish())
    }

    /// Writes the snapshot as one JSON document, certificate by certificate.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        match &self.checkpoint {
            Some(checkpoint) => checkpoint.save(&self.snapshot, path)?,
            None => {
                let text = serde_json::to_string(&self.snapshot).expect("plain data");
                std::fs::write(path, text + "\n")
                    .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?;
            }
        }
        eprintln!("Wrote {}.", path.display());
        Ok(())
    }

    /// The sections in which the spec declares something.
    pub fn sections(&self) -> BTreeSet<String> {
        let entries = self.spec.iter().flat_map(|spec| spec.checked.resolved.entries.keys());
        entries.map(|address| address.section.clone()).collect()
    }

    /// Drops what an interrupted run would have gone on with.
    pub fn done(self) {
        if let Some(checkpoint) = self.checkpoint {
            checkpoint.remove();
        }
    }
}
