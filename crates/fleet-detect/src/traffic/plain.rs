//! The quick way through ordinary lines of [`super::ndjson`].
//!
//! It takes only lines it is sure about: no escapes, no spaces outside texts, known members, each once. For those it
//! gives exactly what the full parser gives; every other line, good or bad, is left to that parser. Where a line ends
//! is found by reading it, not by looking for its end first.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::ndjson::Kind;
use super::scan::{dotted, dotted_length, number, text_length};
use super::time::believable;
use crate::batch::Batch;
use crate::counters;
use crate::event::{Event, EventKind, Outcome};

/// Reads a line, without its newline, or gives up.
pub(super) fn parse(line: &[u8]) -> Option<Event<'_>> {
    let (members, length) = first_line::<&str>(str::from_utf8(line).ok()?)?;
    members.event().filter(|_| length == line.len())
}

/// Adds the event of the first line of a text to `batch`, or gives up. Returns the line's length without its newline.
#[inline(always)]
pub(super) fn parse_first<'a>(text: &'a str, batch: &mut Batch<'a>) -> Option<usize> {
    let (members, length) = first_line::<&str>(text)?;
    batch.push(members.event()?);
    Some(length)
}

/// As [`parse_first`], where nobody needs more of the event than [`Batch::push_plain`] keeps.
#[inline(always)]
pub(super) fn parse_first_plain(text: &str, batch: &mut Batch) -> Option<usize> {
    let (members, length) = first_line::<&[u8]>(text)?;
    members.push_plain(batch)?;
    Some(length)
}

// Inlined like what it calls, because moving events about costs as much as reading them.
#[inline(always)]
fn first_line<'a, T: Text<'a>>(text: &'a str) -> Option<(Members<T>, usize)> {
    let mut scanner = Scanner { text, rest: text.as_bytes() };
    scanner.skip(b"{").then_some(())?;
    let members = Members::take(&mut scanner)?;
    scanner.skip(b"}").then_some(())?;
    scanner.skip(b"\r");
    matches!(scanner.rest.first(), None | Some(b'\n')).then_some((members, text.len() - scanner.rest.len()))
}

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

struct Scanner<'a> {
    text: &'a str,
    /// The end of the text that was not taken yet.
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    #[inline(always)]
    fn advance(&mut self, length: usize) -> Option<()> {
        self.rest = self.rest.get(length..)?;
        Some(())
    }

    /// Whether these bytes come next; then they are taken.
    #[inline(always)]
    fn skip<const N: usize>(&mut self, expected: &[u8; N]) -> bool {
        match self.rest.split_first_chunk() {
            Some((next, rest)) if next == expected => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The rest of a text whose opening quote was taken, without escapes; its closing quote is taken too.
    #[inline(always)]
    fn text<T: Text<'a>>(&mut self) -> Option<T> {
        let length = text_length(self.rest)?;
        let text = T::cut(self.text, self.rest, length)?;
        self.advance(length + 1)?;
        Some(text)
    }

    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        let (number, length) = number(self.rest)?;
        self.advance(length)?;
        Some(number)
    }

    /// A type of event whose opening quote was taken; its closing quote is taken too.
    #[inline(always)]
    fn kind(&mut self) -> Option<Kind> {
        let (first, rest) = self.rest.split_first_chunk()?;
        let kind = match u64::from_le_bytes(*first) {
            PUBLISH => Kind::Publish,
            CONNECT => Kind::Connect,
            DELIVER => Kind::Deliver,
            _ => return kind(self.text()?),
        };
        self.rest = rest;
        Some(kind)
    }

    /// An address whose opening quote was taken; its closing quote is taken too. Where lines are not read whole, an
    /// IPv4 address is only looked at, and any stands for it.
    #[inline(always)]
    fn address<T: Text<'a>>(&mut self) -> Option<IpAddr> {
        let found = match T::IS_WHOLE {
            true => dotted(self.rest),
            false => dotted_length(self.rest).map(|length| (Ipv4Addr::UNSPECIFIED, length)),
        };
        let Some((address, length)) = found else { return self.other_address() };
        self.advance(length + 1)?;
        Some(IpAddr::V4(address))
    }

    #[cold]
    fn other_address(&mut self) -> Option<IpAddr> {
        self.text::<&str>()?.parse().ok()
    }
}

