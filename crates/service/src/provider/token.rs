//! ID tokens: whether one was signed by the provider, for us, for this sign-in, and is still good.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the provider's clock may be off, in seconds.
const DRIFT: i64 = 60;

/// The claims of a token that was found good.
pub(super) type Claims = Map<String, Value>;

/// The provider's keys.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

#[derive(Clone, Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// What a token has to say.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the ID token cannot be read")]
    Unreadable,
    #[error("the ID token is signed in a way that is not accepted")]
    Algorithm,
    #[error("none of the provider's keys is the one that signed the ID token")]
    NoKey,
    #[error("the ID token's signature is wrong")]
    Signature,
    #[error("the ID token is of another issuer")]
    Issuer,
    #[error("the ID token is for another client")]
    Audience,
    #[error("the ID token is of another sign-in")]
    Nonce,
    #[error("the ID token is over, or of the future: compare the clocks")]
    Time,
}

/// The claims of a token, where everything about it is as it has to be.
pub(super) fn verify(token: &str, keys: &Keys, expected: Expected<'_>) -> Result<Claims, Fault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Unreadable)?;
    let (header, payload) = signed.split_once('.').ok_or(Fault::Unreadable)?;
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(unreadable)?;
    let claims: Claims = serde_json::from_slice(&decoded(payload)?).map_err(unreadable)?;
    let signature = decoded(signature)?;
    check_signature(&header, keys, signed.as_bytes(), &signature)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn unreadable(_: serde_json::Error) -> Fault {
    Fault::Unreadable
}

fn decoded(text: &str) -> Result<Vec<u8>, Fault> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
    bytes.map_err(|_| Fault::Unreadable)
}

fn check_signature(
    header: &Header,
    keys: &Keys,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), Fault> {
    // Never `none`, and nothing with a shared secret: what is known to be public signs nothing.
    let kty = match header.alg.as_str() {
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => "RSA",
        "ES256" | "ES384" => "EC",
        "EdDSA" => "OKP",
        _ => return Err(Fault::Algorithm),
    };
    let fits = |key: &&Key| {
        key.kty == kty
            && key
                .purpose
                .as_deref()
                .is_none_or(|purpose| purpose == "sig")
            && key.alg.as_ref().is_none_or(|alg| *alg == header.alg)
            && header
                .kid
                .as_ref()
                .is_none_or(|kid| key.kid.as_ref() == Some(kid))
    };
    let mut found = false;
    for key in keys.keys.iter().filter(fits) {
        found = true;
        if signed_with(&header.alg, key, signed, signature) == Some(true) {
            return Ok(());
        }
    }
    Err(if found {
        Fault::Signature
    } else {
        Fault::NoKey
    })
}

/// Whether that key made the signature; none where the key cannot be read.
fn signed_with(alg: &str, key: &Key, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let bytes = |part: &Option<String>| decoded(part.as_deref()?).ok();
    let rsa = match alg {
        "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    if let Some(rsa) = rsa {
        let (n, e) = (bytes(&key.n)?, bytes(&key.e)?);
        let key = RsaPublicKeyComponents { n, e };
        return Some(key.verify(rsa, signed, signature).is_ok());
    }
    let good =
        match (alg, key.crv.as_deref()?) {
            ("ES256", "P-256") => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(key)?)
                .verify(signed, signature),
            ("ES384", "P-384") => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point(key)?)
                .verify(signed, signature),
            ("EdDSA", "Ed25519") => {
                UnparsedPublicKey::new(&ED25519, bytes(&key.x)?).verify(signed, signature)
            }
            _ => return None,
        };
    Some(good.is_ok())
}

/// An uncompressed point.
fn point(key: &Key) -> Option<Vec<u8>> {
    let (x, y) = (key.x.as_deref()?, key.y.as_deref()?);
    Some([vec![4], decoded(x).ok()?, decoded(y).ok()?].concat())
}

