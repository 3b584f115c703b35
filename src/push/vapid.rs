//! By what push services know this node: a key pair that it made for itself, and tokens that it signs (RFC 8292).

use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlour_storage::ids::Timestamp;
use serde_json::json;

use crate::{
    auth::{JwtSigner, NoSignature},
    config::kept_secret,
    exit::{Exit, Failure},
    outbound::Url,
};

/// The file with the private key, in the data folder: 32 bytes in hexadecimal.
const SECRET: &str = "vapid-key";

/// How long a token is good, in seconds. A day at most (RFC 8292 section 2); half of it forgives clocks.
const LIFETIME: i64 = 12 * 60 * 60;

/// The key pair.
#[derive(Debug)]
pub(super) struct Vapid {
    signer: JwtSigner,
    /// Uncompressed, in base64url: what browsers subscribe with.
    pub(super) public: String,
    /// Whom a push service may turn to.
    subject: Option<String>,
}

impl Vapid {
    /// The pair of a node, made on first use. Subscriptions are bound to it: whoever loses it has none.
    ///
    /// # Errors
    ///
    /// Its file can't be read or made, or holds no key.
    pub(super) fn kept(data: &Path, subject: Option<String>) -> anyhow::Result<Self> {
        let secret = kept_secret(data, SECRET)?;
        let number = from_hex(secret.expose());
        let made = number.and_then(|number| Self::new(&number, subject).ok());
        made.with_context(|| {
            let path = data.join(SECRET);
            let message = format!(
                "{} holds no private key; restore it, or delete it: a new one will be made, and everybody has to subscribe again",
                path.display()
            );
            Failure::new(Exit::Config, message)
        })
    }

    /// The pair of a private key.
    ///
    /// # Errors
    ///
    /// It isn't below the order of the curve, or is 0.
    pub(super) fn new(private: &[u8; 32], subject: Option<String>) -> anyhow::Result<Self> {
        let public = PrivateKey::from_private_key(&ECDH_P256, private)?.compute_public_key()?;
        let public = public.as_ref();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public)?;
        Ok(Self {
            signer: JwtSigner::es256(pair.to_pkcs8v1()?.as_ref())?,
            public: URL_SAFE_NO_PAD.encode(public),
            subject,
        })
    }

    /// The `Authorization` of a request to an endpoint.
    ///
    /// # Errors
    ///
    /// It can't be signed.
    pub(super) fn authorization(
        &self,
        endpoint: &Url,
        now: Timestamp,
    ) -> Result<String, NoSignature> {
        let mut claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": now.0 / 1000 + LIFETIME,
        });
        if let Some(subject) = &self.subject {
            claims["sub"] = json!(subject);
        }
        let token = self.signer.sign(&claims)?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn a_token_is_for_one_service_for_a_while_and_the_key_beside_it_checks_it() {
        let vapid = Vapid::new(&[7; 32], Some("mailto:ops@example.org".into())).unwrap();
        let endpoint = "https://push.example.org:8443/send/secret?x=1"
            .parse()
            .unwrap();
        let header = vapid
            .authorization(&endpoint, Timestamp(1_000_999))
            .unwrap();
        let (token, key) = header
            .strip_prefix("vapid t=")
            .unwrap()
            .split_once(", k=")
            .unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decoded(key));
        key.verify(signed.as_bytes(), &decoded(signature)).unwrap();
        let (_, claims) = signed.split_once('.').unwrap();
        let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
        let expected = json!({
            "aud": "https://push.example.org:8443",
            "exp": 1000 + 12 * 3600,
            "sub": "mailto:ops@example.org",
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn a_node_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let public = || Vapid::kept(folder.path(), None).map(|it| it.public);
        let first = public().unwrap();
        assert_eq!(first, public().unwrap());
        assert_eq!(decoded(&first).len(), 65);
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        for wrong in [order, &"0".repeat(64), &"g".repeat(64), &"a1".repeat(40)] {
            fs::write(folder.path().join(SECRET), wrong).unwrap();
            assert!(
                public().unwrap_err().to_string().contains("delete it"),
                "{wrong}"
            );
        }
    }
}
