//! What `check`, `plan` and `graph` say of the paths.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Value, json};

use super::analysis::analyse;
use super::finding::Finding;
use super::model::fleet::{Fleet, Input};
use super::registry;
use super::trace::Paths;
use super::waiver;
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::spec::entry::Entry;
use crate::spec::head::Waiver;
use crate::spec::node::Tree;

/// The findings of a spec, and its paths.
pub struct Report {
    pub findings: Vec<Judged>,
    pub paths: Paths,
    /// Mistakes in the waivers.
    pub about_waivers: Diagnostics,
}

/// A finding and what is known about it.
pub struct Judged {
    pub finding: Finding,
    /// The reason and the last day of the waiver that it has.
    pub waived: Option<(String, Date)>,
    /// Whether the live fleet has it already; `None` where that was not looked at.
    pub live: Option<bool>,
}

impl Report {
    pub fn new(input: Input, waivers: &[Waiver], today: Date) -> Report {
        let fleet = Fleet::new(input);
        let findings = analyse(&fleet);
        let mut about_waivers = Diagnostics::default();
        waiver::check(waivers, &findings, today, &mut about_waivers);
        let judged: Vec<Judged> = findings
            .into_iter()
            .map(|finding| {
                let waived = waiver::of(&finding, waivers, today).map(|waiver| (waiver.reason.clone(), waiver.until));
                Judged { finding, waived, live: None }
            })
            .collect();
        let open: Vec<&Finding> = judged.iter().filter(|one| one.waived.is_none()).map(|one| &one.finding).collect();
        let paths = Paths::new(&fleet, &open);
        Report { findings: judged, paths, about_waivers }
    }

    /// Marks what the live fleet has already.
    pub fn compare(&mut self, live: Input) {
        let known = analyse(&Fleet::new(live));
        let known: BTreeSet<_> = known.iter().map(Finding::fingerprint).collect();
        for one in &mut self.findings {
            one.live = Some(known.contains(&one.finding.fingerprint()));
        }
    }

    /// Open findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let open = self.open().filter(|one| one.finding.severity == severity).count();
        open + self.about_waivers.count(severity)
    }

    pub fn open(&self) -> impl Iterator<Item = &Judged> {
        self.findings.iter().filter(|one| one.waived.is_none())
    }

    pub fn waived(&self) -> impl Iterator<Item = (&Finding, &(String, Date))> {
        self.findings.iter().filter_map(|one| Some((&one.finding, one.waived.as_ref()?)))
    }

    /// The open findings that `wanted` takes, as messages in reading order. Why a rule matters is said once.
    pub fn diagnostics(&self, entries: &BTreeMap<Address, Entry>, wanted: impl Fn(&Judged) -> bool) -> Diagnostics {
        let wanted = self.open().filter(|one| wanted(one));
        let mut found: Vec<Diagnostic> = wanted.map(|one| diagnostic(&one.finding, entries)).collect();
        found.sort_by_key(|diagnostic| diagnostic.at.map(|span| (span.source, span.start)));
        let mut diagnostics = self.about_waivers.clone();
        let mut explained = BTreeSet::new();
        for mut diagnostic in found {
            if !explained.insert(diagnostic.code) {
                diagnostic.why = None;
            }
            diagnostics.push(diagnostic);
        }
        diagnostics
    }

    /// For `--json`: the signals, and all findings, waived ones too.
    pub fn to_json(&self, entries: &BTreeMap<Address, Entry>, sources: &Sources) -> Value {
        let findings = self.findings.iter().map(|one| {
            let mut all = Diagnostics::default();
            all.push(diagnostic(&one.finding, entries));
            let mut found = all.to_json(sources)[0].take();
            found["address"] = one.finding.address.to_string().into();
            found["subject"] = one.finding.subject.as_str().into();
            found["new"] = one.live.map(|live| !live).into();
            found["waived"] = one
                .waived
                .as_ref()
                .map(|(reason, until)| json!({ "reason": reason, "until": until.to_string() }))
                .into();
            found
        });
        let signals =
            self.paths.signals.iter().map(|signal| json!({ "signal": signal.node, "reaches": signal.reaches }));
        let steps =
            self.paths.steps.iter().map(
                |step| json!({ "from": step.from, "to": step.to, "role": step.role, "stoppedBy": step.stopped_by }),
            );
        json!({ "signals": signals.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>(), "findings": findings.collect::<Vec<_>>() })
    }
}

fn diagnostic(finding: &Finding, entries: &BTreeMap<Address, Entry>) -> Diagnostic {
    let message = format!("{}: {}", finding.address, finding.message);
    let mut diagnostic = Diagnostic { severity: finding.severity, ..Diagnostic::error(finding.code, message) };
    diagnostic.help = (!finding.fix.is_empty()).then(|| finding.fix.clone());
    diagnostic.why = registry::explain(finding.code).map(|page| page.why.to_owned());
    let Some(entry) = entries.get(&finding.address) else { return diagnostic };
    // An empty pointer is the entry's own name.
    let named = finding.pointers.iter().take_while(|pointer| !pointer.is_empty());
    let at = named.into_iter().find_map(|pointer| Some((pointer, entry.node.find(pointer)?)));
    diagnostic.at(match at {
        // What is wrong with a map or a list is best seen at its name.
        Some((pointer, node)) if matches!(node.tree, Tree::Map(_) | Tree::List(_)) => entry.node.key_span(pointer),
        Some((_, node)) => node.span,
        None => entry.key_span,
    })
}
