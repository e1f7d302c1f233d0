//! The pages of one column chunk, with every size checked before memory is taken for it.

use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;

use super::page_header::{PageHeader, PageKind, encoding};
use super::runs;

/// Largest page, before and after decompression.
pub const MAX_PAGE: usize = 64 << 20;
/// Largest dictionary of a column chunk. Writers end dictionaries at about one mebibyte.
const MAX_DICTIONARY: usize = 16 << 20;
/// Most entries of a dictionary, each of which takes memory of its own.
const MAX_ENTRIES: u32 = 1 << 20;
/// Most values of a page, which may be of no length at all.
const MAX_VALUES: u32 = 1 << 24;
/// Bytes of a header read at first, and at most: statistics in it may be long.
const HEADER: [usize; 2] = [1 << 10, 1 << 20];

/// What can be read anywhere.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// A file that several columns read in turn.
#[derive(Clone)]
pub(super) struct SharedFile {
    file: Arc<Mutex<dyn ReadSeek>>,
    pub length: u64,
}

impl SharedFile {
    pub fn new(mut file: impl ReadSeek + 'static) -> std::io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Arc::new(Mutex::new(file)), length })
    }

    /// Bytes from a place on; the caller has checked that the file has them.
    pub fn read(&self, at: u64, length: usize) -> Result<Vec<u8>> {
        let mut file = self.file.lock().map_err(|_| damaged("a reader of the same file has failed"))?;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

pub(super) fn damaged(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}

/// Reads the pages of a flat column.
pub(super) struct Pages {
    file: SharedFile,
    at: u64,
    end: u64,
    codec: Compression,
    physical: Type,
    /// Whether values may be null, which levels tell.
    pub is_optional: bool,
    has_dictionary: bool,
    zstd: zstd::bulk::Decompressor<'static>,
}

impl Pages {
    pub fn new(file: SharedFile, chunk: &ColumnChunkMetaData) -> Result<Self> {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let start = u64::try_from(start.min(chunk.data_page_offset())).ok();
        let end =
            start.zip(u64::try_from(chunk.compressed_size()).ok()).and_then(|(at, length)| at.checked_add(length));
        let (Some(at), Some(end)) = (start, end.filter(|end| *end <= file.length)) else {
            return Err(damaged("a column chunk lies outside of the file"));
        };
        let (codec, physical) = (chunk.compression(), chunk.column_type());
        let readable = matches!(
            codec,
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_)
        );
        if !readable {
            return Err(damaged(format!("the compression {codec} is not read; write it with zstd, snappy or gzip")));
        }
        let is_optional = chunk.column_descr().max_def_level() > 0;
        let zstd = zstd::bulk::Decompressor::new()?;
        Ok(Self { file, at, end, codec, physical, is_optional, has_dictionary: false, zstd })
    }

    fn header(&mut self) -> Result<PageHeader> {
        let left = self.end - self.at;
        for length in HEADER {
            let length = left.min(length as u64) as usize;
            let bytes = self.file.read(self.at, length)?;
            if let Some((header, length)) = PageHeader::read(&bytes) {
                self.at += length as u64;
                return Ok(header);
            }
            if length as u64 == left {
                break;
            }
        }
        Err(damaged("a page's header cannot be read"))
    }

    /// The next page that holds values; none at the end of the chunk.
    fn next_page(&mut self) -> Result<Option<Page>> {
        while self.at < self.end {
            let header = self.header()?;
            let largest = if matches!(header.kind, PageKind::Dictionary { .. }) { MAX_DICTIONARY } else { MAX_PAGE };
            if header.compressed as u64 > self.end - self.at {
                return Err(damaged("a page is longer than its column chunk"));
            }
            let at = self.at;
            self.at += header.compressed as u64;
            if matches!(header.kind, PageKind::Other) {
                continue;
            }
            if header.compressed.max(header.uncompressed) > largest {
                let (size, largest) = (header.compressed.max(header.uncompressed), largest >> 20);
                return Err(damaged(format!(
                    "a page of {size} bytes is larger than {largest} MiB; write smaller row groups"
                )));
            }
            let bytes = self.file.read(at, header.compressed)?;
            if let Some(page) = self.page(&header, bytes)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The page of a header and its bytes; none if it holds nothing.
    fn page(&mut self, header: &PageHeader, bytes: Vec<u8>) -> Result<Option<Page>> {
        let page = match header.kind {
            PageKind::Other | PageKind::Data { values: 0, .. } | PageKind::DataV2 { values: 0, .. } => return Ok(None),
            PageKind::Dictionary { values } => {
                let bytes = self.decompressed(bytes, 0, header.uncompressed)?;
                self.dictionary(bytes, values)?
            }
            PageKind::Data { values, encoding, level_encoding } => {
                // 3 is RLE; the other encoding has been obsolete since 2013, but stands where there are no levels.
                if self.is_optional && level_encoding != 3 {
                    return Err(damaged("levels are encoded in an obsolete way"));
                }
                let buf = self.decompressed(bytes, 0, header.uncompressed)?;
                let (levels, stored) = self.split(&buf)?;
                let encoding = self.checked(encoding, values, levels, stored)?;
                Page::DataPage {
                    buf: buf.into(),
                    num_values: values,
                    encoding,
                    def_level_encoding: Encoding::RLE,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                }
            }
            PageKind::DataV2 { values, nulls, encoding, levels, repetition_levels, is_compressed } => {
                if levels > bytes.len() || levels > header.uncompressed || repetition_levels > 0 {
                    return Err(damaged("a page's levels do not fit"));
                }
                let buf = match is_compressed {
                    true => self.decompressed(bytes, levels, header.uncompressed)?,
                    false => bytes,
                };
                let (before, stored) = buf.split_at(levels);
                if self.present(before, values)? != values.saturating_sub(nulls) {
                    return Err(damaged("a page has another number of nulls than its header says"));
                }
                let encoding = self.checked(encoding, values, before, stored)?;
                Page::DataPageV2 {
                    buf: buf.into(),
                    num_values: values,
                    encoding,
                    num_nulls: nulls,
                    num_rows: values,
                    def_levels_byte_len: levels as u32,
                    rep_levels_byte_len: 0,
                    is_compressed: false,
                    statistics: None,
                }
            }
        };
        Ok(Some(page))
    }

    /// Levels and values of a page of the first version, where a length stands before the levels.
    pub fn split<'b>(&self, page: &'b [u8]) -> Result<(&'b [u8], &'b [u8])> {
        if !self.is_optional {
            return Ok((&[], page));
        }
        let split = page.split_first_chunk::<4>().and_then(|(length, rest)| {
            let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        split.ok_or_else(|| damaged("a page's levels do not fit"))
    }

    /// How many values of a page are not null.
    fn present(&self, levels: &[u8], values: u32) -> Result<u32> {
        if !self.is_optional {
            return Ok(values);
        }
        runs::present(levels, values).ok_or_else(|| damaged("a page's levels do not fit"))
    }

    /// The encoding, if it is one that is read and the bytes hold as many values as they should.
    fn checked(&self, number: i64, values: u32, levels: &[u8], stored: &[u8]) -> Result<Encoding> {
        let encoding = encoding(number).map_err(damaged)?;
        if values > MAX_VALUES {
            return Err(damaged(format!("a page of {values} values is larger than {MAX_VALUES}; write smaller pages")));
        }
        let present = self.present(levels, values)?;
        let holds = match (encoding, self.physical) {
            (Encoding::RLE_DICTIONARY, _) if !self.has_dictionary => {
                return Err(damaged("a page refers to a dictionary that is not there"));
            }
            (Encoding::RLE_DICTIONARY, _) => !stored.is_empty() && runs::holds_indices(stored, present),
            (_, Type::BYTE_ARRAY) => runs::holds_texts(stored, present),
            _ => present as usize * self.width() <= stored.len(),
        };
        if holds { Ok(encoding) } else { Err(damaged("a page has fewer values than its header says")) }
    }

    /// Bytes of a number, or of a text's length.
    fn width(&self) -> usize {
        match self.physical {
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            _ => 4,
        }
    }

    fn dictionary(&mut self, buf: Vec<u8>, num_values: u32) -> Result<Page> {
        let holds = match self.physical {
            Type::BYTE_ARRAY => runs::holds_texts(&buf, num_values),
            _ => num_values as usize * self.width() <= buf.len(),
        };
        if num_values > MAX_ENTRIES || !holds || self.has_dictionary {
            return Err(damaged("a dictionary is too large, or does not fit"));
        }
        self.has_dictionary = true;
        Ok(Page::DictionaryPage { buf: buf.into(), num_values, encoding: Encoding::PLAIN, is_sorted: false })
    }

    /// The bytes with the compression taken off all but the first `plain` of them. No more than `length` bytes, which
    /// the caller has bounded, are ever made.
    fn decompressed(&mut self, bytes: Vec<u8>, plain: usize, length: usize) -> Result<Vec<u8>> {
        let expected = length - plain;
        let packed = &bytes[plain..];
        let unpacked = match self.codec {
            _ if packed.is_empty() && expected == 0 => return Ok(bytes),
            Compression::UNCOMPRESSED => return if bytes.len() == length { Ok(bytes) } else { Err(other_length()) },
            Compression::SNAPPY => {
                let mut unpacked = vec![0; expected];
                let length = snap::raw::Decoder::new().decompress(packed, &mut unpacked);
                unpacked.truncate(length.map_err(|error| damaged(error.to_string()))?);
                unpacked
            }
            Compression::ZSTD(_) => self.zstd.decompress(packed, expected)?,
            _ => {
                let mut unpacked = Vec::new();
                MultiGzDecoder::new(packed).take(expected as u64 + 1).read_to_end(&mut unpacked)?;
                unpacked
            }
        };
        if unpacked.len() != expected {
            return Err(other_length());
        }
        if plain == 0 {
            return Ok(unpacked);
        }
        Ok([&bytes[..plain], &unpacked].concat())
    }
}

fn other_length() -> ParquetError {
    damaged("a page has another length than its header says")
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.next_page()
    }

    // Only columns with repetitions, and skipping, look ahead.
    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Err(damaged("pages are read in order only"))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Err(damaged("pages are read in order only"))
    }
}
