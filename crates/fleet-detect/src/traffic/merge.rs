//! Several inputs as one stream, by time.

use std::collections::BTreeMap;

use super::reader::{Traffic, TrafficError};
use super::tally::Tally;
use crate::event::Event;

/// Opens an input when its turn comes.
pub type Opener<'r> = Box<dyn FnOnce() -> Result<Traffic<'r>, TrafficError> + 'r>;

/// One input of a merge.
pub enum Input<'r> {
    Open(Box<Traffic<'r>>),
    /// Opened when the merge reaches the time of its first event, milliseconds since the Unix epoch.
    Waiting(i64, Opener<'r>),
    /// Nothing is left to read.
    Ended(Tally),
}

impl<'r> From<Traffic<'r>> for Input<'r> {
    fn from(traffic: Traffic<'r>) -> Self {
        Self::Open(Box::new(traffic))
    }
}

/// Merges inputs: the next event is always the earliest of the inputs' next ones, of the first input where times are
/// equal. Each input keeps its own order, so disorder within one passes through. An input that has ended is closed.
pub struct Merge<'r> {
    inputs: Vec<Input<'r>>,
    /// The next event of each input, by time and position; none for one that waits.
    heads: BTreeMap<(i64, usize), Option<Event<'static>>>,
    reading: usize,
}

impl<'r> Merge<'r> {
    /// # Errors
    /// When an input cannot be read.
    pub fn new(inputs: Vec<Traffic<'r>>) -> Result<Self, TrafficError> {
        Self::of(inputs.into_iter().map(Input::from).collect())
    }

    /// Merges inputs of which some are opened later: as many files are open at once as overlap in time.
    ///
    /// # Errors
    /// When an open input cannot be read.
    pub fn of(inputs: Vec<Input<'r>>) -> Result<Self, TrafficError> {
        let mut merge = Self { inputs, heads: BTreeMap::new(), reading: 0 };
        for position in 0..merge.inputs.len() {
            match merge.inputs[position] {
                Input::Waiting(first, _) => drop(merge.heads.insert((first, position), None)),
                Input::Open(_) | Input::Ended(_) => merge.refill(position)?,
            }
        }
        Ok(merge)
    }

    /// The next event; none when all inputs have ended.
    ///
    /// # Errors
    /// As [`Traffic::next_event`]; [`Self::reading`] tells of which input.
    pub fn next_event(&mut self) -> Result<Option<Event<'static>>, TrafficError> {
        while let Some(((_, position), event)) = self.heads.pop_first() {
            self.refill(position)?;
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Position of the input that was read last.
    pub fn reading(&self) -> usize {
        self.reading
    }

    /// The tally of each input.
    pub fn into_tallies(self) -> impl Iterator<Item = Tally> {
        self.inputs.into_iter().map(|input| match input {
            Input::Open(traffic) => traffic.tally().clone(),
            Input::Waiting(..) => Tally::default(),
            Input::Ended(tally) => tally,
        })
    }

    fn refill(&mut self, position: usize) -> Result<(), TrafficError> {
        self.reading = position;
        let input = &mut self.inputs[position];
        if let Input::Waiting(..) = input {
            let Input::Waiting(_, open) = std::mem::replace(input, Input::Ended(Tally::default())) else {
                return Ok(());
            };
            *input = Input::from(open()?);
        }
        if let Input::Open(traffic) = input {
            match traffic.next_event()? {
                Some(event) => drop(self.heads.insert((event.at, position), Some(event))),
                None => *input = Input::Ended(traffic.tally().clone()),
            }
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
        let (first, second): (&'static str, &'static str) = (first.leak(), second.leak());
        let open = |text: &'static str| Traffic::open(text.as_bytes(), Options::default());
        let later = Input::Waiting(1_700_000_000_001, Box::new(move || open(first)));
        for first in [Input::from(open(first).unwrap()), later] {
            let inputs = vec![first, Input::from(open(second).unwrap()), Input::from(open("").unwrap())];
            let mut merge = Merge::of(inputs).unwrap();
            let mut seen = String::new();
            while let Some(event) = merge.next_event().unwrap() {
                seen += &format!("{}{} ", event.client_id, event.at % 10);
            }
            assert_eq!(seen, "b0 a1 a3 a2 b3 b5 a9 ");
            assert_eq!(merge.into_tallies().map(|tally| tally.events).sum::<u64>(), 7);
        }
    }
}
