//! Where traffic is written to, and in which form.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use fleet_detect::Event;
use fleet_detect::traffic::compress::{Compressed, Compression};
use fleet_detect::traffic::output::{OutputFormat, Writer, Written};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::{Global, output};
use crate::exit;

#[derive(Debug, clap::Args)]
pub struct Target {
    /// The format to write. Default: parquet or csv if the name of --out ends so, otherwise ndjson.
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    format: Option<OutputFormat>,
    /// Write to FILE instead of standard output. The file appears, or changes, when all of it is written.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Compress the output: gzip, zstd or none. Default: gzip if the name of --out ends in .gz, zstd for .zst,
    /// otherwise none. Parquet is compressed inside.
    #[arg(long, value_name = "METHOD", value_parser = compression())]
    compress: Option<Compression>,
}

fn format() -> impl TypedValueParser<Value = OutputFormat> {
    let all = OutputFormat::ALL;
    PossibleValuesParser::new(all.map(OutputFormat::as_str)).map(move |name| {
        let found = all.into_iter().find(|format| format.as_str() == name);
        found.expect("one of the possible values")
    })
}

fn compression() -> impl TypedValueParser<Value = Compression> {
    PossibleValuesParser::new(["gzip", "zstd", "none"]).map(|name| match name.as_str() {
        "gzip" => Compression::Gzip,
        "zstd" => Compression::Zstd,
        _ => Compression::None,
    })
}

impl Target {
    /// What was asked for, or what the name of the file says.
    fn form(&self) -> Result<(OutputFormat, Compression), Failure> {
        let name = self.out.as_ref().and_then(|out| out.file_name()).map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let (stem, seen) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Compression::Gzip),
            Some((stem, "zst")) => (stem, Compression::Zstd),
            _ => (name.as_str(), Compression::None),
        };
        let format = self.format.unwrap_or(match stem.rsplit_once('.') {
            Some((_, "parquet")) => OutputFormat::Parquet,
            Some((_, "csv")) => OutputFormat::Csv,
            _ => OutputFormat::Ndjson,
        });
        let compression = self.compress.unwrap_or(seen);
        if format == OutputFormat::Parquet && compression != Compression::None {
            let message =
                "Parquet is compressed inside and cannot be read through gzip or zstd; leave the compression out";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok((format, compression))
    }
}

type Output = BufWriter<Box<dyn Write + Send>>;

/// An output that is being written.
pub struct Sink {
    writer: Writer<Compressed<Output>>,
    format: OutputFormat,
    file: Option<Destination>,
}

/// A file, and where it is written until it is whole; a device or a pipe is written directly.
struct Destination {
    path: PathBuf,
    partial: Option<PathBuf>,
}

impl Sink {
    pub fn open(target: &Target) -> Result<Sink, Failure> {
        let (format, compression) = target.form()?;
        let is_text = format != OutputFormat::Parquet && compression == Compression::None;
        let (out, file): (Box<dyn Write + Send>, _) = match &target.out {
            None if !is_text && io::stdout().is_terminal() => {
                return Err(Failure::Usage("this output is not text; write it to a file with --out FILE".to_owned()));
            }
            None => (Box::new(io::stdout()), None),
            Some(path) => {
                let is_special = path.metadata().is_ok_and(|found| !found.is_file());
                let partial = (!is_special).then(|| with_ending(path, ".partial"));
                let opened = File::create(partial.as_ref().unwrap_or(path));
                let file = opened.map_err(|error| unwritable(Some(path), &error))?;
                (Box::new(file), Some(Destination { path: path.clone(), partial }))
            }
        };
        let buffered = BufWriter::with_capacity(1 << 16, out);
        let writer = Compressed::new(compression, buffered).and_then(|out| Writer::new(format, out));
        let path = file.as_ref().map(|file| file.path.as_path());
        let writer = writer.map_err(|error| unwritable(path, &error))?;
        Ok(Sink { writer, format, file })
    }

    pub fn write(&mut self, event: &Event) -> Result<(), Failure> {
        let written = self.writer.write(event);
        written.map_err(|error| unwritable(self.file.as_ref().map(|file| file.path.as_path()), &error))
    }

    /// Completes the file and says what was written.
    pub fn finish(self, global: &Global) -> Result<(), Failure> {
        let Sink { writer, format, mut file } = self;
        let path = file.as_ref().map(|file| file.path.clone());
        let flushed = writer.finish().and_then(|(out, written)| {
            out.finish()?.flush()?;
            Ok(written)
        });
        let written = flushed.map_err(|error| unwritable(path.as_deref(), &error))?;
        if let Some(file) = &mut file
            && let Some(partial) = file.partial.take()
        {
            std::fs::rename(&partial, &file.path).map_err(|error| unwritable(path.as_deref(), &error))?;
        }
        tell(global, format, path.as_deref(), written);
        Ok(())
    }
}

impl Drop for Destination {
    /// What was not finished is of no use.
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = std::fs::remove_file(partial);
        }
    }
}

fn tell(global: &Global, format: OutputFormat, path: Option<&Path>, written: Written) {
    let Written { events, left_out } = written;
    if left_out > 0 {
        let (name, total) = (format.as_str(), events + left_out);
        eprintln!("note: {left_out} of {total} events are left out: {name} has room for {} only", format.says());
    }
    match path {
        Some(path) if global.json => output::json(&json!({"version": 1, "type": "traffic", "format": format.as_str(),
            "out": path.display().to_string(), "events": events, "leftOut": left_out})),
        Some(path) => eprintln!("Wrote {events} events to {}.", path.display()),
        None => {}
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A reader that closes the pipe early, such as `head`, ends the program quietly.
fn unwritable(path: Option<&Path>, error: &io::Error) -> Failure {
    match path {
        None if error.kind() == ErrorKind::BrokenPipe => std::process::exit(exit::DONE.into()),
        None => Failure::new(format!("standard output cannot be written: {error}")),
        Some(path) => Failure::new(format!("{} cannot be written: {error}", path.display())),
    }
}
