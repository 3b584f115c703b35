//! HTTP that is too large, ambiguous, or aimed at what is not there.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Client, Node, Raw, Rest, rest_send, token};

/// The status of an answer; `None`: the connection was closed without one.
async fn status(node: &Node, request: &str) -> Option<u16> {
    let mut raw = Raw::connect(node).await;
    raw.write(request.as_bytes()).await;
    let head = raw.head().await;
    head.split(' ')
        .nth(1)
        .map(|status| status.parse().expect("a number"))
}

/// G10, ASVS 4.2.5: huge heads are cut off.
#[tokio::test]
async fn huge_heads_are_refused() {
    let node = Node::start(&[]).await;
    let mut witness = Client::connect(&node, "witness").await;
    let many: String = (0..5000).map(|n| format!("X-{n}: x\r\n")).collect();
    for request in [
        format!(
            "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
            "x".repeat(1_000_000)
        ),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1_000_000)),
        format!(
            "GET /v1/ws?token={} HTTP/1.1\r\nHost: x\r\n\r\n",
            "x".repeat(1_000_000)
        ),
        format!("GET /v1/me HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
        format!(
            "GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}",
            "x".repeat(2_000_000)
        ),
    ] {
        let status = status(&node, &request).await;
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{status:?}"
        );
        witness.settle().await;
    }
}

/// ASVS 4.2.1: two lengths are one too many.
#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    let node = Node::start(&[]).await;
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 5, 5",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
    ] {
        let smuggled = format!(
            "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{headers}\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
            token("alice")
        );
        let mut raw = Raw::connect(&node).await;
        raw.write(smuggled.as_bytes()).await;
        let first = raw.head().await;
        assert!(
            first.is_empty() || first.starts_with("HTTP/1.1 4"),
            "{headers}: {first}"
        );
        let Some(length) = first
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .map(str::to_owned)
        else {
            continue;
        };
        assert!(!length.is_empty(), "{headers}");
        let second = raw.head().await;
        assert!(
            !second.contains("200 OK"),
            "{headers}: a second request was smuggled in: {second}"
        );
    }
}

/// ASVS 4.1.4, 13.4: there is nothing but what is documented, and each refusal has the body of an error.
#[tokio::test]
async fn other_routes_and_methods_are_refused() {
    let node = Node::start(&[]).await;
    let alice = Rest::new(&node, "alice");
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/v1", 404),
        (Method::GET, "/v1/", 404),
        (Method::GET, "/v1/me/", 404),
        (Method::GET, "/v1/../v1/nothing", 404),
        (Method::GET, "/v1/messages/%2e%2e/x", 404),
        (Method::GET, "/.env", 404),
        (Method::GET, "/v1/messages/0", 404),
        (Method::GET, "/v1/messages/-1", 404),
        (Method::GET, "/v1/messages/9007199254740992", 404),
        (
            Method::GET,
            "/v1/conversations/00000000-0000-8000-8000-000000000000",
            404,
        ),
        (Method::DELETE, "/v1/me", 405),
        (Method::PUT, "/v1/conversations", 405),
        (Method::POST, "/v1/ws", 405),
        (Method::TRACE, "/v1/me", 405),
        (Method::OPTIONS, "/v1/me", 405),
        (Method::from_bytes(b"BREW").unwrap(), "/v1/me", 405),
    ] {
        let answer = alice.ask(method.clone(), path, &Value::Null).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(!answer.code().is_empty(), "{method} {path}");
    }
    let without = reqwest::get(node.url("/v1/me")).await.unwrap();
    assert_eq!(without.status(), 401);
    assert_eq!(without.headers()["www-authenticate"], "Bearer");
    assert!(
        without.headers().get("server").is_none(),
        "no name and no version"
    );
    let through_proxy = alice
        .request(Method::GET, "/metrics")
        .header("x-forwarded-for", "127.0.0.1");
    assert_eq!(
        rest_send(through_proxy).await.status,
        404,
        "metrics are for this machine alone"
    );
    let plain = alice.get("/v1/ws").await;
    assert_eq!(plain.status, 400, "no handshake");
}

/// G10: handshakes that are none.
#[tokio::test]
async fn broken_handshakes_are_refused() {
    let node = Node::start(&[]).await;
    let good =
        String::from_utf8(Raw::handshake_bytes(&format!("?token={}", token("alice")))).unwrap();
    assert_eq!(status(&node, &good).await, Some(101));
    for (what, broken) in [
        ("no key", good.replace("Sec-WebSocket-Key", "X-Key")),
        (
            "no version",
            good.replace("Sec-WebSocket-Version: 13\r\n", ""),
        ),
        (
            "another version",
            good.replace("Version: 13", "Version: 12"),
        ),
        ("no upgrade", good.replace("Upgrade: websocket\r\n", "")),
        (
            "another upgrade",
            good.replace("Upgrade: websocket", "Upgrade: h2c"),
        ),
        ("no connection", good.replace("Connection: Upgrade\r\n", "")),
        ("a post", good.replace("GET", "POST")),
        ("bad resume", good.replace("?token", "?resume=x&token")),
        ("two tokens", good.replace("?token", "?token=x&token")),
    ] {
        let status = status(&node, &broken).await;
        assert!(
            status.is_some_and(|status| (400..500).contains(&status)),
            "{what}: {status:?}"
        );
    }
    // Nothing is left of them, once the good one has gone too.
    node.metric_becomes("parlour_connections", |n| n == 0).await;
}
