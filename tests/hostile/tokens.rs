//! Tokens that must not be believed, wherever a token can stand; and what becomes of a connection whose token ends.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlour::auth::{MintClaims, mint};
use serde_json::json;
use tokio_tungstenite::tungstenite;

use crate::common::{Client, Node, Rest, SECRET, token, token_with, until};

/// A token that is good for so long.
fn short(user: &str, seconds: u64) -> String {
    token_with(user, |claims| claims.ttl = Duration::from_secs(seconds))
}

/// Tokens of alice that nobody signed with the node's key.
fn forged() -> Vec<(&'static str, String)> {
    let good = token("alice");
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let none = |alg: &str| encode(&json!({ "alg": alg, "typ": "JWT" }).to_string());
    let claims = MintClaims {
        sub: "alice".into(),
        ttl: Duration::from_secs(3600),
        ..MintClaims::default()
    };
    let wrong_key = mint(b"another secret, of thirty-two bytes or more", &claims).unwrap();
    let admin = json!({ "sub": "alice", "role": "admin", "exp": 4_000_000_000_u64 }).to_string();
    vec![
        ("nothing", String::new()),
        ("rubbish", "rubbish".into()),
        ("three dots", "...".into()),
        ("none", format!("{}.{payload}.", none("none"))),
        ("None", format!("{}.{payload}.", none("None"))),
        (
            "none, signed",
            format!("{}.{payload}.{signature}", none("none")),
        ),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("another key", wrong_key),
        (
            "other claims",
            format!("{header}.{}.{signature}", encode(&admin)),
        ),
        (
            "another algorithm",
            format!("{}.{payload}.{signature}", none("RS256")),
        ),
        ("the secret itself", SECRET.into()),
        (
            "too long",
            format!("{header}.{payload}.{}", "A".repeat(9000)),
        ),
    ]
}

/// G10: REST, handshake and in-band alike; the answer says why and never repeats the token.
#[tokio::test]
async fn forged_tokens_are_refused_everywhere() {
    let node = Node::start(&[]).await;
    for (what, token) in forged() {
        let refused = Rest::with_token(&node, &token).get("/v1/me").await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "UNAUTHORIZED"),
            "{what}"
        );
        assert!(
            token.is_empty() || !refused.body.to_string().contains(&token),
            "{what}"
        );

        let bearer = format!("Bearer {token}");
        let header = [("authorization", bearer.as_str())];
        for (query, headers) in [
            (format!("?token={token}"), &[][..]),
            (String::new(), &header),
        ] {
            // An empty header is no token: the handshake goes on, to sign in later.
            if token.is_empty() && query.is_empty() {
                continue;
            }
            match Client::try_dial(&node, &query, headers).await {
                Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 401, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }

        let mut client = Client::dial(&node, "").await;
        assert_eq!(
            client.refused("auth", json!({ "token": token })).await,
            "UNAUTHORIZED",
            "{what}"
        );
        assert_eq!(client.closed().await, Some(4500), "{what}");
    }
    let mut client = Client::connect(&node, "alice").await;
    client.settle().await;
    let log = node.log();
    for (_, token) in forged().into_iter().filter(|(_, token)| token.len() > 20) {
        assert!(!log.contains(&token), "no token in the log");
    }
}

/// The four places for a token, and none.
#[tokio::test]
async fn a_token_may_stand_in_four_places() {
    let node = Node::start(&["--session-auth-timeout", "1s"]).await;
    let token = token("alice");
    let bearer = format!("Bearer {token}");
    let subprotocol = format!("parlour.v1, parlour.token.{token}");
    for (query, headers) in [
        (format!("?token={token}"), &[][..]),
        (String::new(), &[("authorization", bearer.as_str())]),
        (
            String::new(),
            &[("sec-websocket-protocol", subprotocol.as_str())],
        ),
    ] {
        let mut client = Client::try_dial(&node, &query, headers).await.unwrap();
        assert_eq!(client.event("hello").await["user"], "alice");
    }
    let mut client = Client::dial(&node, "").await;
    client.settle().await;
    for kind in ["me", "unread", "conversations"] {
        assert_eq!(client.refused(kind, json!({})).await, "UNAUTHORIZED");
    }
    client.ok("auth", json!({ "token": token })).await;
    assert_eq!(client.event("hello").await["user"], "alice");
    client.ok("me", json!({})).await;

    let mut nobody = Client::dial(&node, "").await;
    assert_eq!(nobody.closed().await, Some(4501));
    client.settle().await;
}

/// A connection ends with its token; a new one in time keeps it, and only one of the same person.
#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let node = Node::start(&["--auth-leeway", "0s"]).await;
    let mut ends = Client::dial(&node, &format!("?token={}", short("alice", 3))).await;
    let mut stays = Client::dial(&node, &format!("?token={}", short("alice", 3))).await;
    let mut in_vain = Client::dial(&node, &format!("?token={}", short("alice", 3))).await;
    stays.ok("auth", json!({ "token": token("alice") })).await;
    for wrong in [token("bob"), "rubbish".into()] {
        assert_eq!(
            in_vain.refused("auth", json!({ "token": wrong })).await,
            "UNAUTHORIZED"
        );
    }
    in_vain.ok("me", json!({})).await;
    for client in [&mut ends, &mut in_vain] {
        assert_eq!(client.closed().await, Some(4003));
    }
    stays.ok("me", json!({})).await;

    // REST and handshake say that it is over, and not that it is wrong.
    let expired = short("alice", 1);
    until("end of the token", async || {
        let refused = Rest::with_token(&node, &expired).get("/v1/me").await;
        (refused.status == 401).then(|| assert_eq!(refused.code(), "TOKEN_EXPIRED"))
    })
    .await;
    match Client::try_dial(&node, &format!("?token={expired}"), &[]).await {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 401),
        other => panic!("{other:?}"),
    }
    let mut client = Client::dial(&node, "").await;
    assert_eq!(
        client.refused("auth", json!({ "token": expired })).await,
        "TOKEN_EXPIRED"
    );
    assert_eq!(client.closed().await, Some(4003));
}

/// ASVS 4.4.2: pages of other origins don't connect; programs, which send none, and the node's own pages do.
#[tokio::test]
async fn foreign_origins_are_refused() {
    let node = Node::start(&[
        "--http-allowed-origins",
        "https://app.example,https://*.apps.example",
    ])
    .await;
    let query = format!("?token={}", token("alice"));
    let own = format!("http://{}", node.address());
    for origin in ["https://app.example", "https://a.apps.example", &own] {
        let mut client = Client::try_dial(&node, &query, &[("origin", origin)])
            .await
            .unwrap();
        assert_eq!(client.event("hello").await["user"], "alice", "{origin}");
    }
    for origin in [
        "null",
        "",
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:444",
        "https://a.b.apps.example",
        "https://apps.example",
        "https://app.example, https://evil.example",
        "file://",
    ] {
        match Client::try_dial(&node, &query, &[("origin", origin)]).await {
            Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 403, "{origin}"),
            other => panic!("{origin}: {other:?}"),
        }
    }
}
