//! Device traffic from files and streams: formats, their detection, decompression, and the tally of bad lines.
//!
//! | Format | One record |
//! |---|---|
//! | [`ndjson`] | fleetctl's own, one event a line |
//! | [`iot_log`] | AWS IoT Core log entries (`AWSIotLogsV2`), raw or as `filter-log-events` returns them |
//! | [`lifecycle`] | presence and subscription events that AWS IoT publishes |
//! | [`report`] | device reports as `{topic, timestamp, payload}`, JSON or CBOR, long or short names |
//! | [`export`] | batches of the Device Defender metrics export |
//! | [`csv`] | `thing,timestamp,metric,value` |
//! | [`parquet`] | a row with the columns of NDJSON; needs an input that can be read anywhere |
//!
//! Nothing here opens files or looks at a clock: [`reader::Traffic`] takes anything that can be read.

pub mod compress;
pub mod csv;
mod documents;
pub mod export;
pub mod format;
mod input;
pub mod iot_log;
mod json;
pub mod lifecycle;
mod members;
pub mod merge;
pub mod ndjson;
pub mod output;
pub mod parquet;
mod plain;
pub mod reader;
pub mod report;
mod rounds;
mod scan;
pub mod tally;
pub mod time;
pub mod write;
