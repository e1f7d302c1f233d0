//! The quick way through ordinary lines of [`super::ndjson`].
//!
//! It takes only lines it is sure about: no escapes, no spaces outside texts, known members, each once. For those it
//! gives exactly what the full parser gives; every other line, good or bad, is left to that parser. Where a line ends
//! is found by reading it, eight bytes at a time, not by looking for its end first.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::time::believable;
use crate::batch::Batch;
use crate::counters::code;
use crate::event::{Event, EventKind, Outcome};

/// Reads a line, without its newline, or gives up.
pub(super) fn parse(line: &[u8]) -> Option<Event<'_>> {
    let (members, length) = first_line(str::from_utf8(line).ok()?)?;
    members.event().filter(|_| length == line.len())
}

/// Adds the event of the first line of a text to `batch`, `plain` if nobody needs more, or gives up. Returns the line's length without its newline.
#[inline]
pub(super) fn parse_first<'a>(text: &'a str, batch: &mut Batch<'a>, plain: bool) -> Option<usize> {
    let (members, length) = first_line(text)?;
    members.push(batch, plain)?;
    Some(length)
}

// Inlined like what it calls, because moving events about costs as much as reading them.
#[inline(always)]
fn first_line(text: &str) -> Option<(Members<'_>, usize)> {
    let mut scanner = Scanner { text, at: 0 };
    let mut members = Members::default();
    scanner.skip(b"{")?;
    loop {
        members.take(&mut scanner)?;
        if scanner.skip(b",").is_none() {
            break;
        }
    }
    scanner.skip(b"}")?;
    let _ = scanner.skip(b"\r");
    matches!(scanner.rest().first(), None | Some(b'\n')).then_some((members, scanner.at))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    #[inline]
    fn skip<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        (self.rest().first_chunk::<N>()? == expected).then_some(())?;
        self.at += N;
        Some(())
    }

    /// The rest of a text whose opening quote was taken, without escapes; its closing quote is taken too.
    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        let length = text_length(self.rest())?;
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(text)
    }

    /// A whole number as JSON writes it, of at most 18 digits.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let rest = self.rest();
        let (mut number, mut digits) = (0, 0);
        if let Some(eight) = rest.first_chunk().and_then(eight_digits) {
            (number, digits) = (eight, 8);
        }
        while let Some(digit @ b'0'..=b'9') = rest.get(digits) {
            digits += 1;
            if digits > 18 {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
        }
        if digits == 0 || (digits > 1 && rest[0] == b'0') {
            return None;
        }
        self.at += digits;
        Some(number)
    }

    /// An address whose opening quote was taken; its closing quote is taken too.
    #[inline]
    fn address(&mut self) -> Option<IpAddr> {
        if let Some((address, length)) = dotted(self.rest()) {
            self.at += length + 1;
            return Some(IpAddr::V4(address));
        }
        self.text()?.parse().ok()
    }
}

/// A byte in each of eight places.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Bytes up to the first quote, unless a backslash or a control character comes before it.
#[inline]
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        // The lowest of the marked bytes is marked rightly; a borrow can only mark wrongly above one.
        let zero = |word: u64| word.wrapping_sub(eight(1)) & !word;
        let control = word.wrapping_sub(eight(0x20)) & !word;
        let marks = (zero(word ^ eight(b'"')) | zero(word ^ eight(b'\\')) | control) & eight(0x80);
        if marks != 0 {
            let end = at + marks.trailing_zeros() as usize / 8;
            return (bytes[end] == b'"').then_some(end);
        }
        at += 8;
    }
    let rest = &bytes[at..];
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    (rest[end] == b'"').then_some(at + end)
}

/// The number that eight digits make.
#[inline]
fn eight_digits(digits: &[u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(*digits);
    let high = eight(0xf0);
    let all_digits = word & high == eight(0x30) && word.wrapping_add(eight(6)) & high == eight(0x30);
    // Neighbours are joined: ones to pairs, pairs to fours, fours to all eight.
    let ones = word.wrapping_sub(eight(b'0'));
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    all_digits.then_some(number)
}

/// An IPv4 address up to a quote, and its length.
#[inline]
fn dotted(bytes: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let (mut octets, mut at) = ([0; 4], 0);
    for (position, octet) in octets.iter_mut().enumerate() {
        let begin = at;
        let mut number = 0_u32;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            number = number * 10 + u32::from(digit - b'0');
            at += 1;
            if at - begin == 3 {
                break;
            }
        }
        if at == begin || (at - begin > 1 && bytes[begin] == b'0') {
            return None;
        }
        *octet = u8::try_from(number).ok()?;
        let separator = if position == 3 { b'"' } else { b'.' };
        (*bytes.get(at)? == separator).then_some(())?;
        at += 1;
    }
    Some((Ipv4Addr::from(octets), at - 1))
}

