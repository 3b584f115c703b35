//! G1, seen from below: what the node asks of the kernel before it acknowledges, and what it does when the
//! disk fails. Needs strace.

mod common;

use std::collections::HashMap;

use serde_json::{Value, json};

use common::{Client, Node, Rest, Trace, until};

/// The store's file, as strace shows a descriptor of it.
const STORE_FILE: &str = "/sled/db>";

const EVERY_WRITE: [&str; 2] = ["-e", "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg"];

/// G1: each acknowledgement is written to its socket after an fdatasync of the store's file that began after
/// the message was written to it; and nobody is told of the message earlier either.
#[tokio::test]
async fn each_acknowledgement_follows_an_fdatasync_of_its_message() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = folder.path().join("trace");
    let wrapper = Trace::wrapper(output.to_str().unwrap(), &EVERY_WRITE);
    let mut node = Node::start_under(&wrapper, &[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut carol = Client::connect(&node, "carol").await;
    let conversation = alice.direct("bob").await;
    let elsewhere = carol.direct("dave").await;
    let mut bob = Client::connect(&node, "bob").await;
    let rest = Rest::new(&node, "bob");

    // One by one, many at once, over REST: groups of one and of many.
    let mut texts = Vec::new();
    for n in 0..5 {
        let text = format!("alone-{n};");
        alice.say(&conversation, &text).await;
        texts.push(text);
    }
    let mut begun = Vec::new();
    for n in 0..40 {
        for (client, conversation) in [(&mut alice, &conversation), (&mut carol, &elsewhere)] {
            let text = format!(
                "together-{}-{n};",
                if conversation == &elsewhere { "c" } else { "a" }
            );
            let fields = json!({ "conversation": conversation, "text": text });
            begun.push((
                conversation == &elsewhere,
                client.begin("send", &fields).await,
            ));
            texts.push(text);
        }
    }
    for (of_carol, id) in begun {
        let client = if of_carol { &mut carol } else { &mut alice };
        assert_eq!(client.reply(id).await["type"], "ok");
    }
    for n in 0..5 {
        let text = format!("rest-{n};");
        let path = format!("/v1/conversations/{conversation}/messages");
        rest.post(&path, json!({ "text": text })).await.ok();
        bob.hears(&text).await;
        texts.push(text);
    }

    let pid = node.pid();
    node.kill();
    let trace = Trace::read(&output, pid).await;
    let syncs: Vec<_> = trace
        .calls(&["fdatasync"])
        .filter(|call| call.text.contains(STORE_FILE))
        .collect();
    assert!(syncs.len() > 10, "the trace shows syncs of {STORE_FILE}");
    for text in &texts {
        let stored = trace
            .calls(&["pwrite64"])
            .find(|call| call.text.contains(STORE_FILE) && call.text.contains(text));
        let stored = stored.unwrap_or_else(|| panic!("{text} was never written to the store"));
        let told: Vec<_> = trace
            .calls(&["write", "writev", "sendto", "sendmsg"])
            .filter(|call| call.text.contains(text))
            .collect();
        assert!(!told.is_empty(), "{text} was acknowledged");
        for told in told {
            let in_between = |sync: &&&common::Call| {
                stored.ended < sync.began && sync.ended < told.began && sync.text.ends_with("= 0")
            };
            assert!(
                syncs.iter().any(|sync| in_between(&sync)),
                "{text} was stored at line {}, and told at line {} without a sync in between",
                stored.ended,
                told.began
            );
        }
    }
}

/// G1: when the disk fails, the node stops acknowledging and ends with the code for it; what was acknowledged is
/// there after the disk was mended.
#[tokio::test]
async fn a_failed_sync_ends_the_node_and_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = folder.path().join("trace");
    for n_good in [1, 25, 60] {
        let inject = format!("inject=fdatasync:error=EIO:when={n_good}+");
        let more = ["-e", "trace=fdatasync", "-e", &inject];
        let mut node = Node::start(&[]).await;
        let mut alice = Client::connect(&node, "alice").await;
        let conversation = alice.direct("bob").await;
        node.kill();
        node.start_again_under(&Trace::wrapper(output.to_str().unwrap(), &more))
            .await;

        let mut acknowledged: HashMap<String, Value> = HashMap::new();
        // With the first sync broken even `hello` may be too much: the profile can't be kept.
        let dialled =
            Client::try_dial(&node, &format!("?token={}", common::token("alice")), &[]).await;
        if let Ok(mut alice) = dialled {
            let mut n = 0;
            loop {
                n += 1;
                let text = format!("message {n}");
                let fields = json!({ "conversation": conversation, "text": text });
                let Some(id) = alice.try_begin("send", &fields).await else {
                    break;
                };
                let Some(reply) = alice.try_reply(id).await else {
                    break;
                };
                match reply["type"].as_str() {
                    Some("ok") => _ = acknowledged.insert(text, reply["result"]["message"].clone()),
                    _ => assert_eq!(reply["code"], "UNAVAILABLE", "{reply}"),
                }
            }
        }
        let status = node.ended().await;
        assert_eq!(status.code(), Some(74), "{}", node.log());
        assert!(
            acknowledged.len() < n_good,
            "no more than there were good syncs"
        );
        assert!(
            n_good < 10 || acknowledged.len() > n_good / 4,
            "{}",
            acknowledged.len()
        );

        node.start_again().await;
        let history = Rest::new(&node, "bob").history(&conversation).await;
        for (text, message) in &acknowledged {
            assert!(history.contains(message), "{text} was acknowledged");
        }
        for (expected, message) in (1..).zip(&history) {
            assert_eq!(message["seq"], expected, "no gap");
        }
        until("readiness", async || {
            let ready = reqwest::get(node.url("/readyz")).await.ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
    }
}
