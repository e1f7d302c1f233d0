//! How far a task on the other side has come: a bar on a terminal, a line for each step elsewhere. Always on stderr, since
//! stdout is the report's.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub struct Waiting {
    what: String,
    bar: Option<ProgressBar>,
    last: Mutex<String>,
}

impl Waiting {
    /// `what` is named in every line, for instance `audit task 1234`.
    pub fn new(what: &str) -> Waiting {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {msg} {elapsed}");
            let bar = ProgressBar::new(0).with_style(style.expect("a fixed template"));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Waiting { what: what.to_owned(), bar, last: Mutex::new(String::new()) }
    }

    /// `done` of `all` have ended.
    pub fn at(&self, done: usize, all: usize, of_what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("{of_what} of {}", self.what));
            return;
        }
        let line = format!("... {}: {done} of {all} {of_what} done", self.what);
        let mut last = self.last.lock().expect("no panic while holding the lock");
        if *last != line {
            eprintln!("{line}");
            *last = line;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
