//! X.509 certificates and revocation lists, as far as the checks need them.

pub mod evidence;
pub mod expiry;
pub mod inspect;
pub mod quality;
pub mod revocation;
pub mod roca;

pub use evidence::Evidence;
