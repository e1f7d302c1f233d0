//! `--against`: which alarms a change of profiles adds, removes and keeps.

use fleet_detect::summary::alarms::RaisedAlarm;
use fleet_detect::summary::compare::{Difference, difference};

use super::profiles::Subject;
use super::simulation::Simulation;
use super::table::{paged, side_by_side};
use super::text::{columns, counted, end, time, value};
use crate::render::paint::Paint;

/// Both sides and the difference.
pub struct Change {
    pub before: Simulation,
    /// What the new profiles are compared with.
    pub old: Subject,
    pub difference: Difference<RaisedAlarm>,
}

impl Change {
    /// Compares two runs over the same traffic.
    pub fn new(old: Subject, before: Simulation, after: &Simulation) -> Change {
        let ends = [&before, after].map(|simulation| simulation.totals.range.map_or(i64::MIN, |(_, last)| last));
        let difference = difference(&before.alarms, &after.alarms, ends[0].max(ends[1]));
        Change { before, old, difference }
    }

    /// Whether the two sides alarm alike.
    pub fn is_empty(&self) -> bool {
        self.difference.added.is_empty() && self.difference.removed.is_empty()
    }

    /// The comparison for people.
    pub fn table(&self, after: &Simulation, paint: Paint) -> String {
        let Difference { added, removed, kept } = &self.difference;
        let mut text = String::new();
        let mut rows: Vec<(&str, &RaisedAlarm)> = added.iter().map(|alarm| ("+", alarm)).collect();
        rows.extend(removed.iter().map(|alarm| ("-", alarm)));
        rows.sort_by_key(|(_, alarm)| alarm.span.raised);
        if !rows.is_empty() {
            let cells = |(sign, alarm): &(&str, &RaisedAlarm)| {
                let (device, behavior) = (alarm.span.device.clone(), alarm.span.behavior.clone());
                [(*sign).to_owned(), time(alarm.span.raised), device, behavior, value(alarm), end(alarm)]
            };
            let heads = ["", "RAISED (UTC)", "DEVICE", "BEHAVIOR", "VALUE", "END"].map(str::to_owned);
            let all: Vec<_> = std::iter::once(heads).chain(rows.iter().map(cells)).collect();
            for line in columns(&all).lines() {
                let painted = match line.chars().next() {
                    Some('+') => paint.red(line),
                    Some('-') => paint.green(line),
                    _ => line.to_owned(),
                };
                text += &format!("{painted}\n");
            }
            text.push('\n');
        }
        text += &side_by_side(&self.before.totals, &after.totals);
        text += &paged(&after.totals.paged, paint);
        let (added, removed, kept) = (counted(added.len() as u64, "alarm"), removed.len(), kept.len());
        text + &format!("\nAgainst {}: {added} added, {removed} removed, {kept} kept.\n", self.old.title)
    }
}
