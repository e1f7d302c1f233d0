//! The result as bars over time, a lane for each device and behaviour, 80 columns wide.

use fleet_detect::ViolationEventType;
use fleet_detect::summary::alarms::RaisedAlarm;
use fleet_detect::summary::incidents::{Incident, incidents};
use fleet_detect::traffic::time::format_utc;

use super::simulation::Simulation;
use super::table::{name, summary};
use super::text::{clock, counted, lasted, time};
use crate::render::paint::Paint;

/// Fits the terminals and mails that people read this in, and makes equal runs equal texts.
const WIDTH: usize = 80;
/// Widest name before a lane.
const MOST_LABEL: usize = 30;
/// Devices, or groups of them that alarmed together, that are drawn: those with the earliest alarms.
const MOST_DEVICES: usize = 40;
/// Alarms whose times stand below a lane.
const MOST_RANGES: usize = 40;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
const STEPS: [i64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160, 40_320, 131_040, 262_080, 524_160];

/// The time axis: which part of the range each column stands for.
struct Axis {
    from: i64,
    to: i64,
    columns: usize,
}

impl Axis {
    fn of(simulation: &Simulation, columns: usize) -> Option<Axis> {
        let (mut from, mut to) = simulation.totals.range?;
        for alarm in &simulation.alarms {
            from = from.min(alarm.span.raised);
            to = to.max(alarm.span.ended.map_or(to, |(at, _)| at));
        }
        // A single moment is shown as the end of the window that led to it.
        Some(Axis { from: from.min(to - 5 * MINUTE), to, columns })
    }

    fn column(&self, at: i64) -> usize {
        let share = (at - self.from) as f64 / (self.to - self.from) as f64;
        ((share * self.columns as f64) as usize).min(self.columns - 1)
    }

    /// Round times along the axis, each over its column.
    fn labels(&self) -> String {
        let room = (self.columns / 9).max(1) as i64;
        let step = STEPS.map(|step| step * MINUTE).into_iter().find(|step| (self.to - self.from) / step <= room);
        let step = step.unwrap_or(STEPS[STEPS.len() - 1] * MINUTE);
        let mut line = String::new();
        let mut at = (self.from + step - 1).div_euclid(step) * step;
        while at <= self.to {
            let text = if at % DAY == 0 { format_utc(at)[5..10].to_owned() } else { clock(at) };
            let (column, used) = (self.column(at), line.chars().count());
            if column >= used && column + text.len() <= self.columns {
                line += &format!("{:1$}{text}", "", column - used);
            }
            at += step;
        }
        line
    }
}

/// Lanes, then the summary.
pub fn timeline(simulation: &Simulation, paint: Paint) -> String {
    let lanes = lanes(simulation, paint).unwrap_or_default();
    lanes + &summary(simulation, paint)
}

fn lanes(simulation: &Simulation, paint: Paint) -> Option<String> {
    let first = simulation.alarms.first()?;
    let several = simulation.alarms.iter().any(|alarm| alarm.span.profile != first.span.profile);
    let names = simulation.alarms.iter().map(|alarm| name(alarm, several).chars().count());
    let label = (names.max()? + 2).clamp(12, MOST_LABEL);
    let axis = Axis::of(simulation, WIDTH - label - 1)?;
    let column = lasted((axis.to - axis.from) / axis.columns as i64);
    let mut text = format!("{} to {} UTC; a column is {column}\n\n", time(axis.from), time(axis.to));
    text += &format!("{:label$} {}\n", "", paint.dim(axis.labels()));
    text += &format!("{:label$} {}\n", cut("in alarm", label), standing(&simulation.alarms, &axis));
    let incidents = incidents(&simulation.alarms);
    let devices = grouped(&incidents, |incident| match incident.alarms.len() {
        1 => incident.first().span.device.clone(),
        _ => "several devices at once".to_owned(),
    });
    for (device, incidents) in devices.iter().take(MOST_DEVICES) {
        text += &format!("\n{}\n", paint.bold(cut(device, WIDTH)));
        for (name, incidents) in grouped(incidents.iter().copied(), |incident| name(incident.first(), several)) {
            let alarms: Vec<&RaisedAlarm> = incidents.iter().map(|incident| longest(incident)).collect();
            text += &format!("{:label$} {}\n", cut(&format!("  {name}"), label), lane(&alarms, &axis, paint));
            text += &format!("{:label$} {}\n", "", paint.dim(ranges(&alarms, &axis)));
        }
    }
    if devices.len() > MOST_DEVICES {
        let more = counted((devices.len() - MOST_DEVICES) as u64, "more device");
        text += &format!("\n{more} in alarm; --format table lists every alarm\n");
    }
    Some(text + "\n")
}

