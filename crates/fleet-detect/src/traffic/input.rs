//! Bytes before they are records: decompression, and lines of bounded length.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Longest line that is read, in bytes. MQTT payloads end at 128 KiB and log entries at 1 MiB; batches may be longer.
pub const MAX_LINE: usize = 16 << 20;
/// Bytes read at a time: small enough to be still in the cache when they are parsed.
pub(super) const BUFFER: usize = 1 << 17;

/// An input with its compression taken off.
pub(super) type Input<'r> = Box<dyn BufRead + Send + 'r>;

/// The first line that is not blank, its newline included.
pub(super) fn first_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    loop {
        let read = input.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut first)?;
        if read == 0 || !first.iter().all(u8::is_ascii_whitespace) {
            return Ok(first);
        }
        first.clear();
    }
}

pub(super) fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let Some(end) = buffer.iter().position(|byte| *byte == b'\n') else {
            let length = buffer.len();
            if length == 0 {
                return Ok(());
            }
            input.consume(length);
            continue;
        };
        input.consume(end + 1);
        return Ok(());
    }
}

/// Takes gzip (RFC 1952) and Zstandard (RFC 8878) off, told by their magic numbers.
pub(super) fn decompressed<'r>(input: impl Read + Send + 'r) -> io::Result<Input<'r>> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let magic = input.fill_buf()?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input))));
    }
    if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        // Windows are bounded by the library's default, 128 MiB.
        let decoder = zstd::stream::read::Decoder::with_buffer(input)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER, decoder)));
    }
    Ok(Box::new(input))
}
