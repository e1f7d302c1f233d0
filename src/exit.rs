//! The exit codes of every command, in one place.

/// Done, or no difference.
pub const DONE: u8 = 0;
/// Something went wrong; the message says what, where and what to do.
pub const ERROR: u8 = 1;
/// A difference or findings, where a flag such as `--detailed-exitcode` asked for it.
pub const DIFFERENCE: u8 = 2;
/// Partly applied: some steps are done, the rest is named.
pub const PARTLY_APPLIED: u8 = 3;
/// Refused, because the live state moved since the plan was made.
pub const MOVED: u8 = 4;
/// The command line itself was wrong (`EX_USAGE` of sysexits).
pub const USAGE: u8 = 64;
