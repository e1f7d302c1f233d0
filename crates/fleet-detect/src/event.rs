//! Events: what a device did, as any traffic reader hands it to the evaluator.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::behavior::DimensionOperator;
use crate::metric::BuiltIn;
use crate::value::Value;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The MQTT client ID; for reports, exports and CSV rows the thing name again.
    pub client_id: Cow<'a, str>,
    /// The thing, where the source names one; otherwise the client ID stands for it, as AWS advises to name clients.
    pub thing: Option<Cow<'a, str>>,
    pub kind: EventKind<'a>,
}

impl Event<'_> {
    /// The name a device is known by: its thing name, or its client ID.
    pub fn device(&self) -> &str {
        self.thing.as_deref().unwrap_or(&self.client_id)
    }

    /// The same event, holding its own texts.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            at: self.at,
            client_id: owned(self.client_id),
            thing: self.thing.map(owned),
            kind: self.kind.into_owned(),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// How the broker answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    /// Refused by authorization.
    Refused,
    /// Failed for another reason, such as throttling.
    Failed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind<'a> {
    /// A connection attempt.
    Connect { outcome: Outcome, source: Option<IpAddr> },
    /// The end of a connection, whoever ended it.
    Disconnect { source: Option<IpAddr> },
    /// A message from the device. `bytes` is the payload's length where the source knows it.
    Publish { outcome: Outcome, topic: Option<Cow<'a, str>>, bytes: Option<u64>, source: Option<IpAddr> },
    /// A message to the device.
    Deliver { outcome: Outcome, topic: Option<Cow<'a, str>>, source: Option<IpAddr> },
    /// A subscription to one topic filter.
    Subscribe { outcome: Outcome, topic: Option<Cow<'a, str>>, source: Option<IpAddr> },
    /// A device report: the metrics it contains, in its order.
    Report(Vec<Measurement<'a>>),
    /// One value of a metrics export or of a CSV file.
    Value(Exported<'a>),
}

impl EventKind<'_> {
    /// Whether the broker saw it happen; such an event makes a device active.
    pub fn is_broker_event(&self) -> bool {
        !matches!(self, Self::Report(_) | Self::Value(_))
    }

    fn into_owned(self) -> EventKind<'static> {
        match self {
            Self::Connect { outcome, source } => EventKind::Connect { outcome, source },
            Self::Disconnect { source } => EventKind::Disconnect { source },
            Self::Publish { outcome, topic, bytes, source } => {
                EventKind::Publish { outcome, topic: topic.map(owned), bytes, source }
            }
            Self::Deliver { outcome, topic, source } => EventKind::Deliver { outcome, topic: topic.map(owned), source },
            Self::Subscribe { outcome, topic, source } => {
                EventKind::Subscribe { outcome, topic: topic.map(owned), source }
            }
            Self::Report(measurements) => {
                let own = |m: Measurement| Measurement { metric: m.metric.into_owned(), value: m.value };
                EventKind::Report(measurements.into_iter().map(own).collect())
            }
            Self::Value(exported) => EventKind::Value(Exported {
                metric: exported.metric.into_owned(),
                value: exported.value,
                version: exported.version,
                dimension: exported.dimension.map(|(name, operator)| (owned(name), operator)),
            }),
        }
    }
}

/// The name of a measured metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricName<'a> {
    BuiltIn(BuiltIn),
    Custom(Cow<'a, str>),
}

impl<'a> MetricName<'a> {
    /// Any name that is not built in is a custom one.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        let name = name.into();
        BuiltIn::from_name(&name).map_or(Self::Custom(name), Self::BuiltIn)
    }

    fn into_owned(self) -> MetricName<'static> {
        match self {
            Self::BuiltIn(metric) => MetricName::BuiltIn(metric),
            Self::Custom(name) => MetricName::Custom(owned(name)),
        }
    }

    /// The name as AWS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(metric) => metric.info().name,
            Self::Custom(name) => name,
        }
    }
}

/// One metric in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement<'a> {
    pub metric: MetricName<'a>,
    pub value: Value,
}

/// One value that was measured elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported<'a> {
    pub metric: MetricName<'a>,
    pub value: Value,
    /// Of values with the same thing, metric, time and dimension the one with the highest version counts. Values
    /// without a version, such as CSV rows, all count.
    pub version: Option<u64>,
    /// A value with a dimension feeds only behaviours with that dimension and operator, one without only the others.
    pub dimension: Option<(Cow<'a, str>, DimensionOperator)>,
}
