//! One AWS call: from bytes to handler and back.

use std::io;
use std::time::Duration;

use hyper::{HeaderMap, Uri};
use serde_json::{Map, Value};

use crate::api::service::{self, Handler, Service};
use crate::error::AwsError;
use crate::faults::Action;
use crate::identity;
use crate::model::{Model, Operation};
use crate::protocol::reply::{Protocol, Reply};
use crate::protocol::{aws_json, cbor, query, rest_json};
use crate::recorder::Exchange;
use crate::request::{Request, caller_arn};
use crate::router::{self, Route};
use crate::sandbox::Inner;
use crate::sigv4::{self, Credential};
use crate::store::GLOBAL;
use crate::validate;

/// A request as received.
pub struct Call<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub uri: &'a Uri,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

impl From<io::Error> for AwsError {
    fn from(error: io::Error) -> Self {
        AwsError::internal(format!("the sandbox cannot write its state: {error}"))
    }
}

/// Answers a call; `None` closes the connection.
pub async fn answer(inner: &Inner, call: &Call<'_>) -> Option<Reply> {
    let query_string = call.uri.query().unwrap_or_default();
    let credential = sigv4::parse(call.headers, query_string);
    let service = credential.as_ref().and_then(|credential| service::find(&credential.service));
    let model = service.map(Service::model);
    let route = router::route(model, call.method, call.uri.path(), query_string, call.headers, call.body);
    let name = credential.as_ref().map_or("", |credential| credential.service.as_str());
    let number = inner.recorder.count(name, &route.operation);

    let action = inner.faults.decide(name, &route.operation);
    if let Some(Action::Delay { milliseconds }) = action {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let reply = match action {
        Some(Action::DropBefore | Action::Halt) => None,
        action => {
            let (operation, protocol) = (route.operation.clone(), route.protocol);
            let id = request_id(number);
            let reply = respond(inner, call, credential.as_ref(), service, &route, action.as_ref(), &id)
                .unwrap_or_else(|error| protocol.refuse(model, &error, &id));
            record(inner, call, (name, &operation), Some(&reply));
            return (action != Some(Action::DropAfter)).then_some(reply);
        }
    };
    record(inner, call, (name, &route.operation), reply.as_ref());
    reply
}

/// Checks, decodes, runs and encodes.
fn respond(
    inner: &Inner,
    call: &Call<'_>,
    credential: Option<&Credential>,
    service: Option<&'static Service>,
    route: &Route,
    action: Option<&Action>,
    id: &str,
) -> Result<Reply, AwsError> {
    let Some(credential) = credential else { return Err(unsigned(route.protocol)) };
    let Some(service) = service else {
        let text = format!("The sandbox has no service with the signing name {}.", credential.service);
        return Err(AwsError::new("UnknownOperationException", text).status(404));
    };
    identity::check(&credential.access_key, service.dialect)?;
    let model = service.model();
    let unknown = || service.dialect.unknown_operation(&route.operation, &model.version);
    let operation = model.operations.get(&route.operation).ok_or_else(unknown)?;
    let handler = service.handler(&route.operation).ok_or_else(unknown)?;
    refuse_on_purpose(action, service, &route.operation, credential)?;

    let input = read(model, operation, route, call)?;
    if let Some(message) = operation.input.as_ref().and_then(|shape| validate::check(model, model.shape(shape), &input))
    {
        return Err(AwsError::new(service.dialect.validation, message));
    }
    let request = Request {
        operation: route.operation.clone(),
        account: credential.account().to_owned(),
        region: credential.region.clone(),
        access_key: credential.access_key.clone(),
        now_ms: inner.clock.now(),
        endpoint: inner.url.clone(),
        realism: inner.realism.clone(),
        input,
    };
    let stale = action == Some(&Action::StaleRead);
    run(inner, service, handler, &request, stale, |output| {
        route.protocol.answer(model, (&route.operation, operation), output, id)
    })
}

/// The handler's work and the encoding of its result are one transaction: a result that cannot be
/// written leaves no change either.
fn run(
    inner: &Inner,
    service: &Service,
    handler: Handler,
    request: &Request,
    stale: bool,
    encode: impl Fn(&Value) -> Result<Reply, AwsError>,
) -> Result<Reply, AwsError> {
    let region = if service.global { GLOBAL } else { &request.region };
    inner.store.transact(&request.account, region, stale, |tx| encode(&handler(tx, request)?))
}

fn refuse_on_purpose(
    action: Option<&Action>,
    service: &Service,
    operation: &str,
    credential: &Credential,
) -> Result<(), AwsError> {
    match action {
        Some(Action::Throttle) => Err(service.dialect.throttle()),
        Some(Action::ServerError) => Err(service.dialect.fail()),
        Some(Action::Error { code, message, status }) => Err(AwsError::new(code, message).status(*status)),
        Some(Action::AccessDenied { resource }) => {
            let action = format!("{}:{operation}", service.action_prefix());
            Err(service.dialect.deny(&caller_arn(credential.account()), &action, resource.as_deref().unwrap_or("*")))
        }
        _ => Ok(()),
    }
}

fn read(model: &Model, operation: &Operation, route: &Route, call: &Call<'_>) -> Result<Map<String, Value>, AwsError> {
    match route.protocol {
        Protocol::AwsJson => aws_json::read(model, operation, call.body),
        Protocol::Cbor => cbor::read(model, operation, call.body),
        Protocol::Query => query::read(model, operation, &route.form),
        Protocol::RestJson => {
            let query = call.uri.query().unwrap_or_default();
            let parts = rest_json::Parts { labels: &route.labels, query, headers: call.headers, body: call.body };
            rest_json::read(model, operation, &parts)
        }
    }
}

/// Without a signature the service is not known; the form of the request says how to answer.
fn unsigned(protocol: Protocol) -> AwsError {
    use crate::api::dialect::Dialect;
    match protocol {
        Protocol::Query => Dialect::QUERY.unsigned(),
        Protocol::RestJson => Dialect::LAMBDA.unsigned(),
        Protocol::AwsJson | Protocol::Cbor => Dialect::LOGS.unsigned(),
    }
}

/// The number of the call: repeated runs answer byte for byte the same.
fn request_id(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn record(inner: &Inner, call: &Call<'_>, (service, operation): (&str, &str), reply: Option<&Reply>) {
    if !inner.recorder.keeps() {
        return;
    }
    let secret = |name: &str| name == "authorization" || name == "x-amz-security-token";
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = call.headers.iter().filter(|(name, _)| !secret(name.as_str()));
    inner.recorder.keep(Exchange {
        service: service.to_owned(),
        operation: operation.to_owned(),
        method: call.method.to_owned(),
        uri: call.uri.path_and_query().map_or("/", |uri| uri.as_str()).to_owned(),
        request_headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        request_body: call.body.to_vec(),
        status: reply.map_or(0, |reply| reply.status),
        response_headers: reply.map(|reply| reply.headers.iter().cloned().collect()).unwrap_or_default(),
        response_body: reply.map(|reply| reply.body.clone()).unwrap_or_default(),
    });
}
