//! Texts, numbers and addresses of JSON, found sixteen bytes at a time.
//!
//! What is looked for in each byte alone is asked of all sixteen at once, and the answers are one bit each. Loops that
//! go byte by byte end where nobody can predict it, and a wrong guess costs as much as reading twenty bytes here.

use std::net::Ipv4Addr;

use wide::u8x16;

/// A byte in each of eight places.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[inline(always)]
fn is(chunk: u8x16, byte: u8) -> u32 {
    chunk.simd_eq(u8x16::splat(byte)).to_bitmask()
}

/// Bytes up to the first quote, unless a backslash or a control character comes before it.
#[inline(always)]
pub(super) fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        let chunk = u8x16::new(*chunk);
        let special = chunk.simd_eq(u8x16::splat(b'"')) | chunk.simd_eq(u8x16::splat(b'\\'));
        let control = chunk.min(u8x16::splat(0x1f)).simd_eq(chunk);
        let marks = (special | control).to_bitmask();
        if marks != 0 {
            let end = marks.trailing_zeros() as usize;
            return (*rest.get(end)? == b'"').then_some(bytes.len() - rest.len() + end);
        }
        rest = after;
    }
    last_text_length(bytes, rest)
}

/// The same near the end of the input, where `rest` was not looked at.
#[cold]
fn last_text_length(bytes: &[u8], rest: &[u8]) -> Option<usize> {
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    (rest[end] == b'"').then_some(bytes.len() - rest.len() + end)
}

/// A whole number as JSON writes it, of at most 18 digits, and its length.
#[inline(always)]
pub(super) fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let Some(chunk) = bytes.first_chunk::<16>() else { return last_number(bytes) };
    let ones = u8x16::new(*chunk) - u8x16::splat(b'0');
    let digits = (!ones.min(u8x16::splat(9)).simd_eq(ones).to_bitmask()).trailing_zeros() as usize;
    if digits == 0 || digits >= 16 || (digits > 1 && chunk[0] == b'0') {
        return if digits >= 16 { last_number(bytes) } else { None };
    }
    let half = |half: usize| {
        let bytes: [u8; 8] = std::array::from_fn(|place| chunk[half * 8 + place]);
        u64::from_le_bytes(bytes).wrapping_sub(eight(b'0'))
    };
    // What is behind the digits is pushed out at the upper end; zeros come in before them.
    Some(match digits {
        ..=8 => (joined(half(0) << (64 - 8 * digits)), digits),
        _ => (joined(half(0)) * POWERS[digits - 8] + joined(half(1) << (128 - 8 * digits)), digits),
    })
}

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number that eight digits make, each in a byte of its own, the first in the lowest.
#[inline(always)]
fn joined(ones: u64) -> u64 {
    // Neighbours are joined: ones to pairs, pairs to fours, fours to all eight.
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// The same near the end of the input, and for long numbers.
#[cold]
fn last_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let digits = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    if !(1..=18).contains(&digits) || (digits > 1 && bytes[0] == b'0') {
        return None;
    }
    let number = bytes[..digits].iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((number, digits))
}

/// Length of an IPv4 address up to a quote, without what it is: four numbers up to 255 with dots between, none of
/// which begins with a needless zero.
#[inline(always)]
pub(super) fn dotted_length(bytes: &[u8]) -> Option<usize> {
    let chunk = u8x16::new(*bytes.first_chunk()?);
    let length = is(chunk, b'"').trailing_zeros();
    let all = (1_u32 << length.min(31)) - 1;
    let (dots, ones) = (is(chunk, b'.') & all, chunk - u8x16::splat(b'0'));
    let at_most = |digit: u8| ones.min(u8x16::splat(digit)).simd_eq(ones).to_bitmask() & all;
    let digits = at_most(9);
    let two_digits = digits & digits >> 1;
    let three_digits = two_digits & digits >> 2;
    let first = dots << 1 | 1;
    let without_first = |dots: u32| dots & dots.wrapping_sub(1);
    let third_dot = without_first(without_first(dots));
    let zero = at_most(0);
    // Above 255: a three, or a two before a six, or before a five and a six.
    let (to_one, to_two, to_four, to_five) = (at_most(1), at_most(2), at_most(4), at_most(5));
    let low = to_one | (to_two & (to_four >> 1 | (to_five >> 1 & to_five >> 2)));
    let is_address = digits | dots == all
        && third_dot != 0
        && without_first(third_dot) == 0
        && first & !digits == 0
        && three_digits & digits >> 3 == 0
        && (first & zero & two_digits) | (first & three_digits & !low) == 0;
    (is_address && length <= 15).then_some(length as usize)
}

