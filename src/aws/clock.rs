//! Waiting. On the embedded sandbox, waiting five minutes moves its clock instead.

use std::time::Duration;

use futures_util::future::BoxFuture;

pub trait Clock: Send + Sync {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// Real time.
pub struct WallClock;

impl Clock for WallClock {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
