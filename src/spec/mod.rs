//! From text to entries: parse → expand → resolve. All of it is pure once the files are read.

pub mod node;
pub mod parse;
pub mod zip_folder;
