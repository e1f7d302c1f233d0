//! CloudWatch alarms.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fleet::{text, texts};
use super::metric::Read;
use crate::address::Address;

pub struct Alarm {
    pub address: Address,
    pub arn: String,
    /// What it reads; several in metric math.
    pub reads: Vec<Read>,
    /// Whether it watches metric math, whose value no rule here computes.
    pub math: bool,
    pub operator: String,
    pub threshold: Option<f64>,
    pub evaluation_periods: u64,
    pub datapoints: u64,
    pub treat_missing: String,
    pub enabled: bool,
    /// ARNs, for the state ALARM.
    pub actions: Vec<String>,
    /// ARNs, for the state INSUFFICIENT_DATA.
    pub when_insufficient: Vec<String>,
    pub description: String,
}

impl Alarm {
    pub fn new(address: &Address, arn: String, state: &Value) -> Alarm {
        let queries = state["metrics"].as_object();
        let single = Read::of_alarm(state, "statistic").map(|read| Read {
            statistic: text(state, "statistic").or_else(|| text(state, "extendedStatistic")).unwrap_or_default(),
            pointers: vec!["/metric".into(), "/metricName".into(), "/namespace".into()],
            ..read
        });
        let mut reads: Vec<Read> = single.into_iter().collect();
        for (id, query) in queries.into_iter().flatten() {
            // A metric of another account is nobody's here.
            let own = query.get("accountId").is_none_or(Value::is_null);
            let read = Read::of_alarm(&query["metricStat"], "stat").filter(|_| own);
            reads.extend(read.map(|read| Read { subject: id.clone(), pointers: vec!["/metrics".into()], ..read }));
        }
        Alarm {
            address: address.clone(),
            arn,
            math: queries.is_some_and(|queries| !queries.is_empty()),
            reads,
            operator: text(state, "comparisonOperator").unwrap_or_default(),
            threshold: state["threshold"].as_f64(),
            evaluation_periods: state["evaluationPeriods"].as_u64().unwrap_or(1),
            datapoints: state["datapointsToAlarm"].as_u64().unwrap_or(1),
            treat_missing: text(state, "treatMissingData").unwrap_or_default(),
            enabled: state["actionsEnabled"].as_bool().unwrap_or(true),
            actions: texts(state, "alarmActions"),
            when_insufficient: texts(state, "insufficientDataActions"),
            description: text(state, "description").unwrap_or_default(),
        }
    }

    /// Whether it fires when its metric is low.
    pub fn fires_low(&self) -> bool {
        self.operator.starts_with("LessThan") && !self.operator.contains("OrGreaterThan")
    }

    /// Whether it fires when its metric is high.
    pub fn fires_high(&self) -> bool {
        self.operator.starts_with("GreaterThan")
    }

    /// Whether a value breaches the threshold; `None` for bands.
    pub fn breaches(&self, value: f64) -> Option<bool> {
        let threshold = self.threshold?;
        match self.operator.as_str() {
            "GreaterThanThreshold" => Some(value > threshold),
            "GreaterThanOrEqualToThreshold" => Some(value >= threshold),
            "LessThanThreshold" => Some(value < threshold),
            "LessThanOrEqualToThreshold" => Some(value <= threshold),
            _ => None,
        }
    }

    /// The condition as `alarmWhen` says it.
    pub fn condition(&self) -> String {
        let sign = match self.operator.as_str() {
            "GreaterThanThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => ">=",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => other,
        };
        let threshold = self.threshold.map_or_else(|| "the band".to_owned(), |threshold| threshold.to_string());
        format!("{sign} {threshold} for {} of {} periods", self.datapoints, self.evaluation_periods)
    }

    /// Everything that is told of its states.
    pub fn all_actions(&self) -> BTreeSet<&str> {
        self.actions.iter().chain(&self.when_insufficient).map(String::as_str).collect()
    }
}
