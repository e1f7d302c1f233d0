//! No input makes a reader or the state format panic, hang, or grow without bound: random bytes, and real inputs with
//! bytes changed, inserted, dropped and cut.

use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::{Config, Evaluator, Output, SecurityProfile};

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
}

const SAMPLES: [&str; 7] = [
    "{\"timestamp\":1700000000000,\"type\":\"publish\",\"clientId\":\"c\",\"topic\":\"a\",\"bytes\":5}\n{\"timestamp\":1700000000000,\"type\":\"value\",\"thing\":\"c\",\"metric\":\"x\",\"value\":{\"number\":5}}\n",
    r#"{"timestamp":"2017-08-10 15:37:23.476","clientId":"c","status":"Failure","eventType":"Connect","sourceIp":"1.2.3.4"}"#,
    r#"{"events":[{"message":"{\"timestamp\":\"2017-08-10 15:37:23.476\",\"clientId\":\"c\",\"status\":\"Success\",\"eventType\":\"Connect\"}"}]}"#,
    r#"{"clientId":"c","timestamp":1700000000000,"eventType":"subscribed","topics":["a","b"]}"#,
    r#"{"topic":"$aws/things/t/defender/metrics/cbor","timestamp":1700000000000,"payload":"omNoZWSiY3JpZAFhdmMxLjBjbWV0oA=="}"#,
    r#"{"version":"1.0","metrics":[{"name":"x","thing":"t","value":{"cidrs":["10.0.0.0/8"]},"timestamp":1700000000000}]}"#,
    "thing,timestamp,metric,value\nt,1700000000000,aws:listening-tcp-ports,\"[22,80]\"\n",
];

fn config() -> Config {
    let profile: SecurityProfile = serde_json::from_str(
        r#"{"securityProfileName":"p","behaviors":[
        {"name":"a","metric":"aws:num-messages-sent","criteria":{"comparisonOperator":"less-than","value":{"count":1}}},
        {"name":"b","metric":"aws:all-bytes-out","criteria":{"comparisonOperator":"less-than","value":{"count":1}}},
        {"name":"c","metric":"aws:disconnect-duration","criteria":{"comparisonOperator":"less-than","value":{"count":1}}},
        {"name":"d","metric":"aws:source-ip-address","criteria":{"comparisonOperator":"in-cidr-set","value":{"cidrs":["10.0.0.0/8"]}}},
        {"name":"e","metric":"x","criteria":{"comparisonOperator":"less-than","statisticalThreshold":{"statistic":"p90"}}}]}"#,
    )
    .unwrap();
    Config { profiles: vec![profile.into()], ..Config::default() }
}

#[test]
fn damaged_traffic_is_counted_or_refused() {
    let (mut random, config, mut events) = (Random(1), config(), 0_u64);
    for round in 0..6000 {
        let mut bytes = SAMPLES[round % SAMPLES.len()].as_bytes().to_vec();
        if round % 10 == 9 {
            bytes = (0..random.below(200)).map(|_| random.byte()).collect();
        }
        random.damage(&mut bytes);
        let format = (random.below(2) == 0).then(|| Format::ALL[random.below(Format::ALL.len())]);
        let options = Options { format, max_bad_share: 1.0, ..Options::default() };
        let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
        if let Ok(traffic) = Traffic::open(&bytes[..], options) {
            let _ = traffic.for_each_batch(|batch| {
                events += batch.len() as u64;
                evaluator.observe_batch(batch, &mut output);
            });
        }
        evaluator.finish(&mut output);
    }
    assert!(events > 300, "the damage was too thorough: {events} events");
}

#[test]
fn compressed_rubbish_is_an_error() {
    let mut random = Random(2);
    for magic in [&[0x1f, 0x8b, 8, 0][..], &[0x28, 0xb5, 0x2f, 0xfd]] {
        for _ in 0..300 {
            let mut bytes = magic.to_vec();
            bytes.extend((0..random.below(80)).map(|_| random.byte()));
            if let Ok(traffic) = Traffic::open(&bytes[..], Options::default()) {
                let _ = traffic.for_each(|_| {});
            }
        }
    }
}

#[test]
fn damaged_state_is_refused_or_goes_on() {
    let config = config();
    let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
    let lines = (0..40).map(|i| {
        let at = 1_700_000_000_000_i64 + i * 47_000;
        let name = i % 5;
        match i % 4 {
            0 => format!("{{\"timestamp\":{at},\"type\":\"connect\",\"clientId\":\"{name}\",\"sourceIp\":\"11.0.0.1\"}}\n"),
            1 => format!("{{\"timestamp\":{at},\"type\":\"report\",\"thing\":\"{name}\",\"metrics\":{{\"aws:all-bytes-out\":{{\"count\":5}},\"x\":{{\"number\":1}}}}}}\n"),
            2 => format!("{{\"timestamp\":{at},\"type\":\"disconnect\",\"clientId\":\"{name}\"}}\n"),
            _ => format!("{{\"timestamp\":{at},\"type\":\"publish\",\"clientId\":\"{name}\"}}\n"),
        }
    });
    let text: String = lines.collect();
    let traffic = Traffic::open(text.as_bytes(), Options::default()).unwrap();
    traffic.for_each(|event| evaluator.observe(event, &mut output)).unwrap();
    let saved = evaluator.save();
    assert!(Evaluator::restore(&config, &saved).is_ok());
    let (mut random, mut survived) = (Random(3), 0);
    for _ in 0..3000 {
        let mut bytes = saved.clone();
        random.damage(&mut bytes);
        let Ok(evaluator) = Evaluator::restore(&config, &bytes) else { continue };
        survived += 1;
        // Saving touches everything that was restored.
        assert!(Evaluator::restore(&config, &evaluator.save()).is_ok());
    }
    assert!(survived > 10, "too few damaged states were whole enough to restore: {survived}");
}
