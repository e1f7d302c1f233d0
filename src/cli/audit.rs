//! `fleetctl audit`: the checks of Device Defender Audit, made here, on a spec, a live account or a snapshot.

mod acceptance;
mod bar;
mod checkpoint;
mod differences;
mod evidence;
mod from_spec;
mod live;
mod places;
mod present;
mod run;
mod subject;
mod table;

use std::path::PathBuf;

use fleet_audit::audit::Report;
use fleet_audit::comparison::Baseline;
use fleet_audit::finding::Severity;
use fleet_audit::framework;
use fleet_audit::repair;
use fleet_audit::settings::Settings;
use fleet_audit::timestamp::Timestamp;

use self::subject::Subject;
use super::Global;
use super::failure::Failure;
use crate::diagnostic::did_you_mean;
use crate::exit;

/// Find what is insecure: the 17 checks of Device Defender Audit, computed here.
///
/// A spec is audited before anything of it exists, with file and line for each finding; a live account with --live. Each
/// finding shows an access or a fact that proves it and, for a spec, the change that removes it. What cannot be decided
/// from the input is said, and never counts as passed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::Named,
    #[command(flatten)]
    evidence: evidence::Evidence,
    /// Only these checks, by AWS's names. Repeatable, or with commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    check: Vec<String>,
    /// Exit with 2 if a finding that is not accepted is at least this severe. With --baseline, `low` unless said otherwise.
    #[arg(long, value_name = "SEVERITY", value_enum, ignore_case = true)]
    fail_on: Option<FailOn>,
    /// Findings that were known when this file was written do not fail.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write today's findings to the --baseline file.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Findings that are accepted for a time, beside the spec's own `waivers:` and audit suppressions: a YAML file with
    /// `waivers: [{ code, address, reason, until }]`.
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// Sort the report by the controls of a framework: nist-800-53, nistir-8259a, iso-27001, soc-2, hipaa, etsi-303-645.
    #[arg(long, value_name = "NAME", value_parser = framework_name)]
    framework: Option<String>,
    /// How to show the report. Default: table, or json with --json.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the report to FILE.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write what was audited to FILE, for --snapshot.
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    save_snapshot: Option<PathBuf>,
    /// The time to judge by, such as 2026-11-21T06:00:00Z, so that a report can be made again. Default: now.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Sarif,
    Junit,
    Markdown,
    Html,
}

/// What there is to show.
struct Audited {
    title: String,
    now: Timestamp,
    report: Report,
    /// Suppressions and waivers without effect.
    idle: fleet_audit::suppression::Idle,
    /// Parts that could not be read, and why.
    unread: Vec<String>,
    /// Findings of the baseline that are no more.
    gone: usize,
    /// Sections in which the spec declares something.
    sections: std::collections::BTreeSet<String>,
    /// AWS's own audit, with --run.
    aws: Option<run::Ran>,
}

fn framework_name(text: &str) -> Result<String, String> {
    let names = || framework::all().iter().map(|framework| framework.name.as_str());
    if framework::find(text).is_some() {
        return Ok(text.to_owned());
    }
    let known = || format!("known: {}", names().collect::<Vec<_>>().join(", "));
    Err(did_you_mean(text, names()).unwrap_or_else(known))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "expected a time with a zone such as 2026-11-21T06:00:00Z, or a date".to_owned())
}

fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let format = args.format.unwrap_or(if global.json { Format::Json } else { Format::Table });
    if args.framework.is_some() && matches!(format, Format::Sarif | Format::Junit) {
        return Err(Failure::Usage("--framework goes with --format table, json, markdown or html".into()));
    }
    let now = args.now.unwrap_or_else(wall_clock);
    let mut checks = selected(&args.check)?;
    let mut aws = None;
    if args.subject.run {
        let ran = run::run(global, args.subject.spec.as_deref(), &checks).await?;
        checks = ran.thresholds(checks)?;
        aws = Some(ran);
    }
    let mut subject = subject::read(global, &args.subject, &checks, now).await?;
    args.evidence.add_to(&mut subject.snapshot)?;
    if let Some(path) = &args.save_snapshot {
        subject.save(path)?;
    }
    let settings = subject.settings(checks)?;
    let mut report = examine(&subject, &settings, now)?;
    let accepted = acceptance::read(args.waivers.as_deref(), &subject)?;
    if let Some(ran) = &mut aws {
        ran.differences = differences::merge(&mut report, &ran.task, &ran.findings);
    }
    let idle = accepted.apply(&mut report, now)?;
    if let Some(ran) = &mut aws {
        differences::suppressions(&mut report, &ran.findings, &mut ran.differences);
    }
    let gone = compare(args, &mut report)?;
    let audited = Audited {
        title: subject.title.clone(),
        now,
        report,
        idle,
        unread: subject.unread.clone(),
        gone,
        sections: subject.sections(),
        aws,
    };
    let by_control = args.framework.as_deref().and_then(framework::find);
    let by_control = by_control.map(|found| framework::by_control(found, &audited.report, &audited.sections));
    present::notes(&audited, format);
    present::deliver(args.out.as_deref(), &present::text(&audited, by_control.as_ref(), format, global)?)?;
    subject.done();
    Ok(verdict(args, &audited.report))
}

/// What the audit says of a subject, with places and changes for what a spec declares. Everything that audits goes
/// through here, whatever the snapshot comes from.
fn examine(subject: &Subject, settings: &Settings, now: Timestamp) -> Result<Report, Failure> {
    let mut report = subject.judge(settings, now)?;
    if let Some(spec) = &subject.spec {
        places::address(&mut report, &spec.declared);
        repair::propose_all(&mut report, &spec.declared);
        places::locate(&mut report, &spec.checked);
    }
    Ok(report)
}

/// The checks to make, all of them unless some are named.
fn selected(names: &[String]) -> Result<Settings, Failure> {
    if names.is_empty() {
        return Ok(Settings::default());
    }
    Settings::default().only(names.iter().map(String::as_str)).map_err(|_| {
        let known = || fleet_audit::registry::ALL.iter().map(|check| check.name);
        let wrong = names.iter().find(|name| fleet_audit::registry::find(name).is_none());
        let wrong = wrong.map(String::as_str).unwrap_or_default();
        let help = did_you_mean(wrong, known()).unwrap_or_else(|| "`fleetctl explain` lists the checks".to_owned());
        Failure::Usage(format!("--check {wrong}: there is no such audit check; {help}"))
    })
}

/// Marks what is new, or writes the baseline. Returns how many findings of the baseline are gone.
fn compare(args: &Args, report: &mut Report) -> Result<usize, Failure> {
    let Some(path) = &args.baseline else { return Ok(0) };
    if args.write_baseline {
        let text = serde_json::to_string_pretty(&Baseline::of(&report.findings)).expect("plain data");
        present::deliver(Some(path), &(text + "\n"))?;
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("{} cannot be read: {error}", path.display()))
            .help("write it with --write-baseline, once, on a state that is accepted")
    })?;
    let baseline: Baseline =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let known: Vec<bool> = report.findings.iter().map(|finding| baseline.has(finding)).collect();
    let gone = baseline.gone(&report.findings).len();
    report.findings.iter_mut().zip(known).for_each(|(finding, known)| finding.is_new = Some(!known));
    Ok(gone)
}

fn verdict(args: &Args, report: &Report) -> u8 {
    let least = match (args.fail_on, &args.baseline) {
        (Some(FailOn::Low), _) | (None, Some(_)) => Severity::Low,
        (Some(FailOn::Medium), _) => Severity::Medium,
        (Some(FailOn::High), _) => Severity::High,
        (Some(FailOn::Critical), _) => Severity::Critical,
        (None, None) => return exit::DONE,
    };
    let fails = report.failing(least).any(|finding| finding.is_new != Some(false));
    if fails { exit::DIFFERENCE } else { exit::DONE }
}
