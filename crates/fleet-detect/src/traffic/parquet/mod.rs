//! Parquet with the columns of [`super::ndjson`], read and written a batch at a time.
//!
//! A column has the name of an NDJSON member and means the same. What is an object there (`metrics`, `value`,
//! `dimension`) is the same object as JSON text here, so every column is flat. A cell that is null, or a column that is
//! absent, is a member left out.
//!
//! The page layer, [`pages`], is our own so that every size a file claims is bounded before memory is taken for it;
//! the footer and columns of numbers are read by the `parquet` crate. Columns of texts, [`texts`], are our own for speed.

mod column;
mod hybrid;
mod page_header;
mod pages;
mod plain_rows;
mod runs;
mod schema;
pub mod table;
mod texts;
pub mod write;
