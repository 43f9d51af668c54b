//! The master keys and what they seal: values that are kept and have to be read again, such as the
//! token of a scraped target.
//!
//! Each value has a data key of its own; the master key seals only that, so that a new master key
//! needs no value to be opened.
//! Both seals are AES-256-GCM, and both are for one column of one row: a sealed value that is copied
//! elsewhere cannot be opened there.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use api::Hidden;
use hmac::{Hmac, Mac};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// What a sealed text begins with: which way it is sealed.
const KIND: &str = "sealed1";
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a nonce.
const NONCE: usize = 12;

/// Why something could not be sealed or opened. Says what to do, and never what was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text of the keys is none.
    #[error(
        "line {line} of the master key is no key: it has 64 hexadecimal digits, as `millrace secrets key` prints them"
    )]
    NotAKey {
        /// Which line, from 1.
        line: usize,
    },
    /// There is no key.
    #[error("there is no master key in it: put one there that `millrace secrets key` prints")]
    Empty,
    /// The file with the keys cannot be read or made.
    #[error("the master key in {file} cannot be read: {why}")]
    File {
        /// Which file.
        file: String,
        /// In the system's words.
        why: String,
    },
    /// Nobody has said which keys there are.
    #[error("the master key was not read yet")]
    Locked,
    /// It is sealed with a key that is not there.
    #[error(
        "it is sealed with the master key {id}, which is not among those of this server ({own}): add it to MILLRACE_MASTER_KEY_FILE, or to MILLRACE_MASTER_KEY"
    )]
    OtherKey {
        /// The key that it is sealed with.
        id: String,
        /// The keys that are there.
        own: String,
    },
    /// It was changed, or belongs elsewhere.
    #[error("it was changed since it was sealed, or was sealed for another place")]
    Damaged,
    /// The store failed, as was logged.
    #[error("the database does not answer")]
    Store,
}

struct Key {
    id: String,
    bytes: [u8; KEY],
}

/// The master keys: the first seals, all open.
pub struct Ring {
    keys: Vec<Key>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ring").field(&self.ids()).finish()
    }
}

/// A new master key, as it stands in a file.
pub fn new_master_key() -> String {
    hex(&random::<KEY>())
}

