//! Random numbers without state: a hash of the seed, a device, a stream and a counter.
//!
//! Any part of a device's life can be made without the parts before it, and no order of making changes a number.

use super::amount::Amount;

/// What a number is for. Streams of one device are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Stream {
    Publish = 1,
    Deliver,
    Session,
    Report,
    Address,
    Extra,
}

/// The numbers of one device and stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64, device: u64, stream: Stream) -> Self {
        Self(mix(mix(mix(seed) ^ device) ^ stream as u64))
    }

    /// The number at a counter and a place below it.
    pub fn at(self, counter: u64, place: u64) -> u64 {
        mix(mix(self.0 ^ counter) ^ place)
    }

    /// A number from 0 up to, not including, `limit`; 0 if the limit is 0. The product's upper half keeps the bias below
    /// one in 2^64 / limit.
    pub fn below(self, counter: u64, place: u64, limit: u64) -> u64 {
        ((u128::from(self.at(counter, place)) * u128::from(limit)) >> 64) as u64
    }

    pub fn amount(self, counter: u64, place: u64, amount: Amount) -> u64 {
        let width = u128::from(amount.max - amount.min) + 1;
        amount.min + ((u128::from(self.at(counter, place)) * width) >> 64) as u64
    }
}

/// The finalizer of SplitMix64, a bijection that spreads every bit.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
