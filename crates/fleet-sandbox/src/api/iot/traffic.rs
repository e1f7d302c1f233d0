//! Device traffic that people give to the sandbox: `fleet-detect` judges it by the account's security profiles, and its
//! violations are the account's.
//!
//! Each delivery is evaluated by itself, from its first event to its last: no state is kept between two of them. Every
//! profile looks at every device, whatever it is attached to.

use fleet_detect::config::{Config, TargetedProfile};
use fleet_detect::profile::{SecurityProfile, custom_metrics_from_json, dimensions_from_json};
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::{Evaluator, Output};
use serde_json::Value;

use super::custom_metric::METRICS;
use super::dimension::DIMENSIONS;
use super::security_profile::SECURITY_PROFILES;
use super::violation;
use crate::store::Tx;

/// Judges traffic (newline-delimited JSON, or any other form that `fleet-detect` reads) and keeps the violations; returns
/// how many events of alarms there are.
///
/// # Errors
/// In words: what cannot be read, or which profile cannot be evaluated.
pub fn observe(tx: &mut Tx<'_>, traffic: &[u8]) -> Result<usize, String> {
    let config = config(tx)?;
    let mut evaluator = Evaluator::new(&config).map_err(|error| error.to_string())?;
    let mut output = Output::default();
    Traffic::open(traffic, Options { strict: true, custom_metrics: config.metric_types(), ..Options::default() })
        .and_then(|traffic| traffic.for_each_batch(|events| evaluator.observe_batch(events, &mut output)))
        .map_err(|error| error.to_string())?;
    evaluator.finish(&mut output);
    for one in &output.violations {
        violation::record(tx, one).map_err(|error| error.to_string())?;
    }
    Ok(output.violations.len())
}

fn config(tx: &Tx<'_>) -> Result<Config, String> {
    let all = |collection: &str| Value::Array(tx.scan(collection).map(|(_, one)| one.clone()).collect());
    let mut profiles = Vec::new();
    for (name, stored) in tx.scan(SECURITY_PROFILES) {
        let profile: SecurityProfile = serde_json::from_value(without_nulls(stored))
            .map_err(|error| format!("security profile `{name}`: {error}"))?;
        profiles.push(TargetedProfile { profile, targets: Vec::new() });
    }
    Ok(Config {
        profiles,
        dimensions: dimensions_from_json(&all(DIMENSIONS))?,
        custom_metrics: custom_metrics_from_json(&all(METRICS))?,
        ..Config::default()
    })
}

fn without_nulls(value: &Value) -> Value {
    let members = value.as_object().into_iter().flatten().filter(|(_, member)| !member.is_null());
    Value::Object(members.map(|(name, member)| (name.clone(), member.clone())).collect())
}
