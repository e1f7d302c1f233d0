//! Values over time for charts, within a fixed amount of memory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::judge::Datapoint;
use crate::value::Value;

/// Most series of a page.
pub const MAX_SERIES: usize = 40;
/// Buckets of a series; a full one is made coarser, so that a series is whole however long it is.
const BUCKETS: usize = 400;

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
    /// The percentile or limit it was compared with, where the criteria give no number.
    pub limit: Option<f64>,
    pub conforms: bool,
}

/// Lowest and highest point of neighbouring datapoints.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    low: Point,
    high: Point,
    /// Datapoints in it.
    filled: usize,
}

impl Bucket {
    fn join(&mut self, other: &Bucket) {
        if other.low.value < self.low.value {
            self.low = other.low;
        }
        if other.high.value > self.high.value {
            self.high = other.high;
        }
        self.filled += other.filled;
    }
}

/// One series, as fine as its length allows: no extreme is lost, only what lies between.
#[derive(Clone, Debug)]
struct Series {
    buckets: Vec<Bucket>,
    /// Datapoints that a bucket takes.
    width: usize,
}

impl Series {
    fn add(&mut self, point: Point) {
        let single = Bucket { low: point, high: point, filled: 1 };
        if let Some(last) = self.buckets.last_mut().filter(|last| last.filled < self.width) {
            return last.join(&single);
        }
        if self.buckets.len() == BUCKETS {
            let halves = self.buckets.chunks(2).map(|pair| {
                let mut joined = pair[0];
                pair[1..].iter().for_each(|other| joined.join(other));
                joined
            });
            self.buckets = halves.collect();
            self.width *= 2;
        }
        self.buckets.push(single);
    }

    fn points(&self) -> Vec<Point> {
        let mut points = Vec::with_capacity(self.buckets.len() * 2);
        for Bucket { low, high, .. } in &self.buckets {
            let (first, second) = if low.at <= high.at { (low, high) } else { (high, low) };
            points.push(*first);
            if second.at != first.at {
                points.push(*second);
            }
        }
        points
    }
}

/// Collects at most [`MAX_SERIES`] series, either chosen ones or the first that come.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    wanted: Option<BTreeSet<SeriesKey>>,
    series: BTreeMap<(usize, usize), BTreeMap<String, Series>>,
    count: usize,
    left_out: bool,
}

impl Collector {
    /// Keeps only these series.
    pub fn of(wanted: BTreeSet<SeriesKey>) -> Self {
        Self { wanted: Some(wanted), ..Self::default() }
    }

    /// Adds a datapoint of the device of that name.
    pub fn add(&mut self, datapoint: &Datapoint, device: &str) {
        let Datapoint { profile, behavior_index, .. } = *datapoint;
        let point = Point {
            at: datapoint.at,
            value: datapoint.value.as_f64().unwrap_or_else(|| elements(&datapoint.value)),
            limit: datapoint.threshold.as_ref().and_then(Value::as_f64),
            conforms: datapoint.conforms,
        };
        let devices = self.series.entry((profile, behavior_index)).or_default();
        if let Some(series) = devices.get_mut(device) {
            return series.add(point);
        }
        let key = || SeriesKey { profile, behavior_index, device: device.to_owned() };
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&key())) {
            return;
        }
        if self.count == MAX_SERIES {
            self.left_out = true;
            return;
        }
        self.count += 1;
        let mut series = Series { buckets: Vec::new(), width: 1 };
        series.add(point);
        devices.insert(device.to_owned(), series);
    }

    /// The series, each in order of time, and whether some were left out.
    pub fn finish(self) -> (BTreeMap<SeriesKey, Vec<Point>>, bool) {
        let mut all = BTreeMap::new();
        for ((profile, behavior_index), devices) in self.series {
            for (device, series) in devices {
                all.insert(SeriesKey { profile, behavior_index, device }, series.points());
            }
        }
        (all, self.left_out)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_keeps_its_extremes() {
        let mut collector = Collector::default();
        for step in 0..100_000_u64 {
            let value = Value::Count(if step == 70_001 { 999 } else { 5 + step % 3 });
            let (at, conforms) = (step as i64, step != 70_001);
            let point = Datapoint { at, profile: 0, behavior_index: 0, device: 0, value, conforms, threshold: None };
            collector.add(&point, "d");
        }
        let (series, left_out) = collector.finish();
        let points = series.into_values().next().unwrap();
        assert!(!left_out && points.len() <= 2 * BUCKETS && points.len() > BUCKETS / 2, "{}", points.len());
        assert!(points.is_sorted_by_key(|point| point.at));
        let highest = points.iter().max_by(|a, b| a.value.total_cmp(&b.value)).unwrap();
        assert_eq!((highest.at, highest.value, highest.conforms), (70_001, 999.0, false));
        assert!(points[0].at < 600 && points[points.len() - 1].at > 99_000, "from beginning to end");
    }
}
