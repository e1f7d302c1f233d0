//! The result as tables, for people.

use fleet_detect::summary::alarms::RaisedAlarm;
use fleet_detect::summary::totals::{BehaviorTotals, Paged, Totals};

use super::simulation::Simulation;
use super::text::{columns, counted, end, ordinal, time, value};
use crate::render::paint::Paint;

/// Devices and days that the summary names.
const SHOWN: usize = 12;

/// Share of values that are not normal from which on a threshold is pointed out: an incident is a few values of many.
const NOISY: f64 = 0.05;
/// Values that it takes for that.
const ENOUGH: u64 = 20;

/// Alarms, then the summary.
pub fn table(simulation: &Simulation, paint: Paint) -> String {
    let alarms = if simulation.alarms.is_empty() { String::new() } else { list(simulation) + "\n" };
    alarms + &summary(simulation, paint)
}

fn list(simulation: &Simulation) -> String {
    let several = simulation.totals.behaviors.iter().any(|one| one.profile != simulation.totals.behaviors[0].profile);
    let mut rows = vec![["RAISED (UTC)", "DEVICE", "BEHAVIOR", "VALUE", "END"].map(str::to_owned)];
    for alarm in &simulation.alarms {
        let end = if alarm.span.suppressed { end(alarm) + ", suppressed" } else { end(alarm) };
        let (raised, value) = (time(alarm.span.raised), value(alarm));
        rows.push([raised, alarm.span.device.clone(), name(alarm, several), value, end]);
    }
    columns(&rows)
}

/// A behaviour, with its profile where there are several.
pub fn name(alarm: &RaisedAlarm, several: bool) -> String {
    let (profile, behavior) = (&alarm.span.profile, &alarm.span.behavior);
    if several { format!("{profile}: {behavior}") } else { behavior.clone() }
}

/// What all reports for people end with: behaviours and their thresholds, devices, days, who is paged.
pub fn summary(simulation: &Simulation, paint: Paint) -> String {
    let totals = &simulation.totals;
    let mut text = behaviors(&totals.behaviors);
    let (mut never, mut unjudged) = (Vec::new(), Vec::new());
    for one in totals.behaviors.iter().filter(|one| one.alarms == 0) {
        if one.datapoints == 0 { &mut unjudged } else { &mut never }.push(one.behavior.as_str());
    }
    if !never.is_empty() {
        text += &format!("\nBehaviors that never fired: {}\n", never.join(", "));
    }
    if !unjudged.is_empty() {
        let why = "the traffic holds no value of their metrics";
        text += &format!("\nBehaviors that were never judged, because {why}: {}\n", unjudged.join(", "));
    }
    text += &paged(&totals.paged, paint);
    text.push('\n');
    text += &often("Devices", totals.devices.iter().map(|one| (one.device.as_str(), one.alarms)));
    if totals.days.len() > 1 {
        text += &often("Days", totals.days.iter().map(|(day, alarms)| (day.as_str(), *alarms)));
    }
    text + &format!("\n{}\n", verdict(simulation, paint))
}

fn verdict(simulation: &Simulation, paint: Paint) -> String {
    let events = counted(simulation.outcome.counts.accepted, "event");
    match simulation.alarms.len() as u64 {
        0 => format!("{} in {events}.", paint.green("No alarms")),
        count => {
            let devices = counted(simulation.totals.devices.len() as u64, "device");
            format!("{} on {devices}, in {events}.", paint.red(counted(count, "alarm")))
        }
    }
}

/// Whether a threshold is pointed out. A few values tell nothing about it.
fn is_noisy(totals: &BehaviorTotals) -> bool {
    totals.datapoints >= ENOUGH && totals.violating as f64 > NOISY * totals.datapoints as f64
}

fn behaviors(behaviors: &[BehaviorTotals]) -> String {
    let several = behaviors.iter().any(|one| one.profile != behaviors[0].profile);
    let heads = ["BEHAVIOR", "NORMAL", "ALARMS", "VALUES", "HIGHEST", "THRESHOLD"];
    let mut rows = vec![heads.map(str::to_owned)];
    let mut low = String::new();
    for one in behaviors {
        let name = if several { format!("{}: {}", one.profile, one.behavior) } else { one.behavior.clone() };
        let highest = one.highest.map(|highest| highest.to_string()).unwrap_or_default();
        let percentile = one.threshold_percentile.map(ordinal);
        if let Some(percentile) = percentile.as_ref().filter(|_| is_noisy(one)) {
            let share = one.violating as f64 * 100.0 / one.datapoints as f64;
            low += &format!("\n{name}: your threshold sits at the {percentile} percentile;\n");
            low += &format!("  {share:.0} % of all values are not normal.\n");
            if share > 50.0 {
                low += "  Is it the wrong way round? A behavior states what is normal.\n";
            }
        }
        let [alarms, values] = [one.alarms, one.datapoints].map(|count| count.to_string());
        let sits = percentile.map(|percentile| format!("{percentile} pct.")).unwrap_or_default();
        rows.push([name, one.normal.clone(), alarms, values, highest, sits]);
    }
    columns(&rows) + &low
}

/// Who would be told of the alarms.
pub fn paged(all: &[Paged], paint: Paint) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = "\nWho would be paged:\n".to_owned();
    for one in all {
        let (who, alarms) = (target(one, paint), counted(one.alarms, "alarm"));
        text += &format!("  {alarms} → {who}\n");
    }
    text
}

fn target(paged: &Paged, paint: Paint) -> String {
    let Some(arn) = &paged.alert_target else {
        let why = if paged.suppressed { "suppressAlerts" } else { "the profile has no alert target" };
        return format!("{} ({why})", paint.red("nobody"));
    };
    let topic = arn.rsplit(':').next().unwrap_or(arn);
    match paged.subscribers.as_deref() {
        None => format!("topic {topic} ({arn})"),
        Some([]) => format!("topic {topic} → {}", paint.red("no subscriber")),
        Some(subscribers) => format!("topic {topic} → {}", subscribers.join(", ")),
    }
}

fn often<'a>(what: &str, counts: impl ExactSizeIterator<Item = (&'a str, u64)>) -> String {
    let more = counts.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = counts.take(SHOWN).map(|(name, count)| format!("{name} {count}")).collect();
    if shown.is_empty() {
        return String::new();
    }
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    format!("{what}: {}\n", shown.join(", "))
}

/// Totals of two runs side by side: `before → after`.
pub fn side_by_side(before: &Totals, after: &Totals) -> String {
    let mut rows = vec![["BEHAVIOR", "BEFORE", "AFTER", "ALARMS BEFORE", "AFTER"].map(str::to_owned)];
    let find = |totals: &Totals, one: &BehaviorTotals| {
        totals
            .behaviors
            .iter()
            .find(|other| (&other.profile, &other.behavior) == (&one.profile, &one.behavior))
            .cloned()
    };
    let gone = before.behaviors.iter().filter(|one| find(after, one).is_none());
    for one in after.behaviors.iter().chain(gone) {
        let cells = |found: Option<BehaviorTotals>| {
            found.map_or(("-".to_owned(), "-".to_owned()), |found| (found.normal, found.alarms.to_string()))
        };
        let ((normal_before, alarms_before), (normal_after, alarms_after)) =
            (cells(find(before, one)), cells(find(after, one)));
        rows.push([one.behavior.clone(), normal_before, normal_after, alarms_before, alarms_after]);
    }
    columns(&rows)
}
