//! Alarms that many devices raise at the same moment, as the one thing that they are to a reader.

use std::collections::HashMap;

use super::alarms::RaisedAlarm;

/// Devices from which on alarms of one moment are read as one.
const TOGETHER: usize = 4;

/// One alarm, or those that one behaviour raised on several devices at the same time. Never empty.
#[derive(Clone, Debug)]
pub struct Incident<'a> {
    pub alarms: Vec<&'a RaisedAlarm>,
}

impl<'a> Incident<'a> {
    /// The first of its alarms.
    pub fn first(&self) -> &'a RaisedAlarm {
        self.alarms[0]
    }
}

/// Joins alarms, in order of raising, to incidents in the order of their first alarms.
pub fn incidents(alarms: &[RaisedAlarm]) -> Vec<Incident<'_>> {
    let mut positions = HashMap::new();
    let mut joined: Vec<Incident> = Vec::new();
    for alarm in alarms {
        let moment = (alarm.profile_index, alarm.behavior_index, alarm.span.raised, alarm.span.suppressed);
        let position = *positions.entry(moment).or_insert(joined.len());
        match joined.get_mut(position) {
            Some(incident) => incident.alarms.push(alarm),
            None => joined.push(Incident { alarms: vec![alarm] }),
        }
    }
    joined.into_iter().flat_map(apart).collect()
}

/// Few alarms of one moment are one incident each.
fn apart(incident: Incident<'_>) -> Vec<Incident<'_>> {
    match incident.alarms.len() < TOGETHER {
        true => incident.alarms.into_iter().map(|alarm| Incident { alarms: vec![alarm] }).collect(),
        false => vec![incident],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::AlarmSpan;

    #[test]
    fn many_at_once_are_one() {
        let alarm = |device: usize, raised| RaisedAlarm {
            span: AlarmSpan {
                device: format!("d{device}"),
                profile: "p".into(),
                behavior: "b".into(),
                raised,
                ended: None,
                suppressed: false,
            },
            value: None,
            profile_index: 0,
            behavior_index: 0,
        };
        let alarms: Vec<_> = (0..3).map(|n| alarm(n, 1)).chain((0..5).map(|n| alarm(n, 2))).collect();
        let sizes: Vec<_> = incidents(&alarms).iter().map(|one| (one.first().span.raised, one.alarms.len())).collect();
        assert_eq!(sizes, [(1, 1), (1, 1), (1, 1), (2, 5)]);
    }
}
