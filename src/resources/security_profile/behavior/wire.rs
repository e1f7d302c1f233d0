//! Behaviours in the SDK's types.

use aws_sdk_iot::types as sdk;
use fleet_detect::behavior::{ComparisonOperator, Confidence, DimensionOperator};

use super::{Behavior, Criteria, Dimension, MetricValue, MlDetectionConfig, StatisticalThreshold};

impl Behavior {
    pub fn to_sdk(&self, name: &str) -> sdk::Behavior {
        sdk::Behavior::builder()
            .name(name)
            .set_metric(self.metric.clone())
            .set_metric_dimension(self.metric_dimension.as_ref().map(Dimension::to_sdk))
            .set_criteria(self.criteria.as_ref().map(Criteria::to_sdk))
            .suppress_alerts(self.suppress_alerts)
            .export_metric(self.export_metric)
            .build()
            .expect("the name is set")
    }

    pub fn from_sdk(live: &sdk::Behavior) -> Behavior {
        Behavior {
            metric: live.metric().map(str::to_owned),
            metric_dimension: live.metric_dimension().map(Dimension::from_sdk),
            criteria: live.criteria().map(|criteria| Criteria::from_sdk(criteria).canonical()),
            suppress_alerts: live.suppress_alerts().unwrap_or(false),
            export_metric: live.export_metric().unwrap_or(false),
        }
    }
}

impl Criteria {
    fn to_sdk(&self) -> sdk::BehaviorCriteria {
        let statistical = self.statistical_threshold.as_ref();
        let learned = self.ml_detection_config.as_ref().map(|config| {
            let level = match config.confidence_level {
                Confidence::Low => sdk::ConfidenceLevel::Low,
                Confidence::Medium => sdk::ConfidenceLevel::Medium,
                Confidence::High => sdk::ConfidenceLevel::High,
            };
            let config = sdk::MachineLearningDetectionConfig::builder().confidence_level(level).build();
            config.expect("the level is set")
        });
        sdk::BehaviorCriteria::builder()
            .set_comparison_operator(self.comparison_operator.map(|operator| operator.as_str().into()))
            .set_value(self.value.as_ref().map(MetricValue::to_sdk))
            .set_duration_seconds(self.duration_seconds.map(u32::cast_signed))
            .set_consecutive_datapoints_to_alarm(self.consecutive_datapoints_to_alarm.map(i32::from))
            .set_consecutive_datapoints_to_clear(self.consecutive_datapoints_to_clear.map(i32::from))
            .set_statistical_threshold(
                statistical.map(|own| sdk::StatisticalThreshold::builder().statistic(&own.statistic).build()),
            )
            .set_ml_detection_config(learned)
            .build()
    }

    fn from_sdk(live: &sdk::BehaviorCriteria) -> Criteria {
        let count = |count: Option<i32>| count.and_then(|count| u8::try_from(count).ok());
        let operator = live.comparison_operator().map(sdk::ComparisonOperator::as_str);
        let learned = live.ml_detection_config().map(|config| match config.confidence_level() {
            sdk::ConfidenceLevel::Low => Confidence::Low,
            sdk::ConfidenceLevel::Medium => Confidence::Medium,
            _ => Confidence::High,
        });
        Criteria {
            comparison_operator: ComparisonOperator::ALL.into_iter().find(|known| Some(known.as_str()) == operator),
            value: live.value().and_then(MetricValue::from_sdk),
            duration_seconds: live.duration_seconds().and_then(|seconds| u32::try_from(seconds).ok()),
            consecutive_datapoints_to_alarm: count(live.consecutive_datapoints_to_alarm()),
            consecutive_datapoints_to_clear: count(live.consecutive_datapoints_to_clear()),
            statistical_threshold: live
                .statistical_threshold()
                .map(|live| StatisticalThreshold { statistic: live.statistic().unwrap_or_default().to_owned() }),
            ml_detection_config: learned.map(|confidence_level| MlDetectionConfig { confidence_level }),
        }
    }
}

impl MetricValue {
    fn to_sdk(&self) -> sdk::MetricValue {
        let builder = sdk::MetricValue::builder();
        match self {
            Self::Count(count) => builder.set_count(i64::try_from(*count).ok()),
            Self::Cidrs(cidrs) => builder.set_cidrs(Some(cidrs.iter().cloned().collect())),
            Self::Ports(ports) => builder.set_ports(Some(ports.iter().copied().map(i32::from).collect())),
            Self::Number(number) => builder.number(*number),
            Self::Numbers(numbers) => builder.set_numbers(Some(numbers.clone())),
            Self::Strings(strings) => builder.set_strings(Some(strings.iter().cloned().collect())),
        }
        .build()
    }

    fn from_sdk(live: &sdk::MetricValue) -> Option<MetricValue> {
        let text = |list: &[String]| list.iter().cloned().collect();
        if let Some(count) = live.count() {
            return u64::try_from(count).ok().map(Self::Count);
        }
        if let Some(number) = live.number() {
            return Some(Self::Number(number));
        }
        match (&live.cidrs, &live.ports, &live.numbers, &live.strings) {
            (Some(cidrs), ..) => Some(Self::Cidrs(text(cidrs))),
            (_, Some(ports), ..) => {
                Some(Self::Ports(ports.iter().filter_map(|port| u16::try_from(*port).ok()).collect()))
            }
            (_, _, Some(numbers), _) => Some(Self::Numbers(numbers.clone())),
            (_, _, _, Some(strings)) => Some(Self::Strings(text(strings))),
            _ => None,
        }
    }
}

impl Dimension {
    pub fn to_sdk(&self) -> sdk::MetricDimension {
        let operator = match self.operator {
            DimensionOperator::In => sdk::DimensionValueOperator::In,
            DimensionOperator::NotIn => sdk::DimensionValueOperator::NotIn,
        };
        let builder = sdk::MetricDimension::builder().dimension_name(&self.dimension_name).operator(operator);
        builder.build().expect("the name is set")
    }

    pub fn from_sdk(live: &sdk::MetricDimension) -> Dimension {
        let operator = match live.operator() {
            Some(sdk::DimensionValueOperator::NotIn) => DimensionOperator::NotIn,
            _ => DimensionOperator::In,
        };
        Dimension { dimension_name: live.dimension_name().to_owned(), operator }
    }
}
