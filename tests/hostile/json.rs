//! Text that is no request: not JSON, of the wrong types, of no known kind. The connection stays.

use parlour::dialects::native::types::RequestType;
use serde_json::{Value, json};

use crate::common::{Client, Node, Raw, Rest, Way, rest_send, within};

/// G10: each gets an error that names its request, if it can be known, and the next request works.
#[tokio::test]
async fn what_is_no_request_is_answered_with_an_error() {
    let node = Node::start(&[]).await;
    let mut client = Client::connect(&node, "client").await;
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_field = format!(r#"{{"type":"me","id":1,"x":{deep}}}"#);
    let cases = [
        ("", "BAD_REQUEST", Value::Null),
        ("hello", "BAD_REQUEST", Value::Null),
        ("{", "BAD_REQUEST", Value::Null),
        ("null", "BAD_REQUEST", Value::Null),
        ("[]", "BAD_REQUEST", Value::Null),
        ("{}", "BAD_REQUEST", Value::Null),
        ("\u{feff}{}", "BAD_REQUEST", Value::Null),
        (&deep, "BAD_REQUEST", Value::Null),
        (r#"{"type":"me","id":1} x"#, "BAD_REQUEST", Value::Null),
        (r#"{"type":["me"],"id":1}"#, "BAD_REQUEST", Value::Null),
        (
            r#"{"type":"me","type":"me","id":1}"#,
            "BAD_REQUEST",
            Value::Null,
        ),
        (r#"{"type":"me","id":-1}"#, "BAD_REQUEST", Value::Null),
        (r#"{"type":"me","id":1.5}"#, "BAD_REQUEST", Value::Null),
        (r#"{"type":"me","id":1e400}"#, "BAD_REQUEST", Value::Null),
        (r#"{"type":"me","id":{"a":1}}"#, "BAD_REQUEST", Value::Null),
        (r#"{"type":"fly","id":7}"#, "UNKNOWN_COMMAND", json!(7)),
        (r#"{"type":"","id":"x"}"#, "UNKNOWN_COMMAND", json!("x")),
        (r#"{"type":"hello","id":8}"#, "UNKNOWN_COMMAND", json!(8)),
        (r#"{"type":"send","id":9}"#, "BAD_VALUE", json!(9)),
        (
            r#"{"type":"send","id":9,"user":"a","text":5}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"user":null,"text":"x"}"#,
            "BAD_VALUE",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"user":["a"],"text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"user":"a","text":"\ud800"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"user":"","text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"user":"a\u0000","text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"conversation":"-1","text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"conversation":9007199254740992,"text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"send","id":9,"conversation":1.0,"text":"x"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"messages","id":9,"conversation":"1","limit":-1}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"messages","id":9,"conversation":"1","before":1,"after":1}"#,
            "BAD_VALUE",
            json!(9),
        ),
        (
            r#"{"type":"read","id":9,"conversation":"1"}"#,
            "BAD_VALUE",
            json!(9),
        ),
        (
            r#"{"type":"presence","id":9,"users":"a"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"changes","id":9,"since":7}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"open_group","id":9,"members":[["a"]]}"#,
            "BAD_REQUEST",
            json!(9),
        ),
        (
            r#"{"type":"set_role","id":9,"conversation":"1","user":"a","role":"god"}"#,
            "BAD_REQUEST",
            json!(9),
        ),
    ];
    for (text, code, id) in cases {
        client.send_text(text).await;
        let shown: String = text.chars().take(80).collect();
        let reply = within("answer", client.try_read()).await.unwrap();
        assert_eq!(
            (&reply["type"], &reply["code"], &reply["id"]),
            (&json!("error"), &json!(code), &id),
            "{shown}"
        );
        assert!(
            reply["error"].as_str().unwrap().len() < 500,
            "an error quotes nothing long: {shown}"
        );
        assert_eq!(reply["retry"], false, "{shown}");
    }
    // What the protocol doesn't know is passed over, however deep.
    client.send_text(&deep_field).await;
    let reply = within("answer", client.try_read()).await.unwrap();
    assert_eq!((&reply["type"], &reply["id"]), (&json!("ok"), &json!(1)));
}

/// A request id comes back as it was; one that could not is refused.
#[tokio::test]
async fn request_ids_come_back() {
    let node = Node::start(&[]).await;
    let mut client = Client::connect(&node, "client").await;
    let number_max = (1_u64 << 53) - 1;
    for (id, back) in [
        (json!(0), Some(json!(0))),
        (json!(number_max), Some(json!(number_max))),
        (json!("a\"b\\\u{1}"), Some(json!("a\"b\\\u{1}"))),
        (json!(""), Some(json!(""))),
        (Value::Null, Some(Value::Null)),
        (json!("é".repeat(32)), Some(json!("é".repeat(32)))),
        (json!("é".repeat(33)), None),
        (json!(number_max + 1), None),
    ] {
        let text = json!({ "type": "me", "id": id }).to_string();
        client.send_text(&text).await;
        let reply = within("answer", client.try_read()).await.unwrap();
        assert_eq!(reply["id"], back.clone().unwrap_or_default(), "{reply}");
        let code = back.is_none().then_some("BAD_VALUE");
        assert_eq!(reply["code"].as_str(), code, "{reply}");
    }
}

/// G10 over REST: bodies and queries that can't be read.
#[tokio::test]
async fn bodies_that_are_no_request_are_answered_with_an_error() {
    let node = Node::start(&[]).await;
    let alice = Rest::new(&node, "alice");
    for body in [
        "",
        "{",
        "null",
        "[]",
        "x=1",
        r#"{"user":5.5,"text":"x"}"#,
        r#"{"user":"b","text":["x"]}"#,
        "\u{0}",
    ] {
        let request = alice
            .request(reqwest::Method::POST, "/v1/messages")
            .body(body);
        let answer = rest_send(request).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(
            ["BAD_REQUEST", "BAD_VALUE"].contains(&answer.code()),
            "{body}"
        );
    }
    let bytes = alice
        .request(reqwest::Method::POST, "/v1/messages")
        .body(vec![0xff, 0xfe, b'{']);
    assert_eq!(rest_send(bytes).await.code(), "BAD_REQUEST");
    let direct = alice
        .post("/v1/conversations", json!({ "user": "bob" }))
        .await
        .ok();
    let conversation = direct["conversation"].as_str().unwrap();
    for query in [
        "limit=x",
        "limit=-1",
        "limit=1.5",
        "before=x",
        "limit=99999999999999999999",
        "limit=%00",
        "limit=1&limit=2",
    ] {
        let answer = alice
            .get(&format!(
                "/v1/conversations/{conversation}/messages?{query}"
            ))
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "BAD_REQUEST"),
            "{query}"
        );
    }
}

/// Pages by number as the dialects ask for them: beyond the end, and beyond what can be counted.
#[tokio::test]
async fn no_page_is_too_far() {
    let node = Node::start(&[]).await;
    let rest = Rest::new(&node, "alice");
    let max = u64::MAX;
    for query in [
        format!("page={max}&limit=1"),
        format!("page={max}&limit=100"),
        format!("offset={max}&limit=1"),
        format!("offset={max}&limit=100"),
    ] {
        for path in ["/api/chat/conversations", "/api/messages/conversations"] {
            let answer = rest.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 200, "{path}?{query}");
        }
    }
}

/// Every frame type with every wrong type of value in every field, before and after signing in.
#[tokio::test]
async fn no_wrong_type_breaks_anything() {
    let node = Node::start(&[]).await;
    let mut witness = Client::connect(&node, "witness").await;
    let kinds: Vec<_> = RequestType::ALL.iter().map(|kind| kind.name()).collect();
    let fields = [
        "token",
        "resume",
        "user",
        "users",
        "members",
        "name",
        "key",
        "conversation",
        "message",
        "text",
        "kind",
        "reply_to",
        "metadata",
        "emoji",
        "on",
        "seq",
        "role",
        "reason",
        "before",
        "after",
        "limit",
        "since",
        "request",
        "match",
        "direction",
        "pending",
        "category",
        "hide_receipts",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(7),
        json!(""),
        json!("7"),
        json!([]),
        json!([7]),
        json!({}),
    ];
    for signed_in in [false, true] {
        for value in &values {
            let mut client = match signed_in {
                true => Client::connect(&node, "client").await,
                false => Client::dial(&node, "").await,
            };
            for kind in kinds.iter().filter(|kind| signed_in || **kind != "auth") {
                let frame: serde_json::Map<_, _> = fields
                    .iter()
                    .map(|field| ((*field).to_owned(), value.clone()))
                    .collect();
                let reply = client.request(kind, Value::Object(frame)).await;
                let answered = reply["type"] == "ok" || reply["code"] != "INTERNAL";
                assert!(answered, "{kind} {value}: {reply}");
            }
        }
        witness.settle().await;
    }
}

/// Bytes from nowhere: neither HTTP nor WebSocket.
#[tokio::test]
async fn rubbish_on_the_port_is_closed() {
    let node = Node::start(&[]).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-x\r\n\r\n",
        &[0; 4096],
        b"\r\n\r\n\r\n\r\nGET",
    ] {
        let mut raw = Raw::connect(&node).await;
        raw.write(bytes).await;
        let head = raw.head().await;
        assert!(head.is_empty() || head.starts_with("HTTP/1.1 4"), "{head}");
    }
    Client::connect(&node, "witness").await.settle().await;
}

/// Metadata goes out to everyone as it came, so it must not be what their parsers give up on.
#[tokio::test]
async fn metadata_is_no_deeper_than_readers_can_read() {
    let node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    let nested = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    for mut alice in Way::both(&node, "alice").await {
        let fields = json!({ "user": "bob", "text": "deep", "metadata": nested(32) });
        alice.ask("send", fields).await;
        assert_eq!(bob.hears("deep").await["message"]["metadata"], nested(32));
        let fields = json!({ "user": "bob", "text": "deeper", "metadata": nested(33) });
        assert_eq!(alice.refused("send", fields).await, "BAD_VALUE");
    }
}
