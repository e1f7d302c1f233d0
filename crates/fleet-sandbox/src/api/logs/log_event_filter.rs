//! Log events of a whole group. Source: API:FilterLogEvents and "Filter pattern syntax".

use serde_json::{Value, json};

use super::log_event::EVENT;
use super::{log_group, log_stream};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("FilterLogEvents", filter_log_events)];

const PAGING: Paging<'static> =
    Paging { token: "nextToken", size: "limit", default: 10_000, max: 10_000, invalid: "InvalidParameterException" };

/// A pattern of terms for unstructured events: every plain term must be in the message, one of the
/// `?` terms if there are any, none of the `-` terms. Terms with blanks stand in quotes.
struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    fn read(text: &str) -> Result<Pattern, AwsError> {
        let trimmed = text.trim();
        if trimmed.starts_with(['{', '[', '%']) {
            // Refused rather than matched wrongly.
            let message =
                "Invalid filter pattern: the sandbox matches terms, not JSON, column or regular expression patterns";
            return Err(AwsError::new("InvalidParameterException", message));
        }
        let mut pattern = Pattern { all: Vec::new(), any: Vec::new(), none: Vec::new() };
        let mut rest = trimmed;
        while !rest.is_empty() {
            let (into, body) = match rest.as_bytes()[0] {
                b'?' => (&mut pattern.any, &rest[1..]),
                b'-' => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, left) = match body.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| {
                    AwsError::new("InvalidParameterException", "Invalid filter pattern: a quote is not closed")
                })?,
                None => body.split_once(char::is_whitespace).unwrap_or((body, "")),
            };
            into.push(term.to_owned());
            rest = left.trim_start();
        }
        Ok(pattern)
    }

    fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

fn filter_log_events(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let group = log_group::named(request)?;
    log_group::find(tx, group)?;
    let names = request.list("logStreamNames");
    let prefix = request.str("logStreamNamePrefix");
    if !names.is_empty() && prefix.is_some() {
        let message = "logStreamNames and logStreamNamePrefix cannot be specified together.";
        return Err(AwsError::new("InvalidParameterException", message));
    }
    let pattern = Pattern::read(request.str("filterPattern").unwrap_or_default())?;
    let (start, end) = (request.int("startTime").unwrap_or(i64::MIN), request.int("endTime").unwrap_or(i64::MAX));
    let streams = log_stream::key(group, prefix.unwrap_or_default());
    let mut found: Vec<(String, Value)> = Vec::new();
    for (key, event) in tx.scan_prefix(EVENT, &streams) {
        let mut parts = key.rsplitn(3, ':');
        let (number, moment, stream) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let stream = stream.strip_prefix(group).and_then(|stream| stream.strip_prefix(':')).unwrap_or_default();
        let at = event["timestamp"].as_i64().unwrap_or_default();
        let wanted = names.is_empty() || names.iter().any(|name| name == stream);
        if wanted && (start..=end).contains(&at) && pattern.matches(event["message"].as_str().unwrap_or_default()) {
            let id = format!("{}{}", moment.unwrap_or_default(), number.unwrap_or_default());
            let mut shown = event.clone();
            shown["logStreamName"] = stream.into();
            shown["eventId"] = id.clone().into();
            found.push((format!("{id}/{stream}"), shown));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (events, token) = page(request, &PAGING, found)?;
    Ok(json!({ "events": events, "searchedLogStreams": [], "nextToken": token }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_all_any_or_none_and_quotes_keep_blanks() {
        let matches = |pattern: &str, message: &str| Pattern::read(pattern).unwrap().matches(message);
        assert!(matches("", "anything"));
        assert!(matches("ERROR \"line 7\"", "ERROR at line 7"));
        assert!(!matches("ERROR \"line 7\"", "ERROR line at 7"));
        assert!(matches("?WARN ?ERROR", "an ERROR") && !matches("?WARN ?ERROR", "INFO"));
        assert!(matches("ERROR -Exiting", "ERROR") && !matches("ERROR -Exiting", "ERROR Exiting"));
        assert!(Pattern::read("{ $.a = 1 }").is_err() && Pattern::read("\"open").is_err());
    }
}
