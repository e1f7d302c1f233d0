//! Faults on demand: by rule or by seed, always the same for the same calls.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum Action {
    /// Refused in the service's own throttling form; nothing done.
    Throttle,
    /// 500 in the service's own form; nothing done.
    ServerError,
    /// Refused as AWS refuses a call that IAM does not allow; nothing done. `resource` is the ARN
    /// in the message, `*` unless given.
    AccessDenied {
        /// ARN named in the message.
        resource: Option<String>,
    },
    /// Refused with this error; nothing done.
    Error {
        /// Error code.
        code: String,
        /// Message.
        message: String,
        /// HTTP status.
        status: u16,
    },
    /// Connection closed without an answer; nothing done.
    DropBefore,
    /// The call is carried out, then the connection is closed without an answer.
    DropAfter,
    /// The call is carried out after this time (of the machine, not of the sandbox clock).
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// A read answers the state before the last write. A call that writes is not affected.
    StaleRead,
    /// This call and every later one: connection closed, nothing done, until
    /// [`Faults::clear`]. Stands for a process killed here.
    Halt,
}

impl Action {
    /// A delay.
    pub fn delay(by: Duration) -> Action {
        Action::Delay { milliseconds: u64::try_from(by.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// Which calls meet which fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Signing name of the service; any if absent.
    #[serde(default)]
    pub service: Option<String>,
    /// Operation; any if absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// The first call to be hit, counted from 1 among the matching calls since the rule was added.
    #[serde(default)]
    pub nth: Option<u64>,
    /// How many calls are hit. Absent: one if `nth` is given, else all.
    #[serde(default)]
    pub times: Option<u64>,
    /// The fault.
    pub action: Action,
}

#[derive(Default)]
struct State {
    rules: Vec<(Rule, u64)>,
    seeded: Option<(u64, f64)>,
    calls: u64,
}

/// The faults in force.
pub struct Faults {
    state: Mutex<State>,
    halted: watch::Sender<bool>,
}

impl Default for Faults {
    fn default() -> Self {
        Faults { state: Mutex::default(), halted: watch::Sender::new(false) }
    }
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule. Of several that hit the same call, the one added first acts; all count it.
    pub fn add(&self, rule: Rule) {
        self.lock().rules.push((rule, 0));
    }

    /// Removes all faults, also a halt.
    pub fn clear(&self) {
        *self.lock() = State::default();
        self.halted.send_replace(false);
    }

    /// Hits each call with this probability (0 to 1) with a throttle, a 500, a connection closed
    /// before or after the work, chosen by the seed and the number of the call.
    pub fn seeded(&self, seed: u64, probability: f64) {
        let mut state = self.lock();
        state.seeded = Some((seed, probability));
        state.calls = 0;
    }

    /// Whether a halt has been met.
    pub fn halted(&self) -> bool {
        *self.halted.borrow()
    }

    /// Waits until a halt is met.
    pub async fn wait_halted(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.halted.subscribe().wait_for(|halted| *halted).await;
    }

    /// The fault for this call, which is counted.
    pub(crate) fn decide(&self, service: &str, operation: &str) -> Option<Action> {
        if self.halted() {
            return Some(Action::Halt);
        }
        let mut state = self.lock();
        state.calls += 1;
        let mut chosen = None;
        for (rule, seen) in &mut state.rules {
            if rule.matches(service, operation) {
                *seen += 1;
                if chosen.is_none() && rule.hits(*seen) {
                    chosen = Some(rule.action.clone());
                }
            }
        }
        let chosen = chosen.or_else(|| {
            let (seed, probability) = state.seeded?;
            by_seed(seed, state.calls, probability)
        });
        if chosen == Some(Action::Halt) {
            self.halted.send_replace(true);
        }
        chosen
    }
}

impl Rule {
    /// A rule for every call.
    pub fn always(action: Action) -> Rule {
        Rule { service: None, operation: None, nth: None, times: None, action }
    }

    fn matches(&self, service: &str, operation: &str) -> bool {
        self.service.as_deref().is_none_or(|s| s == service) && self.operation.as_deref().is_none_or(|o| o == operation)
    }

    fn hits(&self, seen: u64) -> bool {
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1)).unwrap_or(u64::MAX);
        seen >= first && seen - first < times
    }
}

fn by_seed(seed: u64, call: u64, probability: f64) -> Option<Action> {
    let roll = mix(seed ^ mix(call));
    // 53 bits are what an f64 holds exactly.
    let unit = (roll >> 11) as f64 / (1u64 << 53) as f64;
    (unit < probability).then(|| match mix(roll) % 4 {
        0 => Action::Throttle,
        1 => Action::ServerError,
        2 => Action::DropBefore,
        _ => Action::DropAfter,
    })
}

/// SplitMix64's finalizer: spreads every input bit over the output.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_matching_calls_and_seeds_repeat() {
        let faults = Faults::default();
        let iot = Rule { service: Some("iot".into()), ..Rule::always(Action::Throttle) };
        faults.add(Rule { nth: Some(2), ..iot.clone() });
        faults.add(Rule { nth: Some(3), times: Some(2), action: Action::StaleRead, ..iot });
        let met: Vec<_> = (0..5).map(|_| faults.decide("iot", "CreateThing")).collect();
        let stale = Some(Action::StaleRead);
        assert_eq!(met, [None, Some(Action::Throttle), stale.clone(), stale, None]);
        assert_eq!(faults.decide("sns", "CreateTopic"), None);

        let run = |seed| {
            faults.clear();
            faults.seeded(seed, 0.3);
            (0..1000).map(|_| faults.decide("iot", "X")).collect::<Vec<_>>()
        };
        let first = run(7);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8));
        let hit = first.iter().flatten().count();
        assert!((250..350).contains(&hit), "{hit} of 1000 at 0.3");

        faults.clear();
        faults.add(Rule { nth: Some(2), ..Rule::always(Action::Halt) });
        assert_eq!(faults.decide("a", "b"), None);
        assert!(!faults.halted());
        assert_eq!(faults.decide("a", "b"), Some(Action::Halt));
        assert!(faults.halted());
        assert_eq!(faults.decide("c", "d"), Some(Action::Halt));
    }
}
