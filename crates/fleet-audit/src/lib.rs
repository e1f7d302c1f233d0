//! The AWS IoT Device Defender audit checks and IoT policy reasoning.
//!
//! Pure and synchronous: no clock, no network, no files. A [`snapshot::Snapshot`] of one
//! account and region goes in, [`audit::run`] judges it as of a given time, and an
//! [`audit::Report`] comes out: findings in AWS's own form with our rule, place and
//! counterexample, remarks on what AWS would pass, and what could not be decided and why.
//! A part that the snapshot does not have is never taken for one that is in order.
//!
//! - [`policy`] reasons over policy documents as sets of words: [`policy::access::ask`]
//!   answers whether a set of requests is let through, with a counterexample.
//! - [`checks`] holds AWS's 17 checks, one file each; [`registry`] lists them,
//!   [`explain`] documents them.
//! - [`certificate`] reads X.509 certificates and revocation lists.
//! - [`suppression`], [`comparison`] and [`mitigation`] are for what comes after: accept,
//!   compare with a baseline or with AWS's own findings, repair.
//! - [`repair`] proposes the change of a spec that removes a finding.
//! - [`framework`] sorts what was found by the controls of published frameworks.
//! - [`render`] writes SARIF, JUnit, Markdown and HTML.
//!
//! # What it does not do
//!
//! - Policies: permission boundaries, service control policies and session policies are
//!   not read; the conditions on numbers, dates and addresses and the set operators
//!   `ForAllValues:` and `ForAnyValue:` are not evaluated but assumed for the worse, and
//!   named in the finding. A policy is judged alone, as AWS does, not together with the
//!   device's others.
//! - Certificates: signatures of certificates and revocation lists are not verified, and
//!   nothing is fetched. Debian weak keys are recognised from a list that the caller
//!   gives; RSA keys alone.
//! - Amazon Cognito: rules that map claims to further roles are not read.

pub mod audit;
pub mod certificate;
pub mod check;
pub mod checks;
pub mod comparison;
pub mod connections;
pub mod explain;
pub mod finding;
pub mod framework;
pub mod identity_pool;
pub mod lifecycle;
pub mod mitigation;
pub mod policy;
pub mod registry;
pub mod render;
pub mod repair;
pub mod service_use;
pub mod settings;
pub mod snapshot;
pub mod suppression;
pub mod timestamp;
