//! Before and after: which alarms a change of profiles adds, removes and keeps.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::AlarmSpan;

/// The difference between two runs over the same traffic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference<A = AlarmSpan> {
    pub added: Vec<A>,
    pub removed: Vec<A>,
    /// Alarms of the same device, profile and behaviour that overlap in time, as they are after the change.
    pub kept: Vec<A>,
}

/// Compares alarms before and after a change, each in order of raising. One that starts a window earlier or later is
/// still the same alarm if the two overlap; `end` is the end of the traffic, until which an alarm without an end
/// stands.
pub fn difference<A: AsRef<AlarmSpan> + Clone>(before: &[A], after: &[A], end: i64) -> Difference<A> {
    let mut unmatched: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (position, alarm) in before.iter().enumerate() {
        unmatched.entry(identity(alarm.as_ref())).or_default().push(position);
    }
    let mut gone = vec![true; before.len()];
    let mut difference = Difference { added: Vec::new(), removed: Vec::new(), kept: Vec::new() };
    for alarm in after {
        let candidates = unmatched.entry(identity(alarm.as_ref())).or_default();
        match candidates.iter().position(|old| overlap(before[*old].as_ref(), alarm.as_ref(), end)) {
            Some(position) => {
                gone[candidates.remove(position)] = false;
                difference.kept.push(alarm.clone());
            }
            None => difference.added.push(alarm.clone()),
        }
    }
    difference.removed = before.iter().zip(gone).filter(|(_, gone)| *gone).map(|(alarm, _)| alarm.clone()).collect();
    difference
}

impl AsRef<AlarmSpan> for AlarmSpan {
    fn as_ref(&self) -> &AlarmSpan {
        self
    }
}

fn identity(alarm: &AlarmSpan) -> (&str, &str, &str) {
    (&alarm.device, &alarm.profile, &alarm.behavior)
}

fn overlap(a: &AlarmSpan, b: &AlarmSpan, end: i64) -> bool {
    let until = |alarm: &AlarmSpan| alarm.ended.map_or(end, |(at, _)| at);
    a.raised <= until(b) && b.raised <= until(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::violation::ViolationEventType;

    #[test]
    fn overlapping_alarms_are_the_same() {
        let span = |device: &str, raised, ended: Option<i64>| AlarmSpan {
            device: device.into(),
            profile: "p".into(),
            behavior: "b".into(),
            raised,
            ended: ended.map(|at| (at, ViolationEventType::AlarmCleared)),
            suppressed: false,
        };
        let before = [span("a", 0, Some(10)), span("a", 50, None), span("gone", 0, None)];
        let after = [span("a", 5, Some(7)), span("a", 20, Some(30)), span("a", 60, None), span("new", 0, None)];
        let difference = difference(&before, &after, 100);
        assert_eq!(difference.kept, [after[0].clone(), after[2].clone()]);
        assert_eq!(difference.added, [after[1].clone(), after[3].clone()]);
        assert_eq!(difference.removed, [before[2].clone()]);
    }
}
