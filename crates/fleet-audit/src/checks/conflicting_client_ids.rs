//! `CONFLICTING_CLIENT_IDS_CHECK`: a connection displaced another of the same client ID.
//!
//! | a connection that ended within the window | answer |
//! |---|---|
//! | with the reason `DUPLICATE_CLIENTID` | finding on its client ID |
//! | with another reason | compliant |
//! | with no reason given | not decidable for that client ID |
//!
//! The window is the last 31 days, or the time since the previous run.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::connections::{self, Span};
use crate::finding::{Resource, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// The broker's word in lifecycle events (IoT developer guide, "Lifecycle events").
const DISPLACED: &str = "DUPLICATE_CLIENTID";

const DUPLICATE: Rule = Rule {
    id: "client-id/displaced",
    reason_code: "DUPLICATE_CLIENT_ID_ACROSS_CONNECTIONS",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "a connection was ended by the broker because another connected with the same \
           client ID",
    wrong: "two devices that both connect as sensor",
    right: "every device connects under its own thing's name",
};

pub static CHECK: Check = Check {
    name: "CONFLICTING_CLIENT_IDS_CHECK",
    aliases: &[],
    severity: Severity::High,
    rules: &[DUPLICATE],
    page: Page {
        why: "Two devices with one client ID keep throwing each other out, and lose messages; \
              it can also be an intruder who takes a device's place.",
        fix: "Let each device use its thing's name as client ID, and let the policy allow \
              just that.",
        reads: &["connections"],
        source: "Device Defender guide, \"Conflicting MQTT client IDs\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let window = Span::client_id_window(scope);
    let Some(seen) = connections::within(scope, window, outcome) else {
        return;
    };
    let mut displaced: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained: BTreeSet<&str> = BTreeSet::new();
    let mut clients: BTreeSet<&str> = BTreeSet::new();
    for (connection, _) in seen {
        let client = connection.client_id.as_str();
        clients.insert(client);
        // Whatever ended outside of the window belongs to another audit.
        if connection.disconnected_at.is_none_or(|at| at > window.to) {
            continue;
        }
        match connection.disconnect_reason.as_deref() {
            Some(DISPLACED) => *displaced.entry(client).or_default() += 1,
            Some(_) => {}
            None => {
                unexplained.insert(client);
            }
        }
    }
    outcome.evaluated += clients.len();
    for client in unexplained {
        if !displaced.contains_key(client) {
            outcome.cannot_decide_for(client, "a disconnection was observed without its reason");
        }
    }
    for (client, times) in displaced {
        let reason = format!("Connections of this client ID were displaced {times} times.");
        outcome.report(&CHECK, &DUPLICATE, Resource::client_id(client), reason);
    }
}
