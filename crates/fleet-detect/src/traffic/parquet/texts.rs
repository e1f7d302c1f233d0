//! The texts of one column, for a batch of rows.
//!
//! A cell is a place in its page, or in the dictionary: no text is copied, and whether a page is UTF-8 is found out
//! once, not cell by cell. So a batch does not reach beyond a page.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::Result;

use super::hybrid::Hybrid;
use super::pages::{Pages, damaged};
use crate::traffic::tally::BadLine;

/// A column of texts.
pub(super) struct Texts {
    pages: Pages,
    dictionary: Stored,
    entries: Vec<Cell>,
    page: Stored,
    /// Where the page's next text begins.
    at: usize,
    /// Rows of the page that were not read.
    left: usize,
    /// Which of them have a text, where any may have none.
    levels: Option<Hybrid>,
    /// Their entries, where the page refers to the dictionary.
    indices: Option<Hybrid>,
    cells: Vec<Cell>,
    /// The entry of each row, where the page refers to the dictionary.
    chosen: Vec<u32>,
    has_any: bool,
    /// Kept for its memory.
    present: Vec<u32>,
}

/// Where a text is.
#[derive(Clone, Copy, Debug)]
struct Cell {
    start: u32,
    length: u32,
}

/// Cell of a row without a text.
const NULL: Cell = Cell { start: u32::MAX, length: 0 };

/// Entry of a row without a text.
const NO_ENTRY: u32 = u32::MAX;

/// Texts behind their lengths.
enum Stored {
    /// All of it is UTF-8, the lengths included, as they are where texts are short.
    Utf8(String),
    Other(Vec<u8>),
}

impl Stored {
    fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Other(error.into_bytes()), Self::Utf8)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Utf8(text) => text.as_bytes(),
            Self::Other(bytes) => bytes,
        }
    }

    #[inline]
    fn text(&self, cell: Cell) -> Result<&str, BadLine> {
        let (begin, end) = (cell.start as usize, cell.start as usize + cell.length as usize);
        // Where all is UTF-8, a text that ends within a character is still none.
        if let Self::Utf8(text) = self
            && let Some(found) = text.get(begin..end)
        {
            return Ok(found);
        }
        let text = std::str::from_utf8(&self.bytes()[begin..end]);
        text.map_err(|error| BadLine::new("not UTF-8", error.to_string()))
    }
}

/// Adds the next texts to `cells`, and returns where they end; none if there are fewer.
fn read(bytes: &[u8], mut at: usize, count: usize, cells: &mut Vec<Cell>) -> Option<usize> {
    cells.reserve(count);
    for _ in 0..count {
        let length = u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        let start = at + 4;
        at = start.checked_add(length as usize).filter(|end| *end <= bytes.len())?;
        cells.push(Cell { start: u32::try_from(start).ok()?, length });
    }
    Some(at)
}

impl Texts {
    pub fn new(pages: Pages) -> Self {
        Self {
            pages,
            dictionary: Stored::Utf8(String::new()),
            entries: Vec::new(),
            page: Stored::Utf8(String::new()),
            at: 0,
            left: 0,
            levels: None,
            indices: None,
            cells: Vec::new(),
            chosen: Vec::new(),
            has_any: false,
            present: Vec::new(),
        }
    }

    /// How many rows [`Self::fill`] can read: what is left of the page, or all of the next one.
    pub fn available(&mut self) -> Result<usize> {
        while self.left == 0 {
            let page = self.pages.get_next_page()?.ok_or_else(|| damaged("it has fewer rows than its row group"))?;
            self.start_page(page)?;
        }
        Ok(self.left)
    }

