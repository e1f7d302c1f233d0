//! Writing to standard output. A reader that closes the pipe early, such as `head`, ends the program quietly.

use std::io::{ErrorKind, Write};

use crate::exit;

/// Writes a text as it is.
pub fn text(text: &str) {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(exit::DONE.into()),
        Err(error) => {
            eprintln!("error: standard output cannot be written: {error}");
            std::process::exit(exit::ERROR.into());
        }
    }
}

/// Writes a line.
pub fn line(line: impl std::fmt::Display) {
    text(&format!("{line}\n"));
}

/// Writes data as indented JSON.
pub fn json(data: &impl serde::Serialize) {
    line(serde_json::to_string_pretty(data).expect("plain data"));
}
