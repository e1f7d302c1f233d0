//! Finds protocol, service and operation of a request.
//!
//! The credential scope names the service. The request's own form names the protocol, since
//! services accept several and clients choose: a path `/service/TARGET/operation/NAME` is RPC v2
//! CBOR, `X-Amz-Target` is awsJson, a form with `Action` is awsQuery, anything else restJson.

use hyper::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::model::Model;
use crate::protocol::query::{self, Form};
use crate::protocol::reply::Protocol;

/// Where a request goes.
pub struct Route {
    /// Protocol it speaks.
    pub protocol: Protocol,
    /// Operation it names; for restJson without a match, method and path.
    pub operation: String,
    /// Values of the URI template's labels.
    pub labels: Vec<(String, String)>,
    /// Fields of an awsQuery form.
    pub form: Form,
}

/// Reads protocol and operation off a request. `model` is `None` for a service that is not known.
pub fn route(
    model: Option<&Model>,
    method: &str,
    path: &str,
    query_string: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Route {
    let plain =
        |protocol, operation: &str, form| Route { protocol, operation: operation.to_owned(), labels: Vec::new(), form };
    if let Some((target, operation)) = path.strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/")) {
        return plain(Protocol::Cbor, &named(model, target, operation), Form::new());
    }
    if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
        let (target, operation) = target.rsplit_once('.').unwrap_or_default();
        return plain(Protocol::AwsJson, &named(model, target, operation), Form::new());
    }
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if path == "/"
        && (content_type.starts_with("application/x-www-form-urlencoded") || query_string.contains("Action="))
    {
        // A query request may also be a GET with everything in the URL.
        let mut form = query::form(query_string.as_bytes());
        form.extend(query::form(body));
        let operation = form.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone());
        return plain(Protocol::Query, &operation.unwrap_or_default(), form);
    }
    let matched = model.and_then(|model| rest(model, method, path));
    let (operation, labels) = matched.unwrap_or_else(|| (format!("{method} {path}"), Vec::new()));
    Route { protocol: Protocol::RestJson, operation, labels, form: Form::new() }
}

/// The operation, if it is asked of the service's own target; else the whole of what was asked.
fn named(model: Option<&Model>, target: &str, operation: &str) -> String {
    match model.is_none_or(|model| model.target.as_deref() == Some(target)) {
        true => operation.to_owned(),
        false => format!("{target}.{operation}"),
    }
}

/// The operation whose template fits, the one with most literal segments if several do.
fn rest(model: &Model, method: &str, path: &str) -> Option<(String, Vec<(String, String)>)> {
    // Split before decoding: an encoded slash belongs to its segment.
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let candidates = model.operations.iter().filter(|(_, operation)| operation.http.method == method);
    let fitting = candidates.filter_map(|(name, operation)| {
        let (literals, labels) = fit(&operation.http.request_uri, &segments)?;
        Some((literals, name.clone(), labels))
    });
    fitting.max_by_key(|(literals, ..)| *literals).map(|(_, name, labels)| (name, labels))
}

fn fit(template: &str, segments: &[&str]) -> Option<(usize, Vec<(String, String)>)> {
    let template = template.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = template.split('/').filter(|part| !part.is_empty()).collect();
    let (mut literals, mut labels) = (0, Vec::new());
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    for (index, part) in parts.iter().enumerate() {
        let segment = segments.get(index)?;
        match part.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) => match label.strip_suffix('+') {
                Some(greedy) => {
                    labels.push((greedy.to_owned(), decode(&segments[index..].join("/"))));
                    return Some((literals, labels));
                }
                None => labels.push((label.to_owned(), decode(segment))),
            },
            None if *part == *segment => literals += 1,
            None => return None,
        }
    }
    (parts.len() == segments.len()).then_some((literals, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_literal_template_wins_and_labels_are_decoded() {
        let model = crate::api::service::find("iot").unwrap().model();
        let go = |method, path| rest(model, method, path);
        assert_eq!(go("PUT", "/thing-groups/addThingToThingGroup").unwrap().0, "AddThingToThingGroup");
        let (operation, labels) = go("GET", "/things/a%2Fb%3Ac").unwrap();
        assert_eq!((operation.as_str(), labels[0].1.as_str()), ("DescribeThing", "a/b:c"));
        assert!(go("GET", "/no/such/path").is_none());
    }
}
