//! The keys of `testdata/`, and a forge that signs whatever text it is given. For tests only.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, crypto, jwk::Jwk};
use parlour_storage::ids::Timestamp;
use serde_json::{Value, json};

use super::{Settings, TokenError, Verifier};

pub(super) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub(super) const RSA: &str = include_str!("testdata/rsa.pem");
pub(super) const RSA_PUBLIC: &str = include_str!("testdata/rsa.pub.pem");
pub(super) const P256: &str = include_str!("testdata/p256.pem");
pub(super) const P256_PUBLIC: &str = include_str!("testdata/p256.pub.pem");
pub(super) const P256_OTHER: &str = include_str!("testdata/p256.other.pem");
pub(super) const P384: &str = include_str!("testdata/p384.pem");
pub(super) const P384_PUBLIC: &str = include_str!("testdata/p384.pub.pem");
pub(super) const ED25519: &str = include_str!("testdata/ed25519.pem");
pub(super) const ED25519_PUBLIC: &str = include_str!("testdata/ed25519.pub.pem");

/// The private key of a PEM text, for an algorithm of its kind.
pub(super) fn private(pem: &str, algorithm: Algorithm) -> EncodingKey {
    let pem = pem.as_bytes();
    let key = match algorithm.family() {
        AlgorithmFamily::Hmac => Ok(EncodingKey::from_secret(pem)),
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(pem),
        AlgorithmFamily::Ec => EncodingKey::from_ec_pem(pem),
        AlgorithmFamily::Ed => EncodingKey::from_ed_pem(pem),
    };
    key.unwrap()
}

/// The public JWK of a private key. `change` overrides members of it, and removes those that are null.
pub(super) fn jwk(key: &EncodingKey, algorithm: Algorithm, change: Value) -> Value {
    let mut jwk = json!(Jwk::from_encoding_key(key, algorithm).unwrap());
    let members = jwk.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    jwk
}

pub(super) fn jwks(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of this header and payload, JSON or not, whatever the header says of its algorithm.
pub(super) fn forge(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

/// The clock of the tests.
pub(super) const NOW: Timestamp = Timestamp(1_000_000_000_000);
pub(super) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Whom the node takes the token for.
pub(super) fn seen(verifier: &Verifier, token: &str) -> Result<String, TokenError> {
    let identity = verifier.verify_at(token, NOW)?;
    Ok(identity.user.to_string())
}

pub(super) fn with_secret() -> Verifier {
    let settings = Settings {
        secret: Some(SECRET.to_vec()),
        leeway: Duration::from_secs(5),
        ..Settings::default()
    };
    Verifier::new(settings).unwrap()
}

pub(super) fn by_secret(header: &str, payload: &str) -> String {
    forge(
        header,
        payload,
        &EncodingKey::from_secret(SECRET),
        Algorithm::HS256,
    )
}