/// The members of a broker event.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub timestamp: Option<u64>,
    pub kind: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub thing: Option<&'a str>,
    pub status: Option<&'a str>,
    pub topic: Option<&'a str>,
    pub bytes: Option<u64>,
    pub source: Option<IpAddr>,
}

/// Fills a member that was empty.
#[inline]
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

impl<'a> Members<'a> {
    /// Takes the member that comes next.
    #[inline(always)]
    fn take(&mut self, scanner: &mut Scanner<'a>) -> Option<()> {
        match scanner.rest().get(1..3)? {
            b"ti" => {
                scanner.skip(b"\"timestamp\":")?;
                once(&mut self.timestamp, scanner.number()?)
            }
            b"ty" => {
                scanner.skip(b"\"type\":\"")?;
                once(&mut self.kind, scanner.text()?)
            }
            b"cl" => {
                scanner.skip(b"\"clientId\":\"")?;
                once(&mut self.client_id, scanner.text()?)
            }
            b"th" => {
                scanner.skip(b"\"thing\":\"")?;
                once(&mut self.thing, scanner.text()?)
            }
            b"st" => {
                scanner.skip(b"\"status\":\"")?;
                once(&mut self.status, scanner.text()?)
            }
            b"to" => {
                scanner.skip(b"\"topic\":\"")?;
                once(&mut self.topic, scanner.text()?)
            }
            b"by" => {
                scanner.skip(b"\"bytes\":")?;
                once(&mut self.bytes, scanner.number()?)
            }
            b"so" => {
                scanner.skip(b"\"sourceIp\":\"")?;
                once(&mut self.source, scanner.address()?)
            }
            _ => None,
        }
    }

    /// The event, where the members are ordinary ones of a broker event.
    #[inline(always)]
    pub fn event(self) -> Option<Event<'a>> {
        let (at, outcome) = self.checked()?;
        let client_id = Cow::Borrowed(self.client_id?);
        let thing = self.thing.filter(|thing| !thing.is_empty()).map(Cow::Borrowed);
        let kind = self.happened(outcome)?;
        Some(Event { at, client_id, thing, kind })
    }

    /// Adds the event to `batch`, whole or `plain`, where [`Self::event`] gives one.
    #[inline(always)]
    pub fn push(self, batch: &mut Batch<'a>, plain: bool) -> Option<()> {
        if plain {
            let (at, outcome) = self.checked()?;
            let device = self.thing.filter(|thing| !thing.is_empty()).or(self.client_id)?;
            batch.push_plain(at, device, code(&self.happened(outcome)?));
        } else {
            batch.push(self.event()?);
        }
        Some(())
    }

    #[inline(always)]
    fn happened(&self, outcome: Outcome) -> Option<EventKind<'a>> {
        let (topic, bytes, source) = (self.topic.map(Cow::Borrowed), self.bytes, self.source);
        Some(match self.kind? {
            "publish" => EventKind::Publish { outcome, topic, bytes, source },
            "connect" => EventKind::Connect { outcome, source },
            "disconnect" => EventKind::Disconnect { source },
            "deliver" => EventKind::Deliver { outcome, topic, source },
            "subscribe" => EventKind::Subscribe { outcome, topic, source },
            _ => return None,
        })
    }

    /// Time and outcome, where the members are ordinary ones of a broker event of whatever type.
    #[inline(always)]
    fn checked(&self) -> Option<(i64, Outcome)> {
        let at = believable(self.timestamp?.try_into().ok()?)?;
        self.client_id.filter(|name| !name.is_empty())?;
        let outcome = match self.status {
            None | Some("success") => Outcome::Success,
            Some("refused") => Outcome::Refused,
            Some("failed") => Outcome::Failed,
            Some(_) => return None,
        };
        let stray = match self.kind? {
            "connect" => self.topic.is_some() || self.bytes.is_some(),
            "disconnect" => self.topic.is_some() || self.bytes.is_some() || self.status.is_some(),
            "publish" => false,
            _ => self.bytes.is_some(),
        };
        (!stray).then_some((at, outcome))
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
            assert_eq!(parse_first(&(first + rest), &mut Batch::default(), false), Some(line.len() + 1), "{line}");
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
