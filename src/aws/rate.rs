//! One rate for each AWS API, as published, so that a large fleet is slowed here instead of being throttled there.
//!
//! Sources: AWS General Reference "AWS IoT Device Defender endpoints and quotas" (all Defender operations; not
//! adjustable) and the Service Quotas defaults of AWS IoT Core. IAM and the other services publish no per-API rates
//! that matter at this size; their throttling answers are handled by `patience`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Requests per second, by action.
const RATES: &[(&str, u32)] = &[
    ("iot:CreateThing", 100),
    ("iot:DescribeThing", 350),
    ("iot:UpdateThing", 100),
    ("iot:DeleteThing", 100),
    ("iot:ListThings", 10),
    ("iot:CreateThingType", 15),
    ("iot:DescribeThingType", 100),
    ("iot:DeprecateThingType", 15),
    ("iot:DeleteThingType", 15),
    ("iot:ListThingTypes", 10),
    ("iot:CreateThingGroup", 25),
    ("iot:DescribeThingGroup", 100),
    ("iot:UpdateThingGroup", 15),
    ("iot:DeleteThingGroup", 15),
    ("iot:ListThingGroups", 10),
    ("iot:AddThingToThingGroup", 100),
    ("iot:RemoveThingFromThingGroup", 100),
    ("iot:CreatePolicy", 10),
    ("iot:GetPolicy", 10),
    ("iot:DeletePolicy", 10),
    ("iot:ListPolicies", 10),
    ("iot:CreatePolicyVersion", 10),
    ("iot:DeletePolicyVersion", 10),
    ("iot:RegisterCertificate", 15),
    ("iot:RegisterCertificateWithoutCA", 15),
    ("iot:CreateCertificateFromCsr", 15),
    ("iot:DescribeCertificate", 10),
    ("iot:UpdateCertificate", 10),
    ("iot:DeleteCertificate", 10),
    ("iot:DescribeSecurityProfile", 25),
    ("iot:DescribeCustomMetric", 25),
    ("iot:DescribeMitigationAction", 25),
    ("iot:DescribeAuditTask", 25),
    ("iot:DescribeAuditFinding", 25),
    ("iot:DescribeAuditMitigationActionsTask", 25),
    ("iot:CreateScheduledAudit", 5),
    ("iot:DescribeScheduledAudit", 5),
    ("iot:UpdateScheduledAudit", 5),
    ("iot:DeleteScheduledAudit", 5),
    ("iot:ListScheduledAudits", 5),
    ("iot:UpdateAccountAuditConfiguration", 5),
    ("iot:DescribeAccountAuditConfiguration", 5),
    ("iot:DeleteAccountAuditConfiguration", 5),
    ("iot:TagResource", 10),
    ("iot:UntagResource", 10),
    ("sns:TagResource", 10),
    ("sns:UntagResource", 10),
];

/// IoT actions that are not in the table: "10: everything else" for Defender, and never more for the rest.
const OTHER_IOT: u32 = 10;

/// Tells each caller how long to wait for its turn. A bucket holds one second's worth of requests.
#[derive(Default)]
pub struct Rates {
    due: Mutex<HashMap<&'static str, Instant>>,
}

impl Rates {
    /// Takes the next free place for `action` and returns how long it is away.
    pub fn reserve(&self, action: &'static str, now: Instant) -> Duration {
        let Some(per_second) = rate(action) else { return Duration::ZERO };
        let step = Duration::from_secs(1) / per_second;
        let mut due = self.due.lock().expect("no panic while holding the lock");
        let next = due.entry(action).or_insert(now);
        let turn = (*next).max(now.checked_sub(Duration::from_secs(1)).unwrap_or(now));
        *next = turn + step;
        turn.saturating_duration_since(now)
    }
}

fn rate(action: &str) -> Option<u32> {
    let listed = RATES.iter().find(|(name, _)| *name == action).map(|(_, rate)| *rate);
    listed.or_else(|| action.starts_with("iot:").then_some(OTHER_IOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_second_goes_at_once_and_the_rest_at_the_published_rate() {
        let rates = Rates::default();
        let start = Instant::now();
        rates.reserve("iot:CreateScheduledAudit", start);
        let later = start + Duration::from_secs(60);
        let waits: Vec<_> = (0..15).map(|_| rates.reserve("iot:CreateScheduledAudit", later)).collect();
        assert!(waits[..6].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[14] - waits[13], Duration::from_millis(200));
        assert_eq!(rates.reserve("lambda:CreateFunction", later), Duration::ZERO);
    }
}
