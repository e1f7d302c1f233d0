//! MQTT topic filters: which topics two of them have in common (MQTT 3.1.1, section 4.7).

/// Whether some topic lies in both filters. A level that holds `${thing}` stands for any one level, since the name of
/// a device is any; a topic that begins with `$` lies in no filter that begins with a wildcard.
pub fn overlap(one: &str, other: &str) -> bool {
    let reserved = |filter: &str| filter.starts_with('$') && !filter.starts_with("${");
    let wild = |filter: &str| filter.starts_with(['#', '+']);
    if (reserved(one) && wild(other)) || (reserved(other) && wild(one)) {
        return false;
    }
    let one: Vec<&str> = one.split('/').collect();
    let other: Vec<&str> = other.split('/').collect();
    levels_overlap(&one, &other)
}

fn levels_overlap(one: &[&str], other: &[&str]) -> bool {
    match (one.split_first(), other.split_first()) {
        // `a/#` takes in `a` itself too.
        (Some((&"#", _)), _) | (_, Some((&"#", _))) => true,
        (Some((left, one)), Some((right, other))) => {
            (any(left) || any(right) || left == right) && levels_overlap(one, other)
        }
        (None, None) => true,
        _ => false,
    }
}

fn any(level: &str) -> bool {
    level == "+" || level.contains("${")
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn filters_overlap_where_some_topic_fits_both() {
        for (one, other) in [
            ("device/+/data", "device/${thing}/data"),
            ("device/#", "device/a/b/c"),
            ("a/#", "a"),
            ("#", "x/y"),
            ("$aws/events/presence/+/+", "$aws/events/presence/connected/+"),
        ] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("device/+/data", "devices/${thing}/data"),
            ("device/+", "device/a/b"),
            ("device/+/data", "device/a"),
            ("#", "$aws/events/presence/connected/+"),
            ("+/events/presence/connected/a", "$aws/events/presence/connected/+"),
        ] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }
}
