//! Which choices of [`Semantics`] decided an alarm event: the part of the evaluator's answer that AWS does not publish.

use serde::Serialize;

use crate::metric::{BuiltIn, Metric, Reported};
use crate::semantics::{DeviceSide, MessageSize, Semantics, Zeros};
use crate::value::Value;
use crate::violation::{Violation, ViolationEventType};

/// One choice with its setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Name of the setting, as in a semantics file.
    pub setting: &'static str,
    /// What it did here.
    pub effect: String,
}

/// The choices that an event rests on, most telling first. `metric` is the behaviour's.
pub fn explain(violation: &Violation, metric: &Metric, semantics: &Semantics) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut add = |setting, effect: String| choices.push(Choice { setting, effect });
    if violation.event == ViolationEventType::AlarmInvalidated {
        let hours = semantics.invalidate_after_seconds / 3600;
        add(
            "invalidateAfterSeconds",
            format!("no datapoint for more than {hours} h; the time is {hours} h after the last"),
        );
        return choices;
    }
    let criteria = violation.behavior.criteria.as_ref();
    let statistical = criteria.is_some_and(|criteria| criteria.statistical_threshold.is_some());
    let counted = matches!(metric, Metric::BuiltIn(metric) if metric.is_broker_count());
    if counted && violation.value == Some(Value::Count(0)) && semantics.zeros == Zeros::ActiveDevices {
        add("zeros", "the device was active and moved this count not once, which is a datapoint of 0".to_owned());
    }
    let size = *metric == Metric::BuiltIn(BuiltIn::MessageByteSize);
    if size && !statistical {
        add(
            "messageSize",
            match semantics.message_size {
                MessageSize::PerWindow => "the window's largest or smallest message stands for all of them".to_owned(),
                MessageSize::PerMessage => "every message is a datapoint".to_owned(),
            },
        );
    }
    let on_report = !metric.is_cloud_side() && !statistical && semantics.device_side == DeviceSide::OnReport;
    if on_report {
        let how = match metric.reported() {
            Reported::Delta => "deltas of the trailing duration are summed when a report arrives",
            Reported::Gauge | Reported::List => "the report's own value is judged when it arrives",
        };
        add("deviceSide", how.to_owned());
    } else if !(size && semantics.message_size == MessageSize::PerMessage) {
        let seconds = criteria.and_then(|criteria| criteria.duration_seconds);
        let length = seconds.unwrap_or(semantics.default_duration_seconds);
        add("windowOffsetSeconds", format!("windows of {length} s do not slide; the event has the window's end"));
        if seconds.is_none() {
            add("defaultDurationSeconds", format!("the behavior gives no duration, so {length} s"));
        }
    }
    if statistical {
        let least = semantics.minimum_population;
        add(
            "minimumPopulation",
            format!("nearest rank over the window's devices, at least {least}, this one included"),
        );
    }
    match metric {
        Metric::BuiltIn(BuiltIn::DisconnectDuration) => {
            add("disconnectDuration", format!("measured in {:?}", semantics.disconnect_duration).to_lowercase());
        }
        Metric::BuiltIn(BuiltIn::SourceIpAddress) => {
            add("sourceAddress", format!("{:?} events show the address", semantics.source_address).to_lowercase());
        }
        _ => {}
    }
    choices
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::event::{Event, EventKind, Outcome};
    use crate::{Config, Evaluator, Output, SecurityProfile};

    #[test]
    fn an_alarm_of_zero_names_the_zeros() {
        let profile: SecurityProfile = serde_json::from_str(
            r#"{"securityProfileName":"p","behaviors":[{"name":"b","metric":"aws:num-authorization-failures",
                "criteria":{"comparisonOperator":"greater-than","value":{"count":0}}}]}"#,
        )
        .unwrap();
        let config = Config { profiles: vec![profile.into()], ..Config::default() };
        let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
        let kind = EventKind::Publish { outcome: Outcome::Success, topic: None, bytes: None, source: None };
        evaluator.observe(&Event { at: 0, client_id: Cow::Borrowed("d"), thing: None, kind }, &mut output);
        evaluator.finish(&mut output);
        let metric = Metric::BuiltIn(BuiltIn::NumAuthorizationFailures);
        let settings: Vec<_> = explain(&output.violations[0], &metric, &config.semantics)
            .into_iter()
            .map(|choice| choice.setting)
            .collect();
        assert_eq!(settings, ["zeros", "windowOffsetSeconds", "defaultDurationSeconds"]);
    }
}
