//! A profile's state in the SDK's types.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_iot::operation::describe_security_profile::DescribeSecurityProfileOutput;
use aws_sdk_iot::types as sdk;

use super::behavior::{Behavior, Dimension};
use super::{AlertTarget, MetricsExportConfig, Retained, State};

impl State {
    pub fn behaviors_sdk(&self) -> Vec<sdk::Behavior> {
        self.behaviors.iter().map(|(name, behavior)| behavior.to_sdk(name)).collect()
    }

    pub fn alert_targets_sdk(&self) -> Option<HashMap<sdk::AlertTargetType, sdk::AlertTarget>> {
        let build = |(kind, target): (&String, &AlertTarget)| {
            let builder = sdk::AlertTarget::builder().alert_target_arn(&target.alert_target_arn);
            let target = builder.role_arn(&target.role_arn).build().expect("both members are set");
            (sdk::AlertTargetType::from(kind.as_str()), target)
        };
        (!self.alert_targets.is_empty()).then(|| self.alert_targets.iter().map(build).collect())
    }

    pub fn retained_sdk(&self) -> Vec<sdk::MetricToRetain> {
        let build = |retained: &Retained| {
            let dimension = retained.metric_dimension.as_ref().map(Dimension::to_sdk);
            let builder = sdk::MetricToRetain::builder().metric(&retained.metric).set_metric_dimension(dimension);
            builder.export_metric(retained.export_metric).build().expect("the metric is set")
        };
        self.retained.iter().map(build).collect()
    }

    pub fn metrics_export_sdk(&self) -> Option<sdk::MetricsExportConfig> {
        let own = self.metrics_export.as_ref()?;
        let builder = sdk::MetricsExportConfig::builder().mqtt_topic(&own.mqtt_topic).role_arn(&own.role_arn);
        Some(builder.build().expect("both members are set"))
    }
}

/// Attachments are read by a call of their own.
impl From<&DescribeSecurityProfileOutput> for State {
    fn from(found: &DescribeSecurityProfileOutput) -> State {
        let alert_targets = found.alert_targets().into_iter().flatten().map(|(kind, target)| {
            let role_arn = target.role_arn().to_owned();
            let target = AlertTarget { alert_target_arn: target.alert_target_arn().to_owned(), role_arn };
            (kind.as_str().to_owned(), target)
        });
        let retained = found.additional_metrics_to_retain_v2().iter().map(|live| Retained {
            metric: live.metric().to_owned(),
            metric_dimension: live.metric_dimension().map(Dimension::from_sdk),
            export_metric: live.export_metric().unwrap_or(false),
        });
        // The older list holds names only; what is on either list is retained.
        #[expect(deprecated, reason = "a profile may still have it set")]
        let older = found.additional_metrics_to_retain().iter();
        let older =
            older.map(|metric| Retained { metric: metric.clone(), metric_dimension: None, export_metric: false });
        State {
            description: found.security_profile_description().unwrap_or_default().to_owned(),
            behaviors: found.behaviors().iter().map(|b| (b.name().to_owned(), Behavior::from_sdk(b))).collect(),
            alert_targets: alert_targets.collect(),
            attached_to: BTreeSet::new(),
            retained: retained.chain(older).collect(),
            metrics_export: found.metrics_export_config().map(|live| MetricsExportConfig {
                mqtt_topic: live.mqtt_topic().to_owned(),
                role_arn: live.role_arn().to_owned(),
            }),
        }
    }
}
