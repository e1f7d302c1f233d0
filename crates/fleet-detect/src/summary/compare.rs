//! Before and after: which alarms a change of profiles adds, removes and keeps.

use serde::Serialize;

use crate::history::AlarmSpan;

/// The difference between two runs over the same traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    pub added: Vec<AlarmSpan>,
    pub removed: Vec<AlarmSpan>,
    /// Alarms of the same device, profile and behaviour that overlap in time, as they are after the change.
    pub kept: Vec<AlarmSpan>,
}

/// Compares alarms before and after a change. One that starts a window earlier or later is still the same alarm if
/// the two overlap; `end` is the end of the traffic, until which an alarm without an end stands.
pub fn difference(before: &[AlarmSpan], after: &[AlarmSpan], end: i64) -> Difference {
    let mut gone: Vec<&AlarmSpan> = before.iter().collect();
    let mut difference = Difference::default();
    for alarm in after {
        match gone.iter().position(|old| same(old, alarm) && overlap(old, alarm, end)) {
            Some(position) => {
                gone.remove(position);
                difference.kept.push(alarm.clone());
            }
            None => difference.added.push(alarm.clone()),
        }
    }
    difference.removed = gone.into_iter().cloned().collect();
    difference
}

fn same(a: &AlarmSpan, b: &AlarmSpan) -> bool {
    (&a.device, &a.profile, &a.behavior) == (&b.device, &b.profile, &b.behavior)
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
