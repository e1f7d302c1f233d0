//! What PutMetricAlarm accepts beyond the model: fields that need or exclude each other.
//! Source: API:PutMetricAlarm.

use serde_json::Value;

use crate::error::AwsError;
use crate::request::Request;

/// Seconds of all evaluation periods together: a day, or a week with periods of an hour or more.
const DAY_SECONDS: i64 = 86_400;
const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;
const HOUR_SECONDS: i64 = 3_600;

const MISSING_DATA: &[&str] = &["breaching", "notBreaching", "ignore", "missing"];

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

fn needs(request: &Request, name: &str) -> Result<(), AwsError> {
    match request.get(name) {
        Some(_) => Ok(()),
        None => Err(invalid(format!("The parameter {name} is required."))),
    }
}

/// Refuses a configuration that is not one alarm on one metric or one expression.
pub fn check(request: &Request) -> Result<(), AwsError> {
    needs(request, "EvaluationPeriods")?;
    needs(request, "ComparisonOperator")?;
    if request.get("Metrics").is_some() {
        check_queries(request)?
    } else {
        check_metric(request)?
    }
    let periods = request.int("EvaluationPeriods").unwrap_or(1);
    if request.int("DatapointsToAlarm").is_some_and(|datapoints| datapoints > periods) {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
    }
    if let Some(treat) = request.str("TreatMissingData").filter(|treat| !MISSING_DATA.contains(treat)) {
        let known = MISSING_DATA.join(", ");
        return Err(invalid(format!("The value {treat} for TreatMissingData is not one of {known}")));
    }
    if request.get("Threshold").is_none() && request.get("ThresholdMetricId").is_none() {
        return Err(invalid("One of Threshold and ThresholdMetricId is required."));
    }
    for list in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        for action in request.list(list).iter().filter_map(Value::as_str) {
            if !action.starts_with("arn:") {
                return Err(invalid(format!("Invalid arn syntax: {action}")));
            }
        }
    }
    Ok(())
}

fn check_metric(request: &Request) -> Result<(), AwsError> {
    for name in ["MetricName", "Namespace", "Period", "Threshold"] {
        needs(request, name)?;
    }
    if request.get("Statistic").is_some() == request.get("ExtendedStatistic").is_some() {
        return Err(invalid("Exactly one of Statistic and ExtendedStatistic is required."));
    }
    let period = request.int("Period").unwrap_or_default();
    if ![10, 20, 30].contains(&period) && period % 60 != 0 {
        return Err(invalid("Period must be 10, 20, 30 or a multiple of 60"));
    }
    let limit = if period >= HOUR_SECONDS { WEEK_SECONDS } else { DAY_SECONDS };
    if period.saturating_mul(request.int("EvaluationPeriods").unwrap_or(1)) > limit {
        return Err(invalid(format!(
            "Metrics cannot be checked across more than {limit} seconds (EvaluationPeriods * Period)"
        )));
    }
    Ok(())
}

fn check_queries(request: &Request) -> Result<(), AwsError> {
    for name in ["MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic", "Dimensions", "Unit"] {
        if request.get(name).is_some() {
            return Err(invalid(format!("Metrics and {name} cannot be given together.")));
        }
    }
    let returned = request.list("Metrics").iter().filter(|query| query["ReturnData"] != false).count();
    if request.get("ThresholdMetricId").is_none() && returned != 1 {
        return Err(invalid("Exactly one element of the metrics list should return data."));
    }
    Ok(())
}
