//! The sandbox's clock: the machine's, or a frozen one, plus what was advanced by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::store::Store;

/// Time as the sandbox sees it. What was advanced is part of the state and survives a restart.
pub struct Clock {
    store: Arc<Store>,
    frozen_ms: Option<i64>,
    offset_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn new(store: Arc<Store>, frozen_ms: Option<i64>) -> Clock {
        let stored: Result<Option<i64>, std::io::Error> =
            store.transact("", "", false, |tx| Ok(tx.get("sandbox", "clockOffsetMs").and_then(Value::as_i64)));
        let offset_ms = AtomicI64::new(stored.ok().flatten().unwrap_or(0));
        Clock { store, frozen_ms, offset_ms }
    }

    /// Epoch milliseconds.
    pub fn now(&self) -> i64 {
        let machine = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        let base = self.frozen_ms.unwrap_or_else(machine);
        base.saturating_add(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Lets time pass at once. The clock never goes back.
    ///
    /// # Errors
    /// When the new offset cannot be written to the sandbox's folder; time has passed all the same.
    pub fn advance(&self, by: Duration) -> std::io::Result<()> {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let add = |now: i64| Some(now.saturating_add(by));
        let before = self.offset_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add).unwrap_or_else(|now| now);
        let offset = before.saturating_add(by);
        self.store.transact("", "", false, |tx| {
            tx.put("sandbox", "clockOffsetMs", offset.into());
            Ok(())
        })
    }

    pub(crate) fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }
}
