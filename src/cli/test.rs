//! `fleetctl test`: does a profile alarm when it must, and only then?

mod case;
mod find;
mod read;
mod report;
mod run;
pub mod schema;
mod subject;
mod traffic;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use glob::Pattern;
use indicatif::{ProgressBar, ProgressStyle};

use self::read::Reading;
use self::run::Outcome;
use super::failure::Failure;
use super::{Global, output};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::exit;

/// Test security profiles: run traffic against them and compare the alarms with those expected.
///
/// A test file says which spec or profile it is about, and for each case the traffic (a scenario, single events, or
/// recorded files) and the alarms that it must raise, or that there must be none. Nothing is asked of AWS. The exit
/// code is 1 if a test fails.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Test files, or folders that hold `*_test.yaml`, with the folders in them.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Only cases whose name matches; `*` stands for any text.
    #[arg(long, value_name = "GLOB")]
    filter: Option<String>,
    /// Also write the result to FILE as JUnit XML, for CI systems.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// What came of one file.
struct FileReport {
    path: PathBuf,
    /// The cases that were run.
    tests: Vec<TestReport>,
    sources: Sources,
    diagnostics: Diagnostics,
}

struct TestReport {
    name: String,
    line: usize,
    outcome: Outcome,
}

impl FileReport {
    fn failed(&self) -> impl Iterator<Item = &TestReport> {
        self.tests.iter().filter(|test| !test.outcome.passed())
    }

    fn errors(&self) -> usize {
        report::errors(&self.diagnostics)
    }
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let filter = args.filter.as_deref().map(Pattern::new).transpose();
    let filter = filter.map_err(|error| Failure::Usage(format!("--filter: {error}")))?;
    let files = find::test_files(&args.paths)?;
    let mut reports = run_all(&files, filter.as_ref(), global);
    if filter.is_some() {
        reports.retain(|file| !file.tests.is_empty() || file.errors() > 0);
        if reports.is_empty() {
            let pattern = args.filter.as_deref().unwrap_or_default();
            return Err(Failure::new(format!("no test is called like `{pattern}`"))
                .help("the whole name must match; `*` stands for any text"));
        }
    }
    if let Some(path) = &args.junit {
        write_junit(path, &reports)?;
    }
    if global.json {
        output::json(&report::json(&reports));
    } else {
        for file in &reports {
            eprint!("{}", file.diagnostics.render(&file.sources, global.paint_stderr().color));
        }
        output::text(&report::text(&reports, global.paint_stdout()));
    }
    let passed = reports.iter().all(|file| file.errors() == 0 && file.failed().next().is_none());
    Ok(if passed { exit::DONE } else { exit::ERROR })
}

fn write_junit(path: &Path, reports: &[FileReport]) -> Result<(), Failure> {
    let text = report::junit(reports).map_err(|error| Failure::new(format!("JUnit: {error}")))?;
    std::fs::write(path, text).map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}

/// Runs the files, as many at once as there are processors. The order of the reports is that of the files.
fn run_all(files: &[PathBuf], filter: Option<&Pattern>, global: &Global) -> Vec<FileReport> {
    let bar = match std::io::stderr().is_terminal() && !global.json {
        true => ProgressBar::new(files.len() as u64),
        false => ProgressBar::hidden(),
    };
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("a fixed template"));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bar.set_message(path.display().to_string());
                    let report = run_file(path, filter, global);
                    bar.inc(1);
                    done.lock().expect("no panic while holding the lock").push(report);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut reports = done.into_inner().expect("no panic while holding the lock");
    reports.sort_by_key(|report: &FileReport| files.iter().position(|path| *path == report.path));
    reports
}

fn run_file(path: &Path, filter: Option<&Pattern>, global: &Global) -> FileReport {
    let mut reading = Reading::default();
    let cases = case::read(path, &mut reading, global);
    let mut tests = Vec::new();
    for case in cases.iter().filter(|case| filter.is_none_or(|filter| filter.matches(&case.name))) {
        if let Some(outcome) = run::run(case, &mut reading) {
            let line = reading.sources.position(case.at).0;
            tests.push(TestReport { name: case.name.clone(), line, outcome });
        }
    }
    // A single case may well show that a profile leaves some devices alone, but then another one must be watched.
    if let (None, [first, ..]) = (filter, cases.as_slice())
        && !tests.is_empty()
        && !tests.iter().any(|test| test.outcome.watched)
    {
        let message = "no security profile watches any device of any case, so this file tests nothing";
        let diagnostic = Diagnostic::error("nothing-watched", message).at(first.at);
        reading.diagnostics.push(diagnostic.help("compare `attachTo` with the groups of the devices"));
    }
    reading.diagnostics.sort();
    FileReport { path: path.to_owned(), tests, sources: reading.sources, diagnostics: reading.diagnostics }
}
