//! What neither a spec nor an account holds: revocation lists, issuers, weak keys, connections, Cognito identity pools.

use std::path::{Path, PathBuf};

use fleet_audit::lifecycle;
use fleet_audit::snapshot::{Connections, Snapshot};
use serde_json::Value;

use crate::cli::failure::Failure;

const HEADING: &str = "Evidence";

#[derive(Debug, clap::Args)]
pub struct Evidence {
    /// Certificate revocation lists (PEM). Their signatures are not verified: you vouch for the files.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = HEADING)]
    crl: Vec<PathBuf>,
    /// Certificates of further issuers (PEM), such as intermediate CAs, which AWS IoT does not keep.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = HEADING)]
    issuer: Vec<PathBuf>,
    /// Debian weak keys (CVE-2008-0166), in the form of the package openssl-blacklist.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = HEADING)]
    weak_keys: Vec<PathBuf>,
    /// Connections: AWS IoT's lifecycle events, one a line, or JSON with observedFrom, observedTo and observations.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    connections: Option<PathBuf>,
    /// Further parts of a snapshot (JSON), such as identityPools and serviceLastAccessed.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    evidence: Vec<PathBuf>,
}

impl Evidence {
    /// Adds what the files hold.
    pub fn add_to(&self, snapshot: &mut Snapshot) -> Result<(), Failure> {
        for path in &self.evidence {
            merge(snapshot, path)?;
        }
        for path in &self.crl {
            snapshot.crls.get_or_insert_default().push(text(path)?);
        }
        for path in &self.issuer {
            snapshot.issuer_certificates.get_or_insert_default().extend(certificates(path)?);
        }
        for path in &self.weak_keys {
            let text = text(path)?;
            let keys = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            snapshot.debian_weak_keys.get_or_insert_default().extend(keys.map(str::to_owned));
        }
        if let Some(path) = &self.connections {
            snapshot.connections = Some(connections(path)?);
        }
        Ok(())
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

/// The certificates of a PEM file, each as a text of its own.
fn certificates(path: &Path) -> Result<Vec<String>, Failure> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = text(path)?;
    let blocks: Vec<String> = text
        .split_inclusive(END)
        .filter_map(|part| Some(part[part.find("-----BEGIN CERTIFICATE-----")?..].to_owned() + "\n"))
        .collect();
    match blocks.is_empty() {
        true => Err(Failure::new(format!("{} holds no certificate (PEM)", path.display()))),
        false => Ok(blocks),
    }
}

fn connections(path: &Path) -> Result<Connections, Failure> {
    let text = text(path)?;
    let wrong = |message: String| Failure::new(format!("{}: {message}", path.display()));
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if value.get("observations").is_some() => {
            serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
        }
        _ => lifecycle::connections(&text).map_err(wrong),
    }
}

/// Adds the parts of another snapshot; two files for one part would leave open which of them counts.
fn merge(snapshot: &mut Snapshot, path: &Path) -> Result<(), Failure> {
    let wrong = |message: String| Failure::new(format!("{}: {message}", path.display()));
    let more: Snapshot = serde_json::from_str(&text(path)?).map_err(|error| wrong(error.to_string()))?;
    let (Ok(Value::Object(mut all)), Ok(Value::Object(more))) =
        (serde_json::to_value(&*snapshot), serde_json::to_value(&more))
    else {
        return Err(wrong("this is no snapshot".to_owned()));
    };
    for (part, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
        if matches!(part.as_str(), "accountId" | "region") {
            continue;
        }
        if all.get(&part).is_some_and(|known| !known.is_null()) {
            return Err(wrong(format!("`{part}` is known already; leave it out of this file")));
        }
        all.insert(part, value);
    }
    *snapshot = serde_json::from_value(Value::Object(all)).map_err(|error| wrong(error.to_string()))?;
    Ok(())
}
