//! From text to entries: load → vars → expand → shape → entries → resolve.
//!
//! `load` and `files` read the disk. Everything between them is pure, and every stage reports all it can see.

pub mod entry;
pub mod expand;
pub mod files;
pub mod head;
pub mod load;
pub mod node;
pub mod parse;
pub mod resolve;
pub mod shape;
pub mod things_csv;
pub mod vars;
pub mod zip_folder;
