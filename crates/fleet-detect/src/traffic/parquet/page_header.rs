//! Page headers: Thrift's compact protocol, as far as `PageHeader` of parquet.thrift needs it.

use parquet::basic::Encoding;

/// What stands before a page.
#[derive(Debug, PartialEq)]
pub(super) struct PageHeader {
    pub compressed: usize,
    pub uncompressed: usize,
    pub kind: PageKind,
}

#[derive(Debug, PartialEq)]
pub(super) enum PageKind {
    Data {
        values: u32,
        encoding: i64,
        level_encoding: i64,
    },
    DataV2 {
        values: u32,
        nulls: u32,
        encoding: i64,
        levels: usize,
        repetition_levels: usize,
        is_compressed: bool,
    },
    Dictionary {
        values: u32,
    },
    /// Of no use for reading, such as an index.
    Other,
}

/// Structures within structures that are passed over; a page header has three.
const DEPTH: usize = 8;

const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const INTEGER: u8 = 5;
const STRUCTURE: u8 = 12;

impl PageHeader {
    /// The header at the beginning of the bytes, and its length; none if they are too few, or no header.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut cursor = Cursor(bytes);
        let (mut page_type, mut uncompressed, mut compressed) = (None, None, None);
        let mut structures = [None; 9];
        cursor.each_field(|id, kind, cursor| {
            match (id, kind) {
                (1, INTEGER) => page_type = Some(cursor.integer()?),
                (2, INTEGER) => uncompressed = Some(cursor.integer()?),
                (3, INTEGER) => compressed = Some(cursor.integer()?),
                (5 | 7 | 8, STRUCTURE) => structures[id as usize] = Some(Members::read(cursor)?),
                _ => cursor.skip(kind, DEPTH)?,
            }
            Some(())
        })?;
        let size = |size: Option<i64>| usize::try_from(i32::try_from(size?).ok()?).ok();
        let kind = match page_type? {
            0 => structures[5]?.data()?,
            2 => PageKind::Dictionary { values: count(structures[7]?.0[1])? },
            3 => structures[8]?.data_v2()?,
            _ => PageKind::Other,
        };
        let header = Self { compressed: size(compressed)?, uncompressed: size(uncompressed)?, kind };
        Some((header, bytes.len() - cursor.0.len()))
    }
}

fn count(number: Option<i64>) -> Option<u32> {
    u32::try_from(i32::try_from(number?).ok()?).ok()
}

/// Numbers and flags of a structure, by the IDs of their fields.
#[derive(Clone, Copy)]
struct Members([Option<i64>; 8]);

impl Members {
    fn read(cursor: &mut Cursor) -> Option<Self> {
        let mut members = Self([None; 8]);
        cursor.each_field(|id, kind, cursor| {
            let place = usize::try_from(id).ok().and_then(|id| members.0.get_mut(id));
            match (place, kind) {
                (Some(place), INTEGER) => *place = Some(cursor.integer()?),
                (Some(place), TRUE | FALSE) => *place = Some(i64::from(kind == TRUE)),
                _ => cursor.skip(kind, DEPTH)?,
            }
            Some(())
        })?;
        Some(members)
    }

    /// `DataPageHeader`.
    fn data(self) -> Option<PageKind> {
        Some(PageKind::Data { values: count(self.0[1])?, encoding: self.0[2]?, level_encoding: self.0[3]? })
    }

    /// `DataPageHeaderV2`.
    fn data_v2(self) -> Option<PageKind> {
        let (definition, repetition) = (count(self.0[5])? as usize, count(self.0[6])? as usize);
        Some(PageKind::DataV2 {
            values: count(self.0[1])?,
            nulls: count(self.0[2])?,
            encoding: self.0[4]?,
            levels: definition.checked_add(repetition)?,
            repetition_levels: repetition,
            is_compressed: self.0[7] != Some(0),
        })
    }
}

/// The encodings that are read: the ones that writers choose unless they are told otherwise. What the others hold
/// cannot be bounded before it is decoded.
pub(super) fn encoding(number: i64) -> Result<Encoding, String> {
    let name = match number {
        0 => return Ok(Encoding::PLAIN),
        2 | 8 => return Ok(Encoding::RLE_DICTIONARY),
        3 => "RLE",
        5 => "DELTA_BINARY_PACKED",
        6 => "DELTA_LENGTH_BYTE_ARRAY",
        7 => "DELTA_BYTE_ARRAY",
        9 => "BYTE_STREAM_SPLIT",
        other => return Err(format!("the encoding {other} is not known")),
    };
    Err(format!("the encoding {name} is not read; write it PLAIN or with a dictionary"))
}

/// Bytes not yet read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn advance(&mut self, length: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A signed number in zigzag form.
    fn integer(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// Hands over ID and type of each field of a structure, to read or skip its value.
    fn each_field(&mut self, mut take: impl FnMut(i16, u8, &mut Self) -> Option<()>) -> Option<()> {
        let mut id = 0_i16;
        loop {
            let header = self.byte()?;
            let kind = header & 0x0f;
            if kind == STOP {
                return Some(());
            }
            id = match header >> 4 {
                0 => i16::try_from(self.integer()?).ok()?,
                delta => id.checked_add(delta.into())?,
            };
            take(id, kind, self)?;
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            TRUE | FALSE => Some(()),
            // An 8-bit number.
            3 => self.advance(1),
            // Numbers of 16 to 64 bits.
            4..=6 => self.unsigned().map(|_| ()),
            // A double.
            7 => self.advance(8),
            // Bytes.
            8 => {
                let length = self.unsigned()?;
                self.advance(length)
            }
            STRUCTURE => {
                let depth = depth.checked_sub(1)?;
                self.each_field(|_, kind, cursor| cursor.skip(kind, depth))
            }
            // A page header has no lists and maps.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_cut_ones_are_not() {
        // Type 0, 100 bytes, 60 compressed; 3 values PLAIN with RLE levels; statistics with a null count and a text.
        let bytes =
            [0x15, 0, 0x15, 200, 1, 0x15, 120, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x36, 2, 0x28, 1, 65, 0];
        let bytes: Vec<u8> = bytes.into_iter().chain([0, 0, 99]).collect();
        let kind = PageKind::Data { values: 3, encoding: 0, level_encoding: 3 };
        let header = PageHeader { compressed: 60, uncompressed: 100, kind };
        assert_eq!(PageHeader::read(&bytes), Some((header, bytes.len() - 1)));
        for length in 0..bytes.len() - 1 {
            assert_eq!(PageHeader::read(&bytes[..length]), None, "{length}");
        }
    }
}
