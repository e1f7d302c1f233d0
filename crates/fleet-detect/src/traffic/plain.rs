//! The quick way through ordinary lines of [`super::ndjson`].
//!
//! It takes only lines it is sure about: no escapes, no spaces outside texts, known members, each once. For those it
//! gives exactly what the full parser gives; every other line, good or bad, is left to that parser. Where a line ends
//! is found by reading it, not by looking for its end first.

use std::net::{IpAddr, Ipv4Addr};

use super::members::{BYTES, CLIENT_ID, Members, SOURCE, STATUS, THING, TIMESTAMP, TOPIC, TYPE, Text, kind, outcome};
use super::ndjson::Kind;
use super::scan::{dotted, dotted_length, number, text_length};
use crate::batch::Batch;
use crate::event::Event;

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
    let members = take(&mut scanner)?;
    scanner.skip(b"}").then_some(())?;
    scanner.skip(b"\r");
    matches!(scanner.rest.first(), None | Some(b'\n')).then_some((members, text.len() - scanner.rest.len()))
}

/// Takes all members and the commas between them. They are asked for in the order in which fleetctl writes them, so
/// that the processor mostly guesses each answer; in any other order it takes several rounds.
#[inline(always)]
fn take<'a, T: Text<'a>>(scanner: &mut Scanner<'a>) -> Option<Members<T>> {
    let mut members = Members::default();
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