impl Ring {
    /// Reads keys: one a line, or between commas, in hexadecimal digits; `#` begins a remark.
    ///
    /// # Errors
    /// Where something else stands there, or nothing.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys = Vec::new();
        for (line, text) in text.lines().enumerate() {
            let text = text.split('#').next().unwrap_or_default();
            for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                let bytes: Option<[u8; KEY]> = bytes_of(word).and_then(|b| b.try_into().ok());
                let bytes = bytes.ok_or(SealError::NotAKey { line: line + 1 })?;
                keys.push(Key {
                    id: id_of(&bytes),
                    bytes,
                });
            }
        }
        if keys.is_empty() {
            return Err(SealError::Empty);
        }
        Ok(Self { keys })
    }

    /// The ids of the keys; the first is the one that seals.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.id.as_str()).collect()
    }

    /// Whether one of the keys can open that. Says nothing of whether it is whole.
    pub fn knows(&self, sealed: &str) -> bool {
        parts(sealed).is_ok_and(|parts| self.key(parts.id).is_ok())
    }

    fn key(&self, id: &str) -> Result<&Key, SealError> {
        let found = self.keys.iter().find(|key| key.id == id);
        found.ok_or_else(|| SealError::OtherKey {
            id: id.to_owned(),
            own: self.ids().join(", "),
        })
    }

    /// Seals a value for one column of one row.
    ///
    /// # Errors
    /// Never, as long as there is memory; the libraries say otherwise.
    pub fn seal(&self, place: &str, row: &str, secret: &Hidden) -> Result<String, SealError> {
        let key = self.keys.first().ok_or(SealError::Empty)?;
        let data = random::<KEY>();
        let value = encrypt(&data, &about(place, row), secret.0.as_bytes())?;
        let wrapped = wrap(key, place, row, &data)?;
        Ok(written(&key.id, &wrapped, &hex(&value)))
    }

    /// Opens what was sealed for that column of that row.
    ///
    /// # Errors
    /// Where the key is another, or it is not what was sealed there.
    pub fn open(&self, place: &str, row: &str, sealed: &str) -> Result<Hidden, SealError> {
        let parts = parts(sealed)?;
        let data = self.unwrap(&parts, place, row)?;
        let value = bytes_of(parts.value).ok_or(SealError::Damaged)?;
        let value = decrypt(&data, &about(place, row), &value)?;
        let text = String::from_utf8(value).map_err(|_| SealError::Damaged)?;
        Ok(Hidden(text))
    }

    /// The same under the first key; `None` where it is already. The value itself stays closed.
    ///
    /// # Errors
    /// As for opening.
    pub fn reseal(
        &self,
        place: &str,
        row: &str,
        sealed: &str,
    ) -> Result<Option<String>, SealError> {
        let key = self.keys.first().ok_or(SealError::Empty)?;
        let parts = parts(sealed)?;
        let data = self.unwrap(&parts, place, row)?;
        if parts.id == key.id {
            return Ok(None);
        }
        let wrapped = wrap(key, place, row, &data)?;
        Ok(Some(written(&key.id, &wrapped, parts.value)))
    }

    fn unwrap(&self, parts: &Parts<'_>, place: &str, row: &str) -> Result<[u8; KEY], SealError> {
        let key = self.key(parts.id)?;
        let wrapped = bytes_of(parts.wrapped).ok_or(SealError::Damaged)?;
        let about = about_key(&key.id, place, row);
        let data = decrypt(&derived(key, b"millrace seal 1"), &about, &wrapped)?;
        data.try_into().map_err(|_| SealError::Damaged)
    }

    /// A word that only who holds the first key can say of these bytes: `id:mac`.
    pub fn sign(&self, bytes: &[u8]) -> Option<String> {
        let key = self.keys.first()?;
        let mac = mac(&derived(key, b"millrace sign 1"), bytes)?.finalize();
        Some(format!("{}:{}", key.id, hex(&mac.into_bytes())))
    }

    /// Whether that word was said of these bytes; `None` where the key is not there.
    pub fn signed(&self, bytes: &[u8], word: &str) -> Option<bool> {
        let (id, said) = word.split_once(':')?;
        let key = self.key(id).ok()?;
        let mac = mac(&derived(key, b"millrace sign 1"), bytes)?;
        let said = bytes_of(said).unwrap_or_default();
        Some(mac.verify_slice(&said).is_ok())
    }
}

/// Whether a text is sealed, and not as an older version kept it.
pub(super) fn is_sealed(text: &str) -> bool {
    parts(text).is_ok()
}

struct Parts<'a> {
    id: &'a str,
    wrapped: &'a str,
    value: &'a str,
}

fn parts(sealed: &str) -> Result<Parts<'_>, SealError> {
    let mut words = sealed.split('.');
    match (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) {
        (Some(KIND), Some(id), Some(wrapped), Some(value), None) => {
            Ok(Parts { id, wrapped, value })
        }
        _ => Err(SealError::Damaged),
    }
}

fn written(id: &str, wrapped: &[u8], value: &str) -> String {
    format!("{KIND}.{id}.{}.{value}", hex(wrapped))
}

/// What a value is for. Lengths are not needed: neither a column's name nor an id has a line end.
fn about(place: &str, row: &str) -> String {
    format!("{KIND}\n{place}\n{row}")
}

/// What a data key is for.
fn about_key(id: &str, place: &str, row: &str) -> String {
    format!("{KIND} key {id}\n{place}\n{row}")
}

fn wrap(key: &Key, place: &str, row: &str, data: &[u8; KEY]) -> Result<Vec<u8>, SealError> {
    let about = about_key(&key.id, place, row);
    encrypt(&derived(key, b"millrace seal 1"), &about, data)
}

/// A nonce and what was encrypted.
fn encrypt(key: &[u8; KEY], about: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce = random::<NONCE>();
    let payload = Payload {
        msg: plain,
        aad: about.as_bytes(),
    };
    let cipher = Aes256Gcm::new(&(*key).into());
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| SealError::Damaged)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; KEY], about: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(SealError::Damaged)?;
    let payload = Payload {
        msg: sealed,
        aad: about.as_bytes(),
    };
    let cipher = Aes256Gcm::new(&(*key).into());
    let plain = cipher.decrypt(&Nonce::from(*nonce), payload);
    plain.map_err(|_| SealError::Damaged)
}

