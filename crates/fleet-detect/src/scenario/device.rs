//! The life of one made device: what it does in a slice of time, episodes included.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::amount::Amount;
use super::model::{Class, CustomNumber, Episode, EpisodeKind, Messages, Reports};
use super::random::{Random, Stream};
use crate::event::{Event, EventKind, Measurement, MetricName, Outcome};
use crate::metric::BuiltIn;
use crate::value::{Value, distinct};

/// Attackers come from the documentation networks of RFC 5737.
const STUFFING_SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 66));
const COMMAND_SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 23));
const MINUTE: i64 = 60_000;

/// One device, ready to live.
pub(super) struct Device<'s> {
    pub name: String,
    class: &'s Class,
    seed: u64,
    number: u64,
    start: i64,
    address: IpAddr,
    publish_topic: String,
    deliver_topic: String,
    troubles: Vec<Trouble>,
}

/// An episode that concerns the device.
struct Trouble {
    kind: EpisodeKind,
    from: i64,
    to: i64,
    factor: u64,
    per_minute: i64,
    port: u16,
    address: IpAddr,
    /// Milliseconds that the device's clock is ahead.
    skew: i64,
}

/// An event with the time it arrives at, which differs from its own only when a clock is wrong.
pub(super) type Arriving<'d> = (i64, Event<'d>);

impl<'s> Device<'s> {
    pub fn new(name: String, class: &'s Class, seed: u64, number: u64, start: i64) -> Self {
        let random = Random::new(seed, number, Stream::Address);
        let topic = |messages: &Option<Messages>| {
            messages.as_ref().map(|messages| messages.topic.replace("${thing}", &name)).unwrap_or_default()
        };
        let (publish_topic, deliver_topic) = (topic(&class.messages), topic(&class.deliveries));
        let address = address_in(&class.network, random.at(0, 0));
        Self { name, class, seed, number, start, address, publish_topic, deliver_topic, troubles: Vec::new() }
    }

    /// Adds an episode; `end` is the scenario's.
    pub fn suffer(&mut self, episode: &Episode, end: i64) {
        use EpisodeKind::*;
        let (factor, per_minute) = match episode.kind {
            PublishStorm => (50, 0),
            CredentialStuffing => (1, 20),
            ReconnectStorm => (1, 6),
            Exfiltration => (20, 0),
            Botnet => (30, 0),
            BadOta => (5, 2),
            CounterReset => (500, 0),
            PortOpened | UnknownDestination | SilentDevice | ClockSkew => (1, 0),
        };
        let from = episode.at.resolve(self.start);
        let skew = episode.skew.map_or(20 * MINUTE, |skew| skew.0);
        self.troubles.push(Trouble {
            kind: episode.kind,
            from,
            to: episode.lasts.map_or(end, |span| from.saturating_add(span.0)),
            factor: episode.factor.unwrap_or(factor).max(1),
            per_minute: episode.per_minute.map_or(per_minute, |rate| rate.clamp(1, 60_000) as i64),
            port: episode.port.unwrap_or(23),
            address: episode.address.unwrap_or(match episode.kind {
                CredentialStuffing => STUFFING_SOURCE,
                _ => COMMAND_SERVER,
            }),
            skew: if episode.behind { -skew } else { skew },
        });
    }

