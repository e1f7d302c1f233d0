//! Everything the evaluator needs to know before the first event.

use serde::{Deserialize, Serialize};

use crate::dimension::Dimension;
use crate::metric::{CustomMetrics, Metric};
use crate::profile::{SecurityProfile, Target};
use crate::registry::Registry;
use crate::semantics::Semantics;
use crate::validate::{Problem, infer_metric};

/// Most profiles of one evaluator. AWS allows five a target and publishes no number for an account; a fleet with more
/// is split over several evaluators, which do not influence each other.
pub const MAX_PROFILES: usize = 64;

/// Profiles with their targets and what they refer to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub profiles: Vec<TargetedProfile>,
    pub dimensions: Vec<Dimension>,
    /// Types of custom metrics. A metric that is missing has the type that its threshold implies.
    pub custom_metrics: CustomMetrics,
    pub registry: Option<Registry>,
    pub semantics: Semantics,
}

impl Config {
    /// The declared custom metrics, and the others that behaviours name, with the type their thresholds imply: what a
    /// CSV reader needs to know.
    pub fn metric_types(&self) -> CustomMetrics {
        let mut types = self.custom_metrics.clone();
        for behavior in self.profiles.iter().flat_map(|targeted| &targeted.profile.behaviors) {
            if let Some(Metric::Custom { name, kind }) = infer_metric(behavior, &self.custom_metrics) {
                types.0.entry(name).or_insert(kind);
            }
        }
        types
    }
}

/// A profile and what it is attached to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetedProfile {
    pub profile: SecurityProfile,
    /// No targets at all means every device.
    pub targets: Vec<Target>,
}

impl From<SecurityProfile> for TargetedProfile {
    fn from(profile: SecurityProfile) -> Self {
        Self { profile, targets: Vec::new() }
    }
}

/// Why a configuration cannot be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    #[error("security profile `{profile}`, behavior `{behavior}`: {problem}")]
    Behavior { profile: String, behavior: String, problem: Problem },
    #[error("{0}")]
    Registry(String),
    #[error("{0}")]
    Semantics(String),
    #[error("{0} security profiles at once; the evaluator takes at most {MAX_PROFILES}, so split them")]
    TooManyProfiles(usize),
}