/// Groups in order of first appearance.
fn grouped<'a, 'i>(
    incidents: impl IntoIterator<Item = &'i Incident<'a>>,
    of: impl Fn(&Incident<'a>) -> String,
) -> Vec<(String, Vec<&'i Incident<'a>>)>
where
    'a: 'i,
{
    let mut positions = std::collections::HashMap::new();
    let mut groups: Vec<(String, Vec<&Incident>)> = Vec::new();
    for incident in incidents {
        let key = of(incident);
        let position = *positions.entry(key.clone()).or_insert(groups.len());
        if position == groups.len() {
            groups.push((key, Vec::new()));
        }
        groups[position].1.push(incident);
    }
    groups
}

/// The alarm that stands for an incident: the one that ended last.
fn longest<'a>(incident: &Incident<'a>) -> &'a RaisedAlarm {
    let end = |alarm: &RaisedAlarm| alarm.span.ended.map_or(i64::MAX, |(at, _)| at);
    let all = incident.alarms.iter().copied();
    all.max_by_key(|alarm| end(alarm)).unwrap_or_else(|| incident.first())
}

/// `█` in alarm, `▒` in a suppressed one, `▶` still in alarm at the end.
fn lane(alarms: &[&RaisedAlarm], axis: &Axis, paint: Paint) -> String {
    let mut cells = vec!['·'; axis.columns];
    for alarm in alarms {
        let span = &alarm.span;
        // The end is no longer in alarm, but an alarm that is shorter than a column is still seen.
        let last = axis.column(span.ended.map_or(axis.to, |(at, _)| at - 1)).max(axis.column(span.raised));
        cells[axis.column(span.raised)..=last].fill(if span.suppressed { '▒' } else { '█' });
        if span.ended.is_none() {
            cells[last] = '▶';
        }
    }
    let mut text = String::new();
    for run in cells.chunk_by(|a, b| (*a == '·') == (*b == '·')) {
        let piece: String = run.iter().collect();
        text += &if run[0] == '·' { paint.dim(piece) } else { paint.red(piece) };
    }
    text
}

/// When the alarms of a lane stood, as far as there is room: `09:10 to 09:30, 11:00 to 11:20, 3 more`.
fn ranges(alarms: &[&RaisedAlarm], axis: &Axis) -> String {
    let moment = |at: i64| if axis.to - axis.from > DAY { time(at)[5..].to_owned() } else { clock(at) };
    let mut text = String::new();
    for (position, alarm) in alarms.iter().enumerate() {
        let end = match alarm.span.ended {
            None => "still in alarm".to_owned(),
            Some((at, ViolationEventType::AlarmInvalidated)) => format!("to {}, invalidated", moment(at)),
            Some((at, _)) => format!("to {}", moment(at)),
        };
        let piece = format!("{}{} {end}", if position > 0 { ", " } else { "" }, moment(alarm.span.raised));
        let more = format!(", {} more", alarms.len() - position);
        if position > 0 && (text.len() + piece.len() + more.len() > axis.columns || position == MOST_RANGES) {
            return text + &more;
        }
        text += &piece;
    }
    text
}

/// How many alarms stand in each column, as a curve: the highest is the most of all columns.
fn standing(alarms: &[RaisedAlarm], axis: &Axis) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut changes = vec![0_i64; axis.columns + 1];
    for RaisedAlarm { span, .. } in alarms {
        let first = axis.column(span.raised);
        let last = axis.column(span.ended.map_or(axis.to, |(at, _)| at - 1)).max(first);
        changes[first] += 1;
        changes[last + 1] -= 1;
    }
    let counts = changes.iter().scan(0, |count, change| {
        *count += change;
        Some(*count)
    });
    let counts: Vec<i64> = counts.take(axis.columns).collect();
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let step = |count: &i64| if *count == 0 { '·' } else { STEPS[((count * 8 - 1) / most).min(7) as usize] };
    counts.iter().map(step).collect()
}

/// A text of at most `width` characters.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}
