//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, a step of 30 s, as every
//! authenticator has them.

use api::Instant;
use data_encoding::BASE32_NOPAD;
use rand::Rng as _;
use ring::hmac;

/// Seconds that a code is good for.
const STEP: i64 = 30;
/// How many steps a clock may be off, to each side.
const DRIFT: i64 = 1;

/// A secret as long as the hash, as RFC 4226 wants it.
pub(super) fn fresh_secret() -> [u8; 20] {
    let mut secret = [0; 20];
    rand::rng().fill_bytes(&mut secret);
    secret
}

pub(super) fn in_base32(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

pub(super) fn of_base32(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.as_bytes()).ok()
}

/// What an authenticator reads.
pub(super) fn uri(email: &str, secret: &[u8]) -> String {
    let email: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    let secret = in_base32(secret);
    format!(
        "otpauth://totp/Millrace:{email}?secret={secret}&issuer=Millrace&algorithm=SHA1&digits=6&period={STEP}"
    )
}

/// The step whose code this is, the newest that fits; none where the code is of no step near now.
pub(super) fn step_of(secret: &[u8], code: &str, now: Instant) -> Option<i64> {
    let given: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let present = now.0.div_euclid(Instant::SECOND).div_euclid(STEP);
    let near = (present - DRIFT..=present + DRIFT).rev();
    near.into_iter()
        .find(|step| code_at(secret, *step) == given)
}

fn code_at(secret: &[u8], step: i64) -> String {
    // Authenticators know nothing newer, and for a code of half a minute SHA-1 is as good.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    let offset = usize::from(hash.last().map_or(0, |byte| byte & 15));
    let word = hash.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    let number = u32::from_be_bytes(word.copied().unwrap_or_default()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(RFC, seconds / STEP), code);
        }
    }

    #[test]
    fn a_code_fits_half_a_minute_early_or_late_and_no_more() {
        let code = code_at(RFC, 1_000);
        let at = |step: i64| step_of(RFC, &code, Instant::from_seconds(step * STEP));
        assert_eq!(
            [998, 999, 1_000, 1_001, 1_002].map(at),
            [None, Some(1_000), Some(1_000), Some(1_000), None]
        );
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(
            step_of(RFC, &spaced, Instant::from_seconds(30_000)),
            Some(1_000)
        );
        assert_eq!(step_of(RFC, "", Instant::from_seconds(30_000)), None);
    }

    #[test]
    fn the_address_holds_nothing_that_ends_it_early() {
        let uri = uri("a&b?c@example.org", RFC);
        assert!(
            uri.starts_with("otpauth://totp/Millrace:a%26b%3Fc%40example.org?secret=GEZDGNBV"),
            "{uri}"
        );
        assert_eq!(of_base32(&in_base32(RFC)).as_deref(), Some(RFC));
        assert_eq!(of_base32("not base 32"), None);
    }
}
