//! A behaviour as AWS writes it: it states what is *normal*, and the alarm is its negation.
//!
//! Field order is that of the published alert bodies (AWS builders workshop "Detect: Mitigation Cloud Side", Device
//! Defender workshop module 4), so that a behaviour inside an alert serialises as Device Defender sends it. Shapes:
//! API:Behavior, API:BehaviorCriteria, API:MetricDimension.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::MetricValue;

/// API:Behavior. Without `criteria` the metric is only retained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<Criteria>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_dimension: Option<MetricDimension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppress_alerts: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_metric: Option<bool>,
}

/// API:BehaviorCriteria: one of `value`, `statisticalThreshold`, `mlDetectionConfig`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Criteria {
    /// 1 to 10, default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_datapoints_to_clear: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MetricValue>,
    /// 300, 600, 900, 1800 or 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// 1 to 10, default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_datapoints_to_alarm: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_operator: Option<ComparisonOperator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistical_threshold: Option<StatisticalThreshold>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ml_detection_config: Option<MlDetectionConfig>,
}

/// API:MetricDimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricDimension {
    pub dimension_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<DimensionOperator>,
}

/// API:DimensionValueOperator; IN where none is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DimensionOperator {
    #[default]
    #[serde(rename = "IN")]
    In,
    #[serde(rename = "NOT_IN")]
    NotIn,
}

/// API:StatisticalThreshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticalThreshold {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
}

/// API:MachineLearningDetectionConfig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MlDetectionConfig {
    pub confidence_level: Confidence,
}

/// API:ConfidenceLevel. HIGH is the least sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// API:ComparisonOperator: what must hold for a datapoint to be normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparisonOperator {
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
    InCidrSet,
    NotInCidrSet,
    InPortSet,
    NotInPortSet,
    InSet,
    NotInSet,
}

impl ComparisonOperator {
    /// Every operator, in the order of the API.
    pub const ALL: [Self; 10] = [
        Self::LessThan,
        Self::LessThanEquals,
        Self::GreaterThan,
        Self::GreaterThanEquals,
        Self::InCidrSet,
        Self::NotInCidrSet,
        Self::InPortSet,
        Self::NotInPortSet,
        Self::InSet,
        Self::NotInSet,
    ];

    /// The name in AWS's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LessThan => "less-than",
            Self::LessThanEquals => "less-than-equals",
            Self::GreaterThan => "greater-than",
            Self::GreaterThanEquals => "greater-than-equals",
            Self::InCidrSet => "in-cidr-set",
            Self::NotInCidrSet => "not-in-cidr-set",
            Self::InPortSet => "in-port-set",
            Self::NotInPortSet => "not-in-port-set",
            Self::InSet => "in-set",
            Self::NotInSet => "not-in-set",
        }
    }

    /// Whether larger values are the abnormal ones (`less-than`, `less-than-equals`).
    pub fn bounds_above(self) -> bool {
        matches!(self, Self::LessThan | Self::LessThanEquals)
    }

    /// Whether the operator compares numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::LessThan | Self::LessThanEquals | Self::GreaterThan | Self::GreaterThanEquals)
    }

    /// Whether `measured OPERATOR threshold` holds; set operators hold for no pair of numbers.
    #[inline]
    pub fn holds<T: PartialOrd>(self, measured: T, threshold: T) -> bool {
        match self {
            Self::LessThan => measured < threshold,
            Self::LessThanEquals => measured <= threshold,
            Self::GreaterThan => measured > threshold,
            Self::GreaterThanEquals => measured >= threshold,
            _ => false,
        }
    }
}

impl fmt::Display for ComparisonOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// API:EvaluationStatistic in hundredths of a percent: p0 is 0, p99.99 is 9999, p100 is 10000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentile(pub u32);

impl Percentile {
    /// The statistics the API accepts.
    pub const NAMES: [&'static str; 11] =
        ["p0", "p0.1", "p0.01", "p1", "p10", "p50", "p90", "p99", "p99.9", "p99.99", "p100"];

    /// Reads one of [`Self::NAMES`].
    pub fn from_name(name: &str) -> Option<Self> {
        const HUNDREDTHS: [u32; 11] = [0, 10, 1, 100, 1000, 5000, 9000, 9900, 9990, 9999, 10_000];
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self(HUNDREDTHS[index]))
    }
}
