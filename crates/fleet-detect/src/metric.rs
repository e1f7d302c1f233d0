//! The metrics of Device Defender Detect: eighteen built-in ones, four types of custom ones, and which criteria fit each.
//!
//! Sources: IoT Device Defender developer guide, pages "Cloud-side metrics", "Device-side metrics", "Custom metrics",
//! "ML Detect" and "Scoping metrics with dimensions"; API:BehaviorCriteria and API:CustomMetricType.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// By the message broker.
    Cloud,
    /// By the device, which publishes reports.
    Device,
}

/// The member of API:MetricValue that a metric's thresholds and measurements use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Count,
    Cidrs,
    Ports,
    Number,
    Numbers,
    Strings,
}

impl ValueKind {
    /// Name of the member in AWS's JSON.
    pub fn member(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Cidrs => "cidrs",
            Self::Ports => "ports",
            Self::Number => "number",
            Self::Numbers => "numbers",
            Self::Strings => "strings",
        }
    }

    /// Whether the value is one number (`count`, `number`) rather than a list.
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::Count | Self::Number)
    }
}

/// What the guide says about `durationSeconds` in the static form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationRule {
    /// Listed for the metric.
    Required,
    /// Listed in one edition of the guide and not in another, or nowhere.
    Optional,
    /// The static form of the guide has none.
    Absent,
    /// API:BehaviorCriteria refuses it with list data types.
    Forbidden,
}

/// How the reports of a device-side metric add up over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Change since the previous report: reports are summed.
    Delta,
    /// The state at the time of the report: the newest counts.
    Gauge,
    /// A list: the newest counts, or the union by window.
    List,
}

macro_rules! built_in {
    ($($variant:ident $name:literal $side:ident $value:ident $unit:expr, $duration:ident, stat $stat:literal, ml $ml:literal, dim $dim:literal;)+) => {
        /// A built-in metric, in the order of the developer guide.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum BuiltIn { $(#[doc = $name] $variant,)+ }

        impl BuiltIn {
            /// Every built-in metric.
            pub const ALL: &'static [BuiltIn] = &[$(BuiltIn::$variant,)+];

            /// Facts about the metric.
            pub fn info(self) -> &'static MetricInfo {
                const TABLE: &[MetricInfo] = &[$(MetricInfo {
                    name: $name, side: Side::$side, unit: $unit, value: ValueKind::$value,
                    duration: DurationRule::$duration, statistical: $stat, ml: $ml, dimension: $dim,
                },)+];
                &TABLE[self as usize]
            }
        }
    };
}

/// Facts about one built-in metric.
#[derive(Clone, Copy, Debug)]
pub struct MetricInfo {
    pub name: &'static str,
    pub side: Side,
    /// Unit of a measurement, none for lists.
    pub unit: Option<&'static str>,
    pub value: ValueKind,
    /// `durationSeconds` in the static form.
    pub duration: DurationRule,
    /// Usable with `statisticalThreshold`.
    pub statistical: bool,
    /// Usable with `mlDetectionConfig`.
    pub ml: bool,
    /// Usable with a TOPIC_FILTER dimension.
    pub dimension: bool,
}

built_in! {
    MessageByteSize "aws:message-byte-size" Cloud Count Some("bytes"), Absent, stat true, ml true, dim true;
    NumMessagesSent "aws:num-messages-sent" Cloud Count Some("messages"), Required, stat true, ml true, dim true;
    NumMessagesReceived "aws:num-messages-received" Cloud Count Some("messages"), Required, stat true, ml true, dim true;
    NumAuthorizationFailures "aws:num-authorization-failures" Cloud Count Some("failures"), Required, stat true, ml true, dim true;
    SourceIpAddress "aws:source-ip-address" Cloud Cidrs None, Forbidden, stat false, ml false, dim true;
    NumConnectionAttempts "aws:num-connection-attempts" Cloud Count Some("connection attempts"), Required, stat true, ml true, dim false;
    NumDisconnects "aws:num-disconnects" Cloud Count Some("disconnects"), Required, stat true, ml true, dim false;
    DisconnectDuration "aws:disconnect-duration" Cloud Count Some("minutes"), Optional, stat false, ml false, dim false;
    AllBytesOut "aws:all-bytes-out" Device Count Some("bytes"), Required, stat true, ml true, dim false;
    AllBytesIn "aws:all-bytes-in" Device Count Some("bytes"), Required, stat true, ml true, dim false;
    AllPacketsOut "aws:all-packets-out" Device Count Some("packets"), Required, stat true, ml true, dim false;
    AllPacketsIn "aws:all-packets-in" Device Count Some("packets"), Required, stat true, ml true, dim false;
    NumListeningTcpPorts "aws:num-listening-tcp-ports" Device Count Some("ports"), Optional, stat true, ml true, dim false;
    NumListeningUdpPorts "aws:num-listening-udp-ports" Device Count Some("ports"), Optional, stat true, ml true, dim false;
    NumEstablishedTcpConnections "aws:num-established-tcp-connections" Device Count Some("connections"), Absent, stat true, ml true, dim false;
    DestinationIpAddresses "aws:destination-ip-addresses" Device Cidrs None, Forbidden, stat false, ml false, dim false;
    ListeningTcpPorts "aws:listening-tcp-ports" Device Ports None, Forbidden, stat false, ml false, dim false;
    ListeningUdpPorts "aws:listening-udp-ports" Device Ports None, Forbidden, stat false, ml false, dim false;
}

