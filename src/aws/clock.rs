//! Waiting. On the embedded sandbox, waiting five minutes moves its clock instead.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;

pub trait Clock: Send + Sync {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// Epoch seconds, as the other side counts them: for lists of what lies in a range of time, and nothing else.
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}

/// Real time.
pub struct WallClock;

impl Clock for WallClock {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
