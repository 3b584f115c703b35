//! Signs tokens by which the node shows others who it is: push services, for one. What they say is up to who asks.

use std::fmt;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// A private key of the node, or of an account that the operator gave it. Never shown.
pub struct JwtSigner {
    header: Header,
    key: EncodingKey,
}

/// Why there is no signature. Doesn't repeat the key.
#[derive(Debug, thiserror::Error)]
#[error("the private key can't be used: {0}")]
pub struct NoSignature(#[from] jsonwebtoken::errors::Error);

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtSigner({:?})", self.header.alg)
    }
}

impl JwtSigner {
    /// A key on the curve P-256, in PKCS #8.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn es256(pkcs8: &[u8]) -> Result<Self, NoSignature> {
        let header = Header::new(Algorithm::ES256);
        Self::tried(header, EncodingKey::from_ec_der(pkcs8))
    }

    /// An RSA key in PEM form, which those who check its signatures know as `id`.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn rs256(pem: &[u8], id: Option<String>) -> Result<Self, NoSignature> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = id;
        Self::tried(header, EncodingKey::from_rsa_pem(pem)?)
    }

    /// Reading a key looks at its wrapping alone; whether it is one shows when it signs.
    fn tried(header: Header, key: EncodingKey) -> Result<Self, NoSignature> {
        let signer = Self { header, key };
        signer.sign(&())?;
        Ok(signer)
    }

    /// A token that says this.
    ///
    /// # Errors
    ///
    /// What it is to say is no JSON.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, NoSignature> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.key)?)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, crypto};
    use serde_json::{Value, json};

    use super::{
        super::testkeys::{P256, RSA, RSA_PUBLIC, private},
        *,
    };

    fn part(token: &str, n: usize) -> Value {
        let part = token.split('.').nth(n).unwrap();
        use base64::Engine as _;
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
        serde_json::from_slice(&json.unwrap()).unwrap()
    }

    #[test]
    fn a_token_says_what_it_was_given_and_who_signed_it() {
        let signer = JwtSigner::rs256(RSA.as_bytes(), Some("key-1".into())).unwrap();
        let token = signer.sign(&json!({ "iss": "node" })).unwrap();
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": "key-1" });
        assert_eq!(part(&token, 0), header);
        assert_eq!(part(&token, 1), json!({ "iss": "node" }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes()).unwrap();
        let holds = |signed: &str| {
            crypto::verify(signature, signed.as_bytes(), &key, Algorithm::RS256).unwrap()
        };
        assert!(holds(signed));
        assert!(!holds(&signed[1..]));
    }

    #[test]
    fn what_is_no_key_is_refused_at_once_and_never_shown() {
        let ec = private(P256, Algorithm::ES256);
        let signer = JwtSigner::es256(ec.as_bytes()).unwrap();
        assert_eq!(format!("{signer:?}"), "JwtSigner(ES256)");
        assert!(JwtSigner::es256(b"").is_err());
        assert!(JwtSigner::es256(&ec.as_bytes()[1..]).is_err());
        for pem in ["", P256, RSA_PUBLIC, &RSA.replacen("MII", "MIJ", 1)] {
            let error = JwtSigner::rs256(pem.as_bytes(), None).unwrap_err();
            assert!(error.to_string().starts_with("the private key"), "{error}");
        }
    }
}
