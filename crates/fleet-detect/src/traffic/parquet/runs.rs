//! Runs of Parquet's hybrid encoding, in which levels and dictionary indices are written: looked at before they are
//! decoded, so that no page asks the decoder for what is not there.

/// A run of equal numbers, or of numbers packed bit by bit.
pub(super) enum Run<'a> {
    Repeated {
        count: u64,
        value: &'a [u8],
    },
    /// Eight numbers take as many bytes as a number has bits.
    Packed {
        count: u64,
        bytes: &'a [u8],
    },
}

/// The runs of some bytes.
pub(super) struct Runs<'a> {
    pub rest: &'a [u8],
    /// Bits of a number.
    pub width: usize,
}

impl<'a> Runs<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next run; none at the end, or if what follows is no run.
    pub fn next(&mut self) -> Option<Run<'a>> {
        let mut header = 0_u64;
        let mut shift = 0;
        loop {
            let byte = self.take(1)?[0];
            header |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
            // A header has 32 bits.
            if shift > 28 {
                return None;
            }
        }
        let count = header >> 1;
        if header & 1 == 0 {
            return Some(Run::Repeated { count, value: self.take(self.width.div_ceil(8))? });
        }
        // Some writers cut the last run short.
        let length = usize::try_from(count).ok()?.checked_mul(self.width)?.min(self.rest.len());
        Some(Run::Packed { count: count * 8, bytes: self.take(length)? })
    }
}

/// How many of so many levels of one bit are set; none if there are fewer levels.
pub(super) fn present(levels: &[u8], values: u32) -> Option<u32> {
    let (mut runs, mut left, mut present) = (Runs { rest: levels, width: 1 }, u64::from(values), 0);
    while left > 0 {
        match runs.next()? {
            Run::Repeated { count: 0, .. } | Run::Packed { count: 0, .. } => {}
            Run::Repeated { count, value } => {
                let count = count.min(left);
                left -= count;
                match value {
                    [0] => {}
                    [1] => present += count,
                    _ => return None,
                }
            }
            Run::Packed { count, bytes } => {
                let count = count.min(left);
                left -= count;
                let (whole, rest) = (usize::try_from(count / 8).ok()?, count % 8);
                present += bytes.get(..whole)?.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
                if rest > 0 {
                    present += u64::from((bytes.get(whole)? & ((1 << rest) - 1)).count_ones());
                }
            }
        }
    }
    u32::try_from(present).ok()
}

/// Whether the bytes hold at least so many dictionary indices: their width, then their runs.
pub(super) fn holds_indices(bytes: &[u8], values: u32) -> bool {
    let (mut left, Some((width, rest))) = (u64::from(values), bytes.split_first()) else { return values == 0 };
    let width = usize::from(*width);
    let mut runs = Runs { rest, width };
    while left > 0 && width <= 32 {
        let held = match runs.next() {
            None => return false,
            Some(Run::Repeated { count, .. }) => count,
            Some(Run::Packed { count, bytes }) if width > 0 => count.min(bytes.len() as u64 * 8 / width as u64),
            Some(Run::Packed { count, .. }) => count,
        };
        left = left.saturating_sub(held);
    }
    left == 0
}

/// Whether the bytes hold at least so many texts, each behind its length.
pub(super) fn holds_texts(bytes: &[u8], values: u32) -> bool {
    let mut rest = bytes;
    for _ in 0..values {
        let Some((length, after)) = rest.split_first_chunk::<4>() else { return false };
        let Some(after) = after.get(u32::from_le_bytes(*length) as usize..) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted() {
        // Five ones, then a group of eight with three.
        let levels = [10, 1, 3, 0b0010_0101];
        assert_eq!(present(&levels, 5), Some(5));
        assert_eq!(present(&levels, 8), Some(7));
        assert_eq!(present(&levels, 13), Some(8));
        assert_eq!(present(&levels, 14), None);
        assert_eq!(present(&[10, 2], 5), None);
        assert_eq!(present(&[0x80; 12], 1), None);
        assert_eq!(present(&[], 0), Some(0));
    }

    #[test]
    fn missing_values_are_seen() {
        // Width 3: four times the index 5, then a group of eight.
        let indices = [3, 8, 5, 3, 1, 2, 3];
        assert!(holds_indices(&indices, 12) && !holds_indices(&indices, 13));
        // A group cut after two of its three bytes still holds five.
        assert!(holds_indices(&indices[..6], 9) && !holds_indices(&indices[..6], 10));
        assert!(!holds_indices(&[33, 8, 5], 1) && holds_indices(&[], 0) && !holds_indices(&[], 1));
        let texts = [1, 0, 0, 0, b'a', 0, 0, 0, 0];
        assert!(holds_texts(&texts, 2) && !holds_texts(&texts, 3) && !holds_texts(&texts[..4], 1));
    }
}
