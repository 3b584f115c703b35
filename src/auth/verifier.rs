//! The check of a token, from the text to the [`Identity`].

use std::{fmt, time::Duration};

use jsonwebtoken::crypto;
use parlour_storage::ids::Timestamp;

use super::claims::{self, Identity, Rules};
use super::error::TokenError;
use super::keys::{KeyProblem, Keyring};
use super::token::Parts;

/// What tokens are checked with. At least one of the three sources of keys is required.
///
/// Several may be set, which is how a key is changed without an outage: first the new one beside
/// the old, then, when the last token of the old one has expired, the new one alone.
#[derive(Clone, Default)]
pub struct Settings {
    /// A shared secret, taken as the bytes they are: for HS256, HS384 and HS512.
    pub secret: Option<Vec<u8>>,
    /// One public key in PEM form. The key decides: RS256 to RS512 and PS256 to PS512, or ES256, or
    /// ES384, or EdDSA.
    pub public_key_pem: Option<Vec<u8>>,
    /// A JSON Web Key Set (RFC 7517), looked up by the token's `kid`.
    pub jwks: Option<Vec<u8>>,
    /// What `iss` has to be. `None`: not looked at.
    pub issuer: Option<String>,
    /// What `aud` has to be, or to hold. `None`: not looked at.
    pub audience: Option<String>,
    /// How far the clocks of issuer and node may differ; 5 to 30 s are sensible.
    pub leeway: Duration,
}

impl fmt::Debug for Settings {
    /// Tells which keys are set and none of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("secret", &self.secret.is_some())
            .field("public_key_pem", &self.public_key_pem.is_some())
            .field("jwks", &self.jwks.is_some())
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .finish()
    }
}

/// Checks tokens. Holds parsed keys and never changes, so one behind an `Arc` serves all threads.
#[derive(Debug)]
pub struct Verifier {
    keys: Keyring,
    rules: Rules,
}

impl Verifier {
    /// # Errors
    ///
    /// [`KeyProblem`] when there is no key, or one that can't be read or must not be used. The
    /// strength of the secret is not judged here, as `--dev` allows a weak one.
    pub fn new(settings: Settings) -> Result<Self, KeyProblem> {
        let keys = Keyring::new(
            settings.secret.as_deref(),
            settings.public_key_pem.as_deref(),
            settings.jwks.as_deref(),
        )?;
        let rules = Rules {
            issuer: settings.issuer,
            audience: settings.audience,
            leeway: settings.leeway,
        };
        Ok(Self { keys, rules })
    }

    /// Tells who the token is about, if it can be believed now.
    ///
    /// # Errors
    ///
    /// [`TokenError`], for the client to read. The claims are looked at only when the signature holds.
    pub fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        self.verify_at(token, Timestamp::now())
    }

    pub(super) fn verify_at(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        let parts = Parts::of(token)?;
        let keys = self
            .keys
            .for_token(parts.algorithm, parts.key_id.as_deref())?;
        let signed = keys.into_iter().any(|key| {
            // An error here is a signature that isn't base64, or a point that isn't on its curve.
            crypto::verify(
                parts.signature,
                parts.signed.as_bytes(),
                key,
                parts.algorithm,
            )
            .unwrap_or(false)
        });
        if !signed {
            return Err(TokenError::BadSignature);
        }
        claims::identify(&parts.payload()?, &self.rules, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_verifier_never_print_a_key() {
        let settings = Settings {
            secret: Some(b"tell-nobody".to_vec()),
            ..Settings::default()
        };
        let shown = format!("{settings:?} {:?}", Verifier::new(settings.clone()));
        assert!(!shown.contains("tell"), "{shown}");
        let bytes = format!("{:?}", b"tell-nobody");
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }

    #[test]
    fn a_verifier_is_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Verifier>();
    }
}