impl BuiltIn {
    /// The metric of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.info().name == name)
    }

    /// How reports of the metric add up; cloud-side counts add up like deltas.
    pub fn reported(self) -> Reported {
        match self {
            Self::NumListeningTcpPorts
            | Self::NumListeningUdpPorts
            | Self::NumEstablishedTcpConnections
            | Self::DisconnectDuration => Reported::Gauge,
            _ if self.info().value.is_scalar() => Reported::Delta,
            _ => Reported::List,
        }
    }

    /// The five metrics that count broker events, for which an active device has a zero.
    pub fn is_broker_count(self) -> bool {
        matches!(
            self,
            Self::NumMessagesSent
                | Self::NumMessagesReceived
                | Self::NumAuthorizationFailures
                | Self::NumConnectionAttempts
                | Self::NumDisconnects
        )
    }
}

/// API:CustomMetricType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomType {
    StringList,
    IpAddressList,
    NumberList,
    Number,
}

impl CustomType {
    /// The member of MetricValue for the type.
    pub fn value(self) -> ValueKind {
        match self {
            Self::StringList => ValueKind::Strings,
            Self::IpAddressList => ValueKind::Cidrs,
            Self::NumberList => ValueKind::Numbers,
            Self::Number => ValueKind::Number,
        }
    }
}

/// A metric that a behaviour can name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    BuiltIn(BuiltIn),
    Custom { name: String, kind: CustomType },
}

impl Metric {
    /// The metric's name as a behaviour writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(metric) => metric.info().name,
            Self::Custom { name, .. } => name,
        }
    }

    /// The member of MetricValue that thresholds and measurements use.
    pub fn value(&self) -> ValueKind {
        match self {
            Self::BuiltIn(metric) => metric.info().value,
            Self::Custom { kind, .. } => kind.value(),
        }
    }

    /// `durationSeconds` in the static form. Whether a custom `number` takes one is not documented.
    pub fn duration(&self) -> DurationRule {
        match self {
            Self::BuiltIn(metric) => metric.info().duration,
            Self::Custom { kind: CustomType::Number, .. } => DurationRule::Optional,
            Self::Custom { .. } => DurationRule::Forbidden,
        }
    }

    /// Usable with `statisticalThreshold`.
    pub fn statistical(&self) -> bool {
        match self {
            Self::BuiltIn(metric) => metric.info().statistical,
            Self::Custom { kind, .. } => *kind == CustomType::Number,
        }
    }

    /// Usable with `mlDetectionConfig`.
    pub fn ml(&self) -> bool {
        match self {
            Self::BuiltIn(metric) => metric.info().ml,
            Self::Custom { kind, .. } => *kind == CustomType::Number,
        }
    }

    /// Usable with a TOPIC_FILTER dimension; never for custom metrics (API:Behavior).
    pub fn dimension(&self) -> bool {
        matches!(self, Self::BuiltIn(metric) if metric.info().dimension)
    }

    /// Unit for people, where the metric has one.
    pub fn unit(&self) -> Option<&'static str> {
        match self {
            Self::BuiltIn(metric) => metric.info().unit,
            Self::Custom { .. } => None,
        }
    }

    /// Whether the broker measures it.
    pub fn is_cloud_side(&self) -> bool {
        matches!(self, Self::BuiltIn(metric) if metric.info().side == Side::Cloud)
    }

    /// How reports of the metric add up.
    pub fn reported(&self) -> Reported {
        match self {
            Self::BuiltIn(metric) => metric.reported(),
            Self::Custom { kind: CustomType::Number, .. } => Reported::Gauge,
            Self::Custom { .. } => Reported::List,
        }
    }
}

/// The custom metrics an account knows: name to type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomMetrics(pub BTreeMap<String, CustomType>);

impl CustomMetrics {
    /// The metric of that name: built-in, or declared here.
    pub fn metric(&self, name: &str) -> Option<Metric> {
        if let Some(metric) = BuiltIn::from_name(name) {
            return Some(Metric::BuiltIn(metric));
        }
        let kind = *self.0.get(name)?;
        Some(Metric::Custom { name: name.to_owned(), kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        assert_eq!(BuiltIn::ALL.len(), 18);
        for metric in BuiltIn::ALL {
            assert_eq!(BuiltIn::from_name(metric.info().name), Some(*metric));
            let list = !metric.info().value.is_scalar();
            assert_eq!(list, metric.info().duration == DurationRule::Forbidden, "{metric:?}");
            assert!(!(list && metric.info().statistical), "{metric:?}");
        }
        assert_eq!(BuiltIn::from_name("aws:no-such-metric"), None);
    }
}
