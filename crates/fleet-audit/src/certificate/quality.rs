//! Known-weak public keys.

use super::inspect::Key;
use std::collections::HashSet;

/// Sizes of RSA keys, in bits, that the published lists of Debian weak keys cover.
const LISTED_RSA_BITS: [usize; 3] = [1024, 2048, 4096];

/// What is known of a key.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Carries the fingerprint of CVE-2017-15361 (see [`super::roca`]).
    pub roca: bool,
    /// Is one of the keys of CVE-2008-0166; `Err` says why that is not decidable.
    pub debian: Debian,
}

/// Whether it is a Debian weak key.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Debian {
    Listed,
    #[default]
    NotListed,
    NotDecidable(&'static str),
}

/// Judges a key. Keys other than RSA pass: the ROCA library made RSA keys only, and the
/// published lists of Debian keys hold none on elliptic curves.
pub fn judge(key: &Key, weak_keys: Option<&HashSet<String>>) -> Quality {
    let (bits, roca, debian_digest) = match key {
        Key::Rsa { bits, roca, debian_digest } => (bits, roca, debian_digest),
        Key::Ec { .. } | Key::Other(_) => return Quality::default(),
        Key::Unreadable => {
            let debian = Debian::NotDecidable("its public key cannot be read");
            return Quality { roca: false, debian };
        }
    };
    let debian = match weak_keys {
        None => Debian::NotDecidable(
            "the snapshot has no list of Debian weak keys (CVE-2008-0166), \
             see debianWeakKeys",
        ),
        Some(listed) if listed.contains(debian_digest) => Debian::Listed,
        Some(_) if LISTED_RSA_BITS.contains(bits) => Debian::NotListed,
        Some(_) => Debian::NotDecidable(
            "published lists of Debian weak keys (CVE-2008-0166) cover RSA keys of \
             1024, 2048 and 4096 bits only",
        ),
    };
    Quality { roca: *roca, debian }
}
