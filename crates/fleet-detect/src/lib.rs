//! AWS IoT Device Defender Detect, evaluated in-process: exactly, on recorded or generated traffic.
//!
//! ```text
//! Event → window → datapoint → criteria → alarm → Violation
//! ```
//!
//! The evaluator is pure and synchronous: no clock, no network, no files. Time is the time of the events. The same
//! library serves simulation, tests, tuning, the local sandbox, and could serve a live detector: its state can be saved
//! and restored between any two events, and the result does not depend on where it was cut.
//!
//! # From a profile to alerts
//!
//! ```
//! use fleet_detect::{Config, Evaluator, Output, SecurityProfile};
//! use fleet_detect::traffic::reader::{Options, Traffic};
//!
//! let profile: SecurityProfile = serde_json::from_str(r#"{
//!     "securityProfileName": "factory",
//!     "behaviors": [{"name": "Sent", "metric": "aws:num-messages-sent", "criteria":
//!         {"comparisonOperator": "less-than-equals", "value": {"count": 1}, "durationSeconds": 300}}]}"#)?;
//! let config = Config { profiles: vec![profile.into()], ..Config::default() };
//! let mut evaluator = Evaluator::new(&config)?;
//! let mut output = Output::default();
//! let traffic = r#"{"timestamp":1700000000000,"type":"publish","clientId":"line-1","topic":"t","bytes":12}
//! {"timestamp":1700000001000,"type":"publish","clientId":"line-1","topic":"t","bytes":12}"#;
//! Traffic::open(traffic.as_bytes(), Options::default())?
//!     .for_each_batch(|events| evaluator.observe_batch(events, &mut output))?;
//! evaluator.finish(&mut output);
//! assert_eq!(output.violations[0].value.as_ref().map(|value| value.to_metric_value()),
//!            serde_json::from_str(r#"{"count":2}"#)?);
//! println!("{}", output.violations[0].to_json()); // the body of the SNS message
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! - Vocabulary, in AWS's words: [`metric`], [`value`], [`behavior`], [`profile`], [`dimension`], [`registry`].
//! - Writing behaviours: [`alarm_when`] compiles "when to alarm" to AWS's "what is normal", [`validate`] checks both.
//! - Evaluating: [`config`], [`evaluator`], [`batch`], [`state`]; what AWS leaves open is [`semantics`], and [`explain`] names the
//!   choices behind an alarm. Output: [`violation`] as sent to SNS, [`history`] as alarms with a beginning and an end.
//! - Traffic: [`traffic`] reads it, [`scenario`] makes it, [`expect`] compares alarms with what a test file expects.
//! - Tuning: [`tune`] proposes thresholds from datapoints and a budget of false alarms.
//! - Reporting: [`summary`] holds totals, before and after, and the self-contained HTML page.
//!
//! # How time and disorder work
//!
//! The newest event so far sets a watermark, [`Semantics::lateness_seconds`] behind it. An event behind the watermark
//! is counted as late and not evaluated, one more than [`Semantics::longest_gap_seconds`] ahead of the newest as ahead;
//! every other one counts, in whatever order it comes. Windows that end by the watermark are closed, and reports before
//! it judged, whole minutes at a time. So the violations come out in order of time, and depend only on which events
//! were accepted. The end of the input closes everything.
//!
//! # One fleet over several threads or machines
//!
//! Everything but percentiles and learned models is decided device by device. [`Evaluator::with_threads`] splits the
//! devices over threads: first it is decided, in the order of arrival, which events are accepted; then every part takes
//! the events of its devices; when a window closes the parts bring their [`population::Population`]s together. The
//! violations, and their order, do not depend on the number of threads. Nothing waits in a queue: a call returns when
//! all parts are done with its events, so memory is bounded by the devices and by the round of traffic at hand.
//!
//! ```
//! # use fleet_detect::{Config, Evaluator, Output};
//! # use fleet_detect::traffic::reader::{Options, Traffic};
//! # let (config, input) = (Config::default(), &b""[..]);
//! let threads = std::thread::available_parallelism()?;
//! let mut evaluator = Evaluator::with_threads(&config, threads)?;
//! let mut output = Output::default();
//! let tally = Traffic::open(input, Options { threads, ..Options::default() })?.for_each_round(|batches| {
//!     evaluator.observe_batches(batches, &mut output); // `output` may be emptied here and now
//! })?;
//! let counts = evaluator.finish(&mut output);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Machines can share a fleet in the same way as long as each sees the newest time of all.
//!
//! # Approximate
//!
//! AWS does not publish how ML Detect works. Behaviours with `mlDetectionConfig` are judged by the model of [`learned`],
//! and [`Evaluator::approximate`] lists them so that reports can say so.
//!
//! # What is not here yet
//!
//! - **Saved state with another number of threads.** It is restored with as many as it was saved with.
//! - **Formats other than NDJSON** are parsed on one thread, whatever [`traffic::reader::Options::threads`] says.
//! - **Long idle stretches** with an `aws:disconnect-duration` behaviour cost one sample a device and window.

mod alarm;
pub mod alarm_when;
mod arrival;
pub mod batch;
pub mod behavior;
mod cells;
pub mod config;
mod connectivity;
mod counters;
pub mod device;
pub mod dimension;
pub mod evaluator;
pub mod event;
pub mod expect;
pub mod explain;
mod fleetwide;
pub mod history;
pub mod judge;
pub mod learned;
pub mod metric;
mod names;
pub mod needs;
mod part;
pub mod population;
pub mod profile;
pub mod registry;
mod rules;
pub mod scenario;
pub mod semantics;
mod stamped;
pub mod state;
pub mod summary;
mod threads;
pub mod traffic;
pub mod tune;
pub mod validate;
pub mod value;
pub mod violation;
mod watch;
mod window;

pub use alarm_when::parse_alarm_when;
pub use batch::Batch;
pub use behavior::{Behavior, Criteria};
pub use config::{Config, ConfigError, TargetedProfile};
pub use evaluator::{Counts, Evaluator};
pub use event::{Event, EventKind};
pub use judge::{Datapoint, Output};
pub use needs::Needs;
pub use profile::SecurityProfile;
pub use semantics::Semantics;
pub use validate::{Problem, Severity, validate_behavior, validate_profile};
pub use violation::{Violation, ViolationEventType};
