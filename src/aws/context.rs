//! What a kind needs to act on one object: clients, its mark, and the one way to make a call.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::clients::Clients;
use super::clock::Clock;
use super::error::AwsError;
use super::patience;
use super::rate::Rates;
use crate::address::Address;
use crate::ownership::{Mark, Tags};
use crate::scope::Place;

/// Is told what happens between the start and the end of a step.
pub trait Progress: Send + Sync {
    /// The object waits for something outside; `None` when it goes on.
    fn waiting(&self, address: &Address, what: Option<&str>);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn waiting(&self, _: &Address, _: Option<&str>) {}
}

/// Files that a step uploads, by the hash that stands in the state.
pub trait Artifacts: Send + Sync {
    fn get(&self, sha256_base64: &str) -> Option<Arc<Vec<u8>>>;
}

/// What is the same for all objects of one account and region.
pub struct Session {
    pub clients: Clients,
    pub place: Place,
    pub fleet: String,
    pub clock: Arc<dyn Clock>,
    pub rates: Rates,
    pub progress: Arc<dyn Progress>,
    pub artifacts: Arc<dyn Artifacts>,
    /// Calls made so far, retries included.
    pub calls: AtomicU64,
}

/// The view that a kind's methods get.
#[derive(Clone)]
pub struct Context {
    pub session: Arc<Session>,
    pub mark: Mark,
    /// The tags the user declares; the mark comes on top.
    tags: Tags,
}

impl Context {
    /// For reading and deleting.
    pub fn new(session: &Arc<Session>, address: Address) -> Context {
        Context::marking(session, address, Tags::new(), false)
    }

    /// For creating and updating: with the tags and the protection that the object shall carry.
    pub fn marking(session: &Arc<Session>, address: Address, tags: Tags, protect: bool) -> Context {
        let mark = Mark { fleet: session.fleet.clone(), address, protect };
        Context { session: session.clone(), mark, tags }
    }

    pub fn place(&self) -> &Place {
        &self.session.place
    }

    /// All tags that the object shall carry, the mark included.
    pub fn tags(&self) -> Tags {
        self.mark.with(&self.tags)
    }

    pub async fn sleep(&self, duration: Duration) {
        self.session.clock.sleep(duration).await;
    }

    /// Makes one call, in its turn, again while `patience` says so.
    ///
    /// `action` is IAM's name of it. `request` builds and sends; it runs once for each try.
    pub async fn call<T, E, F, Fut>(&self, action: &'static str, request: F) -> Result<T, AwsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut waited = Duration::ZERO;
        let mut tries = 0_u32;
        loop {
            let turn = self.session.rates.reserve(action, Instant::now());
            if !turn.is_zero() {
                self.sleep(turn).await;
            }
            self.session.calls.fetch_add(1, Ordering::Relaxed);
            let error = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => AwsError::from_sdk(action, &self.mark.address.to_string(), error),
            };
            let Some(patience) = patience::with(&error) else { return Err(error) };
            if waited >= patience.budget {
                return Err(error);
            }
            let pause = jittered((patience.first * 2_u32.saturating_pow(tries)).min(patience.longest));
            self.session.progress.waiting(&self.mark.address, Some(patience.waiting_for));
            self.sleep(pause).await;
            self.session.progress.waiting(&self.mark.address, None);
            waited += pause;
            tries += 1;
        }
    }
}

/// Between half and all of the pause, so that parallel steps do not knock together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
