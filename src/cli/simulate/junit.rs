//! JUnit XML, for CI systems: a test suite for each security profile, a test case for each behaviour.
//!
//! The cases are the same in every run, whatever the fleet does, so that CI systems can follow them over time. A
//! behaviour that alarmed is a failed case, whose text lists the alarms. One whose alarms are all suppressed
//! (`suppressAlerts`) passes, because nobody is told. One that had nothing to judge is skipped, because that is neither
//! good nor bad.

use fleet_detect::summary::alarms::RaisedAlarm;
use fleet_detect::summary::totals::BehaviorTotals;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::simulation::Simulation;
use super::text::{alarm_line, counted};
use crate::cli::failure::Failure;

/// Alarms that a case lists.
const SHOWN: usize = 50;

/// The simulation as JUnit XML.
pub fn junit(simulation: &Simulation) -> Result<String, Failure> {
    let mut report = Report::new("fleetctl simulate");
    for behaviors in simulation.totals.behaviors.chunk_by(|a, b| a.profile == b.profile) {
        let mut suite = TestSuite::new(behaviors[0].profile.as_str());
        for totals in behaviors {
            let mine = |alarm: &&RaisedAlarm| {
                alarm.span.profile == totals.profile && alarm.span.behavior == totals.behavior && !alarm.span.suppressed
            };
            let alarms: Vec<&RaisedAlarm> = simulation.alarms.iter().filter(mine).collect();
            let mut case = TestCase::new(totals.behavior.as_str(), status(totals, &alarms));
            case.set_classname(totals.profile.as_str());
            if totals.suppressed > 0 {
                case.set_system_out(format!("{} by suppressAlerts", counted(totals.suppressed, "suppressed alarm")));
            }
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| Failure::new(format!("the JUnit report cannot be written: {error}")))
}

fn status(totals: &BehaviorTotals, alarms: &[&RaisedAlarm]) -> TestCaseStatus {
    if totals.datapoints == 0 {
        let mut status = TestCaseStatus::skipped();
        status.set_message("never judged: the traffic holds no value of its metric");
        return status;
    }
    if alarms.is_empty() {
        return TestCaseStatus::success();
    }
    let mut devices: Vec<&str> = alarms.iter().map(|alarm| alarm.span.device.as_str()).collect();
    devices.sort_unstable();
    devices.dedup();
    let (count, devices) = (counted(alarms.len() as u64, "alarm"), counted(devices.len() as u64, "device"));
    let mut lines: Vec<String> = alarms.iter().take(SHOWN).map(|alarm| alarm_line(alarm)).collect();
    if alarms.len() > SHOWN {
        lines.push(format!("and {} more", alarms.len() - SHOWN));
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type("alarm");
    status.set_message(format!("{count} on {devices}; normal: {}", totals.normal));
    status.set_description(lines.join("\n"));
    status
}
