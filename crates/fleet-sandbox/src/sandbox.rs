//! The sandbox as a value: start it, point clients at it, look inside, stop it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::service::{SERVICES, Service};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::journal::{Journal, JournalError};
use crate::recorder::{Exchange, Recorder};
use crate::server;
use crate::snapshot::snapshot;
use crate::store::Store;

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder the state is kept in; `None` keeps it in memory.
    pub dir: Option<PathBuf>,
    /// Address to listen on; must be loopback. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// How real waiting times are.
    pub realism: Realism,
    /// Keep every exchange in memory for [`Sandbox::exchanges`].
    pub record: bool,
    /// Start of a clock that stands still except when advanced, epoch milliseconds; `None` follows
    /// the machine's clock.
    pub frozen_clock_ms: Option<i64>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            dir: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            realism: Realism::default(),
            record: false,
            frozen_clock_ms: None,
        }
    }
}

/// Waiting times and switches of behaviour. All times pass on the sandbox clock.
#[derive(Debug, Clone)]
pub struct Realism {
    /// How long a new role, or a new trust policy, cannot be assumed. AWS publishes no figure ("not
    /// always immediately visible"); seconds are usual.
    pub iam_propagation: Duration,
    /// How long the tagging API shows the state before a change. AWS publishes no figure.
    pub tag_index_lag: Duration,
    /// Wait between deprecation and deletion of a thing type: five minutes (API:DeleteThingType).
    pub thing_type_deprecation: Duration,
    /// How long a Lambda function is `Pending` after creation and `InProgress` after an update.
    pub lambda_settling: Duration,
    /// How long a detached IoT policy or thing principal still stands in the way of a deletion. AWS
    /// names five minutes for policies (API:DeletePolicy) and seconds for principals.
    pub iot_detachment: Duration,
    /// How long an on-demand audit is in progress. AWS publishes no figure; minutes are usual.
    pub audit_task: Duration,
    /// How long a task of mitigation actions is in progress. AWS publishes no figure.
    pub mitigation_task: Duration,
    /// Whether the account has Device Defender Detect, which AWS closed to new customers.
    pub detect_available: bool,
}

impl Default for Realism {
    fn default() -> Self {
        Realism {
            iam_propagation: Duration::from_secs(5),
            tag_index_lag: Duration::ZERO,
            thing_type_deprecation: Duration::from_secs(300),
            lambda_settling: Duration::from_secs(2),
            iot_detachment: Duration::ZERO,
            audit_task: Duration::from_secs(2),
            mitigation_task: Duration::from_secs(1),
            detect_available: true,
        }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can be reached from other machines.
    #[error(
        "{0} is not a loopback address: the sandbox checks no credentials, so it listens on 127.0.0.1 or [::1] only"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// Cause.
        source: std::io::Error,
    },
    /// The folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The sandbox's folder is locked, damaged or not accessible.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StateError(String);

impl From<JournalError> for StartError {
    fn from(error: JournalError) -> Self {
        StartError::State(StateError(error.to_string()))
    }
}

/// What all connections share.
pub(crate) struct Inner {
    pub store: Arc<Store>,
    pub clock: Clock,
    pub faults: Faults,
    pub recorder: Recorder,
    pub realism: Realism,
    pub url: String,
}

impl Inner {
    pub(crate) fn reset(&self) -> std::io::Result<()> {
        self.store.clear()?;
        self.clock.reset();
        self.faults.clear();
        self.recorder.clear();
        Ok(())
    }
}

/// A running local AWS.
pub struct Sandbox {
    inner: Arc<Inner>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a server on the current tokio runtime and returns once it listens.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config) -> Result<Sandbox, StartError> {
        if !config.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(config.listen));
        }
        let journal = config.dir.as_deref().map(Journal::open).transpose()?;
        let failed = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = Arc::new(Store::open(journal));
        let inner = Arc::new(Inner {
            clock: Clock::new(Arc::clone(&store), config.frozen_clock_ms),
            store,
            faults: Faults::default(),
            recorder: Recorder::new(config.record),
            realism: config.realism,
            url: format!("http://{address}"),
        });
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server::serve(listener, Arc::clone(&inner), stopped));
        Ok(Sandbox { inner, stop, server })
    }

    /// The operations every sandbox offers, as `service:Operation`.
    pub fn operations() -> impl Iterator<Item = String> {
        let of = |service: &'static Service| service.operations().map(|(name, _)| format!("{}:{name}", service.name));
        SERVICES.iter().flat_map(of)
    }

    /// Base URL, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.inner.url.clone()
    }

    /// The sandbox's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Exchanges so far, if [`Config::record`] is set.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.inner.recorder.exchanges()
    }

    /// Number of AWS calls so far, refused ones included.
    pub fn calls(&self) -> u64 {
        self.calls_by_operation().values().sum()
    }

    /// AWS calls so far by `service:Operation`.
    pub fn calls_by_operation(&self) -> BTreeMap<String, u64> {
        self.inner.recorder.calls()
    }

    /// The whole state: `{"objects": …, "volatile": …}`, each by account, region, collection and key;
    /// ids and times are under `volatile`.
    pub fn snapshot(&self) -> Value {
        snapshot(self.inner.store.tables())
    }

    /// Forgets all state, faults, counts and exchanges, and sets the clock back.
    ///
    /// # Errors
    /// When the folder's journal cannot be emptied; what is in memory is forgotten all the same.
    pub fn reset(&self) -> std::io::Result<()> {
        self.inner.reset()
    }

    /// Stops listening and closes the connections; requests in work are finished first.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        // The task ends by itself; an error would be its panic, which has been printed.
        let _ = self.server.await;
    }
}
