//! Makes the events of a scenario, in order of arrival.

use super::device::{Arriving, Device};
use super::model::Scenario;
use crate::event::Event;

/// Longest and shortest slice of time that is made at once, in milliseconds.
const SLICE: (i64, i64) = (300_000, 1000);
/// A slice with more events than this is followed by a shorter one, which bounds memory whatever the fleet does.
const MANY: usize = 400_000;

/// A scenario made ready to run.
pub struct Generator<'s> {
    devices: Vec<Device<'s>>,
    start: i64,
    end: i64,
}

impl<'s> Generator<'s> {
    /// # Errors
    /// When the scenario contradicts itself; names the member.
    pub fn new(scenario: &'s Scenario) -> Result<Self, String> {
        let start = scenario.check()?;
        let end = start + scenario.duration.0;
        let mut devices = Vec::new();
        for (class_name, class) in &scenario.classes {
            for index in 0..class.count {
                let name = scenario.device_name(class_name, class, index);
                let mut device = Device::new(name, class, scenario.seed, devices.len() as u64, start);
                for episode in &scenario.episodes {
                    if episode.devices.holds(&device.name, class_name, class) {
                        device.suffer(episode, end);
                    }
                }
                devices.push(device);
            }
        }
        Ok(Self { devices, start, end })
    }

    /// Start and end in milliseconds since the Unix epoch.
    pub fn range(&self) -> (i64, i64) {
        (self.start, self.end)
    }

