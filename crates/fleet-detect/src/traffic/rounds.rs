//! Lines of [`super::ndjson`], a round at a time: while one thread reads the next round, the others parse this one,
//! each its own block.
//!
//! There is one round in memory and one on its way, so however slowly the events are taken, nothing piles up.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;

use super::input::{Input, MAX_LINE, skip_line};
use super::reader::TrafficError;
use super::tally::{BadLine, Tally};
use super::{ndjson, plain};
use crate::batch::Batch;
use crate::needs::Needs;
use crate::threads::with_each;

/// Bytes for each thread in a round: enough that starting threads costs little, few enough that the events of a round
/// are still in the cache when they are evaluated.
const BLOCK: usize = 1 << 19;
/// The same where threads are started for each round, which costs more than the nearest cache saves.
const THREAD_BLOCK: usize = 1 << 21;

/// Takes rounds of lines from `input`.
pub(super) struct Rounds {
    threads: usize,
    strict: bool,
    /// Whether nobody needs more of broker events than [`Batch`] keeps of plain ones.
    plain: bool,
    /// Lines before this round, blank ones included.
    lines: u64,
    /// Kept for their memory.
    spare: Vec<Batch<'static>>,
}

impl Rounds {
    pub fn new(threads: NonZeroUsize, strict: bool, needs: Needs) -> Self {
        Self { threads: threads.get(), strict, plain: needs.is_plain(), lines: 0, spare: Vec::new() }
    }

    /// Hands the events of all rounds to `take`, a batch for each thread, and counts them.
    pub fn for_each(
        mut self,
        input: &mut Input,
        tally: &mut Tally,
        take: &mut impl FnMut(&[Batch]),
    ) -> Result<(), TrafficError> {
        let size = if self.threads == 1 { BLOCK } else { self.threads * THREAD_BLOCK };
        let (mut current, mut next) = (Buffer::new(size), Buffer::new(size));
        current.fill(input, &Buffer::new(0))?;
        while !current.lines().is_empty() {
            if self.threads == 1 {
                self.take_round(current.lines(), tally, take)?;
                next.fill(input, &current)?;
            } else {
                let (filled, taken) = std::thread::scope(|scope| {
                    let filling = scope.spawn(|| next.fill(input, &current));
                    let taken = self.take_round(current.lines(), tally, take);
                    (filling.join().unwrap_or_else(|panic| resume_unwind(panic)), taken)
                });
                taken?;
                filled?;
            }
            std::mem::swap(&mut current, &mut next);
        }
        Ok(())
    }

    fn take_round(
        &mut self,
        lines: &[u8],
        tally: &mut Tally,
        take: &mut impl FnMut(&[Batch]),
    ) -> Result<(), TrafficError> {
        let mut blocks: Vec<(&[u8], Batch)> = Vec::new();
        let mut rest = lines;
        for threads in (1..=self.threads).rev() {
            let (block, later) = rest.split_at(line_end(rest, rest.len() / threads));
            blocks.push((block, self.spare.pop().unwrap_or_default().recycled()));
            rest = later;
        }
        let (strict, plain) = (self.strict, self.plain);
        let parsed = with_each(&mut blocks, self.threads > 1, |_, (block, batch)| {
            parse_block(block, std::mem::take(batch), strict, plain)
        });
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
        self.spare.extend(batches.into_iter().map(Batch::recycled));
        failed.map_or(Ok(()), Err)
    }
}

/// Position after the line that contains the byte before `position`.
fn line_end(bytes: &[u8], position: usize) -> usize {
    let begin = position.saturating_sub(1);
    memchr::memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |end| begin + end + 1)
}

/// Bytes of a round.
struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
    /// How many bytes it wants; a longer line makes it larger.
    size: usize,
    /// Whether the input has ended.
    ended: bool,
}

