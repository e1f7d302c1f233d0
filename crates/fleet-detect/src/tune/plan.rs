//! What has to be evaluated so that every alternative can be judged from one reading of the traffic.

use crate::alarm::AlarmRules;
use crate::behavior::{Confidence, Criteria, MlDetectionConfig, Percentile, StatisticalThreshold};
use crate::config::{Config, ConfigError};
use crate::metric::Metric;
use crate::rules::{ProfileRules, compile};
use crate::validate::infer_metric;

/// How far back a datapoint looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Milliseconds; zero for what a report says of its own moment.
    pub millis: i64,
    /// Whether its time is a window's end, which is not part of the window.
    pub windowed: bool,
}

/// One behaviour to tune.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Positions of profile and behaviour.
    pub place: (usize, usize),
    pub metric: Metric,
    /// The criteria it has now.
    pub criteria: Criteria,
    pub alarm: AlarmRules,
    pub reach: Reach,
    /// Other percentiles or confidences, from the least to the most sensitive, with the position of the behaviour that
    /// evaluates each.
    pub variants: Vec<(Criteria, usize)>,
}

/// The behaviours to tune, and the configuration whose evaluation says everything about them.
#[derive(Debug)]
pub struct Plan {
    config: Config,
    evaluated: Config,
    pub(crate) behaviors: Vec<Planned>,
}

impl Plan {
    /// # Errors
    /// When a behaviour cannot be evaluated.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut evaluated = config.clone();
        let mut behaviors = Vec::new();
        for position in 0..config.profiles.len() {
            let compiled = compile(config, position)?;
            for (rule, compiled_rule) in compiled.rules.iter().enumerate() {
                let index = compiled_rule.behavior_index;
                let behavior = &config.profiles[position].profile.behaviors[index];
                let Some(criteria) = behavior.criteria.clone() else { continue };
                let Some(metric) = infer_metric(behavior, &config.custom_metrics) else { continue };
                let beside = &mut evaluated.profiles[position].profile.behaviors;
                let mut add = |criteria: Criteria| {
                    let name = format!("variant-{}", beside.len());
                    beside.push(crate::Behavior { name, criteria: Some(criteria.clone()), ..behavior.clone() });
                    (criteria, beside.len() - 1)
                };
                let variants = alternatives(&criteria).into_iter().map(&mut add).collect();
                let (alarm, reach) = (compiled_rule.alarm, reach(&compiled, rule));
                behaviors.push(Planned { place: (position, index), metric, criteria, alarm, reach, variants });
            }
        }
        // Alarms are counted afterwards; the evaluator's own would only take memory.
        for criteria in evaluated.profiles.iter_mut().flat_map(|targeted| &mut targeted.profile.behaviors) {
            if let Some(criteria) = &mut criteria.criteria {
                criteria.consecutive_datapoints_to_alarm = Some(10);
            }
        }
        Ok(Self { config: config.clone(), evaluated, behaviors })
    }

    /// What to evaluate.
    pub fn evaluated(&self) -> &Config {
        &self.evaluated
    }

    /// What is tuned.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

fn reach(compiled: &ProfileRules, rule: usize) -> Reach {
    let window = compiled.windows.iter().find(|window| window.rules.iter().any(|(_, fed)| *fed == rule));
    let arrival = compiled.arrivals.iter().find(|arrival| arrival.rules.contains(&rule));
    match (window, arrival.and_then(|arrival| arrival.trailing)) {
        (Some(window), _) => Reach { millis: window.length, windowed: true },
        (None, trailing) => Reach { millis: trailing.unwrap_or(0), windowed: false },
    }
}

/// Every percentile on the side of the behaviour, or every confidence, from the least sensitive.
fn alternatives(criteria: &Criteria) -> Vec<Criteria> {
    if criteria.ml_detection_config.is_some() {
        let levels = [Confidence::High, Confidence::Medium, Confidence::Low];
        let with = |confidence_level| Criteria {
            ml_detection_config: Some(MlDetectionConfig { confidence_level }),
            ..criteria.clone()
        };
        return levels.map(with).to_vec();
    }
    let (Some(_), Some(operator)) = (&criteria.statistical_threshold, criteria.comparison_operator) else {
        return Vec::new();
    };
    const MEDIAN: Percentile = Percentile(5000);
    let named = Percentile::NAMES.iter().filter_map(|name| Some((Percentile::from_name(name)?, *name)));
    let above = operator.bounds_above();
    let mut names: Vec<_> =
        named.filter(|(percentile, _)| if above { *percentile >= MEDIAN } else { *percentile <= MEDIAN }).collect();
    names.sort();
    if above {
        names.reverse();
    }
    let with = |(_, name): (Percentile, &str)| Criteria {
        statistical_threshold: Some(StatisticalThreshold { statistic: Some(name.to_owned()) }),
        ..criteria.clone()
    };
    names.into_iter().map(with).collect()
}
