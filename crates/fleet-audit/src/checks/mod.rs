//! The audit checks, one file each.

pub mod authenticated_cognito_role_overly_permissive;
pub mod ca_certificate_expiring;
pub mod ca_certificate_key_quality;
pub mod conflicting_client_ids;
pub mod device_certificate_age;
pub mod device_certificate_expiring;
pub mod device_certificate_key_quality;
pub mod device_certificate_shared;
pub mod intermediate_ca_revoked;
pub mod iot_policy_overly_permissive;
pub mod iot_policy_potential_misconfiguration;
pub mod logging_disabled;
pub mod revoked_ca_certificate;
pub mod revoked_device_certificate;
pub mod role_alias_overly_permissive;
pub mod role_alias_unused_services;
pub mod unauthenticated_cognito_role_overly_permissive;