impl Buffer {
    fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], filled: 0, size, ended: false }
    }

    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// The whole lines; or the beginning of a line that is too long for any buffer.
    fn lines(&self) -> &[u8] {
        match memchr::memrchr(b'\n', self.filled()) {
            Some(end) if !self.ended => &self.bytes[..=end],
            _ => self.filled(),
        }
    }

    /// Whether the last line is too long, so that the rest of it is still to be passed over.
    fn is_cut(&self) -> bool {
        !self.ended && self.filled > MAX_LINE && memchr::memrchr(b'\n', self.filled()).is_none()
    }

    /// Fills it with what comes after the lines of the previous one.
    fn fill(&mut self, input: &mut Input, previous: &Self) -> io::Result<()> {
        let rest = &previous.filled()[previous.lines().len()..];
        self.bytes.truncate(self.size);
        self.bytes.shrink_to(self.size);
        self.bytes.resize(self.size.max(rest.len()), 0);
        self.bytes[..rest.len()].copy_from_slice(rest);
        (self.filled, self.ended) = (rest.len(), false);
        if previous.is_cut() {
            skip_line(input)?;
        }
        loop {
            self.ended = self.read(input)?;
            let has_line = memchr::memchr(b'\n', self.filled()).is_some();
            if self.ended || has_line || self.filled > MAX_LINE {
                return Ok(());
            }
            self.bytes.resize((self.bytes.len() * 2).min(MAX_LINE + 1), 0);
        }
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
    batch: Batch<'b>,
    plain: bool,
    /// Counts, with numbers of lines from the block's beginning.
    tally: Tally,
    /// Lines up to where it was read, blank ones included.
    lines: u64,
    /// The last line, if it is bad and that is where to stop.
    bad: Option<BadLine>,
}

fn parse_block<'b>(block: &'b [u8], batch: Batch<'b>, strict: bool, plain: bool) -> Parsed<'b> {
    let mut parsed = Parsed { batch, plain, tally: Tally::default(), lines: 0, bad: None };
    let mut rest = block;
    while !rest.is_empty() && parsed.bad.is_none() {
        // Looking at all of the text at once is quicker than line by line. What is not UTF-8 ends it.
        let valid = str::from_utf8(rest)
            .unwrap_or_else(|error| str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default());
        let whole = if valid.len() == rest.len() { valid.len() } else { valid.rfind('\n').map_or(0, |end| end + 1) };
        rest = parsed.take_text(&valid[..whole], &rest[whole..], strict);
    }
    parsed
}

impl<'b> Parsed<'b> {
    /// Takes all lines of a text and, if there are more bytes after it, their first line. Returns what is left.
    fn take_text(&mut self, text: &'b str, after: &'b [u8], strict: bool) -> &'b [u8] {
        let mut rest = text;
        while !rest.is_empty() && self.bad.is_none() {
            self.lines += 1;
            let quick =
                if rest.len() > MAX_LINE { None } else { plain::parse_first(rest, &mut self.batch, self.plain) };
            let length = match quick {
                Some(length) => {
                    self.tally.lines += 1;
                    self.tally.events += 1;
                    length
                }
                None => {
                    let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                    self.line(&rest.as_bytes()[..length], strict);
                    length
                }
            };
            rest = rest.get(length + 1..).unwrap_or_default();
        }
        if after.is_empty() || self.bad.is_some() {
            return after;
        }
        self.lines += 1;
        let length = memchr::memchr(b'\n', after).unwrap_or(after.len());
        self.line(&after[..length], strict);
        after.get(length + 1..).unwrap_or_default()
    }

    /// Takes a line that the quick way left alone.
    fn line(&mut self, line: &'b [u8], strict: bool) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.tally.lines += 1;
        let parsed = match line.len() {
            ..=MAX_LINE => ndjson::parse_fully(line),
            _ => Err(BadLine::new("line too long", format!("more than {MAX_LINE} bytes"))),
        };
        match parsed {
            Ok(event) => {
                self.tally.events += 1;
                self.batch.push(event);
            }
            Err(bad) if strict => self.bad = Some(bad),
            Err(bad) => self.tally.add_bad(self.lines, bad),
        }
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
        let open = |threads: usize, strict: bool| {
            let threads = NonZeroUsize::new(threads).unwrap();
            Traffic::open(&text[..], Options { threads, strict, max_bad_share: 1.0, ..Options::default() }).unwrap()
        };
        let (mut one_by_one, mut expected) = (open(1, false), Vec::new());
        while let Some(event) = one_by_one.next_event().unwrap() {
            expected.push(event);
        }
        assert_eq!(expected.last().unwrap().device(), "last");
        assert_eq!(one_by_one.tally().bad["line too long"].count, 1);
        for threads in [1, 2, 3] {
            let (mut events, mut rounds) = (Vec::new(), 0);
            let take = |batches: &[Batch]| {
                rounds += 1;
                events.extend(batches.iter().flat_map(Batch::events).cloned().map(Event::into_owned));
            };
            let tally = open(threads, false).for_each_round(take).unwrap();
            assert_eq!(&tally, one_by_one.tally(), "{threads} threads");
            assert!(events == expected && rounds > 3, "{threads} threads, {rounds} rounds");
            let stopped = open(threads, true).for_each_round(|_| {}).unwrap_err();
            assert!(matches!(stopped, TrafficError::Strict { line: 8, .. }), "{threads} threads: {stopped}");
        }
    }
}
