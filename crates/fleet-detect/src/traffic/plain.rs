//! The quick way through ordinary lines of [`super::ndjson`].
//!
//! It takes only lines it is sure about: ASCII without escapes or spaces outside texts, known members, each once. For
//! those it gives exactly what the full parser gives; every other line, good or bad, is left to that parser.

use std::borrow::Cow;
use std::net::IpAddr;

use super::time::believable;
use crate::event::{Event, EventKind, Outcome};

/// Reads a line, without its newline, or gives up.
pub(super) fn parse(line: &[u8]) -> Option<Event<'_>> {
    if !line.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'[' | b']'..=b'~')) {
        return None;
    }
    let mut scanner = Scanner { rest: std::str::from_utf8(line).ok()?.strip_prefix('{')? };
    let mut members = Members::default();
    loop {
        let member = scanner.text()?;
        scanner.skip(':')?;
        members.take(member, &mut scanner)?;
        if scanner.skip(',').is_none() {
            break;
        }
    }
    (scanner.rest == "}").then(|| members.event())?
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip(&mut self, character: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    /// A text in quotes; the line has no escapes.
    fn text(&mut self) -> Option<&'a str> {
        let inside = self.rest.strip_prefix('"')?;
        let end = memchr::memchr(b'"', inside.as_bytes())?;
        self.rest = &inside[end + 1..];
        Some(&inside[..end])
    }

    /// A whole number as JSON writes it, of at most 18 digits.
    fn number(&mut self) -> Option<u64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        if digits == 0 || digits > 18 || (digits > 1 && number.starts_with('0')) {
            return None;
        }
        self.rest = rest;
        Some(number.bytes().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')))
    }
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
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

impl<'a> Members<'a> {
    fn take(&mut self, member: &str, scanner: &mut Scanner<'a>) -> Option<()> {
        match member {
            "timestamp" => once(&mut self.timestamp, scanner.number()?),
            "type" => once(&mut self.kind, scanner.text()?),
            "clientId" => once(&mut self.client_id, scanner.text()?),
            "thing" => once(&mut self.thing, scanner.text()?),
            "status" => once(&mut self.status, scanner.text()?),
            "topic" => once(&mut self.topic, scanner.text()?),
            "bytes" => once(&mut self.bytes, scanner.number()?),
            "sourceIp" => once(&mut self.source, scanner.text()?.parse().ok()?),
            _ => None,
        }
    }

    /// The event, where the members are ordinary ones of a broker event.
    pub fn event(self) -> Option<Event<'a>> {
        let at = believable(self.timestamp?.try_into().ok()?)?;
        let thing = self.thing.filter(|thing| !thing.is_empty()).map(Cow::Borrowed);
        let client_id = self.client_id.filter(|name| !name.is_empty())?;
        let outcome = match self.status {
            None | Some("success") => Outcome::Success,
            Some("refused") => Outcome::Refused,
            Some("failed") => Outcome::Failed,
            Some(_) => return None,
        };
        let (topic, bytes, source) = (self.topic.map(Cow::Borrowed), self.bytes, self.source);
        let stray = |kind: &str| match kind {
            "connect" => topic.is_some() || bytes.is_some(),
            "disconnect" => topic.is_some() || bytes.is_some() || self.status.is_some(),
            "publish" => false,
            _ => bytes.is_some(),
        };
        let kind = self.kind.filter(|kind| !stray(kind))?;
        let kind = match kind {
            "publish" => EventKind::Publish { outcome, topic, bytes, source },
            "connect" => EventKind::Connect { outcome, source },
            "disconnect" => EventKind::Disconnect { source },
            "deliver" => EventKind::Deliver { outcome, topic, source },
            "subscribe" => EventKind::Subscribe { outcome, topic, source },
            _ => return None,
        };
        Some(Event { at, client_id: Cow::Borrowed(client_id), thing, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ndjson;
    use super::*;

    const LINE: &str = r#"{"timestamp":1700000000000,"type":"publish","clientId":"c-1","topic":"a/b","bytes":12,"sourceIp":"10.0.0.1"}"#;

    #[test]
    fn ordinary_lines_are_taken() {
        for line in [LINE, r#"{"type":"disconnect","thing":"t","clientId":"c","timestamp":1700000000000}"#] {
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
