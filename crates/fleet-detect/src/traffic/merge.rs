//! Several inputs as one stream, by time.

use std::collections::BTreeMap;

use super::reader::{Traffic, TrafficError};
use super::tally::Tally;
use crate::event::Event;

/// Merges inputs: the next event is always the earliest of the inputs' next ones, of the first input where times are
/// equal. Each input keeps its own order, so disorder within one passes through.
pub struct Merge<'r> {
    inputs: Vec<Traffic<'r>>,
    /// The next event of each input, by time and position.
    heads: BTreeMap<(i64, usize), Event<'static>>,
}

impl<'r> Merge<'r> {
    /// # Errors
    /// When an input cannot be read.
    pub fn new(inputs: Vec<Traffic<'r>>) -> Result<Self, TrafficError> {
        let mut merge = Self { inputs, heads: BTreeMap::new() };
        for position in 0..merge.inputs.len() {
            merge.refill(position)?;
        }
        Ok(merge)
    }

    /// The next event; none when all inputs have ended.
    ///
    /// # Errors
    /// As [`Traffic::next_event`].
    pub fn next_event(&mut self) -> Result<Option<Event<'static>>, TrafficError> {
        let Some(((_, position), event)) = self.heads.pop_first() else { return Ok(None) };
        self.refill(position)?;
        Ok(Some(event))
    }

    /// The tally of each input.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.inputs.iter().map(Traffic::tally)
    }

    fn refill(&mut self, position: usize) -> Result<(), TrafficError> {
        if let Some(event) = self.inputs[position].next_event()? {
            self.heads.insert((event.at, position), event);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::reader::Options;

    #[test]
    fn inputs_are_merged_by_time() {
        let input = |times: &[i64], name: &str| -> String {
            let line = |time: &i64| {
                format!(
                    "{{\"timestamp\":{},\"type\":\"disconnect\",\"clientId\":\"{name}\"}}\n",
                    1_700_000_000_000 + time
                )
            };
            times.iter().map(line).collect()
        };
        let (first, second) = (input(&[1, 3, 2, 9], "a"), input(&[0, 3, 5], "b"));
        let open = |text: &'static str| Traffic::open(text.as_bytes(), Options::default()).unwrap();
        let inputs = vec![open(first.leak()), open(second.leak()), open("")];
        let mut merge = Merge::new(inputs).unwrap();
        let mut seen = String::new();
        while let Some(event) = merge.next_event().unwrap() {
            seen += &format!("{}{} ", event.client_id, event.at % 10);
        }
        assert_eq!(seen, "b0 a1 a3 a2 b3 b5 a9 ");
        assert_eq!(merge.tallies().map(|tally| tally.events).sum::<u64>(), 7);
    }
}
