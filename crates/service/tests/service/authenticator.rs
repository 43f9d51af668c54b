//! An authenticator as people have them on their phones.

use api::Instant;

/// The code of an authenticator with that secret.
pub(crate) fn code(secret: &str, now: Instant) -> String {
    let plain: String = secret.split(' ').collect();
    let key = data_encoding::BASE32_NOPAD
        .decode(plain.as_bytes())
        .unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let step = now.0 / Instant::SECOND / 30;
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    let at = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}
