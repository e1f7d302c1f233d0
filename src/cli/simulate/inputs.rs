//! Reads recorded traffic: one input block by block, several merged by time with few of them open at once.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fleet_detect::batch::Batch;
use fleet_detect::traffic::merge::{Input, Merge};
use fleet_detect::traffic::reader::{Options, Traffic, TrafficError};
use fleet_detect::traffic::tally::Tally;

use super::meter::Counted;
use crate::cli::failure::Failure;

/// The name that stands for standard input.
pub const STDIN: &str = "-";
/// Merged events that are evaluated together.
pub const BATCH: usize = 512;

/// The length of a file. Pipes have none, whatever their name, and are read only once.
pub fn size(name: &str) -> Option<u64> {
    let found = std::fs::metadata(name).ok().filter(|found| name != STDIN && found.is_file());
    found.map(|found| found.len())
}

/// Hands over all events by time, in rounds, and returns the tally of each input. `done` counts the bytes.
pub fn read(
    names: &[String],
    options: &Options,
    done: &Arc<AtomicU64>,
    mut take: impl FnMut(&[Batch]),
) -> Result<Vec<(String, Tally)>, Failure> {
    if let [name] = names {
        let read = open(name, options, done).and_then(|traffic| traffic.for_each_round(take));
        return Ok(vec![(name.clone(), read.map_err(|error| unusable(name, &error))?)]);
    }
    let mut inputs = Vec::new();
    for name in names {
        inputs.push(input(name, options, done).map_err(|error| unusable(name, &error))?);
    }
    let unusable_input = |merge: &Merge, error: TrafficError| unusable(&names[merge.reading()], &error);
    let mut merge = Merge::of(inputs).map_err(|error| unusable(&names.join(", "), &error))?;
    let mut batch = Batch::default();
    loop {
        let next = merge.next_event().map_err(|error| unusable_input(&merge, error))?;
        let ended = next.is_none();
        next.into_iter().for_each(|event| batch.push(event));
        if batch.events().len() == BATCH || ended {
            take(std::slice::from_ref(&batch));
            batch = batch.recycled();
        }
        if ended {
            return Ok(names.iter().cloned().zip(merge.into_tallies()).collect());
        }
    }
}

/// A file waits closed until the merge reaches its first event; what can be read only once is open from the beginning.
fn input<'n>(name: &'n str, options: &Options, done: &Arc<AtomicU64>) -> Result<Input<'n>, TrafficError> {
    if size(name).is_none() {
        return Ok(Input::from(open(name, options, done)?));
    }
    let mut looked_at = open(name, options, &Arc::default())?;
    let Some(first) = looked_at.next_event()? else { return Ok(Input::Ended(looked_at.tally().clone())) };
    let (options, done) = (options.clone(), Arc::clone(done));
    Ok(Input::Waiting(first.at, Box::new(move || open(name, &options, &done))))
}

fn open(name: &str, options: &Options, done: &Arc<AtomicU64>) -> Result<Traffic<'static>, TrafficError> {
    let (done, options) = (Arc::clone(done), options.clone());
    if name == STDIN {
        return Traffic::open(Counted { input: std::io::stdin(), done }, options);
    }
    let input = File::open(name)?;
    // A pipe with a name can only be read on.
    match input.metadata()?.is_file() {
        true => Traffic::open_file(Counted { input, done }, options),
        false => Traffic::open(Counted { input, done }, options),
    }
}

fn unusable(name: &str, error: &TrafficError) -> Failure {
    let failure = Failure::new(format!("{name}: {error}"));
    match error {
        TrafficError::UnknownFormat => failure.help("name the format with --traffic-format"),
        TrafficError::Strict { .. } => failure.help("mend the line, or leave out --strict to count bad lines instead"),
        TrafficError::ParquetStream => failure.help("save it to a file first, and decompress it"),
        TrafficError::Parquet(_) => failure.help("docs/traffic.md describes the columns"),
        TrafficError::Io(_) | TrafficError::TooManyBad { .. } => failure,
    }
}
