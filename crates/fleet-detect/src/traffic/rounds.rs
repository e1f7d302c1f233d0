//! Lines of [`super::ndjson`], a round at a time: each thread takes the next block of the input, while the others parse
//! theirs, until the round is full.
//!
//! A block is parsed by the thread that read it, while it is still in the cache of that core. There is one round in
//! memory, so however slowly the events are taken, nothing piles up.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::input::{Input, MAX_LINE, skip_line};
use super::reader::TrafficError;
use super::tally::{BadLine, Tally};
use super::{ndjson, plain};
use crate::batch::Batch;
use crate::event::Event;
use crate::needs::Needs;
use crate::threads::with_each;

/// Bytes read at a time, where all that is kept of them is copied: few enough to be in a near cache until they are
/// parsed, enough that threads seldom wait for each other's reading.
const BLOCK: usize = 1 << 19;
/// Such blocks of a thread in a round: enough that starting threads costs little.
const BLOCKS: usize = 4;
/// Bytes read at a time where whole events point into them: a round has one block for each thread.
const WHOLE_BLOCK: usize = 1 << 20;

/// Takes rounds of lines from an input.
pub(super) struct Rounds {
    strict: bool,
    /// Whether nobody needs more of broker events than [`Batch`] keeps of plain ones.
    plain: bool,
    /// Lines before this round, blank ones included.
    lines: u64,
    /// One for each thread.
    buffers: Vec<Buffer>,
    /// Kept for their memory.
    spare: Vec<Batch<'static>>,
}

impl Rounds {
    pub fn new(threads: NonZeroUsize, strict: bool, needs: Needs) -> Self {
        let buffers = (0..threads.get()).map(|_| Buffer::default()).collect();
        Self { strict, plain: needs.is_plain(), lines: 0, buffers, spare: Vec::new() }
    }

