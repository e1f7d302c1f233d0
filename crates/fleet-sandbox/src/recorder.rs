//! What went over the wire, for checkers outside the sandbox.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// One request with its answer, as received and sent. Serializes to one line of JSON, bodies in base64.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// Signing name of the service; empty if the request named none.
    pub service: String,
    /// Operation; empty if the request named none.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as received.
    pub uri: String,
    /// Headers as received, without the signature, which is a secret's derivative.
    pub request_headers: BTreeMap<String, String>,
    /// Body as received.
    #[serde(serialize_with = "base64_text")]
    pub request_body: Vec<u8>,
    /// Status sent; 0 if the connection was closed without an answer.
    pub status: u16,
    /// Headers sent.
    pub response_headers: BTreeMap<String, String>,
    /// Body sent.
    #[serde(serialize_with = "base64_text")]
    pub response_body: Vec<u8>,
}

fn base64_text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

/// Counts calls and, if asked to, keeps exchanges.
pub struct Recorder {
    keep: bool,
    state: Mutex<Recorded>,
}

#[derive(Default)]
struct Recorded {
    exchanges: Vec<Exchange>,
    calls: BTreeMap<String, u64>,
    total: u64,
}

impl Recorder {
    /// With `keep`, exchanges are held in memory.
    pub fn new(keep: bool) -> Recorder {
        Recorder { keep, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether exchanges are kept.
    pub fn keeps(&self) -> bool {
        self.keep
    }

    /// Counts a call under `service:Operation` and returns its number, from 1.
    pub fn count(&self, service: &str, operation: &str) -> u64 {
        let mut state = self.lock();
        *state.calls.entry(format!("{service}:{operation}")).or_default() += 1;
        state.total += 1;
        state.total
    }

    /// Keeps an exchange.
    pub fn keep(&self, exchange: Exchange) {
        self.lock().exchanges.push(exchange);
    }

    /// The exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().exchanges.clone()
    }

    /// Calls so far by `service:Operation`, refused ones included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().calls.clone()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Recorded::default();
    }
}
