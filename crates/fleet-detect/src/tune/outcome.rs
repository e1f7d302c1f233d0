//! What a candidate would have raised: the alarm rule, run over recorded datapoints.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::candidate::Conformity;
use super::labels::Spell;
use super::plan::Reach;
use super::record::{DeviceSeries, Series};
use crate::alarm::{Alarm, AlarmRules};

/// Alarms of one part of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alarms {
    /// Raised outside of every labelled incident.
    #[serde(rename = "falseAlarms")]
    pub unlabelled: u64,
    /// Raised within one.
    #[serde(rename = "trueAlarms")]
    pub labelled: u64,
    /// Datapoints, outside of incidents, at which a false alarm stood.
    pub datapoints_in_alarm: u64,
}

/// What became of one candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub training: Alarms,
    pub held_out: Alarms,
    /// Milliseconds from the beginning of an incident to the first alarm raised in it, by incident.
    pub delays: BTreeMap<usize, i64>,
    /// Devices with a false alarm in the training part, by position in the series.
    pub devices: BTreeSet<usize>,
}

/// What does not change from candidate to candidate.
pub(crate) struct Frame<'a> {
    pub series: &'a Series,
    /// Incidents by device, in the order of the series.
    pub spells: &'a [Vec<Spell>],
    /// Milliseconds since the Unix epoch: what happens from then on is held out.
    pub cut: i64,
    pub reach: Reach,
    /// Devices left out, by position in the series.
    pub without: BTreeSet<usize>,
}

impl Frame<'_> {
    /// The devices that count, with their incidents.
    pub fn devices(&self) -> impl Iterator<Item = (usize, &DeviceSeries, &[Spell])> {
        let all = self.series.devices.iter().zip(self.spells).enumerate();
        all.filter(|(position, _)| !self.without.contains(position))
            .map(|(position, (device, spells))| (position, device, spells.as_slice()))
    }

    /// Keys of the training part outside of incidents.
    pub fn quiet_keys(&self) -> impl Iterator<Item = u64> {
        self.devices().flat_map(|(_, device, spells)| {
            let points = device.points.iter().filter(|(at, _)| *at < self.cut);
            points.filter(|(at, _)| !spells.iter().any(|spell| spell.holds(*at))).map(|(_, key)| *key)
        })
    }

    /// Runs the alarm rule over every device.
    pub fn run(&self, conformity: &Conformity, rules: &AlarmRules) -> Outcome {
        let mut outcome = Outcome::default();
        for (position, device, spells) in self.devices() {
            // Most devices never come near a threshold worth having.
            if !conformity.always_conforms(device) {
                outcome.run(position, device, spells, self.cut, conformity, rules);
            }
        }
        outcome
    }
}

impl Outcome {
    fn run(
        &mut self,
        position: usize,
        device: &DeviceSeries,
        spells: &[Spell],
        cut: i64,
        conformity: &Conformity,
        rules: &AlarmRules,
    ) {
        let (mut alarm, mut unlabelled) = (Alarm::default(), false);
        for (at, key) in &device.points {
            let stood = alarm.is_raised();
            let (invalidated, _) = alarm.step(*at, conformity.conforms(*key), rules);
            if !alarm.is_raised() {
                continue;
            }
            let spell = spells.iter().find(|spell| spell.holds(*at));
            let part = if *at < cut { &mut self.training } else { &mut self.held_out };
            if !stood || invalidated.is_some() {
                unlabelled = spell.is_none();
                match spell {
                    None => part.unlabelled += 1,
                    Some(Spell { began, incident, .. }) => {
                        part.labelled += 1;
                        self.delays.entry(*incident).or_insert(at - began);
                    }
                }
                if unlabelled && *at < cut {
                    self.devices.insert(position);
                }
            }
            part.datapoints_in_alarm += u64::from(unlabelled && spell.is_none());
        }
    }

    /// The middle delay, the later of two; none where nothing was detected.
    pub fn median_delay(&self) -> Option<i64> {
        let mut delays: Vec<i64> = self.delays.values().copied().collect();
        delays.sort_unstable();
        delays.get(delays.len() / 2).copied()
    }
}
