//! Values that carry their own time: reported, exported or read from CSV.

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// One value of a series (a column or an arrival series) and a device (or its row in a window).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stamped {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub series: u32,
    pub device: u32,
    pub version: Option<u64>,
    pub value: Value,
}

/// Puts values into the one order that does not depend on how they arrived: time, series, device, then the value
/// itself. Of versioned values with equal time, series and device only the one with the highest version stays (the
/// largest of those, should they differ); values without a version all stay.
pub(crate) fn settle(values: &mut Vec<Stamped>) {
    values.sort_by(|a, b| {
        let place = |value: &Stamped| (value.at, value.series, value.device, value.version.is_some());
        // Higher versions first, so that the first of each place is the one to keep.
        place(a).cmp(&place(b)).then_with(|| b.version.cmp(&a.version)).then_with(|| match a.version {
            Some(_) => b.value.canonical_cmp(&a.value),
            None => a.value.canonical_cmp(&b.value),
        })
    });
    values.dedup_by(|later, kept| {
        let place = |value: &Stamped| (value.at, value.series, value.device);
        later.version.is_some() && kept.version.is_some() && place(later) == place(kept)
    });
    values.sort_by(|a, b| {
        let place = |value: &Stamped| (value.at, value.series, value.device);
        place(a).cmp(&place(b)).then_with(|| a.value.canonical_cmp(&b.value))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_stays_and_unversioned_values_all_do() {
        let value = |version, count| Stamped { at: 1, series: 0, device: 0, version, value: Value::Count(count) };
        let mut values = vec![
            value(Some(2), 7),
            value(None, 9),
            value(Some(10), 3),
            value(None, 1),
            value(Some(10), 5),
            value(None, 1),
        ];
        settle(&mut values);
        let counts: Vec<_> = values.iter().map(|stamped| stamped.value.clone()).collect();
        assert_eq!(counts, [1, 1, 5, 9].map(Value::Count));
    }
}
