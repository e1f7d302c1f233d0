//! Events with what can be said of each alone, before it is known which came earlier.

use crate::counters::code;
use crate::event::Event;
use crate::names::{HEAD, Name, hash, head};

/// Events in their order, prepared for [`crate::Evaluator::observe_batches`]. Parsers make batches on several threads;
/// what is prepared here does not have to be done in the order of the input.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    entries: Entries,
    /// Whole events.
    events: Vec<Event<'a>>,
}

/// What is always needed of events.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    all: Vec<Entry>,
    /// Beginnings of the devices' names, [`HEAD`] bytes of each, and behind it the rest of the name of a plain event.
    /// Copied, because whoever evaluates them would have to fetch each from the text it was read from, which another
    /// core may have read.
    names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Time, milliseconds since the Unix epoch.
    pub at: i64,
    /// Hash of the device's name.
    pub hash: u64,
    /// Where the name is, and its length.
    start: u32,
    length: u32,
    /// Position among the whole events, or [`PLAIN`].
    event: u32,
    /// See [`code`].
    pub code: u8,
}

/// Stands for an event that was not read whole.
const PLAIN: u32 = u32::MAX;

/// Longest name that is copied, in bytes. AWS's things and clients have names of at most 128 characters.
const LONGEST: usize = 512;

/// Entries and events, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Prepared<'s> {
    pub entries: &'s [Entry],
    names: &'s [u8],
    events: &'s [Event<'s>],
}

impl Entries {
    /// Adds that of the event at a position among the whole ones. Its name stays there: in a table one long name may
    /// stand for any number of rows.
    #[inline]
    pub fn push_whole(&mut self, event: &Event, position: usize) {
        self.push(event.at, event.device().as_bytes(), code(&event.kind), position as u32);
    }

    /// There are few enough events in a batch, with names that are short enough, for 32 bits.
    #[inline(always)]
    fn push(&mut self, at: i64, name: &[u8], code: u8, event: u32) {
        let head = head(name);
        let (start, length) = (self.names.len() as u32, name.len() as u32);
        self.names.extend_from_slice(&head.to_le_bytes());
        if name.len() > HEAD && event == PLAIN {
            self.names.extend_from_slice(&name[HEAD..]);
        }
        self.all.push(Entry { at, hash: hash(name, head), start, length, event, code });
    }

    pub fn prepared<'s>(&'s self, events: &'s [Event<'s>]) -> Prepared<'s> {
        Prepared { entries: &self.all, names: &self.names, events }
    }
}

impl<'a> Batch<'a> {
    /// Adds an event after the others.
    #[inline]
    pub fn push(&mut self, event: Event<'a>) {
        self.entries.push_whole(&event, self.events.len());
        self.events.push(event);
    }

    /// Adds a broker event of which nobody needs more than this: whole events are several times as large, and moving
    /// them costs. `device` is a name, and UTF-8; none if it is longer than [`LONGEST`], which has to be added whole.
    #[inline(always)]
    pub(crate) fn push_plain(&mut self, at: i64, device: &[u8], code: u8) -> Option<()> {
        (device.len() <= LONGEST).then(|| self.entries.push(at, device, code, PLAIN))
    }

    /// The events; without those that were read only as far as [`crate::Needs`] asks.
    pub fn events(&self) -> &[Event<'a>] {
        &self.events
    }

    /// Number of all events.
    pub fn len(&self) -> usize {
        self.entries.all.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.entries.all.is_empty()
    }

    pub(crate) fn prepared(&self) -> Prepared<'_> {
        self.entries.prepared(&self.events)
    }

    /// An empty batch that keeps the memory of this one, for events of any lifetime.
    pub fn recycled<'b>(self) -> Batch<'b> {
        let Self { mut entries, mut events } = self;
        entries.all.clear();
        entries.names.clear();
        events.clear();
        // Nothing is left to convert, so this only changes the type; the allocation is used again.
        let events = events.into_iter().map(Event::into_owned).collect();
        Batch { entries, events }
    }
}

impl<'s> Prepared<'s> {
    /// The name of the device of an entry.
    #[inline(always)]
    pub fn name(&self, entry: &Entry) -> Name<'s> {
        let name = &self.names[entry.start as usize..];
        let head = name.first_chunk().map_or(0, |head| u128::from_le_bytes(*head));
        let length = entry.length as usize;
        let text = if length > HEAD && entry.event != PLAIN {
            self.events[entry.event as usize].device().as_bytes()
        } else {
            &name[..length]
        };
        Name { text, head, hash: entry.hash }
    }

    /// The event at that position, if it was read whole.
    #[inline]
    pub fn event(&self, position: u32) -> Option<&'s Event<'s>> {
        let entry = &self.entries[position as usize];
        (entry.event != PLAIN).then(|| &self.events[entry.event as usize])
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::event::EventKind;

    #[test]
    fn names_of_every_length_are_kept_and_long_ones_are_not_copied() {
        let mut batch = Batch::default();
        let lengths = [1, 15, 16, 17, 100, LONGEST, LONGEST + 1, 1 << 20];
        let names: Vec<String> = lengths.into_iter().map(|length| "ab".repeat(length)[..length].to_owned()).collect();
        for name in &names {
            let kind = EventKind::Disconnect { source: None };
            let event = Event { at: 1, client_id: Cow::Borrowed(name), thing: None, kind };
            let is_plain = batch.push_plain(1, name.as_bytes(), code(&event.kind)).is_some();
            assert_eq!(is_plain, name.len() <= LONGEST);
            batch.push(event);
        }
        let prepared = batch.prepared();
        let found: Vec<_> = prepared.entries.iter().map(|entry| prepared.name(entry).text).collect();
        let twice = names.iter().flat_map(|name| [name; 2].into_iter().take(1 + usize::from(name.len() <= LONGEST)));
        assert!(found.into_iter().eq(twice.map(|name| name.as_bytes())));
        assert!(batch.entries.names.len() < 2000, "{}", batch.entries.names.len());
    }
}