    /// Hands over every event in order of arrival: by time, then by the order of devices.
    pub fn for_each(&self, mut take: impl FnMut(&Event)) {
        let Ok(()) = self.try_for_each(|event| {
            take(event);
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// As [`Self::for_each`], until `take` fails.
    ///
    /// # Errors
    /// That of `take`.
    pub fn try_for_each<E>(&self, mut take: impl FnMut(&Event) -> Result<(), E>) -> Result<(), E> {
        let mut slice: Vec<Arriving> = Vec::new();
        let (mut from, mut length) = (self.start, SLICE.1);
        while from < self.end {
            let to = (from + length).min(self.end);
            for device in &self.devices {
                device.live(from, to, &mut slice);
            }
            // Stable: events of one device at one time keep the order in which it did them.
            slice.sort_by_key(|(arrival, _)| *arrival);
            slice.iter().try_for_each(|(_, event)| take(event))?;
            // No event depends on where slices begin and end.
            length = if slice.len() > MANY { length / 2 } else { length * 2 }.clamp(SLICE.1, SLICE.0);
            slice.clear();
            from = to;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::event::EventKind;
    use crate::traffic::ndjson;
    use crate::violation::Fnv;

    fn scenario(episodes: serde_json::Value) -> Scenario {
        let scenario = serde_json::json!({
            "seed": 7, "start": "2026-01-05T08:00:00Z", "duration": "6h",
            "classes": {
                "camera": {"count": 3, "groups": ["canary"], "region": "north", "network": "2001:db8::/64",
                    "messages": {"every": "30s", "bytes": {"min": 1000, "max": 2000}}, "session": "1h"},
                "sensor": {"count": 4, "name": "line-{n}", "groups": ["factory"],
                    "messages": {"every": "60s", "topic": "f/${thing}"}, "deliveries": {"every": "10m"},
                    "reports": {"every": "5m", "bytesOut": {"min": 100, "max": 200}, "tcpPorts": [22],
                                "destinations": ["10.0.0.9"], "custom": {"battery": {"min": 3, "max": 4, "step": 0.25}}}}},
            "episodes": episodes});
        serde_json::from_value(scenario).unwrap()
    }

    fn lines(scenario: &Scenario) -> Vec<u8> {
        let mut out = Vec::new();
        Generator::new(scenario).unwrap().for_each(|event| ndjson::write(event, &mut out));
        out
    }

    /// Events a device, of one kind told by a function.
    fn count(scenario: &Scenario, device: &str, test: impl Fn(&Event) -> bool) -> usize {
        let mut count = 0;
        Generator::new(scenario)
            .unwrap()
            .for_each(|event| count += usize::from(event.client_id == device && test(event)));
        count
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let quiet = scenario(serde_json::json!([]));
        let bytes = lines(&quiet);
        assert_eq!(bytes, lines(&quiet));
        let mut hash = Fnv::default();
        hash.write(&bytes);
        // Written down from one machine: any other must give the same.
        assert_eq!(format!("{:032x}", hash.0), SAME_EVERYWHERE);
        assert_ne!(bytes, lines(&Scenario { seed: 8, ..quiet }));
    }

    #[test]
    fn ordinary_life_is_as_declared() {
        let quiet = scenario(serde_json::json!([]));
        let mut by_device: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        let mut last = 0;
        Generator::new(&quiet).unwrap().for_each(|event| {
            assert!(event.at >= last, "in order of time while no clock is wrong");
            last = event.at;
            let counts = by_device.entry(event.client_id.to_string()).or_default();
            match &event.kind {
                EventKind::Publish { .. } => counts[0] += 1,
                EventKind::Deliver { .. } => counts[1] += 1,
                EventKind::Connect { .. } => counts[2] += 1,
                EventKind::Report(_) => counts[3] += 1,
                _ => {}
            }
        });
        assert_eq!(by_device.len(), 7);
        for (name, counts) in by_device {
            let expected = if name.starts_with("line") { [360, 36, 1, 72] } else { [720, 0, 6, 0] };
            for (found, expected) in counts.into_iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 1, "{name}: {counts:?}");
            }
        }
    }

    #[test]
    fn each_episode_shows_on_its_devices_only() {
        let published = |event: &Event| matches!(event.kind, EventKind::Publish { .. });
        let refused =
            |event: &Event| matches!(event.kind, EventKind::Connect { outcome: crate::event::Outcome::Refused, .. });
        let disconnected = |event: &Event| matches!(event.kind, EventKind::Disconnect { .. });
        let large = |event: &Event| matches!(event.kind, EventKind::Publish { bytes: Some(2001..), .. });
        let reports = |text: &'static str| {
            move |event: &Event| {
                let mut line = Vec::new();
                ndjson::write(event, &mut line);
                matches!(event.kind, EventKind::Report(_)) && String::from_utf8(line).unwrap().contains(text)
            }
        };
        let many_bytes = |event: &Event| {
            let EventKind::Report(measurements) = &event.kind else { return false };
            matches!(measurements[0].value, crate::value::Value::Count(1000..))
        };
        let skewed = std::cell::Cell::new(0);
        let behind = |event: &Event| {
            let back = event.at < skewed.get();
            skewed.set(skewed.get().max(event.at));
            back
        };
        type Test<'a> = &'a dyn Fn(&Event) -> bool;
        let line_2 = serde_json::json!({"names": ["line-2"]});
        let cases: [(&str, serde_json::Value, Test, usize); 11] = [
            ("publish-storm", line_2.clone(), &published, 360 + 15 * 49),
            ("credential-stuffing", line_2.clone(), &refused, 15 * 20),
            ("reconnect-storm", line_2.clone(), &disconnected, 15 * 6),
            ("exfiltration", serde_json::json!({"class": "sensor"}), &large, 15),
            ("port-opened", line_2.clone(), &reports("[22,23]"), 3),
            ("unknown-destination", line_2.clone(), &reports("198.51.100.23"), 3),
            ("silent-device", line_2.clone(), &published, 360 - 15),
            ("botnet", line_2.clone(), &many_bytes, 3),
            ("bad-ota", serde_json::json!({"group": "factory"}), &published, 360 + 15 * 4),
            // Until the true time has caught up: half an hour of messages, deliveries and reports.
            ("clock-skew", line_2.clone(), &behind, 30 + 3 + 3),
            ("counter-reset", line_2, &many_bytes, 1),
        ];
        for (kind, devices, test, expected) in cases {
            let episode = serde_json::json!({"kind": kind, "at": "1h", "for": "15m", "devices": devices});
            let scenario = scenario(serde_json::json!([episode]));
            let found = count(&scenario, "line-2", test);
            assert!(
                found.abs_diff(expected) <= expected / 10 + 3 && found > 0,
                "{kind}: {found}, not about {expected}"
            );
            skewed.set(0);
            let quiet = self::scenario(serde_json::json!([]));
            assert_eq!(count(&scenario, "camera-1", published), count(&quiet, "camera-1", published), "{kind}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for (devices, expected) in [
            (serde_json::json!({"names": ["line-9"]}), "episodes[0].devices.names: there is no device `line-9`"),
            (serde_json::json!({"group": "x"}), "group: no class"),
            (serde_json::json!({"region": "x"}), "region: no class"),
            (serde_json::json!({"class": "x"}), "there is no class `x`"),
        ] {
            let episode = serde_json::json!({"kind": "botnet", "at": "1h", "devices": devices});
            let error = Generator::new(&scenario(serde_json::json!([episode]))).err().unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }

    const SAME_EVERYWHERE: &str = "ab0c65bc135181e93b6997d0c2d7f7e3";
}
