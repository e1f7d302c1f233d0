//! How far a long audit has come: a bar on a terminal, a line from time to time elsewhere. Always on stderr, since
//! stdout is the report's.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::aws::inventory::Watch;

/// How often a run without a terminal says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Fewer objects than this are read before anybody wonders.
const WORTH_A_BAR: u64 = 50;

pub struct Bar {
    bar: ProgressBar,
    spoke: Mutex<Instant>,
    terminal: bool,
}

impl Bar {
    pub fn new(what: &str) -> Bar {
        let bar = ProgressBar::hidden();
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}").expect("a fixed template");
        bar.set_style(style);
        bar.set_length(0);
        bar.set_message(what.to_owned());
        Bar { bar, spoke: Mutex::new(Instant::now()), terminal: std::io::stderr().is_terminal() }
    }

    /// `count` more are to come.
    pub fn found_total(&self, count: usize) {
        self.bar.inc_length(count as u64);
        if self.terminal && self.bar.length().unwrap_or_default() >= WORTH_A_BAR && self.bar.is_hidden() {
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
    }

    /// `count` are done.
    pub fn add(&self, count: usize) {
        self.bar.inc(count as u64);
        let mut spoke = self.spoke.lock().expect("no panic while holding the lock");
        if !self.terminal && spoke.elapsed() >= HEARTBEAT {
            *spoke = Instant::now();
            let (at, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
            eprintln!("... {at} of {of} {}", self.bar.message());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn found(&self, _part: &str, count: usize) {
        self.found_total(count);
    }

    fn read(&self) {
        self.add(1);
    }
}
