//! One self-contained HTML file: no request leaves it, it works offline, in light and dark.

use super::page::Page;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
/// In the order in which they use each other.
const SCRIPTS: [&str; 5] = [
    include_str!("page/scale.js"),
    include_str!("page/text.js"),
    include_str!("page/lanes.js"),
    include_str!("page/chart.js"),
    include_str!("page/page.js"),
];

/// The page as HTML.
pub fn render(page: &Page) -> String {
    // Writing plain data to memory cannot fail. `<` is escaped, so that no name can end the script element.
    let json = serde_json::to_string(page).unwrap_or_default().replace('<', "\\u003c");
    let page = TEMPLATE.replacen("/*STYLE*/", STYLE, 1).replacen("/*SCRIPT*/", &SCRIPTS.concat(), 1);
    page.replacen("/*DATA*/", &json, 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::history::AlarmSpan;
    use crate::summary::alarms::RaisedAlarm;
    use crate::summary::page::Parts;
    use crate::summary::series::{MAX_SERIES, Point, SeriesKey};
    use crate::summary::totals::Tallies;
    use crate::{Config, SecurityProfile};

    fn config() -> Config {
        let profile: SecurityProfile = serde_json::from_value(serde_json::json!({"securityProfileName": "p",
            "behaviors": [{"name": "b", "metric": "aws:num-disconnects", "criteria":
                {"comparisonOperator": "less-than", "value": {"count": 3}, "durationSeconds": 300}}]}))
        .unwrap();
        Config { profiles: vec![profile.into()], ..Config::default() }
    }

    fn page(alarms: &[RaisedAlarm], series: BTreeMap<SeriesKey, Vec<Point>>) -> String {
        let config = config();
        let totals = Tallies::new(&config).totals(&config, alarms);
        let parts = Parts {
            title: "t",
            config: &config,
            events: 1,
            totals: &totals,
            alarms,
            change: None,
            series: (series, false),
            notes: Vec::new(),
        };
        render(&Page::new(parts))
    }

    fn alarm(device: &str, raised: i64) -> RaisedAlarm {
        let (device, profile, behavior) = (device.into(), "p".into(), "b".into());
        let span = AlarmSpan { device, profile, behavior, raised, ended: None, suppressed: false };
        RaisedAlarm { span, value: None, profile_index: 0, behavior_index: 0 }
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let evil = "</script><img src=x onerror=alert(1)>";
        let html = page(&[alarm(evil, 0)], BTreeMap::new());
        assert!(!html.contains(evil) && html.contains("onerror"));
        assert!(!SCRIPTS.concat().contains("innerHTML"), "names reach the page as text only");
        assert_eq!(
            html.matches("http").count() - html.matches("http-equiv").count(),
            html.matches("http://www.w3.org/2000/svg").count(),
            "nothing is loaded"
        );
    }

    #[test]
    fn a_large_fleet_has_a_small_page() {
        let named = |n: i64| alarm(&format!("a-sensor-with-a-name-{n}"), n / 50 * 1000);
        let alarms: Vec<_> = (0..200_000).map(named).collect();
        let point =
            |n: i64| Point { at: 1_767_600_000_000 + n * 300_000, value: 12_345.0, limit: None, conforms: false };
        let key = |n| SeriesKey { profile: 0, behavior_index: 0, device: format!("a-sensor-with-a-name-{n}") };
        let series = (0..MAX_SERIES).map(|n| (key(n), (0..800).map(point).collect())).collect();
        let size = page(&alarms, series).len();
        assert!(size < 2 << 20, "{size} bytes");
    }
}
