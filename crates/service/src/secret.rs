//! Secrets: making them, and the fingerprints that are kept instead.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// Letters and digits that cannot be taken for one another.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A random text of that many characters; 43 of them hold 248 bits.
pub(crate) fn token(characters: usize) -> String {
    let mut random = rand::rng();
    (0..characters)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

/// The same in small letters and digits, for people to type; 12 of them hold 59 bits.
pub(crate) fn readable(characters: usize) -> String {
    let small: Vec<u8> = ALPHABET
        .iter()
        .copied()
        .filter(|c| !c.is_ascii_uppercase())
        .collect();
    let mut random = rand::rng();
    (0..characters)
        .map(|_| char::from(small[random.random_range(0..small.len())]))
        .collect()
}

/// What is kept of a random secret. Unsalted and fast on purpose: there is nothing to guess in it.
pub(crate) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// A fingerprint of several parts; what ends one and begins the next makes a difference.
pub(crate) fn fingerprint_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// What is kept of a password: argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane).
pub(crate) fn hash_password(password: &str) -> Option<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .ok()
        .map(|hash| hash.to_string())
}

/// Whether the password fits.
pub(crate) fn fits(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| {
        Argon2::default()
            .verify_password(password.as_bytes(), &kept)
            .is_ok()
    })
}

/// Whether a hash was made with other parameters, or another algorithm, than one would be now.
pub(crate) fn is_dated(kept: &str) -> bool {
    let now = Params::default();
    PasswordHash::new(kept).is_ok_and(|kept| {
        let cost = |name, now| kept.params.get_decimal(name) == Some(now);
        kept.algorithm != Algorithm::default().ident()
            || kept.version != Some(Version::default().into())
            || !(cost("m", now.m_cost()) && cost("t", now.t_cost()) && cost("p", now.p_cost()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only_and_two_hashes_differ() {
        let kept = hash_password("correct horse").unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(fits("correct horse", &kept));
        assert!(!fits("Correct horse", &kept));
        assert!(!fits("correct horse", "not a hash"));
        assert_ne!(kept, hash_password("correct horse").unwrap());
    }

    #[test]
    fn a_hash_of_other_parameters_is_dated() {
        let kept = hash_password("correct horse").unwrap();
        assert!(!is_dated(&kept) && !is_dated(""));
        for (now, then) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=19456", "m=4096"),
            ("t=2", "t=3"),
        ] {
            assert!(is_dated(&kept.replace(now, then)), "{then}");
        }
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token(43), token(43));
        assert_eq!(token(43).len(), 43);
    }
}
