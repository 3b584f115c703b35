//! The keys that tokens are checked with, and which of them a token may use.
//!
//! The key decides on its algorithms, never the token: a public key given in PEM form can't be used as the
//! secret of an HMAC, which is the oldest forgery there is (RFC 8725 section 2.1).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::error::TokenError;
use super::jwks::{JWKS_KEYS_MAX, OCT_BYTES_MIN, key_set};

/// Shortest and longest RSA modulus that the crypto library verifies with, in bytes.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Why tokens can't be checked with the keys that are configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// There is none.
    #[error("there is no key to check tokens with: give a secret, a public key or a JWKS")]
    NoKey,
    /// The secret has no bytes.
    #[error(
        "the secret is empty: give 32 random bytes or more, for example from `openssl rand -hex 32`"
    )]
    EmptySecret,
    /// The secret is a key file for another purpose.
    #[error(
        "the secret is a PEM file, which anyone may know who has the public key: give it as the public key"
    )]
    SecretIsPem,
    /// The PEM file holds a private key.
    #[error(
        "this is a private key, which the node must not have: give the public key, `openssl pkey -in KEY -pubout`"
    )]
    PrivateKey,
    /// The PEM file holds a certificate.
    #[error(
        "this is a certificate, and nothing would check its validity: give its public key, `openssl x509 -in CERT -pubkey -noout`"
    )]
    Certificate,
    /// The PEM file holds no key, or several.
    #[error(
        "a PEM file with exactly one public key is required (several keys go into a JWKS); this has {0}"
    )]
    NotOneKey(usize),
    /// The key isn't one of the supported kinds.
    #[error(
        "the public key can't be used: RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519 are supported, in PEM form"
    )]
    UnusablePublicKey,
    /// The JWKS can't be read.
    #[error("the JWKS can't be read: {0}")]
    UnreadableJwks(String),
    /// The JWKS has more than [`JWKS_KEYS_MAX`] keys.
    #[error(
        "the JWKS has {0} keys, and {JWKS_KEYS_MAX} are allowed: remove those that sign no more"
    )]
    TooManyKeys(usize),
    /// No key of the JWKS can be used.
    #[error(
        "no key of the JWKS is for signatures: RSA of 2048 to 8192 bits, P-256, P-384, Ed25519 and oct are supported"
    )]
    UselessJwks,
    /// Two keys of the JWKS go by the same name.
    #[error(
        "the JWKS has two keys for the same algorithm with the `kid` {0:?}: rename or remove one"
    )]
    AmbiguousKeyId(String),
    /// A symmetric key of the JWKS can be guessed.
    #[error("a symmetric key of the JWKS is too short: {OCT_BYTES_MIN} bytes are required")]
    ShortSecret,
}

/// All keys.
#[derive(Debug)]
pub(super) struct Keyring {
    /// The secret and the public key. They have no name, so they are tried whatever `kid` says.
    unnamed: Vec<Key>,
    /// From the JWKS.
    set: Vec<Key>,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    /// All of one family.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

impl Keyring {
    pub(super) fn new(
        secret: Option<&[u8]>,
        public_key_pem: Option<&[u8]>,
        jwks: Option<&[u8]>,
    ) -> Result<Self, KeyProblem> {
        let mut unnamed = Vec::new();
        if let Some(secret) = secret {
            unnamed.push(shared_secret(secret)?);
        }
        if let Some(pem) = public_key_pem {
            unnamed.push(public_key(pem)?);
        }
        let set = jwks.map_or(Ok(Vec::new()), key_set)?;
        if unnamed.is_empty() && set.is_empty() {
            return Err(KeyProblem::NoKey);
        }
        Ok(Self { unnamed, set })
    }

