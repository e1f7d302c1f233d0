//! For the tests of rules: a spec as text in, the codes and addresses of its findings out.

use std::collections::BTreeMap;

use clap::Parser;

use super::finding::Finding;
use super::report::Report;
use super::trace::Paths;
use crate::cli::{Cli, front};

/// Five sensors that send every thirty seconds, in the group `hall`.
pub const SCENARIO: &str = "start: 2026-01-05T08:00:00Z
duration: 1h
classes:
  sensor:
    count: 5
    groups: [hall]
    messages: { every: 30s, bytes: { min: 150, max: 400 }, topic: \"device/${thing}/data\" }
    reports: { every: 5m, tcpPorts: [22], custom: { battery: { min: 40, max: 100 } } }
";

/// The findings of a spec without its head. `functions` may name the folder `code`, `scenarios` the file
/// `scenario.yaml`, which is [`SCENARIO`].
pub fn findings(text: &str) -> Vec<Finding> {
    findings_with(text, SCENARIO)
}

pub fn findings_with(text: &str, scenario: &str) -> Vec<Finding> {
    report(text, scenario).findings.into_iter().map(|one| one.finding).collect()
}

/// The paths of a spec without its head.
pub fn paths(text: &str) -> Paths {
    report(text, SCENARIO).paths
}

fn report(text: &str, scenario: &str) -> Report {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(dir.path().join("code")).expect("made");
    std::fs::write(dir.path().join("code/main.py"), "def handler(event, context):\n    return None\n")
        .expect("written");
    std::fs::write(dir.path().join("scenario.yaml"), scenario).expect("written");
    let path = dir.path().join("fleet.yaml");
    std::fs::write(&path, format!("version: 1\nfleet: f\n{text}\n")).expect("written");
    let global = Cli::parse_from(["fleetctl", "check"]).global;
    let front = front::read(&path, &global).unwrap_or_else(|_| panic!("unreadable:\n{text}"));
    let place = front::offline_place(&front.outline, &global);
    let checked = match front::check(front, &place) {
        Ok(checked) => checked,
        Err(failure) => {
            failure.print(&global);
            panic!("the spec has mistakes:\n{text}");
        }
    };
    let objects: BTreeMap<_, _> =
        checked.resolved.desired.iter().map(|(address, desired)| (address.clone(), &desired.state)).collect();
    front::trace(&checked, &place, &objects)
}

/// The findings of one rule, as `address subject`.
pub fn found(code: &str, text: &str) -> Vec<String> {
    let found = findings(text);
    let found = found.iter().filter(|finding| finding.code == code);
    found.map(|finding| format!("{} {}", finding.address, finding.subject).trim().to_owned()).collect()
}
