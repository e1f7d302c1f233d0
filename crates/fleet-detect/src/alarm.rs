//! The alarm of one device and behaviour: runs of datapoints, alarm, clear, invalidation.

use serde::{Deserialize, Serialize};

/// What a behaviour asks of its alarms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlarmRules {
    /// Consecutive violating datapoints that raise it, 1 to 10.
    pub to_alarm: u8,
    /// Consecutive conforming datapoints that clear it, 1 to 10.
    pub to_clear: u8,
    /// Milliseconds of silence that invalidate it.
    pub invalidate_after: i64,
    /// Milliseconds between datapoints beyond which a run starts anew, if gaps do that.
    pub longest_step: Option<i64>,
    /// Whether every further violation of a standing alarm is an event.
    pub renotify: bool,
}

/// State of one alarm. `last` and `started` are milliseconds since the Unix epoch; `last` is meaningless before the
/// first datapoint and `started` while there is no alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    last: i64,
    started: i64,
    conforming: u8,
    violating: u8,
    raised: bool,
}

/// A change that is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlarmEvent {
    Raised { started: i64 },
    Cleared { started: i64 },
}

/// An alarm given up because nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalidated {
    pub at: i64,
    pub started: i64,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { last: i64::MIN, started: 0, conforming: 0, violating: 0, raised: false }
    }
}

impl Alarm {
    pub fn is_raised(&self) -> bool {
        self.raised
    }

    /// Takes the next datapoint, at a time not before the previous one.
    #[inline]
    pub fn step(&mut self, at: i64, conforms: bool, rules: &AlarmRules) -> (Option<Invalidated>, Option<AlarmEvent>) {
        let invalidated = self.silent_until(at, rules);
        if rules.longest_step.is_some_and(|step| at.saturating_sub(self.last) > step) {
            (self.conforming, self.violating) = (0, 0);
        }
        self.last = at;
        let event = if conforms {
            self.violating = 0;
            self.conforming = self.conforming.saturating_add(1);
            (self.raised && self.conforming >= rules.to_clear).then(|| {
                self.raised = false;
                AlarmEvent::Cleared { started: self.started }
            })
        } else {
            self.conforming = 0;
            self.violating = self.violating.saturating_add(1);
            self.violate(at, rules)
        };
        (invalidated, event)
    }

    fn violate(&mut self, at: i64, rules: &AlarmRules) -> Option<AlarmEvent> {
        if self.raised {
            return rules.renotify.then_some(AlarmEvent::Raised { started: self.started });
        }
        if self.violating < rules.to_alarm {
            return None;
        }
        self.raised = true;
        self.started = at;
        Some(AlarmEvent::Raised { started: at })
    }

    /// Invalidates a standing alarm when more than the allowed silence lies between its last datapoint and `until`.
    pub fn silent_until(&mut self, until: i64, rules: &AlarmRules) -> Option<Invalidated> {
        let at = self.last.saturating_add(rules.invalidate_after);
        if !self.raised || until <= at {
            return None;
        }
        let started = self.started;
        *self = Self { last: self.last, ..Self::default() };
        Some(Invalidated { at, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: AlarmRules =
        AlarmRules { to_alarm: 2, to_clear: 2, invalidate_after: 100, longest_step: None, renotify: false };

    /// Feeds `(at, conforms)` and lists what happens, as text.
    fn run(rules: &AlarmRules, datapoints: &[(i64, bool)]) -> Vec<String> {
        let mut alarm = Alarm::default();
        let mut events = Vec::new();
        for (at, conforms) in datapoints {
            let (invalidated, event) = alarm.step(*at, *conforms, rules);
            events.extend(invalidated.map(|lost| format!("lost {} of {}", lost.at, lost.started)));
            events.extend(event.map(|event| match event {
                AlarmEvent::Raised { started } => format!("raised {at} of {started}"),
                AlarmEvent::Cleared { started } => format!("cleared {at} of {started}"),
            }));
        }
        events
    }

    #[test]
    fn runs_reset_each_other_and_gaps_do_not() {
        let datapoints = [
            (1, false),
            (2, true),
            (3, false),
            (90, false),
            (91, false),
            (92, true),
            (93, false),
            (94, true),
            (95, true),
        ];
        assert_eq!(run(&RULES, &datapoints), ["raised 90 of 90", "cleared 95 of 90"]);
        let strict = AlarmRules { longest_step: Some(10), ..RULES };
        assert_eq!(run(&strict, &datapoints)[0], "raised 91 of 91");
        let loud = AlarmRules { renotify: true, ..RULES };
        assert_eq!(run(&loud, &datapoints)[1], "raised 91 of 90");
    }

    #[test]
    fn only_alarms_are_invalidated_and_runs_start_again() {
        assert!(run(&RULES, &[(0, false), (1, false), (101, false)]).len() == 1, "exactly the limit is not beyond it");
        let events = run(&RULES, &[(0, false), (1, false), (102, false), (103, false)]);
        assert_eq!(events, ["raised 1 of 1", "lost 101 of 1", "raised 103 of 103"]);
        assert_eq!(run(&RULES, &[(0, false), (500, false)]), ["raised 500 of 500"], "no alarm, the run goes on");
    }
}
