//! The fingerprint of RSA keys made by Infineon's faulty library (CVE-2017-15361).
//!
//! Its primes have the form `k · M + (65537^a mod M)`, M being the product of the first
//! small primes. So the modulus, reduced by any prime factor `p` of M, is always a power
//! of 65537 modulo `p`. For an honest key that happens by chance with a probability
//! below 2^-27. Source: Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's
//! Attack", ACM CCS 2017, section 3. The primes used are those in M of the shortest
//! keys, up to 167; longer keys use multiples of that M.

/// The base whose powers the primes are built from.
const GENERATOR: u32 = 65_537;

/// The largest prime factor of M for keys of 512 to 960 bits (39 primes).
const LARGEST_PRIME: u32 = 167;

/// Whether the modulus (big-endian bytes) carries the fingerprint.
pub fn has_fingerprint(modulus: &[u8]) -> bool {
    !modulus.is_empty()
        && (2..=LARGEST_PRIME)
            .filter(|number| is_prime(*number))
            .all(|prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn is_prime(number: u32) -> bool {
    (2..number).all(|divisor| !number.is_multiple_of(divisor))
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % divisor)
}

fn is_power_of_generator(residue: u32, prime: u32) -> bool {
    let step = GENERATOR % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == residue {
            return true;
        }
        power = power * step % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `number * factor + term` on big-endian bytes.
    fn times_plus(number: &[u8], factor: u32, term: u32) -> Vec<u8> {
        let mut carry = u64::from(term);
        let mut result: Vec<u8> = number
            .iter()
            .rev()
            .map(|byte| {
                carry += u64::from(*byte) * u64::from(factor);
                let low = (carry & 0xff) as u8;
                carry >>= 8;
                low
            })
            .collect();
        while carry > 0 {
            result.push((carry & 0xff) as u8);
            carry >>= 8;
        }
        result.reverse();
        result
    }

    /// A number `k · M + 65537`, which is what the product of two faulty primes looks like
    /// modulo M. Whether it is a product of primes does not matter to the test.
    fn faulty(k: u32) -> Vec<u8> {
        let mut product = times_plus(&[1], k, 0);
        for prime in (2..=LARGEST_PRIME).filter(|n| is_prime(*n)) {
            product = times_plus(&product, prime, 0);
        }
        times_plus(&product, 1, GENERATOR)
    }

    #[test]
    fn numbers_of_the_faulty_form_are_recognised_and_their_neighbours_not() {
        for k in [1, 2, 77, 4_000_000_000] {
            let number = faulty(k);
            assert!(has_fingerprint(&number), "k = {k}");
            assert!(!has_fingerprint(&times_plus(&number, 1, 2)), "k = {k}, plus 2");
        }
        assert!(!has_fingerprint(&[]));
        assert!(!has_fingerprint(&[0]));
    }

    /// One wrong residue is enough to acquit, whichever prime it is at. At 2 every odd
    /// number passes, and at primes which 65537 generates every residue but 0 does.
    #[test]
    fn every_prime_is_looked_at() {
        let telling = (3..=LARGEST_PRIME)
            .filter(|n| is_prime(*n))
            .filter(|prime| (1..*prime).any(|residue| !is_power_of_generator(residue, *prime)));
        let mut count = 0;
        for prime in telling {
            count += 1;
            // k·(M/p) shifts the residue at p alone.
            let mut step = vec![1];
            for other in (2..=LARGEST_PRIME).filter(|n| is_prime(*n) && *n != prime) {
                step = times_plus(&step, other, 0);
            }
            let spoiled = (1..prime).any(|k| {
                let shifted = times_plus(&times_plus(&step, k, 0), 1, GENERATOR);
                !has_fingerprint(&shifted)
            });
            assert!(spoiled, "prime {prime}");
        }
        assert!(count > 15, "{count} primes tell keys apart");
    }
}
