//! Every example of `docs/traffic.md` is read as it stands there: its format is seen, and nothing in it is bad.

use std::path::Path;

use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::reader::{Options, Traffic};

#[test]
fn the_examples_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traffic.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut seen = Vec::new();
    // Blocks are fenced, and an example's fence says language, format and the number of its events.
    for block in text.split("\n```").skip(1).step_by(2) {
        let (fence, example) = block.split_once('\n').unwrap();
        let [_, format, events] = fence.split(' ').collect::<Vec<_>>()[..] else { continue };
        let options = Options { strict: true, ..Options::default() };
        let traffic = Traffic::open(example.as_bytes(), options).unwrap_or_else(|error| panic!("{fence}: {error}"));
        assert_eq!(traffic.format().as_str(), format, "{example}");
        let tally = traffic.for_each(|_| {}).unwrap_or_else(|error| panic!("{fence}: {error}"));
        assert_eq!(tally.events.to_string(), events, "{fence}");
        seen.push(format.to_owned());
    }
    let is_shown = |format: &Format| seen.iter().any(|seen| seen == format.as_str());
    // Parquet is no text; DuckDB and pyarrow write it in the test script.
    assert!(Format::ALL.iter().all(|format| is_shown(format) || *format == Format::Parquet), "{seen:?}");
}
