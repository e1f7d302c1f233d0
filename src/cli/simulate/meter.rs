//! How far reading has come: a bar on a terminal, a line from time to time elsewhere, and nothing for short inputs.
//!
//! All of it goes to stderr, so that results on stdout stay what they are.

use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Inputs that are done within it show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar moves.
const FRAME: Duration = Duration::from_millis(200);
/// How often a run without a terminal says how far it is.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Events between looks at the clock, where events come one by one.
const STRIDE: u64 = 1024;

pub struct Meter {
    /// Bytes or milliseconds of traffic in all; none where that is not known.
    total: Option<u64>,
    done: Arc<AtomicU64>,
    events: u64,
    looked: u64,
    started: Instant,
    due: Instant,
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Meter {
    /// Counts up to `total`, which is whatever `done` counts.
    pub fn new(total: Option<u64>, done: Arc<AtomicU64>) -> Meter {
        let (started, is_terminal) = (Instant::now(), std::io::stderr().is_terminal());
        let due = started + if is_terminal { PATIENCE } else { HEARTBEAT };
        Meter { total, done, events: 0, looked: 0, started, due, bar: None, is_terminal }
    }

    /// Counts events in.
    pub fn add(&mut self, events: usize) {
        self.events += events as u64;
        if self.events - self.looked < STRIDE {
            return;
        }
        self.looked = self.events;
        let now = Instant::now();
        if now < self.due {
            return;
        }
        if !self.is_terminal {
            self.due = now + HEARTBEAT;
            eprintln!("... {}", self.describe());
            return;
        }
        self.due = now + FRAME;
        let text = self.describe();
        let bar = self.bar.get_or_insert_with(|| bar(self.total));
        bar.set_message(text);
        bar.set_position(self.done.load(Ordering::Relaxed));
    }

    /// `41 %, 12,345,678 events, 2,100,000 events/s, 14 s left`.
    fn describe(&self) -> String {
        let elapsed = self.started.elapsed().as_secs_f64().max(0.001);
        let rate = (self.events as f64 / elapsed) as u64;
        let pace = format!("{} events, {} events/s", HumanCount(self.events), HumanCount(rate));
        let done = self.done.load(Ordering::Relaxed);
        match self.total {
            Some(total) if total > 0 && done > 0 => {
                let share = (done as f64 / total as f64).min(1.0);
                let left = elapsed / share - elapsed;
                format!("{:.0} %, {pace}, {left:.0} s left", share * 100.0)
            }
            _ => pace,
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    match total {
        Some(total) => ProgressBar::new(total).with_style(style("{bar:24} {msg}")),
        None => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a fixed template")
}

/// Counts the bytes that are read.
pub struct Counted<R> {
    pub input: R,
    pub done: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.input.seek(to)
    }
}
