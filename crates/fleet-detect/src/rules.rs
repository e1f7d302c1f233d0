//! From profiles to rules: every behaviour with criteria becomes a check and a place where its datapoints come from.

use std::sync::Arc;

use ipnet::IpNet;

use crate::alarm::AlarmRules;
use crate::behavior::{Behavior, ComparisonOperator, Confidence, Criteria, DimensionOperator, Percentile};
use crate::config::{Config, ConfigError};
use crate::dimension::TopicScope;
use crate::metric::{BuiltIn, Metric, Reported};
use crate::semantics::{DeviceSide, MessageSize, Semantics};
use crate::validate::{Severity, infer_metric, validate_behavior};
use crate::value::{MetricValue, Value};

/// One behaviour, ready to evaluate.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Position of the behaviour in its profile.
    pub behavior_index: usize,
    pub behavior: Arc<Behavior>,
    pub check: Check,
    pub alarm: AlarmRules,
}

/// What a datapoint must satisfy to be normal.
#[derive(Debug)]
pub(crate) enum Check {
    Compare {
        operator: ComparisonOperator,
        threshold: Value,
    },
    Cidrs {
        all_in: bool,
        networks: Box<[IpNet]>,
    },
    Listed {
        all_in: bool,
        members: Value,
    },
    Percentile {
        operator: ComparisonOperator,
        percentile: Percentile,
    },
    /// Approximate; see `learned`.
    Learned {
        confidence: Confidence,
    },
}

impl Check {
    /// Whether a value is normal. A percentile or model is no fixed criterion and comes with the window.
    #[inline]
    pub fn conforms(&self, value: &Value) -> bool {
        match self {
            Self::Compare { operator, threshold } => compare(*operator, value, threshold),
            Self::Cidrs { all_in, networks } => match value {
                Value::Cidrs(elements) => {
                    elements.iter().all(|element| networks.iter().any(|network| network.contains(element)) == *all_in)
                }
                _ => true,
            },
            Self::Listed { all_in, members } => listed(*all_in, members, value),
            Self::Percentile { .. } | Self::Learned { .. } => true,
        }
    }

    /// Whether it takes the values of all devices to judge one of them.
    pub fn is_fleetwide(&self) -> bool {
        matches!(self, Self::Percentile { .. } | Self::Learned { .. })
    }
}

/// `value OPERATOR threshold` for two scalars of one kind.
#[inline]
pub(crate) fn compare(operator: ComparisonOperator, value: &Value, threshold: &Value) -> bool {
    match (value, threshold) {
        (Value::Count(value), Value::Count(threshold)) => operator.holds(*value, *threshold),
        (Value::Number(value), Value::Number(threshold)) => operator.holds(*value, *threshold),
        _ => true,
    }
}

fn listed(all_in: bool, members: &Value, value: &Value) -> bool {
    match (members, value) {
        (Value::Ports(set), Value::Ports(elements)) => elements.iter().all(|item| set.contains(item) == all_in),
        (Value::Strings(set), Value::Strings(elements)) => elements.iter().all(|item| set.contains(item) == all_in),
        (Value::Numbers(set), Value::Numbers(elements)) => elements.iter().all(|item| set.contains(item) == all_in),
        _ => true,
    }
}

/// All rules of one profile, with the windows and arrivals that feed them.
#[derive(Debug, Default)]
pub(crate) struct ProfileRules {
    pub name: Arc<str>,
    pub rules: Vec<Rule>,
    /// One entry a window length.
    pub windows: Vec<WindowRules>,
    /// Series evaluated when a report, or a message, arrives.
    pub arrivals: Vec<ArrivalRules>,
}

/// Windows of one length: what is measured in them and which rules look at it.
#[derive(Debug)]
pub(crate) struct WindowRules {
    /// Milliseconds.
    pub length: i64,
    pub columns: Vec<Column>,
    /// `(column, rule)`
    pub rules: Vec<(usize, usize)>,
}

/// One measurement a device and window.
#[derive(Debug)]
pub(crate) struct Column {
    pub metric: Metric,
    pub fold: Fold,
    pub scope: Option<TopicScope>,
}

/// How the events of a window become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// A broker count.
    Count,
    /// Sizes of messages.
    Largest,
    Smallest,
    Bytes,
    /// Source addresses.
    Addresses,
    /// Reported, exported or CSV values.
    Sum,
    Last,
    Union,
    /// Time since the device disconnected, at the window's end.
    Disconnected,
}

/// A series whose datapoints are evaluated at their own time.
#[derive(Debug)]
pub(crate) struct ArrivalRules {
    pub metric: Metric,
    /// Milliseconds over which deltas are summed; none for gauges, lists and messages.
    pub trailing: Option<i64>,
    pub scope: Option<TopicScope>,
    pub rules: Vec<usize>,
}

/// Compiles one profile.
pub(crate) fn compile(config: &Config, position: usize) -> Result<ProfileRules, ConfigError> {
    let profile = &config.profiles[position].profile;
    let name = Arc::from(profile.security_profile_name.as_str());
    let mut compiled = ProfileRules { name, ..ProfileRules::default() };
    for (index, behavior) in profile.behaviors.iter().enumerate() {
        let Some(criteria) = &behavior.criteria else { continue };
        let problems = validate_behavior(behavior, &config.custom_metrics, &config.dimensions);
        if let Some(problem) = problems.into_iter().find(|problem| problem.severity == Severity::Error) {
            return Err(ConfigError::Behavior {
                profile: profile.security_profile_name.clone(),
                behavior: behavior.name.clone(),
                problem,
            });
        }
        let Some(metric) = infer_metric(behavior, &config.custom_metrics) else { continue };
        let Some(check) = check(criteria) else { continue };
        let rule = compiled.rules.len();
        let length = i64::from(criteria.duration_seconds.unwrap_or(config.semantics.default_duration_seconds)) * 1000;
        let fold = fold(&metric, &check, &config.semantics);
        let windowed = fold.is_some();
        match fold {
            Some(fold) => compiled.add_to_window(length, metric, fold, scope(config, behavior), rule),
            None => compiled.add_to_arrivals(length, metric, scope(config, behavior), rule),
        }
        let alarm = alarm_rules(criteria, &config.semantics, windowed.then_some(length));
        compiled.rules.push(Rule { behavior_index: index, behavior: Arc::new(behavior.clone()), check, alarm });
    }
    Ok(compiled)
}

