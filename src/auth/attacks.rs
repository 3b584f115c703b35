//! Tokens as an attacker or a careless issuer would make them, against the whole [`Verifier`].
//!
//! The cases come from RFC 8725, OWASP ASVS 5.0 chapter 9 and the bugs of other verifiers.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey};
use parlour_storage::ids::Timestamp;
use serde_json::{Value, json};

use super::testkeys::{
    ED25519, ED25519_PUBLIC, HS256, P256, P256_OTHER, P256_PUBLIC, P384, P384_PUBLIC, RSA,
    RSA_PUBLIC, SECRET, by_secret, encode, forge, jwk, jwks, private, seen, with_secret,
};
use super::token::TOKEN_BYTES_MAX;
use super::{Settings, TokenError, Verifier};

const GOOD: &str = r#"{"exp":1000000060,"sub":"ada"}"#;

fn with_public_key(pem: &str) -> Verifier {
    let settings = Settings {
        public_key_pem: Some(pem.into()),
        ..Settings::default()
    };
    Verifier::new(settings).unwrap()
}

fn with_jwks(keys: &[Value]) -> Verifier {
    let settings = Settings {
        jwks: Some(jwks(keys)),
        ..Settings::default()
    };
    Verifier::new(settings).unwrap()
}

/// A token of an honest issuer with this key and header.
fn signed(pem: &str, algorithm: Algorithm, header: Value) -> String {
    forge(
        header.to_string(),
        GOOD,
        &private(pem, algorithm),
        algorithm,
    )
}

/// Every algorithm, a private key for it, and what a node is configured with to accept it.
const PUBLIC_KEYS: [(Algorithm, &str, &str); 9] = [
    (Algorithm::RS256, RSA, RSA_PUBLIC),
    (Algorithm::RS384, RSA, RSA_PUBLIC),
    (Algorithm::RS512, RSA, RSA_PUBLIC),
    (Algorithm::PS256, RSA, RSA_PUBLIC),
    (Algorithm::PS384, RSA, RSA_PUBLIC),
    (Algorithm::PS512, RSA, RSA_PUBLIC),
    (Algorithm::ES256, P256, P256_PUBLIC),
    (Algorithm::ES384, P384, P384_PUBLIC),
    (Algorithm::EdDSA, ED25519, ED25519_PUBLIC),
];

