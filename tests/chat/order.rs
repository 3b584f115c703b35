//! G2: each conversation has one order, without gap or duplicate, the same for every reader.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, resume_position};

const N_SENDERS: usize = 4;
const N_EACH: usize = 50;

/// G2: whoever reads it, and however.
#[tokio::test]
async fn all_readers_see_the_same_order() {
    let node = Node::start(&["--policy-limits", "message.send=1000000 per 1s"]).await;
    let mut owner = Client::connect(&node, "owner").await;
    let mut listener = Client::connect(&node, "listener").await;
    let names: Vec<_> = (0..N_SENDERS).map(|n| format!("sender-{n}")).collect();
    let mut members: Vec<_> = names.iter().map(String::as_str).collect();
    members.push("listener");
    let group = owner.group(&members).await;
    let start = owner.resume.clone();

    let (node, group) = (&node, group.as_str());
    let over_socket = names.iter().map(|name| async move {
        let mut sender = Client::connect(node, name).await;
        let mut begun = Vec::new();
        for n in 0..N_EACH {
            let fields = json!({ "conversation": group, "text": format!("{name}/{n}") });
            begun.push(sender.begin("send", &fields).await);
        }
        for id in begun {
            let reply = sender.reply(id).await;
            assert_eq!(reply["type"], "ok", "{reply}");
        }
        sender
    });
    let over_rest = names.iter().map(|name| async move {
        let sender = Rest::new(node, name);
        for n in 0..N_EACH {
            let path = format!("/v1/conversations/{group}/messages");
            sender
                .post(&path, json!({ "text": format!("{name}/rest/{n}") }))
                .await
                .ok();
        }
    });
    let (senders, _) = tokio::join!(join_all(over_socket), join_all(over_rest));
    drop(senders);

    let n_all = 2 * N_SENDERS * N_EACH;
    let history = Rest::new(node, "listener").history(group).await;
    let seqs: Vec<_> = history.iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert_eq!(
        seqs,
        (1..=n_all as u64).collect::<Vec<_>>(),
        "no gap and no duplicate"
    );

    for reader in [&mut owner, &mut listener] {
        let live = messages(reader, n_all).await;
        assert_eq!(live, history);
    }
    let (mut resumed, recovered) = Client::reconnect(node, "listener", &start).await;
    assert!(recovered);
    assert_eq!(messages(&mut resumed, n_all).await, history);
    assert_eq!(changes(&Rest::new(node, "listener"), &start).await, history);

    // Each sender's own messages stand in the order in which they were sent.
    for name in &names {
        for prefix in [format!("{name}/"), format!("{name}/rest/")] {
            let numbers: Vec<usize> = history
                .iter()
                .filter_map(|m| m["text"].as_str()?.strip_prefix(&prefix)?.parse().ok())
                .collect();
            assert_eq!(numbers, (0..N_EACH).collect::<Vec<_>>());
        }
    }
}

/// The next messages that a client is told. Their positions ascend.
async fn messages(reader: &mut Client, n: usize) -> Vec<Value> {
    let (mut found, mut last) = (Vec::new(), 0);
    while found.len() < n {
        let mut event = reader.event("message").await;
        let position = resume_position(event["resume"].as_str().unwrap());
        assert!(last < position, "positions ascend");
        last = position;
        found.push(event["message"].take());
    }
    found
}

/// The messages among what happened since, by pages.
async fn changes(reader: &Rest, since: &str) -> Vec<Value> {
    let (mut found, mut since) = (Vec::new(), since.to_owned());
    loop {
        let mut page = reader
            .get(&format!("/v1/changes?limit=90&since={since}"))
            .await
            .ok();
        assert_eq!(page["recovered"], true);
        let changes = page["changes"].as_array_mut().unwrap().iter_mut();
        let messages = changes.filter(|change| change["type"] == "message");
        found.extend(messages.map(|change| change["message"].take()));
        since = page["resume"].as_str().unwrap().to_owned();
        if page["more"] == false {
            return found;
        }
    }
}

/// G2 on one connection: what a client did itself stands among what others did, by position.
#[tokio::test]
async fn own_answers_take_their_place_in_the_order() {
    let node = Node::start(&["--policy-limits", "message.send=1000000 per 1s"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let mut bob = Client::connect(&node, "bob").await;
    for n in 0..100 {
        let fields = json!({ "conversation": conversation, "text": n.to_string() });
        alice.begin("send", &fields).await;
        bob.begin("send", &fields).await;
    }
    let mut seqs = Vec::new();
    while seqs.len() < 200 {
        let frame = crate::common::within("frame", alice.try_read())
            .await
            .unwrap();
        match frame["type"].as_str().unwrap() {
            "ok" => seqs.push(frame["result"]["message"]["seq"].as_u64().unwrap()),
            "message" => seqs.push(frame["message"]["seq"].as_u64().unwrap()),
            _ => {}
        }
    }
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
}
