//! Connections from AWS IoT's lifecycle events, as a rule on `$aws/events/presence/#`
//! records them: one JSON object a line.
//!
//! An event may come late, twice or never. A connection is found by client and session; a
//! disconnection whose beginning was not seen began before the first event; one whose end
//! was not seen ends, for a reason not known, when the client connects again.
//! Source: IoT developer guide, "Lifecycle events".

use crate::snapshot::{Connection, Connections};
use crate::timestamp::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    client_id: String,
    /// Milliseconds since the epoch.
    timestamp: i64,
    event_type: String,
    session_identifier: Option<String>,
    principal_identifier: Option<String>,
    disconnect_reason: Option<String>,
}

/// Reads events, one a line, in any order; the error names the line. Other events than
/// `connected` and `disconnected` are passed over. What was observed reaches from the
/// first event to the last.
pub fn connections(text: &str) -> Result<Connections, String> {
    let mut events = vec![];
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let event: Event = serde_json::from_str(line)
            .map_err(|error| format!("line {}: this is no lifecycle event of AWS IoT: {error}", index + 1))?;
        events.push(event);
    }
    // A disconnection comes before the connection that took its place in the same millisecond.
    events.sort_by(|a, b| (a.timestamp, &b.event_type).cmp(&(b.timestamp, &a.event_type)));
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Err("it holds no event".to_owned());
    };
    let seconds = |milliseconds: i64| Timestamp(milliseconds.div_euclid(1000));
    let (observed_from, observed_to) = (seconds(first.timestamp), seconds(last.timestamp));
    let mut open: BTreeMap<String, (Option<String>, Connection)> = BTreeMap::new();
    let mut observations = vec![];
    for event in events {
        let at = seconds(event.timestamp);
        let running = open.remove(&event.client_id);
        let same = |session: &Option<String>| *session == event.session_identifier || session.is_none();
        match event.event_type.as_str() {
            "connected" => {
                if let Some((session, mut before)) = running {
                    if session.is_some() && session == event.session_identifier {
                        // The same event again.
                        open.insert(event.client_id, (session, before));
                        continue;
                    }
                    before.disconnected_at = Some(at);
                    observations.push(before);
                }
                let begun = Connection {
                    client_id: event.client_id.clone(),
                    principal_identifier: event.principal_identifier,
                    connected_at: at,
                    disconnected_at: None,
                    disconnect_reason: None,
                };
                open.insert(event.client_id, (event.session_identifier, begun));
            }
            "disconnected" => {
                let connected_at = match running {
                    Some((session, connection)) if same(&session) => connection.connected_at,
                    Some(other) => {
                        // The end of an earlier session, come late.
                        open.insert(event.client_id.clone(), other);
                        observed_from
                    }
                    None => observed_from,
                };
                observations.push(Connection {
                    client_id: event.client_id,
                    principal_identifier: event.principal_identifier,
                    connected_at,
                    disconnected_at: Some(at),
                    disconnect_reason: event.disconnect_reason,
                });
            }
            _ => {
                if let Some(running) = running {
                    open.insert(event.client_id, running);
                }
            }
        }
    }
    observations.extend(open.into_values().map(|(_, connection)| connection));
    Ok(Connections { observed_from, observed_to, observations })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, client: &str, session: &str, at: i64, reason: &str) -> String {
        format!(
            r#"{{"clientId":"{client}","timestamp":{at},"eventType":"{kind}","sessionIdentifier":"{session}","principalIdentifier":"p","disconnectReason":"{reason}"}}"#
        )
    }

    fn read(lines: &[String]) -> Vec<(String, i64, Option<i64>, Option<String>)> {
        let read = connections(&lines.join("\n")).unwrap();
        let plain =
            |c: Connection| (c.client_id, c.connected_at.0, c.disconnected_at.map(|at| at.0), c.disconnect_reason);
        let mut all: Vec<_> = read.observations.into_iter().map(plain).collect();
        all.sort();
        all
    }

    #[test]
    fn sessions_are_paired_whatever_came_late_twice_or_never() {
        let on = |session, at| event("connected", "a", session, at, "");
        let off = |session, at| event("disconnected", "a", session, at, "DUPLICATE_CLIENTID");
        let ended = |from, to| ("a".to_owned(), from, Some(to), Some("DUPLICATE_CLIENTID".to_owned()));
        assert_eq!(read(&[on("1", 1000), off("1", 5000)]), [ended(1, 5)]);
        assert_eq!(read(&[off("1", 5000), on("1", 1000)]), [ended(1, 5)], "the order of lines does not count");
        assert_eq!(read(&[on("1", 1000), on("1", 1000), off("1", 5000)]), [ended(1, 5)]);
        // Seen without its beginning: from the first event on.
        assert_eq!(read(&[event("connected", "b", "9", 500, ""), off("1", 5000)])[0], ended(0, 5));
        // Taken over: the old session's end comes after the new one's beginning.
        let taken = read(&[on("1", 1000), on("2", 4000), off("1", 4500)]);
        assert_eq!(taken.iter().filter(|c| c.3.as_deref() == Some("DUPLICATE_CLIENTID")).count(), 1, "{taken:?}");
        assert_eq!(read(&[on("1", 1000), event("subscribed", "a", "1", 2000, "")])[0].2, None);
        assert!(connections("\n{}\n").unwrap_err().starts_with("line 2"));
        assert!(connections(" \n").is_err());
    }
}
