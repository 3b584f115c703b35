//! Any text as a token, and any bytes as a signed one: nothing panics, and nothing unsigned is believed.

use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::json;

use super::testkeys::{HS256, NOW, SECRET, by_secret, forge, seen, with_secret};

proptest! {
    #[test]
    fn no_text_is_believed(text in ".*") {
        prop_assert!(with_secret().verify(&text).is_err());
    }

    #[test]
    fn no_text_of_the_right_shape_is_believed(text in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}") {
        prop_assert!(with_secret().verify(&text).is_err());
    }

    /// Signed by the right key, so that header and claims are read whatever they are.
    #[test]
    fn no_signed_bytes_cause_a_panic(
        header in prop_oneof![Just(HS256.as_bytes().to_vec()), any::<Vec<u8>>(), mutated(HS256)],
        payload in prop_oneof![any::<Vec<u8>>(), mutated(FULL), json_text().prop_map(String::into_bytes)],
    ) {
        let secret = EncodingKey::from_secret(SECRET);
        let token = forge(header, payload, &secret, Algorithm::HS256);
        let _ = with_secret().verify_at(&token, NOW);
    }

    #[test]
    fn a_changed_token_is_not_believed(at in any::<prop::sample::Index>(), to in any::<char>()) {
        let token = by_secret(HS256, FULL);
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assume!(changed != token);
        prop_assert!(seen(&with_secret(), &changed).is_err());
        prop_assert!(seen(&with_secret(), &token[..at]).is_err());
    }
}

const FULL: &str = r#"{"exp":1000000060,"nbf":999999000,"sub":"ada","iss":"i","aud":["a","b"],"name":"Ada","picture":"https://x/a","role":"user","plan":"free","premium":false}"#;

/// The text with some of its bytes replaced.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    prop::collection::vec(change, 0..4).prop_map(|changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        bytes
    })
}

/// An object whose claims have the right names and any values.
fn json_text() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        "[0-9]{1,40}",
        any::<String>().prop_map(|s| json!(s).to_string()),
        (1..200_usize).prop_map(|n| "[".repeat(n) + &"]".repeat(n)),
    ];
    let name = prop::sample::select(vec![
        "exp", "nbf", "sub", "iss", "aud", "name", "picture", "photo", "role", "plan", "premium",
        "x",
    ]);
    prop::collection::vec((name, value), 0..8).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!(r#""{name}":{value}"#))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}
