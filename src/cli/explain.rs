//! `fleetctl explain`: the page of any code that a finding carries.
//!
//! Each command that reports findings brings one [`Explainer`]; the list below is the only place where they meet.

use super::failure::Failure;
use super::{Global, output};
use crate::diagnostic::did_you_mean;
use crate::exit;
use crate::paths;

/// Explain a finding: what it means, why it matters, what to do, with a wrong and a right example.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An audit check such as LOGGING_DISABLED_CHECK, one of its rules such as iot-policy/publish-any-thing, or a rule of
    /// alert paths such as inverted-criteria. Left out: all codes.
    code: Option<String>,
}

/// Where pages come from.
struct Explainer {
    /// What its codes belong to, for the list of all.
    title: &'static str,
    /// All codes, each with one line on it.
    codes: fn() -> Vec<(String, String)>,
    /// The page of a code, as Markdown; `None` if it has no such code.
    page: fn(&str) -> Option<String>,
}

const EXPLAINERS: &[Explainer] = &[
    Explainer { title: "Alert paths, reported by check and plan", codes: path_codes, page: path_page },
    Explainer {
        title: "Audit checks and their rules, reported by audit",
        codes: audit_codes,
        page: fleet_audit::explain::explain,
    },
];

fn path_codes() -> Vec<(String, String)> {
    paths::pages().map(|page| (page.code.to_owned(), format!("{} ({})", page.title, page.severity))).collect()
}

fn path_page(code: &str) -> Option<String> {
    paths::explain(code).map(|page| page.to_string())
}

fn audit_codes() -> Vec<(String, String)> {
    let mut codes = Vec::new();
    for check in fleet_audit::registry::ALL {
        codes.push((check.name.to_owned(), format!("{} ({})", first_sentence(check.page.why), check.severity)));
        for rule in check.rules {
            codes.push((rule.id.to_owned(), rule.when.to_owned()));
        }
    }
    codes
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    match &args.code {
        None => list(global),
        Some(code) => page(global, code)?,
    }
    Ok(exit::DONE)
}

fn list(global: &Global) {
    if global.json {
        let all = EXPLAINERS.iter().flat_map(|explainer| (explainer.codes)());
        let all: Vec<_> = all.map(|(code, about)| serde_json::json!({ "code": code, "about": about })).collect();
        output::json(&serde_json::json!({ "version": 1, "type": "codes", "codes": all }));
        return;
    }
    let paint = global.paint_stdout();
    for explainer in EXPLAINERS {
        let codes = (explainer.codes)();
        output::line(paint.bold(explainer.title));
        for (code, about) in codes {
            output::line(format_args!("  {code}\n      {}", paint.dim(about)));
        }
    }
}

fn page(global: &Global, code: &str) -> Result<(), Failure> {
    let Some(page) = EXPLAINERS.iter().find_map(|explainer| (explainer.page)(code)) else {
        let known: Vec<String> =
            EXPLAINERS.iter().flat_map(|explainer| (explainer.codes)()).map(|(code, _)| code).collect();
        let help = did_you_mean(code, known.iter().map(String::as_str))
            .unwrap_or_else(|| "`fleetctl explain` lists all codes".to_owned());
        return Err(Failure::new(format!("there is no code `{code}`")).help(help));
    };
    match global.json {
        true => output::json(&serde_json::json!({ "version": 1, "type": "page", "code": code, "page": page })),
        false => output::text(&page),
    }
    Ok(())
}
