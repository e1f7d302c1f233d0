//! The services: one folder each, one file per AWS kind.
//!
//! # Writing a handler
//!
//! A handler is a pure, synchronous function over the store:
//!
//! ```text
//! fn create_thing(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError>
//! ```
//!
//! Register it by adding `("CreateThing", create_thing)` to the `OPERATIONS` table of its file, and
//! that table to the service's `TABLES`. The rest comes from the service's model
//! (`models/SERVICE.json`, derived from botocore by `models/derive.py`):
//!
//! - **Routes and protocols.** Method, URI template, query strings, headers and bodies are bound to
//!   members before the handler runs, and its result is written in the request's protocol after it.
//! - **Input** ([`Request::input`]) has the model's member names and types. Timestamps are epoch
//!   milliseconds, blobs base64 text; unknown members are gone, nulls too.
//! - **Validation** of required, length, range, pattern and enum is done. Handlers check only what a
//!   model cannot say: cross-field rules, existence, quotas, order.
//! - **Output** is an object of the model's member names. Null members are left out. Timestamps are
//!   epoch milliseconds (integers). A member the model lacks, or of another type, is answered as an
//!   internal failure, so it shows in the first test. Operations without output return `json!({})`.
//! - **Errors** are [`AwsError::new`]`(code, message)`; the HTTP status comes from the model, further
//!   members of the exception are added with [`AwsError::field`]. An `Err` rolls back every change.
//!
//! Store: `tx.get/put/remove/scan/scan_prefix(collection, …)` within the caller's account and region.
//! Collections are named `service.kind` (`iot.thing`). Compound keys use `/` between parts, so that
//! [`Tx::scan_prefix`] lists the children of a parent. `tx.unique()` and `tx.uuid()` make ids.
//! Time is `request.now_ms`, never the machine's. States that change with time (`Pending`) are stored
//! as the moment they end and derived when read. Pages: [`crate::paging::page`]. Whether a role may be
//! assumed: [`iam::trust::usable_role`]. An operation that carries out others: [`delegate::call`]. Taggable objects: [`tags`] (every object with tags must be found by
//! the tagging API, so keep tags there and nowhere else).

pub mod cloudwatch;
pub mod delegate;
pub mod dialect;
pub mod iam;
pub mod iot;
pub mod lambda;
pub mod logs;
pub mod service;
pub mod sns;
pub mod sts;
pub mod tagging;
pub mod tags;
