//! Asking before changing.

use std::io::{BufRead, IsTerminal, Write};

use super::failure::Failure;

/// Asks on the terminal. Without one, `--auto-approve` must have been given.
pub fn ask(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask on; pass --auto-approve to go ahead without asking".into(),
        ));
    }
    eprint!("{question} Only `yes` goes ahead: ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    Ok(answer.trim() == "yes")
}
