//! Texts that break other programs come back byte for byte; control characters do not come back.

use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, Way, token_with};

/// One of each sort of trouble that the Big List of Naughty Strings collects.
const NAUGHTY: [&str; 34] = [
    "undefined",
    "null",
    "NaN",
    "-1e400",
    "0x0",
    "\\",
    "\\\\'\"`",
    "' OR 1=1 -- ",
    "$(touch x)",
    "`ls`",
    "%s%n%x",
    "%00%2e%2e%2f",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "&lt;b&gt;&amp;",
    "{{7*7}}${7*7}",
    "\u{feff}bom",
    "e\u{301}\u{301}",
    "\u{202e}rtl\u{202c}",
    "مرحبا",
    "田中さん",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "\u{200b}zero\u{200d}width",
    "ﬀ Å ſ ß İ",
    "𝕿𝖍𝖊",
    "\u{e000}\u{f8ff}",
    "\u{10ffff}",
    "\u{fffd}",
    "\t tab\nand line\n",
    "Ṱ̺̺̕o͞ ̷i̲̬n̝̗v̟̜o̶̙kè",
    "<!--#exec cmd=\"x\"-->",
    "http://a/%%30%30",
    "CON PRN AUX",
    "line\u{2028}and paragraph\u{2029}.",
];

/// G10: texts, over both transports, live, in history, in resume, after a restart.
#[tokio::test]
async fn naughty_strings_come_back_byte_for_byte() {
    let mut node = Node::start(&[]).await;
    let mut bob = Client::connect(&node, "bob").await;
    let start = bob.resume.clone();
    let mut sent = Vec::new();
    for mut alice in Way::both(&node, "alice").await {
        for text in NAUGHTY {
            let fields = json!({ "user": "bob", "text": text, "metadata": { text: [text] } });
            let message = alice.ask("send", fields).await["message"].take();
            assert_eq!(
                (&message["text"], &message["metadata"]),
                (&json!(text), &json!({ text: [text] }))
            );
            assert_eq!(bob.event("message").await["message"], message);
            sent.push(message);
        }
    }
    node.kill();
    node.start_again().await;
    let conversation = sent[0]["conversation"].as_str().unwrap();
    assert_eq!(Rest::new(&node, "bob").history(conversation).await, sent);
    let (mut bob, recovered) = Client::reconnect(&node, "bob", &start).await;
    assert!(recovered);
    for message in sent {
        assert_eq!(bob.event("message").await["message"], message);
    }
}

/// Ids of people, names of people and of groups, keys and reasons are texts too.
#[tokio::test]
async fn naughty_names_come_back_byte_for_byte() {
    let node = Node::start(&[]).await;
    let plain = |text: &&&str| !text.chars().any(char::is_control);
    for (n, text) in NAUGHTY.iter().filter(plain).enumerate() {
        let user = format!("{n} {text}");
        let token = token_with(&user, |claims| claims.name = Some(text.trim().to_owned()));
        let rest = Rest::with_token(&node, &token);
        let me = rest.get("/v1/me").await.ok();
        assert_eq!(
            (&me["user"]["id"], &me["user"]["name"]),
            (&json!(user), &json!(text.trim()))
        );
        let mut way = Way::Rest(rest);
        assert_eq!(
            way.ask("user", json!({ "user": user })).await["user"]["id"],
            user
        );
        let fields = json!({ "name": text, "members": [] });
        let group = way.ask("open_group", fields).await["conversation"].take();
        let found = way
            .ask("conversation", json!({ "conversation": group }))
            .await;
        assert_eq!(found["conversation"]["name"], *text);
        for mut alice in Way::both(&node, "alice").await {
            let sent = alice
                .ask("send", json!({ "user": user, "text": "hi" }))
                .await;
            assert!(sent["message"]["id"].is_string());
            alice
                .ask("block", json!({ "user": user, "reason": text }))
                .await;
            let blocks = alice.ask("blocks", json!({})).await;
            let block = &blocks["blocks"][0];
            assert_eq!(
                (&block["user"], &block["reason"]),
                (&json!(user), &json!(text))
            );
            alice.ask("unblock", json!({ "user": user })).await;
        }
    }
}

