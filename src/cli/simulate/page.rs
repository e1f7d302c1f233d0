//! One self-contained HTML page: `--format html`.

use std::collections::BTreeMap;

use fleet_detect::ViolationEventType;
use fleet_detect::summary::html::render;
use fleet_detect::summary::page::{Page, Parts};

use super::change::Change;
use super::notes::{Note, choices};
use super::profiles::Subject;
use super::simulation::{Series, Simulation};

/// The page. It explains alarms as far as their events were kept.
pub fn html(
    subject: &Subject,
    simulation: &Simulation,
    change: Option<&Change>,
    series: Series,
    notes: &[Note],
) -> String {
    let mut page = Page::new(Parts {
        title: &subject.title,
        config: &subject.config,
        events: simulation.outcome.counts.accepted,
        totals: &simulation.totals,
        alarms: &simulation.alarms,
        change: change.map(|change| (change.old.title.as_str(), &change.old.config, &change.difference)),
        series,
        notes: notes.iter().map(|note| note.text.clone()).collect(),
    });
    let raised = simulation.violations.iter().filter(|violation| violation.event == ViolationEventType::InAlarm);
    let raised: BTreeMap<_, _> = raised
        .map(|violation| {
            let (device, profile, behavior) = (&*violation.device, &*violation.profile_name, &*violation.behavior.name);
            ((device, profile, behavior, violation.at), violation)
        })
        .collect();
    page.explain(|row| {
        let key = (&*row.device, &*row.profile, &*row.behavior, row.raised);
        raised.get(&key).map(|violation| choices(&subject.config, violation)).unwrap_or_default()
    });
    render(&page)
}
