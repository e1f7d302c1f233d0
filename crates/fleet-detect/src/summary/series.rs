//! Values over time for charts, within a fixed amount of memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::judge::Datapoint;
use crate::value::Value;

/// Most points kept, over all series.
pub const MAX_POINTS: usize = 200_000;

/// One device and behaviour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Positions in the configuration.
    pub profile: usize,
    pub behavior_index: usize,
    pub device: String,
}

/// One datapoint of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The value; for a list how many elements it has.
    pub value: f64,
    /// The percentile it was compared with, where the criteria give no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    pub conforms: bool,
}

/// Collects series, either chosen ones or the first that fit.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    wanted: Option<BTreeSet<SeriesKey>>,
    series: BTreeMap<SeriesKey, Vec<Point>>,
    points: usize,
}

impl Collector {
    /// Keeps only these series.
    pub fn of(wanted: BTreeSet<SeriesKey>) -> Self {
        Self { wanted: Some(wanted), ..Self::default() }
    }

    /// Adds a datapoint of the device of that name. Nothing more is kept beyond [`MAX_POINTS`].
    pub fn add(&mut self, datapoint: &Datapoint, device: &str) {
        let Datapoint { profile, behavior_index, .. } = *datapoint;
        let key = SeriesKey { profile, behavior_index, device: device.to_owned() };
        if self.points == MAX_POINTS || self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&key)) {
            return;
        }
        self.points += 1;
        self.series.entry(key).or_default().push(Point {
            at: datapoint.at,
            value: datapoint.value.as_f64().unwrap_or_else(|| elements(&datapoint.value)),
            limit: datapoint.threshold.as_ref().and_then(Value::as_f64),
            conforms: datapoint.conforms,
        });
    }

    /// The series, each in order of time, and whether some points were left out.
    pub fn finish(self) -> (BTreeMap<SeriesKey, Vec<Point>>, bool) {
        (self.series, self.points == MAX_POINTS)
    }
}

fn elements(value: &Value) -> f64 {
    let count = match value {
        Value::Cidrs(list) => list.len(),
        Value::Ports(list) => list.len(),
        Value::Numbers(list) => list.len(),
        Value::Strings(list) => list.len(),
        Value::Count(_) | Value::Number(_) => 1,
    };
    count as f64
}
