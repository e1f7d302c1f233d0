//! What a healthy device measures: from the class of a scenario, else from the nature of the metric.

use fleet_detect::metric::{BuiltIn, Metric};
use fleet_detect::scenario::amount::Amount;
use fleet_detect::scenario::model::{Class, Messages};

/// The least and the most that healthy devices measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub min: f64,
    pub max: f64,
}

impl Range {
    fn of(amount: Amount) -> Range {
        Range { min: amount.min as f64, max: amount.max as f64 }
    }

    /// For people: `10` or `9 to 10`.
    pub fn in_words(&self) -> String {
        if self.min == self.max { self.min.to_string() } else { format!("{} to {}", self.min, self.max) }
    }
}

/// What devices of a class measure in `seconds` when nothing is wrong. `None` where the class does not report the
/// metric, or its values are no numbers.
pub fn of_class(class: &Class, metric: &Metric, seconds: u32) -> Option<Range> {
    let Metric::BuiltIn(metric) = metric else { return custom(class, metric.name()) };
    let reports = class.reports.as_ref();
    let delta = |amount: Option<Amount>| {
        let (reports, amount) = (reports?, amount?);
        let times = in_window(reports.every.0, seconds, (100, 100));
        Some(Range { min: times.min * amount.min as f64, max: times.max.max(1.0) * amount.max as f64 })
    };
    let ports =
        |ports: Option<&Vec<u16>>| ports.map(|ports| Range { min: ports.len() as f64, max: ports.len() as f64 });
    match metric {
        BuiltIn::MessageByteSize => class.messages.as_ref().map(|messages| Range::of(messages.bytes)),
        BuiltIn::NumMessagesSent => Some(stream(class, class.messages.as_ref(), seconds)),
        BuiltIn::NumMessagesReceived => Some(stream(class, class.deliveries.as_ref(), seconds)),
        BuiltIn::NumAuthorizationFailures => Some(Range { min: 0.0, max: 0.0 }),
        // Every device connects once; sessions that end make it connect again.
        BuiltIn::NumConnectionAttempts => Some(Range { min: 0.0, max: sessions(class, seconds).max(1.0) }),
        BuiltIn::NumDisconnects => Some(Range { min: 0.0, max: sessions(class, seconds) }),
        BuiltIn::AllBytesOut => delta(reports?.bytes_out),
        BuiltIn::AllBytesIn => delta(reports?.bytes_in),
        BuiltIn::AllPacketsOut => delta(reports?.packets_out),
        BuiltIn::AllPacketsIn => delta(reports?.packets_in),
        BuiltIn::NumListeningTcpPorts => ports(reports?.tcp_ports.as_ref()),
        BuiltIn::NumListeningUdpPorts => ports(reports?.udp_ports.as_ref()),
        BuiltIn::NumEstablishedTcpConnections => {
            reports?.destinations.as_ref().map(|all| Range { min: all.len() as f64, max: all.len() as f64 })
        }
        _ => None,
    }
}

/// Whether devices of the class report the metric at all; the broker measures the others.
pub fn reports(class: &Class, metric: &Metric) -> bool {
    let Some(reports) = &class.reports else { return metric.is_cloud_side() };
    match metric {
        Metric::Custom { name, .. } => reports.custom.contains_key(name),
        Metric::BuiltIn(metric) => match metric {
            BuiltIn::AllBytesOut => reports.bytes_out.is_some(),
            BuiltIn::AllBytesIn => reports.bytes_in.is_some(),
            BuiltIn::AllPacketsOut => reports.packets_out.is_some(),
            BuiltIn::AllPacketsIn => reports.packets_in.is_some(),
            BuiltIn::NumListeningTcpPorts | BuiltIn::ListeningTcpPorts => reports.tcp_ports.is_some(),
            BuiltIn::NumListeningUdpPorts | BuiltIn::ListeningUdpPorts => reports.udp_ports.is_some(),
            BuiltIn::NumEstablishedTcpConnections | BuiltIn::DestinationIpAddresses => reports.destinations.is_some(),
            _ => true,
        },
    }
}

/// Without a scenario: metrics of which a healthy device has none, or next to none, whatever it is for.
pub fn by_nature(metric: BuiltIn) -> Option<(Range, &'static str)> {
    match metric {
        BuiltIn::NumAuthorizationFailures => {
            Some((Range { min: 0.0, max: 0.0 }, "a healthy device is refused nothing"))
        }
        BuiltIn::NumConnectionAttempts => {
            Some((Range { min: 0.0, max: 1.0 }, "a healthy device stays connected, or connects once"))
        }
        BuiltIn::NumDisconnects => Some((Range { min: 0.0, max: 1.0 }, "a healthy device seldom disconnects")),
        _ => None,
    }
}

/// How many sessions can end in a window.
fn sessions(class: &Class, seconds: u32) -> f64 {
    class.session.map_or(0.0, |session| in_window(session.0, seconds, (100, 100)).max)
}

fn custom(class: &Class, name: &str) -> Option<Range> {
    let custom = class.reports.as_ref()?.custom.get(name)?;
    Some(Range { min: custom.min.as_f64()?, max: custom.max.as_f64()? })
}

fn stream(class: &Class, messages: Option<&Messages>, seconds: u32) -> Range {
    let shape = class.day_shape.unwrap_or([100; 24]);
    let percent = (shape.into_iter().min().unwrap_or(100), shape.into_iter().max().unwrap_or(100));
    messages.map_or(Range { min: 0.0, max: 0.0 }, |messages| in_window(messages.every.0, seconds, percent))
}

/// How often something that happens every `every` milliseconds happens in `seconds`, at the least and the most percent.
fn in_window(every: i64, seconds: u32, percent: (u8, u8)) -> Range {
    let times = f64::from(seconds) * 1000.0 / every.max(1) as f64;
    let share = |percent: u8| times * f64::from(percent) / 100.0;
    Range { min: share(percent.0).floor(), max: share(percent.1).ceil() }
}

#[cfg(test)]
mod tests {
    use super::in_window;

    #[test]
    fn a_window_holds_whole_events() {
        let (exact, between, quiet) =
            (in_window(30_000, 300, (100, 100)), in_window(40_000, 300, (100, 100)), in_window(30_000, 300, (5, 50)));
        assert_eq!((exact.min, exact.max), (10.0, 10.0));
        assert_eq!((between.min, between.max), (7.0, 8.0));
        assert_eq!((quiet.min, quiet.max), (0.0, 5.0));
    }
}
