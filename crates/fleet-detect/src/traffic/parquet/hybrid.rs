//! Numbers in Parquet's hybrid encoding, some at a time: levels, and indices into a dictionary.

use super::runs::{Run, Runs};

/// Most bits of a number.
const MAX_WIDTH: usize = 32;

/// Bytes and how far they were read.
#[derive(Debug, Default)]
pub(super) struct Hybrid {
    bytes: Vec<u8>,
    /// Bits of a number.
    width: usize,
    /// Where the next run begins.
    at: usize,
    run: Current,
}

/// What is left of a run.
#[derive(Debug)]
enum Current {
    Repeated { left: usize, value: u32 },
    Packed { left: usize, bit: usize },
}

impl Default for Current {
    fn default() -> Self {
        Self::Repeated { left: 0, value: 0 }
    }
}

impl Hybrid {
    /// None if numbers have more bits than are read.
    pub fn new(bytes: Vec<u8>, width: usize) -> Option<Self> {
        (width <= MAX_WIDTH).then(|| Self { bytes, width, ..Self::default() })
    }

    /// Takes the next numbers if all are that one and stand in one run.
    pub fn take_all(&mut self, count: usize, number: u32) -> bool {
        if matches!(self.run, Current::Repeated { left: 0, .. } | Current::Packed { left: 0, .. }) {
            // If there is none, whoever reads the next number will see it.
            let _ = self.start_run();
        }
        match &mut self.run {
            Current::Repeated { left, value } if *left >= count && *value == number => {
                *left -= count;
                true
            }
            _ => false,
        }
    }

    /// Adds the next numbers to `numbers`; none if there are fewer.
    pub fn read(&mut self, count: usize, numbers: &mut Vec<u32>) -> Option<()> {
        let mut missing = count;
        while missing > 0 {
            let taken = match &mut self.run {
                Current::Repeated { left, value } => {
                    let taken = missing.min(*left);
                    numbers.resize(numbers.len() + taken, *value);
                    *left -= taken;
                    taken
                }
                Current::Packed { left, bit } => {
                    let taken = missing.min(*left);
                    let (width, begin) = (self.width, *bit);
                    numbers.extend((0..taken).map(|index| packed(&self.bytes, begin + index * width, width)));
                    *bit += taken * width;
                    *left -= taken;
                    taken
                }
            };
            missing -= taken;
            if missing > 0 {
                self.start_run()?;
            }
        }
        Some(())
    }

    fn start_run(&mut self) -> Option<()> {
        let mut runs = Runs { rest: &self.bytes[self.at..], width: self.width };
        let run = runs.next()?;
        self.at = self.bytes.len() - runs.rest.len();
        self.run = match run {
            Run::Repeated { count, value } => {
                let value = value.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
                Current::Repeated { left: usize::try_from(count).ok()?, value }
            }
            Run::Packed { count, bytes } => {
                let held = (bytes.len() * 8).checked_div(self.width).unwrap_or(usize::MAX);
                Current::Packed { left: held.min(usize::try_from(count).ok()?), bit: (self.at - bytes.len()) * 8 }
            }
        };
        Some(())
    }
}

/// The number of that many bits which begins at a bit.
#[inline]
fn packed(bytes: &[u8], bit: usize, width: usize) -> u32 {
    let rest = bytes.get(bit / 8..).unwrap_or_default();
    let word = match rest.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    (word >> (bit % 8) & ((1 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_across_their_edges() {
        // Width 3: four times the index 5, then a group of eight, 0 to 7, then nothing.
        let bytes = vec![8, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        for step in 1..=12 {
            let (mut hybrid, mut numbers) = (Hybrid::new(bytes.clone(), 3).unwrap(), Vec::new());
            while numbers.len() + step <= 12 {
                hybrid.read(step, &mut numbers).unwrap();
            }
            hybrid.read(12 - numbers.len(), &mut numbers).unwrap();
            assert_eq!(numbers, [5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7], "{step} at a time");
            assert_eq!(hybrid.read(1, &mut numbers), None);
        }
        assert!(Hybrid::new(bytes, 33).is_none());
        let mut nothing = Hybrid::new(vec![20], 0).unwrap();
        let mut zeros = Vec::new();
        assert_eq!((nothing.read(10, &mut zeros), zeros), (Some(()), vec![0; 10]));
    }
}
