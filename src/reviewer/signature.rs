//! Signs what is sent to the review service, as Standard Webhooks 1.0 has it, so that stock libraries can check it.

use std::fmt;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What secrets of Standard Webhooks begin with; base64 follows.
const PREFIX: &str = "whsec_";

/// A key to sign with. Never shown.
pub(super) struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// # Errors
    ///
    /// It begins as one of Standard Webhooks, and goes on with something that isn't base64.
    pub(super) fn new(secret: &str) -> anyhow::Result<Self> {
        let bytes = match secret.strip_prefix(PREFIX) {
            Some(base64) => STANDARD
                .decode(base64)
                .with_context(|| format!("what follows {PREFIX} is not base64"))?,
            None => secret.as_bytes().to_vec(),
        };
        Ok(Self(Hmac::new_from_slice(&bytes)?))
    }

    /// The value of `webhook-signature` for a body that is sent at a time (seconds since 1970).
    pub(super) fn sign(&self, id: &str, at: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let key = Key::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn any_text_is_a_secret_unless_it_only_pretends_to_be_one() {
        assert_ne!(
            Key::new("a").unwrap().sign("id", 1, "{}"),
            Key::new("b").unwrap().sign("id", 1, "{}")
        );
        assert!(Key::new("whsec_?").is_err());
        assert_eq!(format!("{:?}", Key::new("a").unwrap()), "Key");
    }
}
