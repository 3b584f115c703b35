//! Signs what is sent, as Standard Webhooks 1.0 has it, so that stock libraries can check who sent it.

use std::fmt;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

/// What secrets of Standard Webhooks begin with; base64 follows.
const PREFIX: &str = "whsec_";

/// Signs with all of its secrets, so that one can take the place of another without a gap.
#[derive(Debug)]
pub(crate) struct Signer(Vec<Key>);

impl Signer {
    /// # Errors
    ///
    /// One of the secrets is none; see [`check_secret`].
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Self> {
        secrets
            .into_iter()
            .map(Key::new)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The headers of a body that is sent at a time (seconds since 1970). `id` is letters, digits, `_` and `-`.
    pub(crate) fn headers(&self, id: &str, at: i64, body: &str) -> HeaderMap {
        let value = |text: String| {
            HeaderValue::try_from(text).expect("ids, numbers and base64 are visible ASCII")
        };
        let signatures: Vec<_> = self.0.iter().map(|key| key.sign(id, at, body)).collect();
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ]
        .into_iter()
        .map(|(name, text)| (HeaderName::from_static(name), value(text)))
        .collect()
    }
}

/// Whether something will do as a secret: any text, or base64 behind `whsec_`.
///
/// # Errors
///
/// Why not. Doesn't repeat it.
pub(crate) fn check_secret(secret: &str) -> Result<(), String> {
    Key::new(secret)
        .map(drop)
        .map_err(|problem| format!("{problem:#}"))
}

/// A key to sign with. Never shown.
struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn new(secret: &str) -> anyhow::Result<Self> {
        let bytes = match secret.strip_prefix(PREFIX) {
            Some(base64) => STANDARD
                .decode(base64)
                .with_context(|| format!("what follows {PREFIX} is not base64"))?,
            None => secret.as_bytes().to_vec(),
        };
        anyhow::ensure!(!bytes.is_empty(), "it is empty");
        Ok(Self(Hmac::new_from_slice(&bytes)?))
    }

    fn sign(&self, id: &str, at: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signature(secrets: &[&str]) -> String {
        let signer = Signer::new(secrets.iter().copied()).unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let headers = signer.headers(id, 1_614_265_330, body);
        assert_eq!(headers["webhook-id"], id);
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        headers["webhook-signature"].to_str().unwrap().to_owned()
    }

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&[SECRET]), expected);
    }

    #[test]
    fn who_knows_one_of_several_secrets_finds_its_signature() {
        let both = signature(&[SECRET, "next"]);
        let each = [signature(&[SECRET]), signature(&["next"])];
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn any_text_is_a_secret_unless_it_only_pretends_to_be_one() {
        assert_eq!(check_secret("a"), Ok(()));
        for secret in ["", "whsec_", "whsec_?"] {
            assert!(check_secret(secret).is_err(), "{secret}");
        }
        let shown = format!("{:?}", Signer::new(["a"]).unwrap());
        assert_eq!(shown, "Signer([Key])");
    }
}