/// An IPv4 address up to a quote, and its length.
#[inline]
pub(super) fn dotted(bytes: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let (mut octets, mut at) = ([0; 4], 0);
    for (position, octet) in octets.iter_mut().enumerate() {
        let begin = at;
        let mut number = 0_u32;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            number = number * 10 + u32::from(digit - b'0');
            at += 1;
            if at - begin == 3 {
                break;
            }
        }
        if at == begin || (at - begin > 1 && bytes[begin] == b'0') {
            return None;
        }
        *octet = u8::try_from(number).ok()?;
        let separator = if position == 3 { b'"' } else { b'.' };
        (*bytes.get(at)? == separator).then_some(())?;
        at += 1;
    }
    Some((Ipv4Addr::from(octets), at - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_that_the_standard_library_takes() {
        let octets = ["0", "1", "9", "10", "99", "199", "249", "250", "255", "256", "260", "300", "999"];
        let strange = ["", "00", "01", "007", "1000", "a", "-1", ".", "\"", ":"];
        let all = || octets.iter().chain(&strange);
        let mut taken = 0;
        for (a, b) in all().flat_map(|a| all().map(move |b| (a, b))) {
            for (c, d) in all().flat_map(|c| all().map(move |d| (c, d))) {
                let text = format!("{a}.{b}.{c}.{d}\",\"more\":\"more\"}}");
                let (address, _) = text.split_once('"').unwrap();
                let expected = address.parse::<Ipv4Addr>().ok().map(|parsed| (parsed, address.len()));
                assert_eq!(dotted(text.as_bytes()), expected, "{text}");
                assert_eq!(dotted_length(text.as_bytes()), expected.map(|(_, length)| length), "{text}");
                taken += usize::from(expected.is_some());
            }
        }
        // Nine octets are good in each of the four places.
        assert_eq!(taken, 9_usize.pow(4));
        for text in ["1.2.3\",", "1.2.3.4.5\",", "255.255.255.2555\"", "1.2.3.4", "1..3.4\"     ", "1.2.3.4:5\"   "] {
            assert_eq!(dotted_length(format!("{text:_<20}").as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_every_length_are_read_wherever_they_end() {
        for digits in 1..=20_usize {
            let number = "9183746502918374650"[..digits.min(19)].to_owned() + &"7"[..digits.saturating_sub(19)];
            for rest in ["", ",", "}\n", ".5,\"bytes\":12345678", "e5", "\",\"type\":\"publish\"", "::::::::::::::::"] {
                let expected = (digits <= 18).then(|| (number.parse().unwrap(), digits));
                assert_eq!(super::number(format!("{number}{rest}").as_bytes()), expected, "{number}{rest}");
            }
        }
        for text in ["", "00", "01,                 ", "-1                  ", "/                  ", ":"] {
            assert_eq!(super::number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(super::number(b"0,                   "), Some((0, 1)));
    }

    #[test]
    fn texts_end_at_their_quote() {
        for length in 0..40 {
            for rest in ["", "}", "                    "] {
                let text = "ü".repeat(length / 2) + &"~"[..length % 2];
                assert_eq!(text_length(format!("{text}\"{rest}").as_bytes()), Some(length), "{text}");
                for bad in ['\\', '\n', '\u{0}', '\u{1f}'] {
                    assert_eq!(text_length(format!("{text}{bad}\"{rest}").as_bytes()), None, "{text}{bad:?}");
                }
                assert_eq!(text_length(format!("{text}{rest}").as_bytes()), None, "{text}");
            }
        }
    }
}
