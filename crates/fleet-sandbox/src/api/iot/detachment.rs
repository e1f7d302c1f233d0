//! Detaching takes a while: what was just detached still stands in the way of a deletion.
//!
//! Sources: API:DeletePolicy (up to five minutes after a policy is detached), API:
//! DetachThingPrincipal (asynchronous, some seconds). `realism.iot_detachment` is the time for both.
//! Lists do not show the attachment any more.

use serde_json::json;

use crate::request::Request;
use crate::store::Tx;

/// Collection of `policy/NAME`, `thing/NAME` and `principal/ID` with the moment of the last detachment.
const DETACHMENTS: &str = "iot.detachment";

/// Remembers that something was detached from `object`.
pub fn note(tx: &mut Tx<'_>, request: &Request, object: &str) {
    if !request.realism.iot_detachment.is_zero() {
        tx.put(DETACHMENTS, object, json!({ "since": request.now_ms }));
    }
}

/// Whether a detachment from `object` is still under way.
pub fn is_pending(tx: &Tx<'_>, request: &Request, object: &str) -> bool {
    let wait_ms = i64::try_from(request.realism.iot_detachment.as_millis()).unwrap_or(i64::MAX);
    let since_ms = tx.get(DETACHMENTS, object).and_then(|detachment| detachment["since"].as_i64());
    since_ms.is_some_and(|since_ms| request.now_ms < since_ms.saturating_add(wait_ms))
}

/// Forgets an object that is deleted.
pub fn forget(tx: &mut Tx<'_>, object: &str) {
    tx.remove(DETACHMENTS, object);
}
