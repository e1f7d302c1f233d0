//! The control plane for people: plain HTTP under `/_fleetctl/`, beside the AWS protocols.
//!
//! | Request | Does |
//! |---|---|
//! | `GET health` | `{"status": "ok", "calls": n}` |
//! | `GET clock`, `POST clock {"advanceSeconds": n}` | reads or advances the clock |
//! | `POST faults {rule}`, `POST faults {"seed": n, "probability": p}`, `DELETE faults` | sets faults |
//! | `POST reset` | forgets everything |
//! | `GET exchanges` | recorded traffic, one JSON object a line |
//! | `GET outbox` | what SNS would have delivered or has to have confirmed |
//! | `GET snapshot` | the whole state |
//! | `POST traffic/ACCOUNT/REGION` *events* | judges device traffic by the account's security profiles; see `api/iot/traffic` |
//! | `GET code/ACCOUNT/REGION/FUNCTION` | the zip of a Lambda function |

use std::time::Duration;

use serde_json::{Value, json};

use crate::dispatch::Call;
use crate::faults::Rule;
use crate::protocol::json::instant;
use crate::protocol::reply::Reply;
use crate::sandbox::Inner;
use crate::snapshot::snapshot;

/// Where the control plane begins.
pub const PREFIX: &str = "/_fleetctl/";

/// Answers a request of the control plane.
pub fn answer(inner: &Inner, call: &Call<'_>) -> Reply {
    // A web page must not reach in: browsers send Origin with every request that changes something.
    if call.headers.contains_key("origin") {
        return refuse(403, "the control plane does not answer browsers");
    }
    let name = call.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let body = || serde_json::from_slice::<Value>(call.body).map_err(|error| format!("the body is not JSON: {error}"));
    let done = match (call.method, name) {
        ("GET", "health") => {
            let calls: u64 = inner.recorder.calls().values().sum();
            Ok(json!({"status": "ok", "calls": calls}))
        }
        ("GET", "clock") => Ok(clock(inner)),
        ("POST", "clock") => body().and_then(|body| advance(inner, &body)),
        ("POST", "faults") => body().and_then(|body| add_fault(inner, body)),
        ("DELETE", "faults") => {
            inner.faults.clear();
            Ok(json!({}))
        }
        ("POST", "reset") => inner.reset().map(|()| json!({})).map_err(|error| error.to_string()),
        ("GET", "snapshot") => Ok(snapshot(inner.store.tables())),
        ("GET", "outbox") => Ok(outbox(inner)),
        ("GET", "exchanges") => return exchanges(inner),
        ("POST", path) if path.starts_with("traffic/") => traffic(inner, path, call.body),
        ("GET", path) if path.starts_with("code/") => return code(inner, path),
        _ => {
            return refuse(
                404,
                "no such request; there are health, clock, faults, reset, exchanges, outbox, snapshot, traffic",
            );
        }
    };
    match done {
        Ok(value) => Reply::new(200, "application/json", format!("{value}\n").into_bytes()),
        Err(message) => refuse(400, &message),
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::new(status, "application/json", format!("{}\n", json!({"error": message})).into_bytes())
}

fn clock(inner: &Inner) -> Value {
    let now = inner.clock.now();
    json!({"epochMilliseconds": now, "time": instant(now)})
}

fn advance(inner: &Inner, body: &Value) -> Result<Value, String> {
    let seconds = body["advanceSeconds"].as_f64();
    let by = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let by = by.ok_or("expected {\"advanceSeconds\": n} with n of 0 or more")?;
    inner.clock.advance(by).map_err(|error| error.to_string())?;
    Ok(clock(inner))
}

fn add_fault(inner: &Inner, body: Value) -> Result<Value, String> {
    if let Some(seed) = body.get("seed") {
        let seed = seed.as_u64().ok_or("seed must be a whole number of 0 or more")?;
        let probability = body["probability"].as_f64().filter(|p| (0.0..=1.0).contains(p));
        inner.faults.seeded(seed, probability.ok_or("probability must be between 0 and 1")?);
    } else {
        let rule: Rule = serde_json::from_value(body).map_err(|error| format!("not a fault rule: {error}"))?;
        inner.faults.add(rule);
    }
    Ok(json!({}))
}

/// What stopped a transaction here: what was given, or the state that cannot be written.
struct Stopped(String);

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Stopped {
        Stopped(error.to_string())
    }
}

fn traffic(inner: &Inner, path: &str, body: &[u8]) -> Result<Value, String> {
    let mut place = path.splitn(3, '/').skip(1).filter(|part| !part.is_empty());
    let (Some(account), Some(region)) = (place.next(), place.next()) else {
        return Err("expected traffic/ACCOUNT/REGION".to_owned());
    };
    let judged =
        inner.store.transact(account, region, false, |tx| crate::api::iot::traffic::observe(tx, body).map_err(Stopped));
    judged.map(|count| json!({ "violationEvents": count })).map_err(|Stopped(reason)| reason)
}

fn exchanges(inner: &Inner) -> Reply {
    let lines = inner
        .recorder
        .exchanges()
        .iter()
        .filter_map(|exchange| serde_json::to_string(exchange).ok())
        .map(|line| line + "\n")
        .collect::<String>();
    Reply::new(200, "application/x-ndjson", lines.into_bytes())
}

fn code(inner: &Inner, path: &str) -> Reply {
    use base64::Engine as _;
    let mut parts = path.splitn(4, '/').skip(1).map(str::to_owned);
    let place = (parts.next(), parts.next(), parts.next());
    let zip = match place {
        (Some(account), Some(region), Some(name)) => {
            let tables = inner.store.tables();
            let objects = tables.get(&(account, region, crate::api::lambda::function_code::CODE.to_owned()));
            objects.and_then(|objects| objects.get(&name)).and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    };
    match zip.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok()) {
        Some(zip) => Reply::new(200, "application/zip", zip),
        None => refuse(404, "no such function"),
    }
}

/// Everything in the collection `sns.outbox` of every account and region, oldest first.
fn outbox(inner: &Inner) -> Value {
    let tables = inner.store.tables();
    let boxes = tables.into_iter().filter(|((.., collection), _)| collection == "sns.outbox");
    Value::Array(boxes.flat_map(|(_, objects)| objects.into_values()).collect())
}
