//! Times in traffic: UTC calendar times to and from milliseconds since the Unix epoch, and the range that is believed.

/// First believed time: 2000-01-01T00:00:00Z. Earlier ones are counters or seconds taken for milliseconds.
pub const EARLIEST: i64 = 946_684_800_000;
/// First time no longer believed: 2100-01-01T00:00:00Z.
pub const LATEST: i64 = 4_102_444_800_000;

/// A time in the believed range.
#[inline]
pub fn believable(millis: i64) -> Option<i64> {
    (EARLIEST..LATEST).contains(&millis).then_some(millis)
}

/// Reads `2017-08-10 15:37:23.476` as AWS IoT logs write it, or with `T` and `Z` as in ISO 8601; always UTC. The
/// fraction may have up to nine digits and is cut to milliseconds.
pub fn parse_utc(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let shaped = bytes.len() >= 19
        && text.is_ascii()
        && separators.iter().all(|(at, byte)| bytes[*at] == *byte)
        && matches!(bytes[10], b' ' | b'T');
    if !shaped {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = &text[from..to];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text[19..].strip_suffix('Z').unwrap_or(&text[19..]);
    let millis = match rest.strip_prefix('.') {
        None if rest.is_empty() => 0,
        Some(digits) if (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let padded = format!("{digits:0<3}");
            padded[..3].parse::<i64>().ok()?
        }
        _ => return None,
    };
    let in_range = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    in_range.then(|| (((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}

/// Writes a time as AWS IoT logs do: `2017-08-10 15:37:23.476`.
pub fn format_utc(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}")
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar: years counted from March, in eras of 400.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_back() {
        assert_eq!(parse_utc("2017-08-10 15:37:23.476"), Some(1_502_379_443_476));
        assert_eq!(parse_utc("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_utc("2024-02-29 23:59:59.1"), Some(1_709_251_199_100));
        for bad in ["2023-02-29 00:00:00", "2023-13-01 00:00:00", "2023-01-01 24:00:00", "2023-01-01", "", "é"] {
            assert_eq!(parse_utc(bad), None, "{bad}");
        }
        for millis in (-100_000_000_000_i64..5_000_000_000_000).step_by(86_311_777_123) {
            assert_eq!(parse_utc(&format_utc(millis)), Some(millis));
        }
    }
}
