//! The list of all checks, and look-up by name.

use crate::check::{Check, Rule};
use crate::checks;

/// AWS's 17 checks; reports follow this order.
pub static ALL: [&Check; 17] = [
    &checks::intermediate_ca_revoked::CHECK,
    &checks::revoked_ca_certificate::CHECK,
    &checks::device_certificate_shared::CHECK,
    &checks::device_certificate_key_quality::CHECK,
    &checks::ca_certificate_key_quality::CHECK,
    &checks::unauthenticated_cognito_role_overly_permissive::CHECK,
    &checks::authenticated_cognito_role_overly_permissive::CHECK,
    &checks::iot_policy_overly_permissive::CHECK,
    &checks::iot_policy_potential_misconfiguration::CHECK,
    &checks::role_alias_overly_permissive::CHECK,
    &checks::role_alias_unused_services::CHECK,
    &checks::ca_certificate_expiring::CHECK,
    &checks::conflicting_client_ids::CHECK,
    &checks::device_certificate_age::CHECK,
    &checks::device_certificate_expiring::CHECK,
    &checks::revoked_device_certificate::CHECK,
    &checks::logging_disabled::CHECK,
];

/// The check with this name, or with this alias (read, never written).
pub fn find(name: &str) -> Option<&'static Check> {
    ALL.into_iter().find(|check| check.name == name || check.aliases.contains(&name))
}

/// The rule with this id, and its check.
pub fn find_rule(id: &str) -> Option<(&'static Check, &'static Rule)> {
    ALL.into_iter().find_map(|check| {
        let rule = check.rules.iter().find(|rule| rule.id == id)?;
        Some((check, rule))
    })
}