    /// Everything that arrives from `from` up to, not including, `to`.
    pub fn live<'d>(&'d self, from: i64, to: i64, out: &mut Vec<Arriving<'d>>) {
        let first = out.len();
        self.sessions(from, to, out);
        if let Some(messages) = &self.class.messages {
            self.messages(messages, Stream::Publish, from, to, out);
        }
        if let Some(messages) = &self.class.deliveries {
            self.messages(messages, Stream::Deliver, from, to, out);
        }
        if let Some(reports) = &self.class.reports {
            self.reports(reports, from, to, out);
        }
        self.attacks(from, to, out);
        let silences: Vec<_> = self.active(EpisodeKind::SilentDevice).collect();
        if !silences.is_empty() {
            let heard = |at: i64| !silences.iter().any(|silence| silence.from <= at && at < silence.to);
            let mut index = 0;
            out.retain(|(at, _)| {
                index += 1;
                index <= first || heard(*at)
            });
            for silence in silences {
                self.push_in(from, to, silence.from, self.disconnect(), out);
                self.push_in(from, to, silence.to, self.connect(), out);
            }
        }
    }

    fn active(&self, kind: EpisodeKind) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().filter(move |trouble| trouble.kind == kind)
    }

    fn at(&self, kind: EpisodeKind, at: i64) -> Option<&Trouble> {
        self.active(kind).find(|trouble| trouble.from <= at && at < trouble.to)
    }

    fn event<'d>(&'d self, at: i64, kind: EventKind<'d>) -> Event<'d> {
        Event { at, client_id: Cow::Borrowed(&self.name), thing: None, kind }
    }

    fn connect(&self) -> EventKind<'static> {
        EventKind::Connect { outcome: Outcome::Success, source: Some(self.address) }
    }

    fn disconnect(&self) -> EventKind<'static> {
        EventKind::Disconnect { source: Some(self.address) }
    }

    fn push_in<'d>(&'d self, from: i64, to: i64, at: i64, kind: EventKind<'d>, out: &mut Vec<Arriving<'d>>) {
        if from <= at && at < to {
            out.push((at, self.event(at, kind)));
        }
    }

    /// The first connect, within a minute of the start, and a reconnect at the end of each session.
    fn sessions<'d>(&'d self, from: i64, to: i64, out: &mut Vec<Arriving<'d>>) {
        let random = Random::new(self.seed, self.number, Stream::Session);
        let first = self.start + random.below(0, 1, 60_000) as i64;
        self.push_in(from, to, first, self.connect(), out);
        if let Some(session) = self.class.session {
            for (_, at) in self.beats(Stream::Session, session.0, from - 2000, to) {
                if at > first {
                    self.push_in(from, to, at, self.disconnect(), out);
                    self.push_in(from, to, at + 1000, self.connect(), out);
                }
            }
        }
    }

    /// Counter and time of each beat in a range: one a period, at the device's own phase, late by up to a fifth.
    fn beats(&self, stream: Stream, period: i64, from: i64, to: i64) -> impl Iterator<Item = (u64, i64)> + use<> {
        let random = Random::new(self.seed, self.number, stream);
        let origin = self.start + random.below(u64::MAX, 0, period as u64) as i64;
        let earliest = (from - origin - period / 5).div_euclid(period).max(0);
        let latest = (to - origin).div_euclid(period);
        (earliest..=latest).filter_map(move |beat| {
            let late = random.below(beat as u64, 0, period as u64 / 5 + 1) as i64;
            let at = origin + beat * period + late;
            (from <= at && at < to).then_some((beat as u64, at))
        })
    }

    fn messages<'d>(&'d self, messages: &Messages, stream: Stream, from: i64, to: i64, out: &mut Vec<Arriving<'d>>) {
        let random = Random::new(self.seed, self.number, stream);
        let period = messages.every.0;
        // A storm spreads the copies of a message over the period after it, so look one period back.
        for (beat, base) in self.beats(stream, period, from - period, to) {
            let percent = self.class.day_shape.map_or(100, |shape| shape[hour(base)]);
            if random.below(beat, 1, 100) >= u64::from(percent) {
                continue;
            }
            let publishes = stream == Stream::Publish;
            let storm = [EpisodeKind::PublishStorm, EpisodeKind::BadOta].into_iter().filter(|_| publishes);
            let copies = storm
                .filter_map(|kind| self.at(kind, base))
                .fold(1, |copies: u64, trouble| copies.saturating_mul(trouble.factor));
            for copy in 0..copies {
                let at = base + (i128::from(period) * i128::from(copy) / i128::from(copies)) as i64;
                if from <= at && at < to {
                    let bytes = random.amount(beat, 2 + copy, messages.bytes);
                    out.push((at, self.event(at, self.message(publishes, at, bytes))));
                }
            }
        }
    }

    fn message(&self, publishes: bool, at: i64, bytes: u64) -> EventKind<'_> {
        let (outcome, source) = (Outcome::Success, Some(self.address));
        if !publishes {
            return EventKind::Deliver { outcome, topic: Some(Cow::Borrowed(&self.deliver_topic)), source };
        }
        let factor = self.at(EpisodeKind::Exfiltration, at).map_or(1, |trouble| trouble.factor);
        let topic = Some(Cow::Borrowed(self.publish_topic.as_str()));
        EventKind::Publish { outcome, topic, bytes: Some(bytes.saturating_mul(factor)), source }
    }

    /// Connections that somebody or something makes on top of the sessions.
    fn attacks<'d>(&'d self, from: i64, to: i64, out: &mut Vec<Arriving<'d>>) {
        for trouble in &self.troubles {
            let reconnects = matches!(trouble.kind, EpisodeKind::ReconnectStorm | EpisodeKind::BadOta);
            if reconnects || trouble.kind == EpisodeKind::CredentialStuffing {
                let first = ((from - 1000 - trouble.from).max(0) * trouble.per_minute).div_euclid(MINUTE);
                for attempt in first.. {
                    let at = trouble.from + attempt * MINUTE / trouble.per_minute;
                    if at >= to.min(trouble.to) {
                        break;
                    }
                    if reconnects {
                        self.push_in(from, to, at, self.disconnect(), out);
                        self.push_in(from, to, at + 500, self.connect(), out);
                    } else {
                        let (outcome, source) = (Outcome::Refused, Some(trouble.address));
                        self.push_in(from, to, at, EventKind::Connect { outcome, source }, out);
                    }
                }
            }
            if trouble.kind == EpisodeKind::CounterReset {
                self.push_in(from, to, trouble.from, self.disconnect(), out);
                self.push_in(from, to, trouble.from + 5000, self.connect(), out);
            }
        }
    }

    fn reports<'d>(&'d self, reports: &Reports, from: i64, to: i64, out: &mut Vec<Arriving<'d>>) {
        for (beat, at) in self.beats(Stream::Report, reports.every.0, from, to) {
            let skew = self.at(EpisodeKind::ClockSkew, at).map_or(0, |trouble| trouble.skew);
            let measurements = self.measure(reports, beat, at);
            out.push((at, self.event(at + skew, EventKind::Report(measurements))));
        }
    }

    fn measure(&self, reports: &Reports, beat: u64, at: i64) -> Vec<Measurement<'static>> {
        let random = Random::new(self.seed, self.number, Stream::Extra);
        let reset = self.active(EpisodeKind::CounterReset);
        let reset = reset.filter(|trouble| trouble.from <= at && at < trouble.from + reports.every.0);
        let reset = reset.fold(1, |factor: u64, trouble| factor.saturating_mul(trouble.factor));
        let botnet = self.at(EpisodeKind::Botnet, at);
        let sent = reset.saturating_mul(botnet.map_or(1, |trouble| trouble.factor));
        let mut measured = Vec::new();
        let mut add = |metric, value| measured.push(Measurement { metric: MetricName::BuiltIn(metric), value });
        let deltas = [
            (BuiltIn::AllBytesOut, reports.bytes_out, sent),
            (BuiltIn::AllBytesIn, reports.bytes_in, reset),
            (BuiltIn::AllPacketsOut, reports.packets_out, sent),
            (BuiltIn::AllPacketsIn, reports.packets_in, reset),
        ];
        for (place, (metric, amount, factor)) in deltas.into_iter().enumerate() {
            if let Some(amount) = amount {
                add(metric, Value::Count(random.amount(beat, place as u64, amount).saturating_mul(factor)));
            }
        }
        let opened = self.at(EpisodeKind::PortOpened, at).map(|trouble| trouble.port);
        let ports = [
            (&reports.tcp_ports, opened, BuiltIn::NumListeningTcpPorts, BuiltIn::ListeningTcpPorts),
            (&reports.udp_ports, None, BuiltIn::NumListeningUdpPorts, BuiltIn::ListeningUdpPorts),
        ];
        for (ports, opened, total, list) in ports {
            if ports.is_some() || opened.is_some() {
                let ports = distinct(ports.iter().flatten().copied().chain(opened));
                add(total, Value::Count(ports.len() as u64));
                add(list, Value::Ports(ports));
            }
        }
        let strange = self.at(EpisodeKind::UnknownDestination, at).or(botnet).map(|trouble| trouble.address);
        if reports.destinations.is_some() || strange.is_some() {
            let destinations = reports.destinations.iter().flatten().copied().chain(strange).map(IpNet::from);
            let destinations = distinct(destinations);
            add(BuiltIn::NumEstablishedTcpConnections, Value::Count(destinations.len() as u64));
            add(BuiltIn::DestinationIpAddresses, Value::Cidrs(destinations));
        }
        for (place, (name, custom)) in reports.custom.iter().enumerate() {
            let metric = MetricName::Custom(Cow::Owned(name.clone()));
            let value = Value::Number(custom_number(custom, random, beat, 16 + place as u64));
            measured.push(Measurement { metric, value });
        }
        measured
    }
}

