//! The contents of the page: one structure, written into it as JSON. Its size is bounded, however large the fleet.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::alarms::RaisedAlarm;
use super::compare::Difference;
use super::incidents::{Incident, incidents};
use super::normal::{brief, normal};
use super::series::{Point, SeriesKey};
use super::totals::{BehaviorTotals, Paged, Totals};
use crate::config::Config;
use crate::explain::Choice;
use crate::metric::CustomMetrics;
use crate::validate::infer_metric;
use crate::value::MetricValue;
use crate::violation::ViolationEventType;

/// Incidents listed in the page; the totals count all alarms.
const MAX_ROWS: usize = 1000;
/// Devices of an incident that are named, and alarms of a chart that are marked.
const MAX_NAMES: usize = 20;
const MAX_BANDS: usize = 200;
/// Days listed in the page, the last ones.
const MAX_DAYS: usize = 92;

/// Everything the page shows.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub title: String,
    /// Beginning and end of the time axis, milliseconds since the Unix epoch.
    pub range: (i64, i64),
    pub events: u64,
    /// Alarms, devices in alarm.
    pub alarm_count: usize,
    pub device_count: usize,
    pub behaviors: Vec<BehaviorTotals>,
    pub days: Vec<(String, u64)>,
    pub paged: Vec<Paged>,
    pub rows: Vec<Row>,
    pub rows_left_out: usize,
    pub charts: Vec<Chart>,
    pub charts_left_out: bool,
    pub change: Option<Change>,
    /// What the rows' `choices` point into.
    pub choices: Vec<Choice>,
    /// What the result leaves out or only approximates.
    pub notes: Vec<String>,
}

/// One incident: who, when, why, and who is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The device, or the first of several.
    pub device: String,
    /// The next few of several, and how many there are in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    pub devices: usize,
    pub profile: String,
    pub behavior: String,
    pub raised: i64,
    /// When the last of them ended, and how.
    pub ended: Option<(i64, ViolationEventType)>,
    /// The value that raised the first, and what would have been normal.
    pub value: Option<String>,
    pub normal: String,
    pub suppressed: bool,
    /// ARN of the SNS topic.
    pub target: Option<String>,
    /// With a comparison: what the change does to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// Positions in [`Page::choices`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<usize>,
}

/// What a change does to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    Added,
    Removed,
    Kept,
}

/// A comparison in numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What it is compared with.
    pub against: String,
    pub added: usize,
    pub removed: usize,
    pub kept: usize,
}

/// One chart: a device's values against what is normal. The points are columns, which are much smaller as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    pub profile: String,
    pub behavior: String,
    pub device: String,
    pub metric: String,
    pub unit: Option<&'static str>,
    pub normal: String,
    /// The fixed threshold, where it is a number.
    pub limit: Option<f64>,
    /// Times, each as milliseconds after the one before, the first after the Unix epoch.
    pub at: Vec<i64>,
    pub values: Vec<f64>,
    /// What each value was compared with, where that differs from window to window; else empty.
    pub limits: Vec<Option<f64>>,
    /// Positions of the points that are not normal.
    pub violating: Vec<usize>,
    pub alarms: Vec<Band>,
}

/// When an alarm was raised and when it ended, milliseconds since the Unix epoch.
pub type Band = (i64, Option<i64>);

/// What a page is made of.
pub struct Parts<'p> {
    pub title: &'p str,
    pub config: &'p Config,
    pub events: u64,
    pub totals: &'p Totals,
    pub alarms: &'p [RaisedAlarm],
    /// What it is compared with: its name, its configuration, and the difference.
    pub change: Option<(&'p str, &'p Config, &'p Difference<RaisedAlarm>)>,
    pub series: (BTreeMap<SeriesKey, Vec<Point>>, bool),
    pub notes: Vec<String>,
}

impl Page {
    /// Puts a page together; who listens to the topics is in the totals.
    pub fn new(parts: Parts) -> Self {
        let Parts { config, totals, alarms, .. } = parts;
        let (series, charts_left_out) = parts.series;
        let listed = |config, alarms, fate| incidents(alarms).into_iter().map(move |one| row(config, &one, fate));
        let mut rows: Vec<Row> = match parts.change {
            None => listed(config, alarms, None).collect(),
            // What changes is what a reader came for, so that it is listed first where not all can be.
            Some((_, old, change)) => {
                let added = listed(config, &change.added, Some(Fate::Added));
                let removed = listed(old, &change.removed, Some(Fate::Removed));
                added.chain(removed).chain(listed(config, &change.kept, Some(Fate::Kept))).collect()
            }
        };
        let rows_left_out = rows.len().saturating_sub(MAX_ROWS);
        rows.truncate(MAX_ROWS);
        rows.sort_by_key(|row| row.raised);
        let days = totals.days.iter().skip(totals.days.len().saturating_sub(MAX_DAYS));
        Self {
            title: parts.title.to_owned(),
            range: range(totals, &rows),
            events: parts.events,
            alarm_count: alarms.len(),
            device_count: totals.devices.len(),
            behaviors: totals.behaviors.clone(),
            days: days.map(|(day, count)| (day.clone(), *count)).collect(),
            paged: totals.paged.clone(),
            rows_left_out,
            charts: charts(config, series, alarms),
            rows,
            charts_left_out,
            change: parts.change.map(|(against, _, change)| Change {
                against: against.to_owned(),
                added: change.added.len(),
                removed: change.removed.len(),
                kept: change.kept.len(),
            }),
            choices: Vec::new(),
            notes: parts.notes,
        }
    }