    /// Hands the events of all rounds to `take`, in batches, and counts them.
    pub fn for_each(
        mut self,
        input: &mut Input,
        tally: &mut Tally,
        take: &mut dyn FnMut(&[Batch]),
    ) -> Result<(), TrafficError> {
        let source = Mutex::new(Source::new(input, if self.plain { BLOCK } else { WHOLE_BLOCK }));
        while !locked(&source).ended {
            locked(&source).left = if self.plain { self.buffers.len() * BLOCKS } else { self.buffers.len() };
            self.take_round(&source, tally, take)?;
            if let Some(error) = locked(&source).failed.take() {
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn take_round(
        &mut self,
        source: &Mutex<Source>,
        tally: &mut Tally,
        take: &mut dyn FnMut(&[Batch]),
    ) -> Result<(), TrafficError> {
        let (strict, plain, threads) = (self.strict, self.plain, self.buffers.len() > 1);
        let spare = Mutex::new(std::mem::take(&mut self.spare));
        let batch = || locked(&spare).pop().unwrap_or_default();
        let mut buffers: Vec<_> = self.buffers.iter_mut().map(Some).collect();
        let parsed = with_each(&mut buffers, threads, |_, buffer| {
            let Some(buffer) = buffer.take() else { return Vec::new() };
            if plain {
                parse_plain(source, buffer, batch, strict)
            } else {
                parse_whole(source, buffer, batch(), strict)
            }
        });
        let mut parsed: Vec<_> = parsed.into_iter().flatten().collect();
        parsed.sort_unstable_by_key(|parsed| parsed.number);
        let (mut batches, mut failed) = (Vec::new(), None);
        for Parsed { batch, tally: counted, lines, bad, .. } in parsed {
            tally.append(counted, self.lines);
            batches.push(batch);
            if let Some(bad) = bad {
                failed = Some(TrafficError::Strict { line: self.lines + lines, bad });
                break;
            }
            self.lines += lines;
        }
        take(&batches);
        self.spare = spare.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.spare.extend(batches.into_iter().map(Batch::recycled));
        failed.map_or(Ok(()), Err)
    }
}

/// Whoever panicked while holding the lock will be heard of otherwise.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parses one block after the other, each into a batch that keeps nothing of the block.
fn parse_plain(
    source: &Mutex<Source>,
    buffer: &mut Buffer,
    spare: impl Fn() -> Batch<'static>,
    strict: bool,
) -> Vec<Parsed<'static>> {
    let mut all = Vec::new();
    loop {
        let Some(number) = locked(source).fill(buffer) else { return all };
        let mut parsed = Parsed::new(number, spare());
        parsed.take_block(buffer.lines(), strict, plain::parse_first_plain, Event::into_owned);
        all.push(parsed);
    }
}

/// Parses one block into a batch that points into it.
fn parse_whole<'b>(source: &Mutex<Source>, buffer: &'b mut Buffer, batch: Batch<'b>, strict: bool) -> Vec<Parsed<'b>> {
    let Some(number) = locked(source).fill(buffer) else { return Vec::new() };
    let mut parsed = Parsed::new(number, batch);
    parsed.take_block(buffer.lines(), strict, plain::parse_first, |event| event);
    vec![parsed]
}

/// The input, from which threads take blocks in turn.
struct Source<'i, 'r> {
    input: &'i mut Input<'r>,
    /// Bytes that a block wants; a longer line makes it larger.
    size: usize,
    /// Blocks left in this round.
    left: usize,
    /// Number of the next block.
    next: usize,
    /// The beginning of a line, behind the lines of the last block.
    rest: Vec<u8>,
    /// Whether the last block ends within a line that is too long, the rest of which is still to be passed over.
    is_cut: bool,
    ended: bool,
    failed: Option<io::Error>,
}

impl<'i, 'r> Source<'i, 'r> {
    fn new(input: &'i mut Input<'r>, size: usize) -> Self {
        Self { input, size, left: 0, next: 0, rest: Vec::new(), is_cut: false, ended: false, failed: None }
    }

    /// Fills the buffer with the next block and returns its number; none if there is no more in this round.
    fn fill(&mut self, buffer: &mut Buffer) -> Option<usize> {
        if self.left == 0 || self.ended {
            return None;
        }
        self.left -= 1;
        if let Err(error) = self.read(buffer) {
            self.failed = Some(error);
            self.ended = true;
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    /// Reads whole lines, or the beginning of a line that is too long for any buffer.
    fn read(&mut self, buffer: &mut Buffer) -> io::Result<()> {
        if std::mem::take(&mut self.is_cut) {
            skip_line(self.input)?;
        }
        buffer.start(self.size, &self.rest);
        self.rest.clear();
        loop {
            self.ended = buffer.read(self.input)?;
            if self.ended {
                return Ok(());
            }
            if let Some(end) = memchr::memrchr(b'\n', buffer.lines()) {
                self.rest.extend(&buffer.lines()[end + 1..]);
                buffer.filled = end + 1;
                return Ok(());
            }
            if buffer.filled > MAX_LINE {
                self.is_cut = true;
                return Ok(());
            }
            buffer.bytes.resize((buffer.bytes.len() * 2).min(MAX_LINE + 1), 0);
        }
    }
}

/// Bytes of a block.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    fn lines(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Makes room, and begins with what is left of the last block.
    fn start(&mut self, size: usize, rest: &[u8]) {
        self.bytes.truncate(size);
        self.bytes.shrink_to(size);
        self.bytes.resize(size.max(rest.len() + 1), 0);
        self.bytes[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// Reads until it is full; true at the end of the input.
    fn read(&mut self, input: &mut Input) -> io::Result<bool> {
        while self.filled < self.bytes.len() {
            match input.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(true),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// What a block gave.
struct Parsed<'b> {
    /// Number of the block.
    number: usize,
    batch: Batch<'b>,
    /// Counts, with numbers of lines from the block's beginning.
    tally: Tally,
    /// Lines up to where it was read, blank ones included.
    lines: u64,
    /// The last line, if it is bad and that is where to stop.
    bad: Option<BadLine>,
}

impl<'b> Parsed<'b> {
    fn new(number: usize, batch: Batch<'b>) -> Self {
        Self { number, batch, tally: Tally::default(), lines: 0, bad: None }
    }

    /// Takes all lines of a block: with `quick` where it is sure about the first line of a text, otherwise with the full
    /// parser and `keep`.
    #[inline(always)]
    fn take_block<'t>(
        &mut self,
        block: &'t [u8],
        strict: bool,
        quick: impl Fn(&'t str, &mut Batch<'b>) -> Option<usize>,
        keep: impl Fn(Event<'t>) -> Event<'b>,
    ) {
        let mut rest = block;
        while !rest.is_empty() && self.bad.is_none() {
            // Looking at all of the text at once is quicker than line by line. What is not UTF-8 ends it.
            let valid = simdutf8::compat::from_utf8(rest)
                .unwrap_or_else(|error| str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default());
            let whole =
                if valid.len() == rest.len() { valid.len() } else { valid.rfind('\n').map_or(0, |end| end + 1) };
            let after = &rest[whole..];
            self.take_text(&valid[..whole], strict, &quick, &keep);
            rest = after;
            if !after.is_empty() && self.bad.is_none() {
                rest = self.take_line(after, strict, &keep);
            }
        }
    }

    /// Takes all lines of a text.
    #[inline(always)]
    fn take_text<'t>(
        &mut self,
        text: &'t str,
        strict: bool,
        quick: &impl Fn(&'t str, &mut Batch<'b>) -> Option<usize>,
        keep: &impl Fn(Event<'t>) -> Event<'b>,
    ) {
        let mut rest = text;
        while !rest.is_empty() && self.bad.is_none() {
            let taken = if rest.len() > MAX_LINE { None } else { quick(rest, &mut self.batch) };
            let Some(length) = taken else {
                let left = self.take_line(rest.as_bytes(), strict, keep).len();
                rest = &rest[rest.len() - left..];
                continue;
            };
            self.lines += 1;
            self.tally.lines += 1;
            self.tally.events += 1;
            rest = rest.get(length + 1..).unwrap_or_default();
        }
    }

    /// Takes the first line, which the quick way left alone, and returns what is behind it.
    #[inline(never)]
    fn take_line<'t>(&mut self, bytes: &'t [u8], strict: bool, keep: &impl Fn(Event<'t>) -> Event<'b>) -> &'t [u8] {
        let length = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let (line, rest) = (&bytes[..length], bytes.get(length + 1..).unwrap_or_default());
        self.lines += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            return rest;
        }
        self.tally.lines += 1;
        let parsed = match line.len() {
            ..=MAX_LINE => ndjson::parse_fully(line),
            _ => Err(BadLine::new("line too long", format!("more than {MAX_LINE} bytes"))),
        };
        match parsed {
            Ok(event) => {
                self.tally.events += 1;
                self.batch.push(keep(event));
            }
            Err(bad) if strict => self.bad = Some(bad),
            Err(bad) => self.tally.add_bad(self.lines, bad),
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Options, Traffic};
    use super::*;
    use crate::event::Event;

    /// Lines of all lengths, good, odd and bad, over several rounds.
    fn lines() -> Vec<u8> {
        let mut text = Vec::new();
        for number in 0..9000_u32 {
            let topic = "t".repeat((number.wrapping_mul(2_654_435_761) >> 23) as usize);
            let at = 1_700_000_000_000 + u64::from(number);
            let line = match number % 1000 {
                7 => "{\"timestamp\":".to_owned(),
                8 => " \t".to_owned(),
                9 => format!("{{\"type\":\"connect\",\"clientId\":\"gr\\u00f6\\u00dfe\",\"timestamp\":{at}}}\r"),
                10 => format!("{{ \"type\":\"connect\",\"clientId\":\"größe\",\"timestamp\":{at}}}"),
                500 if number > 8000 => "x".repeat(MAX_LINE + 1 + number as usize),
                501 if number > 8000 => format!("\"{}\"", "x".repeat(3 * BLOCK)),
                _ => format!("{{\"timestamp\":{at},\"type\":\"publish\",\"clientId\":\"c\",\"topic\":\"{topic}\"}}"),
            };
            text.extend(line.as_bytes());
            if number % 1000 == 600 {
                text.push(0xff);
            }
            text.push(b'\n');
        }
        text.extend(b"{\"timestamp\":1700000000000,\"type\":\"connect\",\"clientId\":\"last\"}");
        text
    }

    #[test]
    fn rounds_give_what_reading_line_by_line_gives() {
        let text = lines();
        let nothing = Needs { topics: false, bytes: false, sources: false };
        let open = |threads: usize, strict: bool, needs: Needs| {
            let threads = NonZeroUsize::new(threads).unwrap();
            let options = Options { threads, strict, max_bad_share: 1.0, needs, ..Options::default() };
            Traffic::open(&text[..], options).unwrap()
        };
        let (mut one_by_one, mut expected) = (open(1, false, Needs::ALL), Vec::new());
        while let Some(event) = one_by_one.next_event().unwrap() {
            expected.push(event);
        }
        assert_eq!(expected.last().unwrap().device(), "last");
        assert_eq!(one_by_one.tally().bad["line too long"].count, 1);
        let names: Vec<_> = expected.iter().map(|event| (event.at, event.device().as_bytes().to_vec())).collect();
        for threads in [1, 2, 3] {
            for needs in [Needs::ALL, nothing] {
                let (mut events, mut found, mut rounds) = (Vec::new(), Vec::new(), 0);
                let take = |batches: &[Batch]| {
                    rounds += 1;
                    events.extend(batches.iter().flat_map(Batch::events).cloned().map(Event::into_owned));
                    for batch in batches.iter().map(Batch::prepared) {
                        found.extend(batch.entries.iter().map(|entry| (entry.at, batch.name(entry).text.to_vec())));
                    }
                };
                let tally = open(threads, false, needs).for_each_round(take).unwrap();
                assert_eq!(&tally, one_by_one.tally(), "{threads} threads");
                assert!(found == names && rounds > 1, "{threads} threads, {rounds} rounds");
                assert!(if needs == Needs::ALL { events == expected } else { events.len() < 50 }, "{threads} threads");
                let stopped = open(threads, true, needs).for_each_round(|_| {}).unwrap_err();
                assert!(matches!(stopped, TrafficError::Strict { line: 8, .. }), "{threads} threads: {stopped}");
            }
        }
    }
}
