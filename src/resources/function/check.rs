//! The rules of a function's settings.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_sdk_cloudwatch::types::StandardUnit;

use super::Emits;
use crate::diagnostic::did_you_mean;
use crate::scope::Problems;
use crate::spec::node::pointer_token;

/// Names that Lambda sets itself (Lambda developer guide, "Defined runtime environment variables").
const RESERVED_VARIABLES: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

pub fn range(pointer: &str, value: Option<i32>, range: RangeInclusive<i32>, problems: &mut Problems) {
    if value.is_some_and(|value| !range.contains(&value)) {
        let message = format!("{} to {} is allowed here (Lambda quotas)", range.start(), range.end());
        problems.push(pointer, message);
    }
}

pub fn choice(pointer: &str, value: Option<&String>, choices: &[&str], problems: &mut Problems) {
    let Some(value) = value.filter(|value| !choices.contains(&value.as_str())) else { return };
    let help = did_you_mean(value, choices.iter().copied());
    let message = format!("`{value}` is none of {}", choices.join(", "));
    match help {
        Some(help) => problems.push_help(pointer, message, help),
        None => problems.push(pointer, message),
    }
}

pub fn environment(environment: &BTreeMap<String, String>, problems: &mut Problems) {
    for name in environment.keys() {
        let pointer = format!("/environment/{}", pointer_token(name));
        let (first, others) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        let valid = first.chars().all(|c| c.is_ascii_alphabetic())
            && !others.is_empty()
            && others.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED_VARIABLES.contains(&name.as_str()) {
            problems.push(&pointer, format!("Lambda sets `{name}` itself"));
        } else if !valid {
            let message = "a variable's name has two or more of letters, digits and `_`, a letter first \
                           (API:EnvironmentVariableName)";
            problems.push(&pointer, message);
        }
    }
    let size: usize = environment.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > 4096 {
        let message =
            format!("environment variables have at most 4096 bytes in all; these have {size} (Lambda quotas)");
        problems.push("/environment", message);
    }
}

pub fn emits(emits: &[Emits], problems: &mut Problems) {
    for (index, emits) in emits.iter().enumerate() {
        let pointer = format!("/emits/{index}");
        if emits.namespace.is_empty() || emits.namespace.starts_with(':') {
            problems.push_help(
                format!("{pointer}/namespace"),
                format!("`{}` is no namespace for own metrics", emits.namespace),
                "it has 1 to 255 characters and does not begin with `:` (API:PutMetricData)",
            );
        }
        choice(&format!("{pointer}/unit"), emits.unit.as_ref(), StandardUnit::values(), problems);
        if emits.metrics.is_empty() {
            problems.push(format!("{pointer}/metrics"), "name at least one metric");
        }
        if emits.dimensions.len() > 30 {
            problems.push(format!("{pointer}/dimensions"), "a metric has at most 30 dimensions (API:MetricDatum)");
        }
    }
}

pub fn needs(needs: &[String], problems: &mut Problems) {
    for (index, action) in needs.iter().enumerate().filter(|(_, action)| !action.contains(':')) {
        problems
            .push(format!("/needs/{index}"), format!("`{action}` is no action; actions look like `iot:DescribeThing`"));
    }
}
