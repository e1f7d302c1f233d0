//! Connects to AWS, to given endpoints, or to the embedded sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use fleet_sandbox::{Config, Sandbox};
use futures_util::future::BoxFuture;

use super::Global;
use super::failure::Failure;
use crate::address::Address;
use crate::aws::clients::{Clients, Options, SERVICES};
use crate::aws::clock::{Clock, WallClock};
use crate::aws::context::{Artifacts, Context, Progress, Session, Silent};
use crate::aws::rate::Rates;
use crate::diagnostic::did_you_mean;
use crate::scope::Place;
use crate::spec::entry::Outline;

/// The account of the sandbox, and the access key that stands for it.
const SANDBOX_ACCOUNT: &str = "000000000000";

/// What a command asks for.
pub struct Wanted<'a> {
    pub fleet: &'a str,
    /// From the spec or the plan.
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
    pub progress: Arc<dyn Progress>,
    pub artifacts: BTreeMap<String, Arc<Vec<u8>>>,
}

impl<'a> Wanted<'a> {
    /// To look at an account without a plan: that of a spec's outline, if there is one. `otherwise` stands for the fleet.
    pub fn to_look(outline: Option<&'a Outline>, otherwise: &'a str) -> Wanted<'a> {
        Wanted {
            fleet: outline.map_or(otherwise, |outline| outline.fleet.as_str()),
            account: outline.and_then(|outline| outline.account.as_ref()).map(|(account, _)| account.as_str()),
            region: outline.and_then(|outline| outline.region.as_deref()),
            progress: Arc::new(Silent),
            artifacts: BTreeMap::new(),
        }
    }
}

/// A session, and the sandbox that it talks to if there is one.
pub struct Connected {
    pub session: Arc<Session>,
    sandbox: Option<Arc<Sandbox>>,
}

impl Connected {
    /// Stops the sandbox; its state is on disk.
    pub async fn close(self) {
        drop(self.session);
        if let Some(sandbox) = self.sandbox.and_then(Arc::into_inner) {
            sandbox.shutdown().await;
        }
    }
}

pub async fn connect(global: &Global, wanted: Wanted<'_>) -> Result<Connected, Failure> {
    let mut options = Options {
        region: global.region.clone().or_else(|| wanted.region.map(str::to_owned)),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        endpoints: endpoints(&global.endpoint)?,
        fixed_credentials: None,
    };
    let mut clock: Arc<dyn Clock> = Arc::new(WallClock);
    let mut sandbox = None;
    if let Some(dir) = &global.sandbox {
        let config = Config { dir: Some(dir.clone()), ..Config::default() };
        let started = Sandbox::start(config).await.map_err(|error| Failure::new(error.to_string()))?;
        let started = Arc::new(started);
        options.endpoint_url = Some(started.url());
        options.fixed_credentials = Some((SANDBOX_ACCOUNT.into(), "sandbox".into()));
        options.region.get_or_insert_with(|| "us-east-1".into());
        clock = Arc::new(SandboxClock(started.clone()));
        sandbox = Some(started);
    }
    let clients = Clients::connect(&options).await;
    let Some(region) = clients.region.clone() else {
        return Err(Failure::new("no AWS region is set")
            .help("pass --region, set AWS_REGION, name it in the spec's `targets:`, or try --sandbox"));
    };
    let session = |account: String| Session {
        clients: clients.clone(),
        place: Place::new(account, region.clone()),
        fleet: wanted.fleet.to_owned(),
        clock: clock.clone(),
        rates: Rates::default(),
        progress: wanted.progress.clone(),
        artifacts: Arc::new(Packed(wanted.artifacts.clone())),
        calls: AtomicU64::new(0),
    };
    let account = caller_account(Arc::new(session(String::new()))).await?;
    if let Some(expected) = wanted.account.filter(|expected| *expected != account) {
        return Err(Failure::new(format!("this is account {account}, but the spec or plan is for {expected}"))
            .help("use credentials of that account, or change `targets:`; nothing was changed"));
    }
    Ok(Connected { session: Arc::new(session(account)), sandbox })
}

async fn caller_account(session: Arc<Session>) -> Result<String, Failure> {
    let cx = Context::new(&session, Address::new("the caller", ""));
    let identity = cx.call("sts:GetCallerIdentity", || session.clients.sts.get_caller_identity().send()).await?;
    identity.account().map(str::to_owned).ok_or_else(|| Failure::new("AWS did not say which account this is"))
}

fn endpoints(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut endpoints = BTreeMap::new();
    for text in given {
        let Some((service, url)) = text.split_once('=') else {
            return Err(Failure::Usage(format!("--endpoint {text} must be SERVICE=URL")));
        };
        if !SERVICES.contains(&service) {
            let hint = did_you_mean(service, SERVICES.iter().copied())
                .unwrap_or_else(|| format!("known: {}", SERVICES.join(", ")));
            return Err(Failure::Usage(format!("--endpoint {text}: no service `{service}`; {hint}")));
        }
        endpoints.insert(service.to_owned(), url.to_owned());
    }
    Ok(endpoints)
}

/// Zips by their hash.
struct Packed(BTreeMap<String, Arc<Vec<u8>>>);

impl Artifacts for Packed {
    fn get(&self, sha256_base64: &str) -> Option<Arc<Vec<u8>>> {
        self.0.get(sha256_base64).cloned()
    }
}

/// Waiting moves the sandbox's clock, so that five minutes pass at once.
struct SandboxClock(Arc<Sandbox>);

impl Clock for SandboxClock {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // A clock that cannot be written has still moved; the next call reports the folder's trouble.
            let _ = self.0.clock().advance(duration);
            tokio::task::yield_now().await;
        })
    }

    fn now(&self) -> i64 {
        self.0.clock().now().div_euclid(1000)
    }
}
