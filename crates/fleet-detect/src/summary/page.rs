//! The contents of the page: one structure, written into it as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::series::{Point, SeriesKey};
use super::totals::Totals;
use crate::config::Config;
use crate::history::AlarmSpan;
use crate::metric::CustomMetrics;
use crate::validate::infer_metric;
use crate::value::MetricValue;

/// Alarms listed in the page; the totals count all of them.
const MAX_ALARMS: usize = 2000;

/// Everything the page shows.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub title: String,
    /// First and last time of the traffic, milliseconds since the Unix epoch.
    pub range: (i64, i64),
    pub events: u64,
    pub totals: Totals,
    pub alarms: Vec<AlarmSpan>,
    pub alarms_left_out: usize,
    pub charts: Vec<Chart>,
    pub points_left_out: bool,
}

/// One chart: a device's values against what is normal.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    pub profile: String,
    pub behavior: String,
    pub device: String,
    pub metric: String,
    pub unit: Option<&'static str>,
    /// What is normal, as text: `less-than 10`.
    pub normal: String,
    /// The fixed threshold, where it is a number.
    pub limit: Option<f64>,
    pub points: Vec<Point>,
}

impl Page {
    /// Puts a page together. `series` are the charts to draw.
    pub fn new(
        title: &str,
        config: &Config,
        totals: Totals,
        alarms: &[AlarmSpan],
        series: (BTreeMap<SeriesKey, Vec<Point>>, bool),
    ) -> Self {
        let (series, points_left_out) = series;
        let times = series.values().flatten().map(|point| point.at).chain(alarms.iter().map(|alarm| alarm.raised));
        let range = (times.clone().min().unwrap_or(0), times.max().unwrap_or(0));
        let charts = series.into_iter().map(|(key, points)| chart(config, key, points)).collect();
        Self {
            title: title.to_owned(),
            range,
            events: 0,
            totals,
            alarms: alarms.iter().take(MAX_ALARMS).cloned().collect(),
            alarms_left_out: alarms.len().saturating_sub(MAX_ALARMS),
            charts,
            points_left_out,
        }
    }
}

fn chart(config: &Config, key: SeriesKey, points: Vec<Point>) -> Chart {
    let profile = &config.profiles[key.profile].profile;
    let behavior = &profile.behaviors[key.behavior_index];
    let custom: &CustomMetrics = &config.custom_metrics;
    let metric = infer_metric(behavior, custom);
    let criteria = behavior.criteria.clone().unwrap_or_default();
    let operator = criteria.comparison_operator.map_or("", |operator| operator.as_str());
    let against = match (&criteria.value, &criteria.statistical_threshold) {
        (Some(value), _) => serde_json::to_value(value).ok().and_then(|value| {
            let member = value.as_object()?.values().next()?;
            Some(member.to_string())
        }),
        (None, Some(threshold)) => threshold.statistic.clone(),
        (None, None) => None,
    };
    let limit = match &criteria.value {
        Some(MetricValue::Count(count)) => Some(*count as f64),
        Some(MetricValue::Number(number)) => number.as_f64(),
        _ => None,
    };
    Chart {
        profile: profile.security_profile_name.clone(),
        behavior: behavior.name.clone(),
        device: key.device,
        metric: behavior.metric.clone().unwrap_or_default(),
        unit: metric.and_then(|metric| metric.unit()),
        normal: format!("{operator} {}", against.unwrap_or_default()),
        limit,
        points,
    }
}
