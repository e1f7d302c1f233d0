//! No input makes a reader or the state format panic, hang, or grow without bound: random bytes, and real inputs with
//! bytes changed, inserted, dropped and cut. The folder `fuzz` runs the same bodies for longer.

mod bodies;

use std::path::Path;

use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::output::{OutputFormat, Writer};
use fleet_detect::traffic::reader::{Options, Traffic};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\"{}[]:,\\\n0-9.eE\x00\xff\xc3u$#+/;";
        if self.below(2) == 0 { TELLING[self.below(TELLING.len())] } else { self.below(256) as u8 }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.below(4) {
            let (at, byte) = (self.below(bytes.len().max(1)), self.byte());
            match self.below(5) {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes.truncate(at),
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, byte),
                3 => bytes.extend_from_within(at..),
                _ => bytes[at] = byte,
            }
        }
    }

    /// Changes bytes in their places, which leaves lengths and offsets alone.
    fn change(&mut self, bytes: &mut [u8]) {
        for _ in 0..1 + self.below(4) {
            let at = self.below(bytes.len());
            bytes[at] = self.byte();
        }
    }
}

/// The files that a fuzz target starts from.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A small file of each form that traffic is written in.
fn written() -> Vec<Vec<u8>> {
    let lines = seeds("ndjson").concat();
    let file = |form| {
        let mut writer = Writer::new(form, Vec::new()).unwrap();
        let traffic = Traffic::open(&lines[..], Options::default()).unwrap();
        traffic.for_each(|event| writer.write(event).unwrap()).unwrap();
        writer.finish().unwrap().0
    };
    OutputFormat::ALL.map(file).into()
}

#[test]
fn damaged_traffic_is_counted_or_refused() {
    let (mut random, mut events) = (Random(1), 0);
    let mut samples = written();
    for format in Format::ALL {
        samples.extend(seeds(format.as_str()));
    }
    for sample in &samples {
        assert!(bodies::traffic(None, sample) > 0, "a seed is not read: {}", String::from_utf8_lossy(sample));
    }
    for round in 0..6000 {
        let mut bytes = samples[round % samples.len()].clone();
        if round % 10 == 9 {
            bytes = (0..random.below(200)).map(|_| random.byte()).collect();
        }
        match random.below(3) {
            0 if !bytes.is_empty() => random.change(&mut bytes),
            _ => random.damage(&mut bytes),
        }
        let format = (random.below(4) == 0).then(|| Format::ALL[random.below(Format::ALL.len())]);
        events += bodies::traffic(format, &bytes);
    }
    assert!(events > 3000, "the damage was too thorough: {events} events");
}

#[test]
fn damaged_tables_are_refused_or_read() {
    let (mut random, mut events) = (Random(4), 0);
    let samples = seeds("parquet");
    for round in 0..20_000 {
        let mut bytes = samples[round % samples.len()].clone();
        random.change(&mut bytes);
        events += bodies::traffic(None, &bytes);
    }
    assert!(events > 3000, "the damage was too thorough: {events} events");
}

#[test]
fn compressed_rubbish_is_an_error() {
    let mut random = Random(2);
    for magic in [&[0x1f, 0x8b, 8, 0][..], &[0x28, 0xb5, 0x2f, 0xfd]] {
        for _ in 0..300 {
            let mut bytes = magic.to_vec();
            bytes.extend((0..random.below(80)).map(|_| random.byte()));
            bodies::traffic(None, &bytes);
        }
    }
}

#[test]
fn damaged_reports_and_scenarios_are_refused_or_read() {
    type Body = fn(&[u8]) -> usize;
    for (target, body) in [("cbor", bodies::cbor as Body), ("scenario", bodies::scenario)] {
        let (mut random, mut found, samples) = (Random(5), 0, seeds(target));
        for sample in &samples {
            assert!(body(sample) > 0, "a seed of {target} is not read");
        }
        for round in 0..2000 {
            let mut bytes = samples[round % samples.len()].clone();
            random.damage(&mut bytes);
            found += body(&bytes);
        }
        assert!(found > 1000, "the damage to {target} was too thorough: {found}");
    }
}

#[test]
fn damaged_state_is_refused_or_goes_on() {
    let (state, header) = bodies::saved();
    assert!(bodies::restore(state) && bodies::restore(&state[*header..]), "the header ends at {header}");
    let (mut random, mut survived) = (Random(3), 0);
    for _ in 0..2000 {
        let mut bytes = state.clone();
        random.damage(&mut bytes);
        survived += usize::from(bodies::restore(&bytes));
        let changes: Vec<u8> = (0..3 * (1 + random.below(3))).map(|_| random.byte()).collect();
        survived += usize::from(bodies::change_state(&changes));
    }
    assert!(survived > 50, "too few damaged states were whole enough to restore: {survived}");
}
