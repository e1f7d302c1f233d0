//! Names of devices, each kept once and found by its hash.
//!
//! With a hundred thousand devices nearly every look-up waits for memory. So what a look-up needs lies in one slot of
//! the table: the number that the name stands for and the name's beginning, which for a name of up to [`HEAD`] bytes is
//! all of it. And where the slot is can be told from the hash alone, so that many can be fetched at once beforehand,
//! which is why the table is our own: a line of the cache holds two slots, and a name is in the first line from its hash
//! on that had a free one. Which of the two it is cannot be predicted, so both are always compared.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use prefetch_index::prefetch_index;

/// Bytes of a name that lie in its slot.
pub(crate) const HEAD: usize = 16;

/// Where a name's record is, in bytes. 32 bits reach 4 GiB of names.
pub(crate) type Place = u32;

/// A name as it is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    pub text: &'a [u8],
    /// Its first bytes, the first in the lowest, with zeros behind a shorter one.
    pub head: u128,
    pub hash: u64,
}

/// All names, with a number that each stands for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// A power of two, or none.
    lines: Vec<Line>,
    /// Slots that are not free.
    taken: usize,
    /// Each name behind its length, 32 bits.
    records: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Slot; 2]);

#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u128,
    /// [`FREE`] where there is no name.
    length: u32,
    number: u32,
    place: Place,
    /// Other bits of the hash than those that tell the line.
    mark: u32,
}

const FREE: u32 = u32::MAX;
const NOTHING: Slot = Slot { head: 0, length: FREE, number: 0, place: 0, mark: 0 };

fn mark(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The first bytes of a name as [`Name::head`] has them.
#[inline(always)]
pub(crate) fn head(name: &[u8]) -> u128 {
    // Longer loads than single bytes, which overlap where they have to.
    if let Some(whole) = name.first_chunk::<HEAD>() {
        return u128::from_le_bytes(*whole);
    }
    if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        return u128::from(u64::from_le_bytes(*first))
            | u128::from(u64::from_le_bytes(*last)) << (8 * (name.len() - 8));
    }
    name.iter().rev().fold(0, |head, byte| head << 8 | u128::from(*byte))
}

/// The hash by which a name is found. Attackers who name devices can make names collide; that costs time and changes
/// no result.
#[inline(always)]
pub(crate) fn hash(name: &[u8], head: u128) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    match name.len() {
        ..=HEAD => hasher.write_u128(head),
        _ => hasher.write(name),
    }
    hasher.finish()
}

impl<'a> Name<'a> {
    pub fn new(name: &'a str) -> Self {
        let text = name.as_bytes();
        let head = head(text);
        Self { text, head, hash: hash(text, head) }
    }
}

impl Names {
    /// Has the line in which a name with that hash very likely is fetched from memory.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        prefetch_index(&self.lines, self.first(hash));
    }

    /// Where the name is and what it stands for.
    #[inline(always)]
    pub fn find(&self, name: &Name) -> Option<(Place, u32)> {
        let (line, which) = self.slot(name)?;
        let slot = &self.lines.get(line)?.0[which];
        Some((slot.place, slot.number))
    }

    /// The line from which on a name with that hash is.
    #[inline(always)]
    fn first(&self, hash: u64) -> usize {
        hash as usize & self.lines.len().wrapping_sub(1)
    }

    /// Line and position of the name's slot.
    #[inline(always)]
    fn slot(&self, name: &Name) -> Option<(usize, usize)> {
        let mut at = self.first(name.hash);
        loop {
            let Line(slots) = self.lines.get(at)?;
            let (first, second) = (self.is(&slots[0], name), self.is(&slots[1], name));
            if first | second {
                return Some((at, usize::from(second)));
            }
            if slots[1].length == FREE {
                return None;
            }
            at = (at + 1) & (self.lines.len() - 1);
        }
    }

    #[inline(always)]
    fn is(&self, slot: &Slot, name: &Name) -> bool {
        let begins = (slot.head == name.head) & (slot.length as usize == name.text.len());
        match name.text.len() {
            ..=HEAD => begins,
            _ => begins && slot.mark == mark(name.hash) && self.bytes(slot.place) == name.text,
        }
    }

    /// Adds a name that is not there yet.
    pub fn add(&mut self, name: &Name, number: u32) -> Place {
        let (place, length) = (self.records.len() as Place, name.text.len() as u32);
        self.records.extend(length.to_le_bytes());
        self.records.extend(name.text);
        // At most two thirds are taken, so that free ones are never far.
        if (self.taken + 1) * 3 > self.lines.len() * 2 * 2 {
            self.grow();
        }
        self.taken += 1;
        self.put(name.hash, Slot { head: name.head, length, number, place, mark: mark(name.hash) });
        place
    }

    fn put(&mut self, hash: u64, slot: Slot) {
        let mut at = self.first(hash);
        loop {
            if let Some(free) = self.lines[at].0.iter_mut().find(|slot| slot.length == FREE) {
                *free = slot;
                return;
            }
            at = (at + 1) & (self.lines.len() - 1);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Line([NOTHING; 2]); (self.lines.len() * 2).max(32)];
        for slot in std::mem::replace(&mut self.lines, larger).into_iter().flat_map(|line| line.0) {
            if slot.length != FREE {
                let hash = hash(text(&self.records, slot.place), slot.head);
                self.put(hash, slot);
            }
        }
    }

    /// Lets a name that is there stand for another number.
    pub fn set_number(&mut self, name: &Name, number: u32) {
        if let Some((line, which)) = self.slot(name) {
            self.lines[line].0[which].number = number;
        }
    }

    pub fn name(&self, place: Place) -> &str {
        // Only whole texts are ever added.
        str::from_utf8(self.bytes(place)).unwrap_or_default()
    }

    fn bytes(&self, place: Place) -> &[u8] {
        text(&self.records, place)
    }
}

fn text(records: &[u8], place: Place) -> &[u8] {
    let record = &records[place as usize..];
    let length = record.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    &record[4..4 + length as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let (mut names, mut places) = (Names::default(), Vec::new());
        let name = |number: u32| format!("{}ü{number}", "x".repeat(number as usize % 40));
        for number in 0..5000 {
            places.push(names.add(&Name::new(&name(number)), number));
        }
        for (number, place) in (0..5000).zip(places) {
            let text = name(number);
            let name = Name::new(&text);
            assert_eq!(names.find(&name), Some((place, number)));
            assert_eq!(names.name(place), text);
            // Other names whose hash happens to be that of this one: shorter, longer, and with another end.
            for other in [&text[..text.len() - 1], &format!("{text}\0"), &format!("{}~", &text[..text.len() - 1])] {
                let other = Name { hash: name.hash, ..Name::new(other) };
                assert_eq!(names.find(&other), None, "{text}");
            }
            names.set_number(&name, number + 1);
            assert_eq!(names.find(&name), Some((place, number + 1)));
        }
        assert_eq!(names.find(&Name::new("new")), None);
    }

    #[test]
    fn a_head_is_the_beginning_of_its_name() {
        for length in 0..40 {
            let name: Vec<u8> = (1..=length).collect();
            let mut expected = [0; HEAD];
            let kept = name.len().min(HEAD);
            expected[..kept].copy_from_slice(&name[..kept]);
            assert_eq!(head(&name).to_le_bytes(), expected, "{length}");
        }
    }
}
