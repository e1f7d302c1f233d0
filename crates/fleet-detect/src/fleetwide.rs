//! The one stage that looks beyond a device: percentiles of the fleet, and what is learned from it.
//!
//! When a window closes, every share of the devices brings a [`Pool`] for each rule that needs it. Merged in any order
//! they give the rule's [`Standard`], by which every share then judges its own devices.

use std::collections::BTreeMap;

use crate::learned::Learner;
use crate::population::Population;
use crate::rules::{Check, ProfileRules, compare};
use crate::semantics::Semantics;
use crate::value::Value;

/// History and model of each rule that learns, by positions of profile and rule.
pub(crate) type Learners = BTreeMap<(usize, usize), Learner>;

/// The values of a share of the devices in one window, for one rule.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Position among the profile's rules.
    pub rule: usize,
    pub population: Population,
}

/// What the values of a window are compared with.
#[derive(Debug)]
pub(crate) enum Standard<'a> {
    /// What the criteria say.
    Own,
    Percentile(Value),
    Learned(&'a Learner),
    /// Nothing: there are too few devices, or no model yet. The window has no datapoints for the rule.
    None,
}

impl Standard<'_> {
    /// Whether a value of the window that ends at `end` is normal, and what it was compared with where the criteria do
    /// not say; none where there is nothing to compare with.
    #[inline]
    pub fn verdict(&self, check: &Check, end: i64, value: &Value) -> Option<(bool, Option<Value>)> {
        match (self, check) {
            (Self::Percentile(limit), Check::Percentile { operator, .. }) => {
                Some((compare(*operator, value, limit), Some(limit.clone())))
            }
            (Self::Learned(learner), Check::Learned { confidence }) => {
                let (conforms, limit) = learner.judge(end, value, *confidence)?;
                Some((conforms, Some(Value::Number(limit))))
            }
            (Self::None, _) => None,
            _ => Some((check.conforms(value), None)),
        }
    }
}

/// Merges the pools that the shares bring, each in the order of the rules.
pub(crate) fn merged(shares: Vec<Vec<Pool>>) -> Vec<Pool> {
    let mut shares = shares.into_iter();
    let mut merged = shares.next().unwrap_or_default();
    for share in shares {
        for (mine, other) in merged.iter_mut().zip(share) {
            mine.population.merge(other.population);
        }
    }
    merged
}

/// The standards that the pools of a window give, in their order.
pub(crate) fn standards<'a>(
    pools: &mut [Pool],
    profile: usize,
    rules: &ProfileRules,
    end: i64,
    learners: &'a mut Learners,
    semantics: &Semantics,
) -> Vec<Standard<'a>> {
    let learns = |pool: &Pool| matches!(rules.rules[pool.rule].check, Check::Learned { .. });
    let mut ready = |pool: &Pool| learns(pool) && learners.entry((profile, pool.rule)).or_default().is_ready(end);
    let ready: Vec<bool> = pools.iter().map(&mut ready).collect();
    let learners = &*learners;
    let standard = |(pool, ready): (&mut Pool, bool)| match &rules.rules[pool.rule].check {
        Check::Percentile { percentile, .. } => {
            let limit = std::mem::take(&mut pool.population).percentile(*percentile, semantics.minimum_population);
            limit.map_or(Standard::None, Standard::Percentile)
        }
        _ => match learners.get(&(profile, pool.rule)) {
            Some(learner) if ready => Standard::Learned(learner),
            _ => Standard::None,
        },
    };
    pools.iter_mut().zip(ready).map(standard).collect()
}

/// Adds the values of a window to the history of the rules that learn.
pub(crate) fn learn(pools: &[Pool], profile: usize, end: i64, learners: &mut Learners) {
    for pool in pools {
        if let Some(learner) = learners.get_mut(&(profile, pool.rule)) {
            pool.population.values().for_each(|value| learner.learn(end, &Value::Number(value)));
        }
    }
}
