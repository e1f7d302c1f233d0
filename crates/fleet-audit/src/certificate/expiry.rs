//! How far a certificate is from its end.

use super::inspect::Inspected;
use crate::snapshot::Validity;
use crate::timestamp::Timestamp;

/// Where `now` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The end is farther away than the threshold.
    Far,
    /// `notAfter − now` is at most the threshold. AWS does not say whether the day
    /// itself counts; it does here.
    Near,
    /// `now` is past `notAfter`, which itself is still valid (RFC 5280, section 4.1.2.5).
    Past,
}

/// Compares `now` with the end of a certificate.
pub fn judge(not_after: Timestamp, now: Timestamp, threshold_days: i64) -> Expiry {
    if now > not_after {
        Expiry::Past
    } else if not_after <= now.plus_days(threshold_days) {
        Expiry::Near
    } else {
        Expiry::Far
    }
}

/// The end of a certificate, from its PEM if it was read, else from what the API said.
pub fn not_after(parsed: &Option<Result<Inspected, String>>, validity: &Option<Validity>) -> Option<Timestamp> {
    match parsed {
        Some(Ok(inspected)) => Some(inspected.not_after),
        _ => validity.as_ref().and_then(|validity| validity.not_after),
    }
}

/// One sentence for a finding.
pub fn describe(not_after: Timestamp, now: Timestamp) -> String {
    if now > not_after {
        let days = now.days_since(not_after);
        format!("The certificate expired on {} ({days} days ago).", not_after.date())
    } else {
        let days = not_after.days_since(now);
        format!("The certificate expires on {} (in {days} days).", not_after.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::DAY_SECONDS;

    #[test]
    fn both_boundaries_to_the_second() {
        let end = Timestamp(2_000_000_000);
        let at = |offset: i64| judge(end, Timestamp(end.0 + offset), 30);
        assert_eq!(at(-30 * DAY_SECONDS - 1), Expiry::Far);
        assert_eq!(at(-30 * DAY_SECONDS), Expiry::Near);
        assert_eq!(at(0), Expiry::Near);
        assert_eq!(at(1), Expiry::Past);
        let late = describe(end, Timestamp(end.0 + 2 * DAY_SECONDS));
        assert_eq!(late, "The certificate expired on 2033-05-18 (2 days ago).");
    }
}
