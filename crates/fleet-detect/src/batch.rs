//! Events with what can be said of each alone, before it is known which came earlier.

use crate::counters::code;
use crate::event::Event;
use crate::names::hash;

/// Events in their order, prepared for [`crate::Evaluator::observe_batches`]. Parsers make batches on several threads;
/// what is prepared here does not have to be done in the order of the input.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// Whole events.
    events: Vec<Event<'a>>,
    /// Time of each event.
    times: Vec<i64>,
    /// Hash of each event's device.
    hashes: Vec<u64>,
    /// What happened in each event.
    codes: Vec<u8>,
    sources: Vec<Source<'a>>,
}

/// The same, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Prepared<'s> {
    pub events: &'s [Event<'s>],
    pub times: &'s [i64],
    pub hashes: &'s [u64],
    /// See [`code`].
    pub codes: &'s [u8],
    pub sources: &'s [Source<'s>],
}

/// Where the rest of an event is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// Nobody needs more than the device's name. Whole events are several times as large, and moving them costs.
    Name(&'a str),
    /// Position among the whole events.
    Event(u32),
}

impl<'a> Batch<'a> {
    /// Adds an event after the others.
    #[inline]
    pub fn push(&mut self, event: Event<'a>) {
        self.sources.push(Source::Event(self.events.len() as u32));
        self.times.push(event.at);
        self.hashes.push(hash(event.device()));
        self.codes.push(code(&event.kind));
        self.events.push(event);
    }

    /// Adds a broker event of which nobody needs more than this.
    #[inline]
    pub(crate) fn push_plain(&mut self, at: i64, device: &'a str, code: u8) {
        self.sources.push(Source::Name(device));
        self.times.push(at);
        self.hashes.push(hash(device));
        self.codes.push(code);
    }

    /// The events; without those that were read only as far as [`crate::Needs`] asks.
    pub fn events(&self) -> &[Event<'a>] {
        &self.events
    }

    /// Number of all events.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn prepared(&self) -> Prepared<'_> {
        let Self { events, times, hashes, codes, sources } = self;
        Prepared { events, times, hashes, codes, sources }
    }

    /// An empty batch that keeps the memory of this one, for events of any lifetime.
    pub fn recycled<'b>(self) -> Batch<'b> {
        let Self { mut events, mut times, mut hashes, mut codes, mut sources } = self;
        events.clear();
        times.clear();
        hashes.clear();
        codes.clear();
        sources.clear();
        // Nothing is left to convert, so this only changes the type; the allocation is used again.
        let events = events.into_iter().map(Event::into_owned).collect();
        let sources = sources.into_iter().map(|_| Source::Event(0)).collect();
        Batch { events, times, hashes, codes, sources }
    }
}

impl<'s> Prepared<'s> {
    /// The name of the device of the event at that position.
    #[inline]
    pub fn device(&self, position: u32) -> &'s str {
        match self.sources[position as usize] {
            Source::Name(name) => name,
            Source::Event(place) => self.events[place as usize].device(),
        }
    }

    /// The event at that position, if it was read whole.
    #[inline]
    pub fn event(&self, position: u32) -> Option<&'s Event<'s>> {
        match self.sources[position as usize] {
            Source::Name(_) => None,
            Source::Event(place) => Some(&self.events[place as usize]),
        }
    }
}
