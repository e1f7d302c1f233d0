//! The audit configuration and its schedules.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fleet::{text, texts};
use super::profile::Target;
use crate::address::Address;

pub struct Audit {
    pub address: Address,
    /// An ARN.
    pub role: String,
    pub notify: Option<Target>,
    /// The enabled checks.
    pub checks: BTreeSet<String>,
}

pub struct Schedule {
    pub address: Address,
    pub checks: Vec<String>,
}

impl Audit {
    pub fn new(address: &Address, state: &Value) -> Audit {
        let notify = &state["notify"];
        let target = || Some(Target { to: text(notify, "targetArn")?, role: text(notify, "roleArn")? });
        Audit {
            address: address.clone(),
            role: text(state, "roleArn").unwrap_or_default(),
            notify: target(),
            checks: state["checks"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        }
    }
}

impl Schedule {
    pub fn new(address: &Address, state: &Value) -> Schedule {
        Schedule { address: address.clone(), checks: texts(state, "checks") }
    }
}