    /// Gives every row the choices that its first alarm rests on; `of` finds them by device, profile, behaviour and time.
    pub fn explain(&mut self, of: impl Fn(&Row) -> Vec<Choice>) {
        for position in 0..self.rows.len() {
            for choice in of(&self.rows[position]) {
                let known = self.choices.iter().position(|known| *known == choice);
                let index = known.unwrap_or(self.choices.len());
                if known.is_none() {
                    self.choices.push(choice);
                }
                self.rows[position].choices.push(index);
            }
        }
    }
}

fn range(totals: &Totals, rows: &[Row]) -> (i64, i64) {
    let (mut first, mut last) = totals.range.unwrap_or((i64::MAX, i64::MIN));
    for row in rows {
        first = first.min(row.raised);
        last = last.max(row.ended.map_or(row.raised, |(at, _)| at));
    }
    if first > last { (0, 0) } else { (first, last) }
}

fn row(config: &Config, incident: &Incident, fate: Option<Fate>) -> Row {
    let RaisedAlarm { span, value, .. } = incident.first();
    let profile = &config.profiles[incident.first().profile_index].profile;
    let target = profile.alert_targets.get("SNS").filter(|_| !span.suppressed);
    let ends = incident.alarms.iter().map(|alarm| alarm.span.ended);
    Row {
        device: span.device.clone(),
        others: incident.alarms.iter().skip(1).take(MAX_NAMES).map(|alarm| alarm.span.device.clone()).collect(),
        devices: incident.alarms.len(),
        profile: span.profile.clone(),
        behavior: span.behavior.clone(),
        raised: span.raised,
        ended: ends.max_by_key(|end| end.map_or(i64::MAX, |(at, _)| at)).flatten(),
        value: value.as_ref().map(brief),
        normal: normal(&profile.behaviors[incident.first().behavior_index]),
        suppressed: span.suppressed,
        target: target.map(|target| target.alert_target_arn.clone()),
        fate,
        choices: Vec::new(),
    }
}

fn charts(config: &Config, series: BTreeMap<SeriesKey, Vec<Point>>, alarms: &[RaisedAlarm]) -> Vec<Chart> {
    let mut bands: HashMap<_, Vec<Band>> = HashMap::new();
    for alarm in alarms {
        let key = (alarm.profile_index, alarm.behavior_index, alarm.span.device.as_str());
        bands.entry(key).or_default().push((alarm.span.raised, alarm.span.ended.map(|(at, _)| at)));
    }
    let charts = series.into_iter().map(|(key, points)| {
        let bands = bands.get(&(key.profile, key.behavior_index, key.device.as_str()));
        let bands = bands.into_iter().flatten().take(MAX_BANDS).copied().collect();
        chart(config, key, &points, bands)
    });
    charts.collect()
}

fn chart(config: &Config, key: SeriesKey, points: &[Point], alarms: Vec<Band>) -> Chart {
    let profile = &config.profiles[key.profile].profile;
    let behavior = &profile.behaviors[key.behavior_index];
    let custom: &CustomMetrics = &config.custom_metrics;
    let value = behavior.criteria.as_ref().and_then(|criteria| criteria.value.as_ref());
    let limit = value.and_then(|value| match value {
        MetricValue::Count(count) => Some(*count as f64),
        MetricValue::Number(number) => number.as_f64(),
        _ => None,
    });
    let metric = infer_metric(behavior, custom);
    let is_list = metric.as_ref().is_some_and(|metric| !metric.value().is_scalar());
    let unit = if is_list { Some("elements") } else { metric.and_then(|metric| metric.unit()) };
    let mut before = 0;
    let at = points.iter().map(|point| point.at - std::mem::replace(&mut before, point.at)).collect();
    let varies = points.iter().any(|point| point.limit.is_some());
    let violating = points.iter().enumerate().filter(|(_, point)| !point.conforms);
    Chart {
        profile: profile.security_profile_name.clone(),
        behavior: behavior.name.clone(),
        device: key.device,
        metric: behavior.metric.clone().unwrap_or_default(),
        unit,
        normal: normal(behavior),
        limit,
        at,
        values: points.iter().map(|point| point.value).collect(),
        limits: if varies { points.iter().map(|point| point.limit).collect() } else { Vec::new() },
        violating: violating.map(|(position, _)| position).collect(),
        alarms,
    }
}