/// A step between minimum and maximum. Only multiplication, division and addition of doubles, which IEEE 754 rounds
/// the same everywhere.
fn custom_number(custom: &CustomNumber, random: Random, beat: u64, place: u64) -> f64 {
    let number = |number: &serde_json::Number| number.as_f64().unwrap_or_default();
    let (min, max, step) = (number(&custom.min), number(&custom.max), number(&custom.step));
    let steps = ((max - min) / step) as u64;
    min + random.amount(beat, place, Amount { min: 0, max: steps.min(u64::MAX - 1) }) as f64 * step
}

fn hour(at: i64) -> usize {
    (at.rem_euclid(86_400_000) / 3_600_000) as usize
}

/// One host of the network, chosen by a random number; the network's own address is left out where there are others.
fn address_in(network: &IpNet, random: u64) -> IpAddr {
    match network {
        IpNet::V4(v4) => {
            let hosts = (1_u64 << (32 - v4.prefix_len())).max(2) - 1;
            let host = if v4.prefix_len() == 32 { 0 } else { 1 + random % hosts };
            IpAddr::V4(Ipv4Addr::from_bits(v4.network().to_bits().wrapping_add(host as u32)))
        }
        IpNet::V6(v6) => {
            let free = 128 - u32::from(v6.prefix_len());
            let host = if free >= 64 { u128::from(random) } else { u128::from(random) & ((1 << free) - 1) };
            IpAddr::V6(std::net::Ipv6Addr::from_bits(v6.network().to_bits() | host))
        }
    }
}