fn check_claims(claims: &Claims, expected: Expected<'_>) -> Result<(), Fault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    if text("iss") != Some(expected.issuer) {
        return Err(Fault::Issuer);
    }
    let ours = |value: &Value| value.as_str() == Some(expected.client);
    let for_us = match claims.get("aud") {
        Some(Value::Array(all)) => {
            all.iter().any(ours) && (all.len() == 1 || claims.get("azp").is_some_and(ours))
        }
        Some(one) => ours(one),
        None => false,
    };
    if !for_us || claims.get("azp").is_some_and(|azp| !ours(azp)) {
        return Err(Fault::Audience);
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(Fault::Nonce);
    }
    let (over, made, begun) = (number("exp"), number("iat"), number("nbf"));
    let now = expected.now as f64;
    let drift = DRIFT as f64;
    let good =
        over.is_some_and(|over| now < over + drift) && made.is_some_and(|made| made - drift <= now);
    let good = good && begun.is_none_or(|begun| begun - drift <= now);
    if good { Ok(()) } else { Err(Fault::Time) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    const EXPECTED: Expected<'static> = Expected {
        issuer: "https://id.example",
        client: "millrace",
        nonce: "n1",
        now: 1_000_000,
    };

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn keys(kid: &str, seed: u8) -> Keys {
        let x = BASE64URL_NOPAD.encode(pair(seed).public_key().as_ref());
        let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x }] });
        serde_json::from_value(keys).unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "aud": "millrace", "nonce": "n1", "sub": "s",
            "exp": 1_000_300, "iat": 999_990,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[name] = value;
        changed
    }

    fn token(header: &Value, claims: &Value, seed: u8) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = pair(seed).sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn eddsa() -> Value {
        json!({ "alg": "EdDSA", "kid": "k1" })
    }

    #[test]
    fn a_good_token_is_believed() {
        let good = token(&eddsa(), &claims(), 7);
        let said = verify(&good, &keys("k1", 7), EXPECTED).unwrap();
        assert_eq!(said.get("sub"), Some(&json!("s")));
        for aud in [json!(["millrace"]), json!(["x", "millrace"])] {
            let mut many = with("aud", aud);
            many["azp"] = json!("millrace");
            assert!(verify(&token(&eddsa(), &many, 7), &keys("k1", 7), EXPECTED).is_ok());
        }
    }

    #[test]
    fn everything_that_can_be_wrong_with_a_token_is_found() {
        for (changed, fault) in [
            (with("iss", json!("https://id.example/")), Fault::Issuer),
            (with("aud", json!("other")), Fault::Audience),
            (with("aud", json!(["millrace", "other"])), Fault::Audience),
            (with("azp", json!("other")), Fault::Audience),
            (with("aud", Value::Null), Fault::Audience),
            (with("nonce", json!("n2")), Fault::Nonce),
            (with("nonce", Value::Null), Fault::Nonce),
            (with("exp", json!(999_940)), Fault::Time),
            (with("exp", Value::Null), Fault::Time),
            (with("iat", json!(1_000_061)), Fault::Time),
            (with("nbf", json!(1_000_061)), Fault::Time),
        ] {
            let said = verify(&token(&eddsa(), &changed, 7), &keys("k1", 7), EXPECTED);
            assert_eq!(said, Err(fault), "{changed}");
        }
    }

    #[test]
    fn a_token_that_the_provider_did_not_sign_is_not_believed() {
        let good = token(&eddsa(), &claims(), 7);
        let refused = |token: &str, keys: &Keys| verify(token, keys, EXPECTED).unwrap_err();
        assert_eq!(refused(&good, &keys("k1", 8)), Fault::Signature);
        assert_eq!(refused(&good, &keys("k2", 7)), Fault::NoKey);
        assert_eq!(refused(&good, &Keys::default()), Fault::NoKey);
        for alg in ["none", "HS256", "RS1"] {
            let header = json!({ "alg": alg, "kid": "k1" });
            let forged = token(&header, &claims(), 7);
            assert_eq!(refused(&forged, &keys("k1", 7)), Fault::Algorithm, "{alg}");
        }
        let (signed, _) = good.rsplit_once('.').unwrap();
        assert_eq!(
            refused(&format!("{signed}."), &keys("k1", 7)),
            Fault::Signature
        );
        for broken in ["", "a.b", "a.b.c", "!.!.!"] {
            assert_eq!(
                refused(broken, &keys("k1", 7)),
                Fault::Unreadable,
                "{broken}"
            );
        }
    }
}
