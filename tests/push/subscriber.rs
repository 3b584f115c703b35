//! A browser that subscribed: reads what is encrypted for it, by another implementation of RFC 8291, and checks who sent
//! it, by another one of P-256.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlour_storage::{domain::push::PushTarget, ids::Timestamp};
use serde_json::{Value, json};
use web_push_native::{
    Auth, decrypt,
    p256::{
        SecretKey,
        ecdsa::{Signature, VerifyingKey, signature::Verifier as _},
        elliptic_curve::sec1::ToEncodedPoint as _,
    },
};

use crate::server::{Seen, Server};

/// The browser.
pub(crate) struct Subscriber {
    pub(crate) path: String,
    endpoint: String,
    origin: String,
    secret: SecretKey,
    auth: [u8; 16],
}

pub(crate) fn decoded(base64: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(base64).unwrap()
}

impl Subscriber {
    /// One whose push service is at a path of a server.
    pub(crate) fn new(server: &Server, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            endpoint: server.at(path),
            origin: server.at(""),
            secret: SecretKey::from_slice(&rand::random::<[u8; 32]>()).unwrap(),
            auth: rand::random(),
        }
    }

    fn keys(&self) -> (String, String) {
        let point = self.secret.public_key().to_encoded_point(false);
        let p256dh = URL_SAFE_NO_PAD.encode(point.as_bytes());
        (p256dh, URL_SAFE_NO_PAD.encode(self.auth))
    }

    /// As `PushSubscription.toJSON()` tells it, with its kind.
    pub(crate) fn subscription(&self) -> Value {
        let (p256dh, auth) = self.keys();
        json!({
            "kind": "webpush",
            "endpoint": self.endpoint,
            "expirationTime": null,
            "keys": { "p256dh": p256dh, "auth": auth },
        })
    }

    pub(crate) fn target(&self) -> PushTarget {
        let (p256dh, auth) = self.keys();
        PushTarget::WebPush {
            endpoint: self.endpoint.clone(),
            p256dh,
            auth,
        }
    }

    /// What was sent to it, and only it can read.
    pub(crate) fn read(&self, seen: &Seen) -> Value {
        assert_eq!(seen.header("content-encoding"), "aes128gcm");
        assert_eq!(seen.header("content-type"), "application/octet-stream");
        assert!(seen.body.len() <= 4096);
        let another = SecretKey::from_slice(&[7; 32]).unwrap();
        let auth = Auth::from(self.auth);
        assert!(decrypt(seen.body.clone(), &another, &auth).is_err());
        let text = decrypt(seen.body.clone(), &self.secret, &auth).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Checks that the node of a public key sent it, for this push service and soon; gives what its token says.
    pub(crate) fn sent_by(&self, seen: &Seen, public: &str) -> Value {
        let header = seen.header("authorization");
        let (token, key) = header
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .unwrap();
        assert_eq!(key, public);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = VerifyingKey::from_sec1_bytes(&decoded(key)).unwrap();
        let signature = Signature::from_slice(&decoded(signature)).unwrap();
        key.verify(signed.as_bytes(), &signature).unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        let head: Value = serde_json::from_slice(&decoded(head)).unwrap();
        assert_eq!(
            (&head["typ"], &head["alg"]),
            (&json!("JWT"), &json!("ES256"))
        );
        let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
        assert_eq!(claims["aud"], self.origin);
        let left = claims["exp"].as_i64().unwrap() - Timestamp::now().0 / 1000;
        assert!((1..=24 * 3600).contains(&left), "{left}");
        claims
    }
}