#[test]
fn each_algorithm_is_accepted_with_its_key_and_no_other() {
    let nodes = [RSA_PUBLIC, P256_PUBLIC, P384_PUBLIC, ED25519_PUBLIC];
    for (algorithm, key, public) in PUBLIC_KEYS {
        let token = signed(key, algorithm, json!({ "alg": algorithm }));
        for node in nodes {
            let expected = match node == public {
                true => Ok("ada".to_owned()),
                false => Err(TokenError::WrongAlgorithm),
            };
            assert_eq!(
                seen(&with_public_key(node), &token),
                expected,
                "{algorithm:?}"
            );
        }
        let expected = Err(TokenError::WrongAlgorithm);
        assert_eq!(seen(&with_secret(), &token), expected, "{algorithm:?}");
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let secret = EncodingKey::from_secret(SECRET);
        let header = json!({ "alg": algorithm }).to_string();
        let token = forge(header, GOOD, &secret, algorithm);
        assert_eq!(seen(&with_secret(), &token).as_deref(), Ok("ada"));
        for node in nodes {
            let refused = seen(&with_public_key(node), &token);
            assert_eq!(refused, Err(TokenError::WrongAlgorithm), "{algorithm:?}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    // Signed with HMAC, the text of the public key as the secret, in the forms it may be read in.
    for (algorithm, _, public) in PUBLIC_KEYS {
        for secret in [public, public.trim(), &public.replace('\n', "\r\n")] {
            for claimed in [algorithm, Algorithm::HS256] {
                let header = json!({ "alg": claimed }).to_string();
                let secret = EncodingKey::from_secret(secret.as_bytes());
                let token = forge(header, GOOD, &secret, Algorithm::HS256);
                let refused = seen(&with_public_key(public), &token).unwrap_err();
                assert!(
                    [TokenError::WrongAlgorithm, TokenError::BadSignature].contains(&refused),
                    "{algorithm:?}: {refused:?}"
                );
            }
        }
    }
}

#[test]
fn no_signature_is_no_token() {
    let node = with_secret();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS1", "hs256", "ES512", "ES256K", "Ed25519",
    ] {
        let header = encode(json!({ "alg": alg }).to_string());
        for signature in ["", "AAAA"] {
            let token = format!("{header}.{}.{signature}", encode(GOOD));
            assert_eq!(
                seen(&node, &token),
                Err(TokenError::WrongAlgorithm),
                "{alg}"
            );
        }
    }
    let unsigned = format!("{}.{}.", encode(HS256), encode(GOOD));
    assert_eq!(seen(&node, &unsigned), Err(TokenError::BadSignature));
    // A signature of zeros is the one that broken ECDSA accepts for everything (CVE-2022-21449).
    let es256 = encode(r#"{"alg":"ES256"}"#);
    let psychic = format!("{es256}.{}.{}", encode(GOOD), encode([0; 64]));
    let refused = seen(&with_public_key(P256_PUBLIC), &psychic);
    assert_eq!(refused, Err(TokenError::BadSignature));
}

#[test]
fn the_signature_covers_header_and_payload_and_comes_first() {
    let node = with_secret();
    let token = by_secret(HS256, GOOD);
    let parts: Vec<&str> = token.split('.').collect();
    let admin = encode(r#"{"exp":1000000060,"sub":"ada","role":"admin"}"#);
    let other_header = encode(r#"{"alg":"HS256"}"#);
    for forged in [
        format!("{}.{admin}.{}", parts[0], parts[2]),
        format!("{other_header}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], encode("not even JSON"), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], encode([7; 32])),
    ] {
        assert_eq!(
            seen(&node, &forged),
            Err(TokenError::BadSignature),
            "{forged}"
        );
    }
    let stranger = EncodingKey::from_secret(b"another secret of thirty-two bytes");
    for payload in [GOOD, r#"{"exp":1,"sub":""}"#] {
        let token = forge(HS256, payload, &stranger, Algorithm::HS256);
        assert_eq!(seen(&node, &token), Err(TokenError::BadSignature));
    }
    let token = signed(P256_OTHER, Algorithm::ES256, json!({ "alg": "ES256" }));
    let refused = seen(&with_public_key(P256_PUBLIC), &token);
    assert_eq!(refused, Err(TokenError::BadSignature));
}

#[test]
fn a_signature_has_one_spelling() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let node = with_secret();
    let token = by_secret(HS256, GOOD);
    // 32 bytes leave two bits of the last of 43 characters without meaning.
    let (rest, last) = token.split_at(token.len() - 1);
    let index = ALPHABET
        .iter()
        .position(|&c| c == last.as_bytes()[0])
        .unwrap();
    for stray in 1..4 {
        let spelling = format!("{rest}{}", char::from(ALPHABET[index ^ stray]));
        assert_eq!(
            seen(&node, &spelling),
            Err(TokenError::BadSignature),
            "{spelling}"
        );
    }
    for tail in ["=", "A", "AAAA", " ", "\n", ".", "\0"] {
        assert!(seen(&node, &format!("{token}{tail}")).is_err(), "{tail:?}");
        assert!(seen(&node, &format!("{tail}{token}")).is_err(), "{tail:?}");
    }
    let (signed, _) = token.rsplit_once('.').unwrap();
    let standard = format!("{signed}.{}", "+/".repeat(21));
    assert_eq!(seen(&node, &standard), Err(TokenError::BadSignature));
}

#[test]
fn what_does_not_look_like_a_token_is_refused_by_its_form() {
    let node = with_secret();
    assert_eq!(seen(&node, ""), Err(TokenError::Missing));
    let megabyte = by_secret(HS256, &"x".repeat(750_000));
    assert!(1_000_000 < megabyte.len());
    assert_eq!(seen(&node, &megabyte), Err(TokenError::TooLong));
    let dots = ".".repeat(TOKEN_BYTES_MAX);
    let five_parts = format!("{}.....", encode(r#"{"alg":"dir","enc":"A256GCM"}"#));
    for text in [
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "é.é.é",
        "\u{0}",
        "Bearer x.y.z",
        "null",
        "{}",
        &dots,
        &five_parts,
        r#"{"payload":"e30","signatures":[]}"#,
    ] {
        let refused = seen(&node, text);
        assert_eq!(refused, Err(TokenError::Malformed), "{:?}", text.get(..40));
    }
    for header in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#""HS256""#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":1}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":{"$ne":1}}"#,
        r#"{"alg":"HS256","kid":7}"#,
        r#"{"alg":"HS256","typ":1}"#,
    ] {
        let refused = seen(&node, &by_secret(header, GOOD));
        assert_eq!(refused, Err(TokenError::Malformed), "{header}");
    }
    let nested = format!(r#"{{"alg":"HS256","x":{}"#, "[".repeat(5000));
    assert_eq!(
        seen(&node, &by_secret(&nested, GOOD)),
        Err(TokenError::Malformed)
    );
    let not_utf8 = encode(b"{\"alg\":\"HS256\",\"kid\":\"\xff\"}");
    let token = format!("{not_utf8}.{}.AAAA", encode(GOOD));
    assert_eq!(seen(&node, &token), Err(TokenError::Malformed));
}

#[test]
fn the_longest_token_is_accepted_and_one_byte_more_is_not() {
    let node = with_secret();
    let padded = |n: usize| {
        let payload = format!(
            r#"{{"exp":1000000060,"sub":"ada","x":"{}"}}"#,
            "x".repeat(n)
        );
        by_secret(HS256, &payload)
    };
    let mut longest = (5000..7000).rev().map(padded);
    let longest = longest.find(|token| token.len() <= TOKEN_BYTES_MAX);
    let longest = longest.unwrap();
    assert!(TOKEN_BYTES_MAX - 1 <= longest.len());
    assert!(seen(&node, &longest).is_ok());
    let longer = format!(
        "{longest}{}",
        "A".repeat(TOKEN_BYTES_MAX + 1 - longest.len())
    );
    assert_eq!(seen(&node, &longer), Err(TokenError::TooLong));
}

#[test]
fn extensions_and_other_kinds_of_token_are_refused() {
    for (header, field) in [
        (json!({"alg":"HS256","crit":["exp"],"exp":1}), "crit"),
        (json!({"alg":"HS256","crit":["b64"],"b64":false}), "crit"),
        (json!({"alg":"HS256","crit":[]}), "crit"),
        (json!({"alg":"HS256","crit":null}), "crit"),
        (json!({"alg":"HS256","crit":"b64"}), "crit"),
        (json!({"alg":"HS256","b64":false}), "b64"),
        (json!({"alg":"HS256","typ":"logout+jwt"}), "typ"),
        (json!({"alg":"HS256","typ":"dpop+jwt"}), "typ"),
        (json!({"alg":"HS256","typ":"JWE"}), "typ"),
    ] {
        let refused = seen(&with_secret(), &by_secret(&header.to_string(), GOOD));
        assert_eq!(refused, Err(TokenError::BadClaim(field)), "{header}");
    }
    for typ in [
        json!(null),
        json!("jwt"),
        json!("at+jwt"),
        json!("application/at+jwt"),
    ] {
        let header = json!({ "alg": "HS256", "typ": typ }).to_string();
        assert!(
            seen(&with_secret(), &by_secret(&header, GOOD)).is_ok(),
            "{header}"
        );
    }
}

#[test]
fn a_token_does_not_bring_its_own_key() {
    let own = jwk(
        &private(P256_OTHER, Algorithm::ES256),
        Algorithm::ES256,
        json!({}),
    );
    let header = json!({
        "alg": "ES256", "jwk": own, "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/c.pem", "x5c": ["AAAA"], "kid": "https://evil.example/k",
    });
    let token = signed(P256_OTHER, Algorithm::ES256, header.clone());
    let refused = seen(&with_public_key(P256_PUBLIC), &token);
    assert_eq!(refused, Err(TokenError::BadSignature));
    // From an honest issuer they do no harm.
    let token = signed(P256, Algorithm::ES256, header);
    assert!(seen(&with_public_key(P256_PUBLIC), &token).is_ok());
}

/// A set of two P-256 keys, an RSA key and a symmetric one.
fn set() -> Vec<Value> {
    let ec = |pem, kid| {
        jwk(
            &private(pem, Algorithm::ES256),
            Algorithm::ES256,
            json!({"kid": kid}),
        )
    };
    let rsa = private(RSA, Algorithm::RS256);
    let oct = EncodingKey::from_secret(SECRET);
    vec![
        ec(P256, "one"),
        ec(P256_OTHER, "two"),
        jwk(&rsa, Algorithm::RS256, json!({"kid": "r", "alg": null})),
        jwk(&oct, Algorithm::HS256, json!({"kid": "h"})),
    ]
}

#[test]
fn a_key_of_the_set_is_found_by_its_id() {
    let node = with_jwks(&set());
    let ec = |pem, kid: Value| {
        let header = json!({ "alg": "ES256", "kid": kid });
        seen(&node, &signed(pem, Algorithm::ES256, header))
    };
    assert!(ec(P256, json!("one")).is_ok());
    assert!(ec(P256_OTHER, json!("two")).is_ok());
    assert_eq!(ec(P256_OTHER, json!("one")), Err(TokenError::BadSignature));
    for kid in [
        json!("three"),
        json!("ONE"),
        json!("one "),
        json!(""),
        json!("../../dev/null"),
        json!("one\u{0}"),
        json!("' OR 1=1 --"),
        json!("r"),
        json!("h"),
        json!("x".repeat(5000)),
        json!(null),
    ] {
        assert_eq!(ec(P256, kid.clone()), Err(TokenError::UnknownKey), "{kid}");
    }
}

#[test]
fn without_an_id_the_only_key_that_fits_is_taken() {
    let node = with_jwks(&set());
    for algorithm in [Algorithm::RS256, Algorithm::PS512] {
        let token = signed(RSA, algorithm, json!({ "alg": algorithm }));
        assert!(seen(&node, &token).is_ok(), "{algorithm:?}");
    }
    assert!(seen(&node, &by_secret(HS256, GOOD)).is_ok());
    // The symmetric key says `alg: HS256`, so it is for no other.
    let secret = EncodingKey::from_secret(SECRET);
    let token = forge(r#"{"alg":"HS512"}"#, GOOD, &secret, Algorithm::HS512);
    assert_eq!(seen(&node, &token), Err(TokenError::WrongAlgorithm));
    let token = signed(ED25519, Algorithm::EdDSA, json!({ "alg": "EdDSA" }));
    assert_eq!(seen(&node, &token), Err(TokenError::WrongAlgorithm));
}

#[test]
fn old_and_new_keys_work_side_by_side() {
    let old = EncodingKey::from_secret(b"the secret before the rotation..");
    let settings = Settings {
        secret: Some(SECRET.to_vec()),
        public_key_pem: Some(P256_OTHER_PUBLIC.clone()),
        jwks: Some(jwks(&[
            jwk(&old, Algorithm::HS256, json!({"kid": "old"})),
            jwk(
                &private(P256, Algorithm::ES256),
                Algorithm::ES256,
                json!({"kid": "one"}),
            ),
        ])),
        ..Settings::default()
    };
    let node = Verifier::new(settings).unwrap();
    for kid in [json!(null), json!("old"), json!("whatever")] {
        let header = json!({ "alg": "HS256", "kid": kid }).to_string();
        assert!(seen(&node, &by_secret(&header, GOOD)).is_ok(), "{kid}");
        let header = json!({ "alg": "ES256", "kid": kid });
        let token = signed(P256_OTHER, Algorithm::ES256, header);
        assert!(seen(&node, &token).is_ok(), "{kid}");
    }
    for (kid, expected) in [("old", true), ("one", false), ("whatever", false)] {
        let header = json!({ "alg": "HS256", "kid": kid }).to_string();
        let token = forge(header, GOOD, &old, Algorithm::HS256);
        assert_eq!(seen(&node, &token).is_ok(), expected, "{kid}");
    }
    let token = signed(
        P256,
        Algorithm::ES256,
        json!({ "alg": "ES256", "kid": "one" }),
    );
    assert!(seen(&node, &token).is_ok());
}

/// The public half of the other P-256 key.
static P256_OTHER_PUBLIC: LazyLock<Vec<u8>> =
    LazyLock::new(|| include_bytes!("testdata/p256.other.pub.pem").to_vec());

#[test]
fn an_expired_token_of_today_is_refused_by_the_real_clock() {
    let now = Timestamp::now().0 / 1000;
    let token = |exp: i64| by_secret(HS256, &json!({ "sub": "ada", "exp": exp }).to_string());
    let node = with_secret();
    assert!(node.verify(&token(now + 60)).is_ok());
    assert_eq!(node.verify(&token(now - 60)), Err(TokenError::Expired));
}
