//! A report for people, in a terminal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use fleet_audit::check::Undecided;
use fleet_audit::finding::{Finding, Severity};
use fleet_audit::framework::{ByControl, Standing};
use fleet_audit::mitigation;
use fleet_audit::registry;

use super::Audited;
use crate::render::paint::Paint;

/// Findings of one rule that are shown in full; thousands of certificates have the same trouble.
const OF_ONE_RULE: usize = 20;

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
    }
}

/// The whole report.
pub fn report(audited: &Audited, paint: Paint) -> String {
    let report = &audited.report;
    let mut text = String::new();
    let mut counted: Vec<&Finding> = report.failing(Severity::Low).collect();
    counted.sort_by_key(|finding| (Reverse(finding.severity), finding.place.as_ref().map(|place| place.line)));
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut changes = Changes::default();
    let badge = |one: &Finding| paint.with(style(one.severity), one.severity);
    let counted_badges = counted.iter().map(|one| (*one, badge(one)));
    let advice = report.advice.iter().map(|one| (one, paint.dim("REMARK")));
    for (one, badge) in counted_badges.chain(advice) {
        let count = shown.entry(&one.rule).or_default();
        *count += 1;
        if *count <= OF_ONE_RULE {
            finding(&mut text, one, &badge, paint, &mut changes);
        }
    }
    for (rule, count) in shown.into_iter().filter(|(_, count)| *count > OF_ONE_RULE) {
        let _ = writeln!(text, "… and {} more of {rule}; --format json has them.\n", count - OF_ONE_RULE);
    }
    undecided(&mut text, &report.undecided, paint);
    for one in report.findings.iter().filter(|finding| finding.is_suppressed) {
        let because = one.suppressed_because.as_deref().unwrap_or("suppressed");
        let _ = writeln!(text, "{} {} {}: {because}", paint.dim("SUPPRESSED"), one.rule, name(one));
    }
    let _ = writeln!(text, "{}", summary(audited, &counted, paint));
    text
}

fn name(finding: &Finding) -> String {
    let resource = || finding.non_compliant_resource.resource_identifier.to_string();
    finding.address.clone().unwrap_or_else(resource)
}

/// Changes that are shown already: one statement often has several findings.
type Changes<'a> = BTreeSet<&'a str>;

fn finding<'a>(text: &mut String, finding: &'a Finding, badge: &str, paint: Paint, changes: &mut Changes<'a>) {
    let new = if finding.is_new == Some(true) { " (new)" } else { "" };
    let place = finding.place.as_ref();
    let place = place.map(|place| format!("  {}:{}:{}", place.path, place.line, place.column)).unwrap_or_default();
    let _ = writeln!(text, "{badge} {}{new}{}", paint.bold(name(finding)), paint.dim(place));
    let _ = writeln!(text, "  {}", finding.reason_for_non_compliance);
    if let Some(example) = &finding.counterexample {
        let _ = writeln!(text, "  For example, {example}.");
    }
    if !finding.assumed.is_empty() {
        let _ = writeln!(text, "  Assumed: {}.", finding.assumed.join("; "));
    }
    match &finding.spec_change {
        Some(change) if !changes.insert(&change.yaml) => {
            let _ = writeln!(text, "  {} the one shown above.", paint.green("Change:"));
        }
        Some(change) => {
            let _ = writeln!(text, "  {} {}", paint.green("Change:"), change.note);
            for line in change.yaml.lines() {
                let _ = writeln!(text, "    {}", paint.green(line));
            }
        }
        None => {
            if let Some(check) = registry::find(&finding.check_name) {
                let _ = writeln!(text, "  {} {}", paint.green("To do:"), check.page.fix);
            }
        }
    }
    let actions: Vec<&str> = mitigation::suggest(finding).iter().map(|suggestion| suggestion.action_type).collect();
    let (check, code) = (&finding.check_name, &finding.reason_for_non_compliance_code);
    let told = format!("  {}; AWS: {check}, {code}; mitigation actions: {}", finding.rule, actions.join(", "));
    let _ = writeln!(text, "{}\n", paint.dim(told));
}