    /// The keys that may have signed a token with this header: at most the secret, or the public
    /// key, and one of the set. Never empty.
    pub(super) fn for_token(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
    ) -> Result<Vec<&DecodingKey>, TokenError> {
        let fits = |key: &&Key| key.algorithms.contains(&algorithm);
        let mut keys: Vec<&Key> = self.unnamed.iter().filter(fits).collect();
        let set: Vec<&Key> = self.set.iter().filter(fits).collect();
        match (key_id, set.as_slice()) {
            (Some(id), set) => keys.extend(set.iter().find(|key| key.id.as_deref() == Some(id))),
            (None, [only]) => keys.push(only),
            (None, _) => {}
        }
        match (keys.is_empty(), set.is_empty()) {
            (true, true) => Err(TokenError::WrongAlgorithm),
            (true, false) => Err(TokenError::UnknownKey),
            (false, _) => Ok(keys.into_iter().map(|key| &key.decoding).collect()),
        }
    }
}

fn shared_secret(secret: &[u8]) -> Result<Key, KeyProblem> {
    if secret.is_empty() {
        return Err(KeyProblem::EmptySecret);
    }
    if secret.trim_ascii_start().starts_with(b"-----BEGIN ") {
        return Err(KeyProblem::SecretIsPem);
    }
    Ok(Key {
        id: None,
        algorithms: AlgorithmFamily::Hmac.algorithms().to_vec(),
        decoding: DecodingKey::from_secret(secret),
    })
}

fn public_key(pem: &[u8]) -> Result<Key, KeyProblem> {
    let text = String::from_utf8_lossy(pem);
    // The crate would read all three without a word: a private key as if it were a public one, the
    // first of several keys, and the key of a certificate that has expired.
    if text.contains("PRIVATE KEY-----") {
        return Err(KeyProblem::PrivateKey);
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(KeyProblem::Certificate);
    }
    match text.matches("-----BEGIN ").count() {
        1 => {}
        n => return Err(KeyProblem::NotOneKey(n)),
    }
    let decoding = DecodingKey::from_rsa_pem(pem)
        .or_else(|_| DecodingKey::from_ec_pem(pem))
        .or_else(|_| DecodingKey::from_ed_pem(pem))
        .map_err(|_| KeyProblem::UnusablePublicKey)?;
    let algorithms = algorithms_of(&decoding).ok_or(KeyProblem::UnusablePublicKey)?;
    Ok(Key {
        id: None,
        algorithms: algorithms.to_vec(),
        decoding,
    })
}

/// The algorithms that a key is for; `None` if it is of a kind or size that can't be used.
pub(super) fn algorithms_of(key: &DecodingKey) -> Option<&'static [Algorithm]> {
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512};
    use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    if key.family() == AlgorithmFamily::Hmac {
        return Some(&[HS256, HS384, HS512]);
    }
    // The way back into a JWK is what tells the size of the modulus and the curve of the point.
    match Jwk::from_decoding_key(key, None).ok()?.algorithm {
        AlgorithmParameters::RSA(rsa) => RSA_MODULUS_BYTES
            .contains(&(rsa.n.len() * 3 / 4))
            .then_some(&[RS256, RS384, RS512, PS256, PS384, PS512]),
        AlgorithmParameters::EllipticCurve(point) => match point.curve {
            EllipticCurve::P256 => Some(&[ES256]),
            EllipticCurve::P384 => Some(&[ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(_) => Some(&[EdDSA]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testkeys::{
        ED25519, ED25519_PUBLIC, P256, P256_PUBLIC, P384_PUBLIC, RSA, RSA_PUBLIC,
    };
    use super::*;

    fn algorithms(pem: &str) -> Result<Vec<Algorithm>, KeyProblem> {
        public_key(pem.as_bytes()).map(|key| key.algorithms)
    }

    #[test]
    fn the_family_is_read_from_the_public_key() {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let rsa = Ok(vec![RS256, RS384, RS512, PS256, PS384, PS512]);
        assert_eq!(algorithms(RSA_PUBLIC), rsa);
        assert_eq!(algorithms(include_str!("testdata/rsa.pub.pkcs1.pem")), rsa);
        assert_eq!(algorithms(P256_PUBLIC), Ok(vec![ES256]));
        assert_eq!(algorithms(P384_PUBLIC), Ok(vec![ES384]));
        assert_eq!(algorithms(ED25519_PUBLIC), Ok(vec![EdDSA]));
        let with_crlf_and_comment = format!("# ours\r\n{}", P256_PUBLIC.replace('\n', "\r\n"));
        assert_eq!(algorithms(&with_crlf_and_comment), Ok(vec![ES256]));
    }

    #[test]
    fn what_is_no_usable_public_key_is_refused_with_a_reason() {
        let certificate = P256_PUBLIC.replace("PUBLIC KEY", "CERTIFICATE");
        let two = format!("{P256_PUBLIC}{RSA_PUBLIC}");
        let cut = RSA_PUBLIC.replacen("MII", "", 1);
        let sec1 = P256.replace("PRIVATE KEY", "EC PRIVATE KEY");
        for (pem, problem) in [
            (RSA, KeyProblem::PrivateKey),
            (P256, KeyProblem::PrivateKey),
            (ED25519, KeyProblem::PrivateKey),
            (&sec1, KeyProblem::PrivateKey),
            (&certificate, KeyProblem::Certificate),
            (&two, KeyProblem::NotOneKey(2)),
            ("", KeyProblem::NotOneKey(0)),
            ("ssh-ed25519 AAAA", KeyProblem::NotOneKey(0)),
            (&cut, KeyProblem::UnusablePublicKey),
            ("-----BEGIN PUBLIC KEY-----", KeyProblem::UnusablePublicKey),
            (
                include_str!("testdata/rsa1024.pub.pem"),
                KeyProblem::UnusablePublicKey,
            ),
            (
                include_str!("testdata/p521.pub.pem"),
                KeyProblem::UnusablePublicKey,
            ),
        ] {
            assert_eq!(algorithms(pem), Err(problem), "{pem}");
        }
    }

    #[test]
    fn a_secret_is_bytes_and_no_key_file() {
        let secret = |bytes: &[u8]| shared_secret(bytes).map(|_| ());
        assert_eq!(secret(b"\xff\x00"), Ok(()));
        assert_eq!(secret(b""), Err(KeyProblem::EmptySecret));
        assert_eq!(secret(RSA_PUBLIC.as_bytes()), Err(KeyProblem::SecretIsPem));
        let none = Keyring::new(None, None, None).map(|_| ());
        assert_eq!(none, Err(KeyProblem::NoKey));
    }
}
