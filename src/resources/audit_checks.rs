//! The checks of Device Defender Audit: their names, the older names of some, and which take a threshold.
//!
//! Source: one page per check in the Device Defender developer guide ("Audit checks"), names as in the CloudFormation
//! type AWS::IoT::AccountAuditConfiguration. API:AuditCheckName is an open string, so a name that is not here is
//! passed on to AWS, unless it looks like a slip of the keyboard.

use crate::diagnostic::nearest;

/// One check.
pub struct AuditCheck {
    pub name: &'static str,
    /// Printed in places for the same check; understood, never sent.
    older_name: Option<&'static str>,
    pub threshold: Option<Threshold>,
}

/// The number of days after which, or before which, a check reports.
pub struct Threshold {
    /// API:ConfigName.
    pub key: &'static str,
    pub default_days: u32,
}

/// The days that a threshold may have (developer guide, pages of the two checks).
pub const THRESHOLD_DAYS: std::ops::RangeInclusive<u32> = 30..=3652;

const fn check(name: &'static str) -> AuditCheck {
    AuditCheck { name, older_name: None, threshold: None }
}

const fn renamed(name: &'static str, older_name: &'static str) -> AuditCheck {
    AuditCheck { name, older_name: Some(older_name), threshold: None }
}

const CHECKS: &[AuditCheck] = &[
    check("LOGGING_DISABLED_CHECK"),
    check("IOT_POLICY_OVERLY_PERMISSIVE_CHECK"),
    check("IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"),
    AuditCheck {
        threshold: Some(Threshold { key: "CERT_EXPIRATION_THRESHOLD_IN_DAYS", default_days: 30 }),
        ..renamed("DEVICE_CERTIFICATE_EXPIRING_CHECK", "DEVICE_CERT_APPROACHING_EXPIRATION_CHECK")
    },
    AuditCheck {
        threshold: Some(Threshold { key: "CERT_AGE_THRESHOLD_IN_DAYS", default_days: 365 }),
        ..check("DEVICE_CERTIFICATE_AGE_CHECK")
    },
    renamed("CA_CERTIFICATE_EXPIRING_CHECK", "CA_CERT_APPROACHING_EXPIRATION_CHECK"),
    check("DEVICE_CERTIFICATE_KEY_QUALITY_CHECK"),
    check("CA_CERTIFICATE_KEY_QUALITY_CHECK"),
    renamed("REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK", "REVOKED_DEVICE_CERT_CHECK"),
    renamed("REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK", "REVOKED_CA_CERT_CHECK"),
    check("INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK"),
    check("DEVICE_CERTIFICATE_SHARED_CHECK"),
    check("CONFLICTING_CLIENT_IDS_CHECK"),
    check("UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK"),
    renamed("AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK", "AUTHENTICATE_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK"),
    check("IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK"),
    check("IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK"),
];

/// The check of that name, today's or the older one.
pub fn find(name: &str) -> Option<&'static AuditCheck> {
    CHECKS.iter().find(|check| check.name == name || check.older_name == Some(name))
}

/// Today's name of a check.
pub fn canonical(name: &str) -> &str {
    find(name).map_or(name, |check| check.name)
}

/// The check that a name not in the table most likely means. Names are long and alike, so few letters may differ.
pub fn meant(name: &str) -> Option<&'static str> {
    let close = nearest(name, CHECKS.iter().map(|check| check.name))?;
    (find(name).is_none() && strsim::damerau_levenshtein(&name.to_uppercase(), close) <= 3).then_some(close)
}
