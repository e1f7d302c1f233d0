//! The mappings to frameworks are whole and name what exists.

use fleet_audit::audit;
use fleet_audit::framework::{Standing, all, by_control};
use fleet_audit::registry;
use fleet_audit::render::controls::controls;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn every_check_is_mapped_in_every_framework_and_every_control_exists() {
    for framework in all() {
        let name = &framework.name;
        let ids: BTreeSet<&str> = framework.ids.iter().map(String::as_str).collect();
        assert_eq!(ids.len(), framework.ids.len(), "{name}: an identifier stands twice");
        let mut mapped = BTreeSet::new();
        let mut controls = BTreeSet::new();
        for control in &framework.controls {
            assert!(ids.contains(control.id.as_str()), "{name} has no control {}", control.id);
            assert!(controls.insert(&control.id), "{name}: {} stands twice", control.id);
            assert!(control.about.ends_with('.') && !(control.checks.is_empty() && control.features.is_empty()));
            for check in &control.checks {
                assert_eq!(registry::find(check).map(|found| found.name), Some(check.as_str()), "{name}");
                mapped.insert(check.as_str());
            }
        }
        let checks: BTreeSet<&str> = registry::ALL.iter().map(|check| check.name).collect();
        assert_eq!(mapped, checks, "{name}");
        assert!(Timestamp::parse(&framework.mapped).is_some() && framework.source.starts_with("https://"));
        assert!(framework.compared_with.ends_with('.'), "{name}: say what it was compared with");
    }
}

/// A control stands as badly as the worst that is known of it, and never better than what
/// was decided.
#[test]
fn a_control_stands_as_the_worst_of_its_checks() {
    let run = |logging: serde_json::Value, checks: Option<&str>| {
        let snapshot: Snapshot = serde_json::from_value(json!({"logging": logging})).unwrap();
        let settings = checks.map_or_else(Settings::default, |check| Settings::default().only([check]).unwrap());
        audit::run(&snapshot, &settings, Timestamp(0))
    };
    let framework = fleet_audit::framework::find("nist-800-53").unwrap();
    let standing = |report: &audit::Report, sections: &[&str], id: &str| {
        let sections = sections.iter().map(|section| (*section).to_owned()).collect();
        let sorted = by_control(framework, report, &sections);
        sorted.controls.iter().find(|control| control.id == id).unwrap().standing
    };
    let on = json!({"v2": {"roleArn": "r", "defaultLogLevel": "INFO"}});
    let off = run(json!({"v1": {}, "v2": {}}), None);
    assert_eq!(standing(&off, &[], "AU-12"), Standing::Findings);
    assert_eq!(standing(&run(json!({"v2": {}}), None), &[], "AU-12"), Standing::NotDecided);
    assert_eq!(standing(&run(on.clone(), None), &[], "AU-12"), Standing::NoFindings);
    assert_eq!(standing(&run(on, Some("DEVICE_CERTIFICATE_AGE_CHECK")), &[], "AU-12"), Standing::NotDecided);
    assert_eq!(standing(&off, &["logGroups"], "AU-11"), Standing::Declared);
    assert_eq!(standing(&off, &["topics"], "AU-11"), Standing::NothingDeclared);
    let text = controls(&by_control(framework, &off, &BTreeSet::new()));
    assert!(text.contains("| AU-12 |") && text.contains("`logging/off`") && text.contains("not a certification"));
}
