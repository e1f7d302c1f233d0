//! What Device Defender refuses in a security profile.

use std::collections::BTreeMap;

use super::{Spec, Target, behavior};
use crate::resources::names::check_length;
use crate::scope::Problems;
use crate::spec::node::pointer_token;

pub fn behaviors(profile: &str, spec: &Spec, problems: &mut Problems) {
    let place = |name: &str, field: &str| format!("/behaviors/{}{field}", pointer_token(name));
    let mut compiled = BTreeMap::new();
    for (name, declared) in &spec.behaviors {
        match declared.compile(name) {
            Ok(behavior) => drop(compiled.insert(name.clone(), behavior)),
            Err((field, message)) => problems.push(place(name, &field), message),
        }
    }
    for (behavior, (field, message)) in behavior::mistakes(profile, compiled.iter()) {
        match behavior {
            Some(name) => problems.push(place(&name, &field), message),
            None => problems.push("/behaviors", message),
        }
    }
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