/// What could not be decided, by reason: many checks lack the same thing.
fn undecided(text: &mut String, undecided: &[Undecided], paint: Paint) {
    if undecided.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint.bold("Not decidable here, and not counted as passed:"));
    let mut reasons: BTreeMap<&str, Vec<&Undecided>> = BTreeMap::new();
    undecided.iter().for_each(|one| reasons.entry(&one.because).or_default().push(one));
    for (because, all) in reasons {
        let count = all.iter().map(|one| one.resource_count).max().unwrap_or_default();
        let of = match count {
            0 => String::new(),
            1 => format!(" ({})", all[0].resources.join("")),
            count => format!(" ({count} resources)"),
        };
        let _ = writeln!(text, "  because {because}{of}:");
        for one in all {
            let _ = writeln!(text, "    {}", paint.dim(&one.check_name));
        }
        if let Some(option) = remedy(because) {
            let _ = writeln!(text, "    {} {option}", paint.green("Decidable with:"));
        }
    }
    text.push('\n');
}

/// The option that brings what is missing.
fn remedy(because: &str) -> Option<&'static str> {
    const REMEDIES: [(&str, &str); 7] = [
        ("revocation list", "--crl FILE"),
        ("issuers of its chain", "--issuer FILE"),
        ("Debian weak keys", "--weak-keys FILE"),
        ("observed connections", "--connections FILE"),
        ("connections were observed from", "--connections FILE with more of them"),
        ("identity pools", "--evidence FILE with identityPools"),
        ("serviceLastAccessed", "--live, or --evidence FILE with serviceLastAccessed"),
    ];
    if let Some((_, option)) = REMEDIES.iter().find(|(part, _)| because.contains(part)) {
        return Some(option);
    }
    let live =
        ["creationDate", "PEM text", "no logging options", "logging options", "no role aliases", "no CA certificates"];
    live.iter().any(|part| because.contains(part)).then_some("--live")
}

fn summary(audited: &Audited, counted: &[&Finding], paint: Paint) -> String {
    let report = &audited.report;
    let of = |severity: Severity| counted.iter().filter(|finding| finding.severity == severity).count();
    let parts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter(|severity| of(*severity) > 0)
        .map(|severity| paint.with(style(severity), format!("{} {}", of(severity), severity.as_str().to_lowercase())))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let new = counted.iter().filter(|finding| finding.is_new == Some(true)).count();
    let new =
        if counted.iter().any(|finding| finding.is_new.is_some()) { format!(", {new} new") } else { String::new() };
    let suppressed = report.findings.len() - counted.len();
    let decided = report.checks.iter().filter(|check| report.is_decided(&check.check_name)).count();
    let findings = if counted.len() == 1 { "1 finding" } else { &format!("{} findings", counted.len()) };
    format!(
        "{}: {findings}{parts}{new}, {suppressed} suppressed, {} remarks; {decided} of {} checks wholly decided.",
        audited.title,
        report.advice.len(),
        report.checks.len()
    )
}

/// The report by control.
pub fn by_control(by_control: &ByControl<'_>, paint: Paint) -> String {
    let mut text = format!(
        "{}, {}\nEvidence for an assessor, not a certification. Source: {}; mapping of {}.\n\n",
        paint.bold(by_control.title),
        by_control.edition,
        by_control.source,
        by_control.mapped
    );
    let width = by_control.controls.iter().map(|control| control.id.len()).max().unwrap_or_default();
    for control in &by_control.controls {
        let standing = format!("{:16}", control.standing.as_str());
        let standing = match control.standing {
            Standing::Findings => paint.red(standing),
            Standing::NoFindings | Standing::Declared => paint.green(standing),
            Standing::NotDecided | Standing::NothingDeclared => paint.dim(standing),
        };
        let _ = writeln!(text, "{:width$}  {standing} {}", control.id, control.about);
        let mut seen = BTreeSet::new();
        for finding in &control.findings {
            let line = format!("{} {}: {}", finding.severity, name(finding), finding.reason_for_non_compliance);
            if seen.len() < 5 && seen.insert(line.clone()) {
                let _ = writeln!(text, "{:width$}    {line}", "");
            }
        }
        if control.findings.len() > seen.len() {
            let _ = writeln!(text, "{:width$}    … {} findings in all", "", control.findings.len());
        }
        let because: BTreeSet<&str> = control.undecided.iter().map(|undecided| undecided.because.as_str()).collect();
        for because in because {
            let _ = writeln!(text, "{:width$}    {}", "", paint.dim(format!("not decidable here, because {because}")));
        }
        if !control.declared.is_empty() {
            let _ = writeln!(text, "{:width$}    declared: {}", "", control.declared.join(", "));
        }
    }
    let _ =
        writeln!(text, "\n{} further controls of the framework cannot be judged from here.", by_control.not_covered);
    text
}
