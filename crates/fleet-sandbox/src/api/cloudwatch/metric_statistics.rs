//! Statistics of a metric over periods. Source: API:GetMetricStatistics.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::metric_data::{DATAPOINT, identity};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("GetMetricStatistics", get_metric_statistics)];

/// Datapoints of one answer (API:GetMetricStatistics).
const MOST_DATAPOINTS: i64 = 1440;

#[derive(Default)]
struct Bucket {
    count: f64,
    sum: f64,
    least: Option<f64>,
    most: Option<f64>,
}

impl Bucket {
    fn add(&mut self, datum: &Value) {
        let number = |name: &str| datum[name].as_f64();
        self.count += number("SampleCount").unwrap_or_default();
        self.sum += number("Sum").unwrap_or_default();
        self.least = self.least.into_iter().chain(number("Minimum")).reduce(f64::min);
        self.most = self.most.into_iter().chain(number("Maximum")).reduce(f64::max);
    }

    fn statistic(&self, name: &str) -> Value {
        match name {
            "SampleCount" => self.count.into(),
            "Sum" => self.sum.into(),
            "Average" if self.count > 0.0 => (self.sum / self.count).into(),
            "Minimum" => self.least.into(),
            "Maximum" => self.most.into(),
            _ => Value::Null,
        }
    }
}

fn check(request: &Request) -> Result<(i64, i64, i64), AwsError> {
    let time = |name: &str| request.int(name).unwrap_or_default();
    let (start, end, period_ms) = (time("StartTime"), time("EndTime"), time("Period").saturating_mul(1000));
    let combination = |message: String| AwsError::new("InvalidParameterCombination", message);
    if start >= end {
        return Err(AwsError::new(
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    let seconds = time("Period");
    if seconds <= 0 || (![1, 5, 10, 20, 30].contains(&seconds) && seconds % 60 != 0) {
        return Err(AwsError::new("InvalidParameterValue", "Period must be 1, 5, 10, 20, 30 or a multiple of 60."));
    }
    if request.list("Statistics").is_empty() {
        let message = if request.list("ExtendedStatistics").is_empty() {
            "Must specify at least one of Statistics and ExtendedStatistics".to_owned()
        } else {
            "The sandbox keeps no single values, so it has no percentiles: ask for Statistics".to_owned()
        };
        return Err(combination(message));
    }
    if (end - start) / period_ms > MOST_DATAPOINTS {
        return Err(combination(format!(
            "You have requested more than {MOST_DATAPOINTS} datapoints; reduce the time range or increase the Period"
        )));
    }
    Ok((start, end, period_ms))
}

fn get_metric_statistics(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (start, end, period_ms) = check(request)?;
    let none = json!([]);
    let name = request.need("MetricName")?;
    let prefix = format!("{}#", identity(request.need("Namespace")?, name, request.get("Dimensions").unwrap_or(&none)));
    let mut buckets: BTreeMap<(i64, String), Bucket> = BTreeMap::new();
    for (key, datum) in tx.scan_prefix(DATAPOINT, &prefix) {
        let at_ms = key[prefix.len()..].split('#').next().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
        let unit = datum["Unit"].as_str().unwrap_or("None");
        if (start..end).contains(&at_ms) && request.str("Unit").is_none_or(|wanted| wanted == unit) {
            let period_start = start + (at_ms - start) / period_ms * period_ms;
            buckets.entry((period_start, unit.to_owned())).or_default().add(datum);
        }
    }
    let statistics: Vec<&str> = request.list("Statistics").iter().filter_map(Value::as_str).collect();
    let points = buckets.into_iter().map(|((at_ms, unit), bucket)| {
        let mut point = json!({"Timestamp": at_ms, "Unit": unit});
        for statistic in &statistics {
            point[*statistic] = bucket.statistic(statistic);
        }
        point
    });
    Ok(json!({ "Label": name, "Datapoints": points.collect::<Vec<_>>() }))
}
