//! Events with what can be said of each alone, before it is known which came earlier.

use crate::event::Event;
use crate::names::hash;

/// Events in their order, prepared for [`crate::Evaluator::observe_batches`]. Parsers make batches on several threads;
/// what is prepared here does not have to be done in the order of the input.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    pub(crate) events: Vec<Event<'a>>,
    /// Time of each event.
    pub(crate) times: Vec<i64>,
    /// Hash of each event's device.
    pub(crate) hashes: Vec<u64>,
}

impl<'a> Batch<'a> {
    /// Adds an event after the others.
    #[inline]
    pub fn push(&mut self, event: Event<'a>) {
        self.times.push(event.at);
        self.hashes.push(hash(event.device()));
        self.events.push(event);
    }

    /// The events.
    pub fn events(&self) -> &[Event<'a>] {
        &self.events
    }

    /// An empty batch that keeps the memory of this one, for events of any lifetime.
    pub fn recycled<'b>(self) -> Batch<'b> {
        let Self { mut events, mut times, mut hashes } = self;
        events.clear();
        times.clear();
        hashes.clear();
        // Nothing is left to convert, so this only changes the type; the allocation is used again.
        let events = events.into_iter().map(Event::into_owned).collect();
        Batch { events, times, hashes }
    }
}
