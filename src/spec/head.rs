//! The parts of a spec's head that are no sections: what is waived, and what the devices do.

use std::path::Path;

use fleet_detect::scenario::model::Scenario;
use jiff::civil::Date;

use super::load::read_named;
use super::node::{Node, Tree};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};

/// A finding that is accepted, for a while.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The code of a rule or of an audit check.
    pub code: String,
    /// A glob of addresses; left out, the waiver is for the whole spec.
    pub address: Option<String>,
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
    pub span: Span,
}

/// Reads `waivers`. The shape has been checked; what has the wrong shape is passed over.
pub fn waivers(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Waiver> {
    let Tree::List(items) = &node.tree else { return Vec::new() };
    let mut waivers = Vec::new();
    for item in items {
        let text = |key: &str| item.get(key).and_then(Node::as_text).map(str::to_owned);
        let (Some(code), Some(reason), Some(until)) = (text("code"), text("reason"), item.get("until")) else {
            continue;
        };
        if reason.trim().is_empty() {
            let message = "a waiver needs a reason that says why this is accepted";
            diagnostics.push(Diagnostic::error("bad-value", message).at(item.nearest("/reason").span));
        }
        let address = text("address");
        if let Some(Err(error)) = address.as_deref().map(glob::Pattern::new) {
            let message = format!("this is no pattern of addresses: {error}");
            diagnostics.push(Diagnostic::error("bad-value", message).at(item.nearest("/address").span));
        }
        match until.as_text().map(str::parse::<Date>) {
            Some(Ok(until)) => {
                let span = item.get("code").map_or(item.span, |node| node.span);
                waivers.push(Waiver { code, address, reason, until, span });
            }
            _ => {
                let message = "`until` is the last day of the waiver, such as 2027-03-31";
                diagnostics.push(Diagnostic::error("bad-value", message).at(until.span));
            }
        }
    }
    waivers
}

/// Reads the scenario files that `scenarios` names.
pub fn scenarios(node: &Node, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Vec<(String, Scenario)> {
    let Tree::List(items) = &node.tree else { return Vec::new() };
    let named = items.iter().filter_map(|item| Some((item.as_text()?, item.span)));
    let mut scenarios = Vec::new();
    for (path, span) in named {
        let Some((full, source)) = read_named(sources, diagnostics, span, path) else { continue };
        let text = &sources.get(Span { source, start: 0, end: 0 }).text;
        match scenario(text) {
            Ok(scenario) => scenarios.push((path.to_owned(), scenario)),
            Err(message) => diagnostics.push(unusable(&full, &message).at(span)),
        }
    }
    scenarios
}

fn scenario(text: &str) -> Result<Scenario, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let scenario: Scenario = serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())?;
    scenario.check()?;
    Ok(scenario)
}

fn unusable(path: &Path, message: &str) -> Diagnostic {
    Diagnostic::error("bad-scenario", format!("`{}` is no scenario: {message}", path.display()))
        .help("`fleetctl simulate --scenario` reads the same files; docs/spec.md says what the spec takes from them")
}
