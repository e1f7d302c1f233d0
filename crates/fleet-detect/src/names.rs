//! Names of devices, each kept once and found by its hash.
//!
//! With a hundred thousand devices nearly every look-up waits for memory, so a name and what it stands for lie in one
//! record, records lie back to back, and a look-up touches one slot of the table and one record.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Records start at multiples of this many bytes, so that a 32-bit place reaches 32 GiB of names.
const GRAIN: usize = 8;
/// Bytes before the name: its length and what it stands for, 32 bits each.
const HEADER: usize = 8;

/// Where a name's record is, in units of [`GRAIN`].
pub(crate) type Place = u32;

/// All names, with a number that each stands for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    records: Vec<u8>,
    table: HashTable<Slot>,
}

/// Where a record is, with bits of the name's hash that the table itself does not compare: equal bits make it very
/// likely the right name, without looking at the name.
#[derive(Clone, Copy, Debug)]
struct Slot {
    place: Place,
    mark: u32,
}

fn mark(hash: u64) -> u32 {
    (hash >> 24) as u32
}

/// The hash by which a name is found.
#[inline]
pub(crate) fn hash(name: &str) -> u64 {
    FixedState::default().hash_one(name)
}

impl Names {
    /// Where the name with that hash very likely is.
    #[inline]
    pub fn candidate(&self, hash: u64) -> Option<Place> {
        self.table.find(hash, |slot| slot.mark == mark(hash)).map(|slot| slot.place)
    }

    /// Where the name is, given where it very likely is. It may have been added after the candidate was looked up.
    #[inline]
    pub fn find(&self, name: &str, hash: u64, candidate: Option<Place>) -> Option<Place> {
        match candidate {
            Some(place) if self.bytes(place) == name.as_bytes() => Some(place),
            _ => self.table.find(hash, |slot| self.bytes(slot.place) == name.as_bytes()).map(|slot| slot.place),
        }
    }

    /// Adds a name that is not there yet.
    pub fn add(&mut self, name: &str, hash_of_name: u64, number: u32) -> Place {
        let place = (self.records.len() / GRAIN) as Place;
        self.records.extend((name.len() as u32).to_le_bytes());
        self.records.extend(number.to_le_bytes());
        self.records.extend(name.as_bytes());
        self.records.resize(self.records.len().next_multiple_of(GRAIN), 0);
        let Self { records, table } = self;
        let rehash = |slot: &Slot| hash(str::from_utf8(text(records, slot.place)).unwrap_or_default());
        table.insert_unique(hash_of_name, Slot { place, mark: mark(hash_of_name) }, rehash);
        place
    }

    #[inline]
    pub fn number(&self, place: Place) -> u32 {
        word(&self.records, place as usize * GRAIN + 4)
    }

    /// Reads a record where it begins and where most names end, which may be in another line of the cache, so that
    /// both are there when the name is compared.
    #[inline]
    pub fn touch(&self, place: Place) -> u32 {
        let start = place as usize * GRAIN;
        let end = self.records.get(start + HEADER + 2 * GRAIN - 1).copied().unwrap_or(0);
        word(&self.records, start) ^ u32::from(end)
    }

    pub fn set_number(&mut self, place: Place, number: u32) {
        let start = place as usize * GRAIN + 4;
        self.records[start..start + 4].copy_from_slice(&number.to_le_bytes());
    }

    pub fn name(&self, place: Place) -> &str {
        // Only whole texts are ever added.
        str::from_utf8(self.bytes(place)).unwrap_or_default()
    }

    #[inline]
    fn bytes(&self, place: Place) -> &[u8] {
        text(&self.records, place)
    }
}

#[inline]
fn text(records: &[u8], place: Place) -> &[u8] {
    let start = place as usize * GRAIN;
    let record = &records[start..];
    &record[HEADER..HEADER + word(record, 0) as usize]
}

#[inline]
fn word(records: &[u8], start: usize) -> u32 {
    records[start..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let (mut names, mut places) = (Names::default(), Vec::new());
        let name = |number: u32| format!("{}ü{number}", "x".repeat(number as usize % 40));
        for number in 0..5000 {
            places.push(names.add(&name(number), hash(&name(number)), number));
        }
        for (number, place) in (0..5000).zip(places) {
            let (name, hash) = (name(number), hash(&name(number)));
            assert_eq!(names.find(&name, hash, names.candidate(hash)), Some(place));
            assert_eq!((names.name(place), names.number(place)), (name.as_str(), number));
            // A name whose hash happens to be that of another one.
            assert_eq!(names.find("other", hash, Some(place)), None);
        }
        assert_eq!(names.find("new", hash("new"), names.candidate(hash("new"))), None);
    }
}
