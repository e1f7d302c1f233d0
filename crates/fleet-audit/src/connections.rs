//! Observed connections, cut to the window that an audit looks at.

use crate::check::{Outcome, Scope};
use crate::snapshot::Connection;
use crate::timestamp::Timestamp;

/// How far an on-demand audit looks back.
const LOOK_BACK_DAYS: i64 = 31;

/// What the shared-certificate check leaves out at the end, in seconds.
const TAIL_SECONDS: i64 = 2 * 3600;

/// A time from `from` up to, not including, `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Span {
    /// From 31 days ago, or from the previous run, until now.
    /// Source: Device Defender guide, "Conflicting MQTT client IDs".
    pub fn client_id_window(scope: &Scope<'_>) -> Self {
        let on_demand = scope.now.plus_days(-LOOK_BACK_DAYS);
        Self { from: scope.settings.previous_run.unwrap_or(on_demand), to: scope.now }
    }

    /// From 31 days ago, or from two hours before the previous run, until two hours ago.
    /// Source: Device Defender guide, "Device certificate shared".
    pub fn shared_certificate_window(scope: &Scope<'_>) -> Self {
        let earlier = |time: Timestamp| Timestamp(time.0.saturating_sub(TAIL_SECONDS));
        let from = match scope.settings.previous_run {
            Some(previous) => earlier(previous),
            None => scope.now.plus_days(-LOOK_BACK_DAYS),
        };
        Self { from, to: earlier(scope.now) }
    }
}

/// The connections that lasted some time within `window`, each with that time. Says so
/// if connections were not observed, or not for all of the window.
pub fn within<'a>(scope: &Scope<'a>, window: Span, outcome: &mut Outcome) -> Option<Vec<(&'a Connection, Span)>> {
    let Some(connections) = &scope.snapshot.connections else {
        outcome.cannot_decide("the snapshot has no observed connections");
        return None;
    };
    if connections.observed_from > window.from || connections.observed_to < window.to {
        outcome.cannot_decide(&format!(
            "connections were observed from {} to {}, and the audit looks at {} to {}",
            connections.observed_from.date(),
            connections.observed_to.date(),
            window.from.date(),
            window.to.date()
        ));
    }
    let cut = connections.observations.iter().filter_map(|connection| {
        let end = connection.disconnected_at.unwrap_or(connections.observed_to);
        let span = Span { from: connection.connected_at.max(window.from), to: end.min(window.to) };
        (span.from < span.to).then_some((connection, span))
    });
    Some(cut.collect())
}