/// A key for one purpose, so that none serves two.
fn derived(key: &Key, purpose: &[u8]) -> [u8; KEY] {
    mac(&key.bytes, purpose).map_or(key.bytes, |mac| mac.finalize().into_bytes().into())
}

fn mac(key: &[u8; KEY], bytes: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do; the library says otherwise.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(bytes);
    Some(mac)
}

/// What a key is called where it must not stand itself.
fn id_of(key: &[u8; KEY]) -> String {
    let hash = Sha256::new()
        .chain_update(b"millrace key id\n")
        .chain_update(key)
        .finalize();
    hex(&hash[..4])
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| (pair[0] << 4) | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Ring {
        Ring::parse(text).unwrap()
    }

    fn canary() -> Hidden {
        Hidden("canary-token".into())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = ring(&new_master_key());
        let sealed = ring.seal("scrape_target.token", "t1", &canary()).unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("canary"));
        assert_eq!(
            ring.open("scrape_target.token", "t1", &sealed),
            Ok(canary())
        );
        for (place, row) in [("scrape_target.token", "t2"), ("account.totp", "t1")] {
            assert_eq!(ring.open(place, row, &sealed), Err(SealError::Damaged));
        }
        let again = ring.seal("scrape_target.token", "t1", &canary()).unwrap();
        assert_ne!(sealed, again, "the same value looks otherwise each time");
    }

    #[test]
    fn a_single_digit_that_is_changed_is_noticed() {
        let ring = ring(&new_master_key());
        let sealed = ring.seal("p.c", "r", &canary()).unwrap();
        for at in KIND.len() + 1..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = match bytes[at] {
                b'.' => continue,
                b'0' => b'1',
                _ => b'0',
            };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ring.open("p.c", "r", &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn a_new_key_in_front_seals_and_the_old_one_behind_still_opens() {
        let (old, new) = (new_master_key(), new_master_key());
        let sealed = ring(&old).seal("p.c", "r", &canary()).unwrap();
        let both = ring(&format!("# new\n{new}\n{old} # old\n"));
        assert_eq!(both.open("p.c", "r", &sealed), Ok(canary()));
        let anew = both.reseal("p.c", "r", &sealed).unwrap().unwrap();
        assert_eq!(both.reseal("p.c", "r", &anew), Ok(None));
        assert_eq!(ring(&new).open("p.c", "r", &anew), Ok(canary()));
        let refused = ring(&old).open("p.c", "r", &anew).unwrap_err();
        let words = refused.to_string();
        assert!(words.contains(ring(&new).ids()[0]), "{words}");
        assert!(!words.contains(&new) && !words.contains(&old), "{words}");
    }

    #[test]
    fn what_is_no_key_is_named_by_its_line_and_not_shown() {
        assert_eq!(Ring::parse("# none\n").unwrap_err(), SealError::Empty);
        let short = format!("{}\ncanary", new_master_key());
        let error = Ring::parse(&short).unwrap_err();
        assert_eq!(error, SealError::NotAKey { line: 2 });
        assert!(!error.to_string().contains("canary"));
        assert_eq!(ring(&format!("{0},{0}", new_master_key())).ids().len(), 2);
    }

    #[test]
    fn keys_are_in_no_debug_output() {
        let key = new_master_key();
        let shown = format!("{:?}", ring(&key));
        assert!(!shown.contains(&key) && shown.contains("Ring"), "{shown}");
    }

    #[test]
    fn a_signed_word_fits_its_bytes_and_its_key() {
        let (one, other) = (ring(&new_master_key()), ring(&new_master_key()));
        let word = one.sign(b"bytes").unwrap();
        assert_eq!(one.signed(b"bytes", &word), Some(true));
        assert_eq!(one.signed(b"other", &word), Some(false));
        assert_eq!(other.signed(b"bytes", &word), None);
        assert_eq!(one.signed(b"bytes", "nonsense"), None);
    }
}
