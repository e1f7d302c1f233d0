//! The members of a broker event, wherever they were read, and what they amount to.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::ndjson::Kind;
use super::time::believable;
use crate::batch::Batch;
use crate::counters;
use crate::event::{Event, EventKind, Outcome};

/// A piece of a text. Where a line is read for names only, they stay bytes, and no other member is more than looked at.
pub(super) trait Text<'a>: Copy + Default {
    const IS_WHOLE: bool;

    /// The first bytes of the end of a text, `rest`.
    fn cut(text: &'a str, rest: &'a [u8], length: usize) -> Option<Self>;

    fn bytes(self) -> &'a [u8];
}

impl<'a> Text<'a> for &'a str {
    const IS_WHOLE: bool = true;

    #[inline(always)]
    fn cut(text: &'a str, rest: &'a [u8], length: usize) -> Option<Self> {
        let start = text.len() - rest.len();
        text.get(start..start + length)
    }

    fn bytes(self) -> &'a [u8] {
        self.as_bytes()
    }
}

impl<'a> Text<'a> for &'a [u8] {
    const IS_WHOLE: bool = false;

    #[inline(always)]
    fn cut(_: &'a str, rest: &'a [u8], length: usize) -> Option<Self> {
        rest.get(..length)
    }

    fn bytes(self) -> &'a [u8] {
        self
    }
}

/// A type of broker event.
pub(super) fn kind(text: &str) -> Option<Kind> {
    Some(match text {
        "publish" => Kind::Publish,
        "connect" => Kind::Connect,
        "deliver" => Kind::Deliver,
        "subscribe" => Kind::Subscribe,
        "disconnect" => Kind::Disconnect,
        _ => return None,
    })
}

pub(super) fn outcome(text: &str) -> Option<Outcome> {
    Some(match text {
        "success" => Outcome::Success,
        "refused" => Outcome::Refused,
        "failed" => Outcome::Failed,
        _ => return None,
    })
}

/// See [`counters::code`].
#[inline(always)]
pub(super) fn code(kind: Kind, outcome: Outcome) -> Option<u8> {
    let first = match kind {
        Kind::Connect => counters::CONNECT,
        Kind::Publish => counters::PUBLISH,
        Kind::Deliver => counters::DELIVER,
        Kind::Subscribe => counters::SUBSCRIBE,
        Kind::Disconnect => return Some(counters::DISCONNECTED),
        Kind::Report | Kind::Value => return None,
    };
    Some(first + outcome as u8)
}

/// The members of a broker event. Those that are not there are as [`Members::default`] has them.
#[derive(Clone, Copy)]
pub(super) struct Members<T> {
    /// Which are there.
    pub present: u8,
    pub timestamp: u64,
    pub kind: Kind,
    pub client_id: T,
    pub thing: T,
    pub status: Outcome,
    pub topic: T,
    pub bytes: u64,
    pub source: IpAddr,
}

pub(super) const TIMESTAMP: u8 = 1;
pub(super) const TYPE: u8 = 1 << 1;
pub(super) const CLIENT_ID: u8 = 1 << 2;
pub(super) const THING: u8 = 1 << 3;
pub(super) const STATUS: u8 = 1 << 4;
pub(super) const TOPIC: u8 = 1 << 5;
pub(super) const BYTES: u8 = 1 << 6;
pub(super) const SOURCE: u8 = 1 << 7;

impl<T: Default> Default for Members<T> {
    #[inline(always)]
    fn default() -> Self {
        Self {
            present: 0,
            timestamp: 0,
            kind: Kind::Publish,
            client_id: T::default(),
            thing: T::default(),
            status: Outcome::Success,
            topic: T::default(),
            bytes: 0,
            source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
}

impl<'a, T: Text<'a>> Members<T> {
    /// Notes that a member is there, which it was not before.
    #[inline(always)]
    pub fn once(&mut self, member: u8) -> Option<()> {
        (self.present & member == 0).then_some(())?;
        self.present |= member;
        Some(())
    }

    /// The time, where the members are ordinary ones of a broker event.
    #[inline(always)]
    fn checked(&self) -> Option<i64> {
        let (required, always) = (TIMESTAMP | TYPE | CLIENT_ID, TIMESTAMP | TYPE | CLIENT_ID | THING | SOURCE);
        let allowed = match self.kind {
            Kind::Publish => u8::MAX,
            Kind::Connect => always | STATUS,
            Kind::Deliver | Kind::Subscribe => always | STATUS | TOPIC,
            Kind::Disconnect => always,
            Kind::Report | Kind::Value => return None,
        };
        let ordinary = self.present & required == required && self.present & !allowed == 0;
        believable(self.timestamp.try_into().ok()?).filter(|_| ordinary && !self.client_id.bytes().is_empty())
    }

    /// Adds what everybody needs of the event to `batch`, where [`Self::event`] gives one.
    #[inline(always)]
    pub fn push_plain(self, batch: &mut Batch) -> Option<()> {
        let at = self.checked()?;
        let thing = self.thing.bytes();
        let device = if thing.is_empty() { self.client_id.bytes() } else { thing };
        batch.push_plain(at, device, code(self.kind, self.status)?)
    }
}

impl<'a> Members<&'a str> {
    /// The event, where the members are ordinary ones of a broker event.
    #[inline(always)]
    pub fn event(self) -> Option<Event<'a>> {
        let (at, outcome) = (self.checked()?, self.status);
        let client_id = Cow::Borrowed(self.client_id);
        let thing = Some(self.thing).filter(|thing| !thing.is_empty()).map(Cow::Borrowed);
        let has = |member: u8| self.present & member != 0;
        let topic = has(TOPIC).then_some(Cow::Borrowed(self.topic));
        let bytes = has(BYTES).then_some(self.bytes);
        let source = has(SOURCE).then_some(self.source);
        let kind = match self.kind {
            Kind::Publish => EventKind::Publish { outcome, topic, bytes, source },
            Kind::Connect => EventKind::Connect { outcome, source },
            Kind::Disconnect => EventKind::Disconnect { source },
            Kind::Deliver => EventKind::Deliver { outcome, topic, source },
            Kind::Subscribe => EventKind::Subscribe { outcome, topic, source },
            Kind::Report | Kind::Value => return None,
        };
        Some(Event { at, client_id, thing, kind })
    }
}