fn alarm_rules(criteria: &Criteria, semantics: &Semantics, window: Option<i64>) -> AlarmRules {
    // Validation bounds both to 1..=10.
    let run = |count: Option<u32>| count.unwrap_or(1).clamp(1, 10) as u8;
    AlarmRules {
        to_alarm: run(criteria.consecutive_datapoints_to_alarm),
        to_clear: run(criteria.consecutive_datapoints_to_clear),
        invalidate_after: i64::from(semantics.invalidate_after_seconds) * 1000,
        longest_step: window.filter(|_| semantics.gaps_reset_runs),
        renotify: semantics.renotify,
    }
}

pub(crate) fn check(criteria: &Criteria) -> Option<Check> {
    if let Some(learned) = &criteria.ml_detection_config {
        return Some(Check::Learned { confidence: learned.confidence_level });
    }
    let operator = criteria.comparison_operator?;
    if let Some(threshold) = &criteria.statistical_threshold {
        let percentile = Percentile::from_name(threshold.statistic.as_deref()?)?;
        return Some(Check::Percentile { operator, percentile });
    }
    let value = criteria.value.as_ref().map(MetricValue::measured)?.ok()?;
    use ComparisonOperator::{InCidrSet, InPortSet, InSet};
    let all_in = matches!(operator, InCidrSet | InPortSet | InSet);
    Some(match value {
        Value::Cidrs(networks) => Check::Cidrs { all_in, networks },
        value if value.kind().is_scalar() => Check::Compare { operator, threshold: value },
        members => Check::Listed { all_in, members },
    })
}

/// How the metric folds into windows, or none when its datapoints are evaluated as they arrive.
fn fold(metric: &Metric, check: &Check, semantics: &Semantics) -> Option<Fold> {
    let fixed = !check.is_fleetwide();
    let above = matches!(check, Check::Compare { operator, .. } if operator.bounds_above());
    match metric {
        Metric::BuiltIn(BuiltIn::MessageByteSize) if fixed => match semantics.message_size {
            MessageSize::PerMessage => None,
            MessageSize::PerWindow if above => Some(Fold::Largest),
            MessageSize::PerWindow => Some(Fold::Smallest),
        },
        Metric::BuiltIn(BuiltIn::MessageByteSize) => Some(Fold::Bytes),
        Metric::BuiltIn(BuiltIn::SourceIpAddress) => Some(Fold::Addresses),
        Metric::BuiltIn(BuiltIn::DisconnectDuration) => Some(Fold::Disconnected),
        Metric::BuiltIn(counted) if counted.is_broker_count() => Some(Fold::Count),
        _ if fixed && semantics.device_side == DeviceSide::OnReport => None,
        _ => Some(match metric.reported() {
            Reported::Delta => Fold::Sum,
            Reported::Gauge => Fold::Last,
            Reported::List => Fold::Union,
        }),
    }
}

fn scope(config: &Config, behavior: &Behavior) -> Option<TopicScope> {
    let wanted = behavior.metric_dimension.as_ref()?;
    // Validation has made sure that the dimension exists.
    let dimension = config.dimensions.iter().find(|dimension| dimension.name == wanted.dimension_name)?;
    let operator = wanted.operator.unwrap_or_default();
    Some(TopicScope::new(dimension, operator, config.semantics.leading_wildcard_matches_dollar))
}

fn key(scope: &Option<TopicScope>) -> Option<(&str, DimensionOperator)> {
    scope.as_ref().map(|scope| (scope.dimension_name.as_str(), scope.operator))
}

impl ProfileRules {
    /// Behaviours that measure the same thing share a column.
    fn add_to_window(&mut self, length: i64, metric: Metric, fold: Fold, scope: Option<TopicScope>, rule: usize) {
        let position = self.windows.iter().position(|windows| windows.length == length).unwrap_or_else(|| {
            self.windows.push(WindowRules { length, columns: Vec::new(), rules: Vec::new() });
            self.windows.len() - 1
        });
        let windows = &mut self.windows[position];
        let same =
            |column: &Column| column.metric == metric && column.fold == fold && key(&column.scope) == key(&scope);
        let column = windows.columns.iter().position(same).unwrap_or_else(|| {
            windows.columns.push(Column { metric, fold, scope });
            windows.columns.len() - 1
        });
        windows.rules.push((column, rule));
    }

    fn add_to_arrivals(&mut self, length: i64, metric: Metric, scope: Option<TopicScope>, rule: usize) {
        let delta = metric.reported() == Reported::Delta && !metric.is_cloud_side();
        let trailing = delta.then_some(length);
        let same = |arrival: &ArrivalRules| {
            arrival.metric == metric && arrival.trailing == trailing && key(&arrival.scope) == key(&scope)
        };
        match self.arrivals.iter().position(same) {
            Some(position) => self.arrivals[position].rules.push(rule),
            None => self.arrivals.push(ArrivalRules { metric, trailing, scope, rules: vec![rule] }),
        }
    }
}
