//! JUnit XML, for CI systems: a test suite for each check that was run.
//!
//! A finding that counts is a failure; a suppressed finding and what could not be decided
//! are skipped tests, so that neither reads as passed.

use crate::audit::Report;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite, XmlString};

/// The report as JUnit XML, or why it cannot be written.
pub fn junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut document = quick_junit::Report::new("fleetctl audit");
    for check in &report.checks {
        let mut suite = TestSuite::new(check.check_name.as_str());
        let name = &check.check_name;
        for finding in report.findings.iter().filter(|finding| finding.check_name == *name) {
            let status = match &finding.suppressed_because {
                Some(why) if finding.is_suppressed => skipped(why),
                _ if finding.is_suppressed => skipped("suppressed"),
                _ => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_type(finding.rule.as_str());
                    let mut message = finding.reason_for_non_compliance.clone();
                    if let Some(example) = &finding.counterexample {
                        message.push_str(&format!(" For example, {example}."));
                    }
                    status.set_message(message);
                    status
                }
            };
            let resource = finding.non_compliant_resource.resource_identifier.to_string();
            let place = finding.address.as_deref().unwrap_or(&resource);
            suite.add_test_case(TestCase::new(format!("{} {place}", finding.rule), status));
        }
        for undecided in report.undecided.iter().filter(|undecided| undecided.check_name == *name) {
            let why = format!("not decidable here, because {}", undecided.because);
            suite.add_test_case(TestCase::new("not decidable", skipped(&why)));
        }
        if suite.test_cases.is_empty() {
            let passed = format!("{} resources", check.evaluated);
            suite.add_test_case(TestCase::new(passed, TestCaseStatus::success()));
        }
        document.add_test_suite(suite);
    }
    document.to_string()
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(XmlString::new(why));
    status
}
