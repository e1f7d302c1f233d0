//! What a test run says: to people, to programs, and to CI systems.

use fleet_detect::expect::Pair;
use fleet_detect::traffic::time::format_utc;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::FileReport;
use super::run::{Measured, Outcome};
use crate::diagnostic::{Diagnostics, Severity};
use crate::render::paint::Paint;

/// Most alarms of one case that are shown.
const SHOWN: usize = 20;

/// One line a file, every failure, and the sum.
pub fn text(files: &[FileReport], paint: Paint) -> String {
    let mut text = String::new();
    for file in files {
        let (all, failed) = (file.tests.len(), file.failed().count());
        let errors = file.errors();
        let said = match (failed, errors) {
            (0, 0) => paint.green(format!("{} passed", tests(all))),
            (failed, 0) => paint.red(format!("{failed} of {} failed", tests(all))),
            (0, _) if all == 0 => paint.red("has mistakes"),
            (0, _) => paint.red(format!("{} passed, but it has mistakes", tests(all))),
            (failed, _) => paint.red(format!("{failed} of {} failed, and it has mistakes", tests(all))),
        };
        text += &format!("{}: {said}\n", file.path.display());
    }
    for file in files {
        for test in file.failed() {
            let place = format!("{}:{}", file.path.display(), test.line);
            text += &format!("\n{} {}\n", paint.red(paint.bold("FAILED")), paint.bold(&test.name));
            text += &format!("  {}\n", paint.dim(place));
            text += &failure(&test.outcome, paint);
        }
    }
    let (all, failed) = (files.iter().map(|file| file.tests.len()).sum(), files.iter().flat_map(FileReport::failed));
    let (failed, broken) = (failed.count(), files.iter().filter(|file| file.errors() > 0).count());
    let mut sum = match failed {
        0 => format!("{} in {} passed", tests(all), counted(files.len(), "file")),
        failed => format!("{failed} of {} in {} failed", tests(all), counted(files.len(), "file")),
    };
    if broken > 0 {
        sum += &format!("; {} with mistakes", counted(broken, "file"));
    }
    text + &format!("\n{sum}.\n")
}

fn tests(count: usize) -> String {
    counted(count, "test")
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Expected and actual side by side, part by part; what differs has a `≠` between.
fn failure(outcome: &Outcome, paint: Paint) -> String {
    let mut text = String::new();
    let wrong = || outcome.pairs.iter().filter(|pair| !pair.holds());
    let aspects = |pair: &Pair| pair.aspects(outcome.clock, outcome.start);
    let width = wrong().take(SHOWN).flat_map(aspects).map(|aspect| aspect.expected.chars().count()).max();
    let width = width.unwrap_or_default().max("EXPECTED".len());
    text += &paint.dim(format!("\n    {:9} {:width$}    ACTUAL\n", "", "EXPECTED"));
    for pair in wrong().take(SHOWN) {
        let (device, behavior) = pair.subject();
        text += &format!("  {device} {behavior}\n");
        for aspect in aspects(pair) {
            let sign = if aspect.differs { "≠" } else { " " };
            let line = format!("{:9} {:width$} {sign}  {}", aspect.part.as_str(), aspect.expected, aspect.actual);
            let line = line.trim_end();
            text += &format!("    {}\n", if aspect.differs { paint.red(line) } else { line.to_owned() });
        }
        let subject = (device.to_owned(), behavior.to_owned());
        if let Some(measured) = outcome.measured.get(&subject).filter(|_| pair.actual.is_none()) {
            text += &format!("    {}\n", near(measured));
        }
    }
    let (hidden, met) =
        (wrong().count().saturating_sub(SHOWN), outcome.pairs.iter().filter(|pair| pair.holds()).count());
    if hidden > 0 {
        text += &format!("  and {} more\n", counted(hidden, "alarm"));
    }
    if met > 0 {
        text += &format!("  {} as expected\n", counted(met, "other alarm"));
    }
    if let fleet_detect::expect::Clock::Since(start) = outcome.clock {
        text += &paint.dim(format!("  Times count from {}.\n", format_utc(start)));
    }
    text
}

/// How near the values came to an alarm that is missing.
fn near(measured: &Measured) -> String {
    let Measured { values, violating, in_a_row, needed, .. } = *measured;
    if values == 0 {
        return "measured  nothing: no value of this metric came from this device".to_owned();
    }
    let range = measured.range.map_or(String::new(), |(least, greatest)| match least == greatest {
        true => format!(", always {least}"),
        false => format!(" from {least} to {greatest}"),
    });
    let count = counted(values as usize, "value");
    match violating {
        0 => format!("measured  {count}{range}, all of them normal"),
        _ => format!(
            "measured  {count}{range}; {violating} not normal, {in_a_row} in a row where {needed} raise the alarm"
        ),
    }
}

/// Everything, for programs.
pub fn json(files: &[FileReport]) -> Value {
    let pair = |pair: &Pair| {
        json!({ "device": pair.subject().0, "behavior": pair.subject().1, "holds": pair.holds(),
        "expected": pair.expected, "actual": pair.actual, "differs": pair.differs })
    };
    let listed = files.iter().map(|file| {
        let tests = file.tests.iter().map(|test| {
            json!({ "name": test.name, "line": test.line, "passed": test.outcome.passed(),
                "start": test.outcome.start, "alarms": test.outcome.pairs.iter().map(pair).collect::<Vec<_>>() })
        });
        json!({ "file": file.path, "tests": tests.collect::<Vec<_>>(),
            "diagnostics": file.diagnostics.to_json(&file.sources) })
    });
    let all: usize = files.iter().map(|file| file.tests.len()).sum();
    let failed = files.iter().flat_map(FileReport::failed).count();
    let errors: usize = files.iter().map(FileReport::errors).sum();
    json!({ "version": 1, "type": "test", "summary": { "files": files.len(), "tests": all, "passed": all - failed,
        "failed": failed, "errors": errors }, "files": listed.collect::<Vec<_>>() })
}

/// JUnit XML: a suite for each file, a test for each case; a file with mistakes is an error.
pub fn junit(files: &[FileReport]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("fleetctl test");
    let plain = Paint { color: false };
    for file in files {
        let mut suite = TestSuite::new(file.path.display().to_string());
        for test in &file.tests {
            let status = if test.outcome.passed() {
                TestCaseStatus::success()
            } else {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let wrong = test.outcome.pairs.iter().filter(|pair| !pair.holds()).count();
                status.set_type("alarms-differ").set_message(format!("{} not as expected", counted(wrong, "alarm")));
                status.set_description(failure(&test.outcome, plain));
                status
            };
            let mut case = TestCase::new(test.name.as_str(), status);
            case.set_classname(file.path.display().to_string());
            case.extra.insert("line".into(), test.line.to_string().into());
            suite.add_test_case(case);
        }
        if file.errors() > 0 {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("mistakes").set_message("the test file has mistakes");
            status.set_description(file.diagnostics.render(&file.sources, false));
            suite.add_test_case(TestCase::new("the file can be read", status));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

/// How many errors there are.
pub fn errors(diagnostics: &Diagnostics) -> usize {
    diagnostics.count(Severity::Error)
}