/// Control characters are taken out of texts, and refused in ids; none of them reaches a log.
#[tokio::test]
async fn control_characters_stay_outside() {
    let node = Node::start(&["--log-level", "debug"]).await;
    let evil = "\u{1b}[2J\u{0}a\u{7}b\r\nc\u{9b}d\u{7f}";
    let token = token_with("alice", |claims| claims.name = Some(evil.to_owned()));
    let rest = Rest::with_token(&node, &token);
    let me = rest.get("/v1/me").await.ok();
    assert_eq!(me["user"]["name"], "[2Jabcd", "shown, so cleaned");
    for mut alice in Way::both(&node, "alice").await {
        let message = alice
            .ask("send", json!({ "user": "bob", "text": evil }))
            .await["message"]
            .take();
        assert_eq!(message["text"], "[2Jab\ncd");
        let group = alice
            .ask("open_group", json!({ "name": evil, "members": [] }))
            .await["conversation"]
            .take();
        let name = alice
            .ask("conversation", json!({ "conversation": group }))
            .await["conversation"]["name"]
            .take();
        assert!(
            !name
                .as_str()
                .unwrap()
                .contains(['\u{1b}', '\u{0}', '\u{9b}']),
            "{name}"
        );
        for (kind, fields) in [
            ("open_direct", json!({ "user": "a\u{1b}b" })),
            ("block", json!({ "user": "a\u{0}b" })),
            (
                "react",
                json!({ "message": message["id"], "emoji": "a\u{1b}b" }),
            ),
            (
                "add_members",
                json!({ "conversation": group, "users": ["a\nb"] }),
            ),
        ] {
            let code = alice.refused(kind, fields.clone()).await;
            assert!(
                ["BAD_REQUEST", "BAD_VALUE"].contains(&code.as_str()),
                "{kind} {fields}: {code}"
            );
        }
    }
    let _refused = rest.get("/v1/users/%1b%5b2J%0aforged%20line").await;
    let _unknown = reqwest::get(node.url("/%1b%5b2J%0aforged%20line")).await;
    let log = node.log();
    assert!(
        !log.contains(['\u{1b}', '\u{7}', '\u{9b}']) && !log.contains("\nforged"),
        "{log}"
    );
}

/// G10: as long as it may be, and one longer; of one-byte and of four-byte characters.
#[tokio::test]
async fn lengths_count_characters() {
    let node = Node::start(&[]).await;
    for mut alice in Way::both(&node, "alice").await {
        for character in ["x", "🦀"] {
            let fits = character.repeat(5000);
            let sent = alice
                .ask("send", json!({ "user": "bob", "text": fits }))
                .await;
            assert_eq!(sent["message"]["text"], Value::String(fits.clone()));
            let long = fits + "x";
            assert_eq!(
                alice
                    .refused("send", json!({ "user": "bob", "text": long }))
                    .await,
                "TOO_LARGE"
            );
            let id = &sent["message"]["id"];
            assert_eq!(
                alice
                    .refused("edit", json!({ "message": id, "text": long }))
                    .await,
                "TOO_LARGE"
            );
            let name = character.repeat(100);
            alice
                .ask("open_group", json!({ "name": name, "members": [] }))
                .await;
            let name = name + "x";
            assert_eq!(
                alice
                    .refused("open_group", json!({ "name": name, "members": [] }))
                    .await,
                "BAD_VALUE"
            );
        }
        let user = "u".repeat(128);
        alice.ask("open_direct", json!({ "user": user })).await;
        let code = alice
            .refused("open_direct", json!({ "user": user + "u" }))
            .await;
        assert!(["BAD_REQUEST", "BAD_VALUE"].contains(&code.as_str()));
    }
}
