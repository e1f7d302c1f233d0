//! What Device Defender refuses in a security profile.

use std::collections::BTreeMap;

use fleet_detect::metric::CustomMetrics;

use super::behavior::{self, Behavior};
use super::{Spec, Target};
use crate::resources::names::check_length;
use crate::scope::Problems;
use crate::spec::node::pointer_token;

/// What can be said of the behaviours without knowing the types of custom metrics: each may have any.
pub fn behaviors(profile: &str, spec: &Spec, problems: &mut Problems) {
    if let Err(found) = compiled(profile, spec, &CustomMetrics::default()) {
        problems.0.extend(found.0);
    }
}

/// The behaviours in canonical form, where `types` are those of the custom metrics that are known.
pub fn compiled(profile: &str, spec: &Spec, types: &CustomMetrics) -> Result<BTreeMap<String, Behavior>, Problems> {
    let place = |name: &str, field: &str| format!("/behaviors/{}{field}", pointer_token(name));
    let (mut compiled, mut problems) = (BTreeMap::new(), Problems::default());
    for (name, declared) in &spec.behaviors {
        match declared.compile(name, types) {
            Ok(behavior) => drop(compiled.insert(name.clone(), behavior)),
            Err((field, message)) => problems.push(place(name, &field), message),
        }
    }
    for (behavior, (field, message)) in behavior::mistakes(profile, compiled.iter(), types) {
        match behavior {
            Some(name) => problems.push(place(&name, &field), message),
            None => problems.push("/behaviors", message),
        }
    }
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

pub fn targets(spec: &Spec, problems: &mut Problems) {
    if spec.alert_to.is_some() && !spec.alert_targets.is_empty() {
        problems.push("/alertTo", "`alertTo` and `alertTargets` say the same; keep one of them");
    }
    if let Some(other) = spec.alert_targets.keys().find(|key| *key != "SNS") {
        let pointer = format!("/alertTargets/{}", pointer_token(other));
        problems.push(pointer, "the only type of alert target is `SNS` (API:AlertTargetType)");
    }
    if spec.metrics_export.is_some() && spec.metrics_export_config.is_some() {
        problems.push("/metricsExport", "`metricsExport` and `metricsExportConfig` say the same; keep one of them");
    }
    if let Some(to) = &spec.metrics_export {
        check_length("/metricsExport/topic", &to.topic, 512, "API:MqttTopic", problems);
    }
    for (index, target) in spec.attach_to.iter().enumerate() {
        let (form, arn) = match target {
            Target::Arn(arn) => ("arn", arn),
            Target::Group(arn) if arn.starts_with("arn:") => ("group", arn),
            Target::Group(_) | Target::All(_) => continue,
        };
        if let Err(message) = fleet_detect::profile::Target::from_arn(arn) {
            problems.push(format!("/attachTo/{index}/{form}"), message);
        }
    }
}
