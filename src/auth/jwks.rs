//! A JSON Web Key Set (RFC 7517), as a file of the configuration. It is never fetched.

use jsonwebtoken::jwk::{Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;

use super::keys::{Key, KeyProblem, algorithms_of};

/// Most keys in a JWKS.
pub const JWKS_KEYS_MAX: usize = 64;

/// Shortest symmetric key in a JWKS, in bytes (RFC 7518 section 3.2: no shorter than the hash).
pub(super) const OCT_BYTES_MIN: usize = 32;

/// Reads the keys that can be used. At least one.
pub(super) fn key_set(json: &[u8]) -> Result<Vec<Key>, KeyProblem> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Jwk>,
    }
    let set: Set =
        serde_json::from_slice(json).map_err(|e| KeyProblem::UnreadableJwks(e.to_string()))?;
    if JWKS_KEYS_MAX < set.keys.len() {
        return Err(KeyProblem::TooManyKeys(set.keys.len()));
    }
    let mut keys: Vec<Key> = Vec::new();
    for jwk in &set.keys {
        // A set may hold keys for other purposes and of other kinds (RFC 7517 section 5).
        let Some(key) = signing_key(jwk)? else {
            tracing::warn!(
                kid = jwk.common.key_id,
                "key of the JWKS not usable, skipped"
            );
            continue;
        };
        let doubles = |other: &Key| {
            other.id == key.id && other.algorithms.iter().any(|a| key.algorithms.contains(a))
        };
        if let Some(id) = key.id.as_ref().filter(|_| keys.iter().any(doubles)) {
            return Err(KeyProblem::AmbiguousKeyId(id.clone()));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(KeyProblem::UselessJwks);
    }
    Ok(keys)
}

/// The key of a JWK, if it is one for signatures of a supported kind.
fn signing_key(jwk: &Jwk) -> Result<Option<Key>, KeyProblem> {
    let common = &jwk.common;
    let for_use = |purpose| matches!(purpose, &PublicKeyUse::Signature);
    let for_operations = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
    let for_signatures = common.public_key_use.as_ref().is_none_or(for_use)
        && common.key_operations.as_ref().is_none_or(for_operations);
    let decoding = DecodingKey::from_jwk(jwk).ok().filter(|_| for_signatures);
    let Some(decoding) = decoding else {
        return Ok(None);
    };
    let is_short = |key: &DecodingKey| {
        let bytes = key.try_get_as_bytes();
        bytes.is_ok_and(|secret| secret.len() < OCT_BYTES_MIN)
    };
    if decoding.family() == AlgorithmFamily::Hmac && is_short(&decoding) {
        return Err(KeyProblem::ShortSecret);
    }
    let mut algorithms = algorithms_of(&decoding).unwrap_or_default().to_vec();
    if let Some(only) = common.key_algorithm {
        algorithms.retain(|&algorithm| Algorithm::try_from(only) == Ok(algorithm));
    }
    Ok((!algorithms.is_empty()).then(|| Key {
        id: common.key_id.clone(),
        algorithms,
        decoding,
    }))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::super::testkeys::{P256, jwk, jwks, private};
    use super::*;

    type Usable = (Option<String>, Vec<Algorithm>);

    /// The ids and algorithms of the usable keys of a set.
    fn usable(keys: &[Value]) -> Result<Vec<Usable>, KeyProblem> {
        let keys = key_set(&jwks(keys))?;
        Ok(keys.into_iter().map(|k| (k.id, k.algorithms)).collect())
    }

    fn p256(change: Value) -> Value {
        jwk(&private(P256, Algorithm::ES256), Algorithm::ES256, change)
    }

    fn oct(bytes: &[u8], change: Value) -> Value {
        jwk(&EncodingKey::from_secret(bytes), Algorithm::HS256, change)
    }

    #[test]
    fn keys_of_a_set_that_are_not_for_signatures_are_skipped() {
        let good = p256(json!({"kid": "good", "use": "sig", "key_ops": ["verify"]}));
        let expected = vec![(Some("good".to_owned()), vec![Algorithm::ES256])];
        for skipped in [
            p256(json!({"use": "enc"})),
            p256(json!({"use": "x"})),
            p256(json!({"key_ops": ["sign"]})),
            p256(json!({"key_ops": []})),
            p256(json!({"alg": "ES384"})),
            p256(json!({"alg": "RS256"})),
            p256(json!({"alg": "HS256"})),
            p256(json!({"alg": "ECDH-ES"})),
            p256(json!({"x": "AAAA"})),
            p256(json!({"x": null})),
            p256(json!({"x": "*"})),
            p256(json!({"kty": "XYZ"})),
            p256(json!({"crv": "secp256k1"})),
            p256(json!({"alg": null, "kty": "oct", "k": "*"})),
            json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
            json!({}),
        ] {
            assert_eq!(
                usable(&[skipped.clone(), good.clone()]),
                Ok(expected.clone()),
                "{skipped}"
            );
            assert_eq!(usable(&[skipped]), Err(KeyProblem::UselessJwks));
        }
    }

    #[test]
    fn a_set_is_readable_bounded_and_unambiguous() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[1]}"#,
            r#"{"keys":[{"kid":1}]}"#,
        ] {
            let refused = key_set(text.as_bytes()).map(|_| ());
            assert!(
                matches!(refused, Err(KeyProblem::UnreadableJwks(_))),
                "{text}"
            );
        }
        let many = |n: usize| -> Vec<Value> {
            let numbered = |i| p256(json!({ "kid": format!("{i}") }));
            (0..n).map(numbered).collect()
        };
        assert_eq!(
            usable(&many(JWKS_KEYS_MAX)).map(|keys| keys.len()),
            Ok(JWKS_KEYS_MAX)
        );
        let problem = KeyProblem::TooManyKeys(JWKS_KEYS_MAX + 1);
        assert_eq!(usable(&many(JWKS_KEYS_MAX + 1)), Err(problem));
        assert_eq!(usable(&[]), Err(KeyProblem::UselessJwks));

        let a = p256(json!({"kid": "a"}));
        let problem = KeyProblem::AmbiguousKeyId("a".into());
        assert_eq!(usable(&[a.clone(), a.clone()]), Err(problem));
        // The same name in another family is another key.
        let symmetric = oct(&[7; 32], json!({"kid": "a", "alg": null}));
        assert_eq!(usable(&[a, symmetric]).map(|keys| keys.len()), Ok(2));
    }

    #[test]
    fn a_symmetric_key_of_a_set_is_for_hmac_and_not_short() {
        use Algorithm::{HS256, HS384, HS512};
        let keys = usable(&[oct(&[7; 32], json!({"alg": null}))]);
        assert_eq!(keys, Ok(vec![(None, vec![HS256, HS384, HS512])]));
        let crossed = oct(&[7; 32], json!({"alg": "ES256"}));
        assert_eq!(usable(&[crossed]), Err(KeyProblem::UselessJwks));
        let short = oct(&[7; 31], json!({}));
        assert_eq!(usable(&[short]), Err(KeyProblem::ShortSecret));
    }
}
