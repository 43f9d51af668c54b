//! A device that makes and shows passkeys, as a browser hands its answers on.

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The person was there, and the device made sure of them.
const PRESENT_AND_VERIFIED: u8 = 0b0000_0101;
/// The data of a new key follows.
const WITH_KEY: u8 = 0b0100_0000;

/// One passkey on one device.
pub(crate) struct Device {
    pair: EcdsaKeyPair,
    pub(crate) credential_id: Vec<u8>,
    /// Where the browser says it is.
    pub(crate) origin: String,
    /// What it says of the person.
    pub(crate) flags: u8,
    /// How often it signed.
    pub(crate) counter: u32,
    user_handle: Vec<u8>,
}

impl Device {
    pub(crate) fn new(origin: &str, name: u8) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap(),
            credential_id: vec![name; 16],
            origin: origin.into(),
            flags: PRESENT_AND_VERIFIED,
            counter: 0,
            user_handle: Vec::new(),
        }
    }

    /// Makes the passkey that is asked for.
    pub(crate) fn create(&mut self, options: &str) -> String {
        let asked: Value = serde_json::from_str(options).unwrap();
        let asked = &asked["publicKey"];
        assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
        let verification = &asked["authenticatorSelection"]["userVerification"];
        assert_eq!(verification, "required");
        self.user_handle = bytes(&asked["user"]["id"]);
        let mut data = self.data(&asked["rp"]["id"], WITH_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(&self.credential_id);
        data.extend(self.public_key());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = vec![0xa3];
        attestation.extend(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x58");
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        let response = json!({
            "attestationObject": BASE64URL_NOPAD.encode(&attestation),
            "clientDataJSON": self.client("webauthn.create", &asked["challenge"]),
        });
        self.answer(&response)
    }

    /// Shows the passkey.
    pub(crate) fn get(&mut self, options: &str) -> String {
        let asked: Value = serde_json::from_str(options).unwrap();
        assert_eq!(asked.get("mediation"), None);
        let asked = &asked["publicKey"];
        assert_eq!(asked["userVerification"], "required");
        self.counter += 1;
        let data = self.data(&asked["rpId"], 0);
        let client = self.client("webauthn.get", &asked["challenge"]);
        let client_bytes = BASE64URL_NOPAD.decode(client.as_bytes()).unwrap();
        let hash = digest(&SHA256, &client_bytes);
        let signed = [&data, hash.as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let response = json!({
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "clientDataJSON": client,
            "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
            "userHandle": BASE64URL_NOPAD.encode(&self.user_handle),
        });
        self.answer(&response)
    }

    fn data(&self, site: &Value, more: u8) -> Vec<u8> {
        let site = digest(&SHA256, site.as_str().unwrap().as_bytes());
        let mut data = site.as_ref().to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
    fn public_key(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(&point[1..33]);
        key.extend(b"\x22\x58\x20");
        key.extend(&point[33..]);
        key
    }

    fn client(&self, what: &str, challenge: &Value) -> String {
        let told = json!({
            "type": what,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
        });
        BASE64URL_NOPAD.encode(told.to_string().as_bytes())
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64URL_NOPAD.encode(&self.credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "extensions": {},
        })
        .to_string()
    }
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64URL_NOPAD
        .decode(text.as_str().unwrap().as_bytes())
        .unwrap()
}