const PUBLISH: u64 = u64::from_le_bytes(*b"publish\"");
const CONNECT: u64 = u64::from_le_bytes(*b"connect\"");
const DELIVER: u64 = u64::from_le_bytes(*b"deliver\"");

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
    /// Takes all members and the commas between them. They are asked for in the order in which fleetctl writes them, so
    /// that the processor mostly guesses each answer; in any other order it takes several rounds.
    #[inline(always)]
    fn take(scanner: &mut Scanner<'a>) -> Option<Self> {
        let mut members = Self::default();
        loop {
            let before = scanner.rest.len();
            if scanner.skip(b"\"timestamp\":") {
                members.timestamp = scanner.number()?;
                members.once(TIMESTAMP)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"type\":\"") {
                members.kind = scanner.kind()?;
                members.once(TYPE)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"clientId\":\"") {
                members.client_id = scanner.text()?;
                members.once(CLIENT_ID)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"thing\":\"") {
                members.thing = scanner.text()?;
                members.once(THING)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"status\":\"") {
                members.status = outcome(scanner.text()?)?;
                members.once(STATUS)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"topic\":\"") {
                members.topic = scanner.text()?;
                members.once(TOPIC)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"bytes\":") {
                members.bytes = scanner.number()?;
                members.once(BYTES)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.skip(b"\"sourceIp\":\"") {
                members.source = scanner.address::<T>()?;
                members.once(SOURCE)?;
                if !scanner.skip(b",") {
                    return Some(members);
                }
            }
            if scanner.rest.len() == before {
                return None;
            }
        }
    }

    /// Notes that a member is there, which it was not before.
    #[inline(always)]
    fn once(&mut self, member: u8) -> Option<()> {
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
        batch.push_plain(at, device, code(self.kind, self.status)?);
        Some(())
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

#[cfg(test)]
mod tests {
    use super::super::ndjson;
    use super::*;

    const LINE: &str = r#"{"timestamp":1700000000000,"type":"publish","clientId":"c-1","topic":"a/b","bytes":12,"sourceIp":"10.0.0.1"}"#;

    #[test]
    fn ordinary_lines_are_taken() {
        let lines = [
            LINE,
            r#"{"type":"disconnect","thing":"t","clientId":"c","timestamp":1700000000000}"#,
            r#"{"timestamp":1700000000000,"type":"deliver","clientId":"größe","topic":"länger als acht","sourceIp":"::1"}"#,
        ];
        for line in lines {
            let (first, rest) = (line.to_owned() + "\r\n", "second line");
            assert_eq!(parse_first(&(first + rest), &mut Batch::default()), Some(line.len() + 1), "{line}");
            assert_eq!(parse(line.as_bytes()), Some(ndjson::parse_fully(line.as_bytes()).unwrap()), "{line}");
        }
    }

    /// Every line that is one byte away from an ordinary one is either left alone or read as the full parser reads it.
    #[test]
    fn near_misses_are_never_misread() {
        let lines = [
            LINE.to_owned(),
            LINE.replace("publish", "connect"),
            LINE.replace(r#""bytes":12,"#, r#""status":"refused","#),
            LINE.replace("topic", "thing").replace("a/b", ""),
        ];
        let mut taken = 0;
        for line in lines {
            for position in 0..line.len() {
                for byte in [b'"', b'\\', b' ', b'0', b'9', b',', b'}', b'a', b't', 0x1f, 0xc3, b'-', b'.'] {
                    for insert in [true, false] {
                        let mut bytes = line.clone().into_bytes();
                        if insert {
                            bytes.insert(position, byte)
                        } else {
                            bytes[position] = byte
                        }
                        if let Some(event) = parse(&bytes) {
                            let text = String::from_utf8_lossy(&bytes);
                            assert_eq!(ndjson::parse_fully(&bytes).as_ref(), Ok(&event), "{text}");
                            taken += 1;
                        }
                    }
                }
            }
        }
        assert!(taken > 200, "only {taken} lines were near enough");
    }
}
