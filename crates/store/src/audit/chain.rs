//! The hash of an audit entry: over everything it says and the hash of the entry before it.
//!
//! What is hashed, with SHA-256, so that anybody can check it with another program:
//!
//! ```text
//! "millrace audit 1\n"
//! the hash of the entry before, 32 bytes; zeros before the first
//! the number of the entry, 8 bytes, the highest first
//! the instant in microseconds since 1970, 8 bytes, the highest first
//! and in this order: outcome, action, kind, id and name of the actor, kind, id and name of the
//! object, before, after, address, id of the request; each as its length in bytes, 4 bytes, the
//! highest first, and its text in UTF-8; for what is not there the length ff ff ff ff and no text
//! ```
//!
//! Lengths stand before texts, so that no two entries give the same bytes.
//!
//! What is signed of an entry are [`words`] with its hash in them: the hash covers all else.

use api::AuditRecord;
use sha2::{Digest, Sha256};

/// What the first entry says was before it.
pub(crate) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const BEGINNING: &[u8] = b"millrace audit 1\n";

/// The hash of an entry, in hex; `None` where `prev` is no hash.
pub fn hash(prev: &str, seq: i64, record: &AuditRecord) -> Option<String> {
    let mut hash = Sha256::new();
    hash.update(BEGINNING);
    hash.update(bytes_of(prev)?);
    hash.update(seq.to_be_bytes());
    hash.update(record.at.micros().to_be_bytes());
    for text in texts(record) {
        match text {
            None => hash.update([0xff; 4]),
            Some(text) => {
                hash.update(u32::try_from(text.len()).ok()?.to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    Some(hex(&hash.finalize()))
}

/// What is signed of an entry with that hash.
pub(crate) fn words(hash: &str) -> String {
    format!("millrace entry 1\n{hash}")
}

fn texts(record: &AuditRecord) -> [Option<&str>; 12] {
    [
        Some(record.outcome.as_str()),
        Some(&record.action),
        Some(&record.actor.kind),
        Some(&record.actor.id),
        Some(&record.actor.name),
        Some(&record.object.kind),
        Some(&record.object.id),
        Some(&record.object.name),
        record.before.as_deref(),
        record.after.as_deref(),
        Some(&record.address),
        Some(&record.request_id),
    ]
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The 32 bytes of a hash in lower-case hex.
fn bytes_of(hash: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text: &[u8; 64] = hash.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{AuditActor, AuditObject, AuditOutcome, Instant};

    fn record() -> AuditRecord {
        AuditRecord {
            at: Instant(1_700_000_000_000_000),
            outcome: AuditOutcome::Done,
            action: "key.revoke".into(),
            actor: AuditActor {
                kind: "person".into(),
                id: "u1".into(),
                name: "ada@example.org".into(),
            },
            object: AuditObject {
                kind: "key".into(),
                id: "k1".into(),
                name: "Prometheus".into(),
            },
            before: Some("{\"rate\":5}".into()),
            after: None,
            address: "192.0.2.7".into(),
            request_id: "r1".into(),
        }
    }

    /// The same bytes, put together by hand, hashed by `sha256sum`.
    #[test]
    fn the_hash_is_what_another_program_makes_of_the_documented_bytes() {
        assert_eq!(
            hash(NOTHING, 1, &record()).unwrap(),
            "bb40a1f88f01d47432877f4875713680629c644f7a1ef6caeca684b6a6d92ef9"
        );
    }

    #[test]
    fn moving_a_letter_from_one_text_to_the_next_changes_the_hash() {
        let mut other = record();
        other.actor.id = "u".into();
        other.actor.name = "1ada@example.org".into();
        assert_ne!(hash(NOTHING, 1, &other), hash(NOTHING, 1, &record()));
        other = record();
        (other.before, other.after) = (other.after, other.before);
        assert_ne!(hash(NOTHING, 1, &other), hash(NOTHING, 1, &record()));
    }

    #[test]
    fn nothing_and_an_empty_text_are_not_the_same() {
        let mut empty = record();
        empty.after = Some(String::new());
        assert_ne!(hash(NOTHING, 1, &empty), hash(NOTHING, 1, &record()));
    }

    #[test]
    fn what_is_no_hash_has_none_after_it() {
        for bad in ["", "xyz", &NOTHING[1..], &NOTHING.replace('0', "A")] {
            assert_eq!(hash(bad, 1, &record()), None, "{bad}");
        }
    }
}