    fn start_page(&mut self, page: Page) -> Result<()> {
        let (mut stored, values, encoding, levels) = match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let bytes = Vec::from(buf);
                self.entries.clear();
                read(&bytes, 0, num_values as usize, &mut self.entries).ok_or_else(too_few)?;
                self.dictionary = Stored::new(bytes);
                return Ok(());
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let (levels, stored) = self.pages.split(&buf)?;
                let (levels, before) = (levels.to_vec(), buf.len() - stored.len());
                let mut stored = Vec::from(buf);
                stored.drain(..before);
                (stored, num_values, encoding, levels)
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, .. } => {
                let mut stored = Vec::from(buf);
                let levels = stored.drain(..def_levels_byte_len as usize).collect();
                (stored, num_values, encoding, levels)
            }
        };
        self.levels = if self.pages.is_optional { Some(Hybrid::new(levels, 1).ok_or_else(too_few)?) } else { None };
        self.indices = None;
        if encoding == Encoding::RLE_DICTIONARY {
            let width = if stored.is_empty() { 0 } else { stored.remove(0) };
            self.indices = Some(Hybrid::new(std::mem::take(&mut stored), width.into()).ok_or_else(too_few)?);
        }
        self.page = Stored::new(stored);
        (self.at, self.left) = (0, values as usize);
        Ok(())
    }

    /// Reads the next rows in place of those before, no more than are available.
    pub fn fill(&mut self, rows: usize) -> Result<()> {
        let Self { levels, indices, cells, present, chosen, entries, .. } = self;
        self.left = self.left.checked_sub(rows).ok_or_else(too_few)?;
        cells.clear();
        present.clear();
        chosen.clear();
        let mut count = rows;
        if let Some(levels) = levels
            && !levels.take_all(rows, 1)
        {
            levels.read(rows, present).ok_or_else(too_few)?;
            count = present.iter().filter(|level| **level > 0).count();
        }
        self.has_any = count > 0;
        if let Some(indices) = indices {
            indices.read(count, chosen).ok_or_else(too_few)?;
            if chosen.iter().any(|entry| *entry as usize >= entries.len()) {
                return Err(damaged("a page refers to an entry that the dictionary does not have"));
            }
            spread(chosen, present, NO_ENTRY);
            cells.extend(chosen.iter().map(|entry| entries.get(*entry as usize).copied().unwrap_or(NULL)));
        } else {
            self.at = read(self.page.bytes(), self.at, count, cells).ok_or_else(too_few)?;
            spread(cells, present, NULL);
        }
        Ok(())
    }

    /// Whether any of the rows has a text.
    pub fn has_any(&self) -> bool {
        self.has_any
    }

    /// The texts of the dictionary, if it has at most so many, and which of them each row has; a row without a text has
    /// one that is not there.
    pub fn chosen(&self, most: usize) -> Option<(impl Iterator<Item = Result<&str, BadLine>>, &[u32])> {
        let entries = self.entries.iter().map(|entry| self.dictionary.text(*entry));
        (self.indices.is_some() && self.entries.len() <= most).then_some((entries, &self.chosen[..]))
    }

    /// Whether a row has no text.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.cells.get(row).is_none_or(|cell| cell.start == NULL.start)
    }

    /// The text of a row, if it has one.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Result<&str, BadLine>> {
        let cell = *self.cells.get(row).filter(|cell| cell.start != NULL.start)?;
        Some(if self.indices.is_some() { self.dictionary.text(cell) } else { self.page.text(cell) })
    }
}

/// Moves what the rows with a text have to those rows; all have one where it is not said which.
fn spread<T: Copy>(items: &mut Vec<T>, present: &[u32], nothing: T) {
    let mut next = items.len();
    if next == present.len() || present.is_empty() {
        return;
    }
    items.resize(present.len(), nothing);
    // From the end, where each moves before its place is needed.
    for row in (0..present.len()).rev() {
        let is_present = present[row] > 0;
        next -= usize::from(is_present);
        items[row] = if is_present { items[next] } else { nothing };
    }
}

fn too_few() -> parquet::errors::ParquetError {
    damaged("a page has fewer values than its header says")
}
