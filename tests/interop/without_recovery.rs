//! Clients that can't go on after a drop, or shall not: nothing stands behind their payloads, and nothing comes unasked.

use serde_json::{Value, json};

use crate::{
    common::{NEWEST, Node, OLD, Plain, Rest, token},
    play::{DIALECTS, Ending, Play, by_bob},
    tongues::Heard,
};

/// Clients from before 4.6 can't go on: they come back, and nothing is told that they don't ask for.
#[tokio::test]
async fn an_old_client_works_as_it_did() {
    for (tongue, _) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), OLD).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        let told = play.alice_hears_up_to(live, 1).await;
        assert_eq!(told.last().unwrap().1, by_bob(live, "live"));
        let own = play.alice_says("own").await;
        play.bob_reads(own).await;
        let more = play.bob_says("more").await;
        let told = play.alice_hears_up_to(more, 1).await;
        let by = "bob".to_owned();
        let receipts = told.iter().filter(|(_, heard)| {
            *heard
                == Heard::Read {
                    by: by.clone(),
                    id: own,
                }
        });
        assert_eq!(receipts.count(), 1, "{told:?}");
        play.drops(Ending::Cut);
        play.bob_says("missed").await;
        play.is_not_recovered("it can't know what this is").await;
    }
}

/// With `?recovery=0` nothing stands behind the payload, for a listener that takes all there is.
#[tokio::test]
async fn without_recovery_an_event_is_its_payload() {
    for (tongue, _) in DIALECTS {
        for version in [NEWEST, OLD] {
            for options in [
                json!({ "query": { "recovery": "0" } }),
                json!({ "auth": { "dialect": tongue.name(), "recovery": false } }),
            ] {
                let begun = Play::begin(tongue, &[], options, version).await;
                let Some(mut play) = begun else { return };
                let one = play.bob_says("one").await;
                let own = play.alice_says("own").await;
                play.bob_reads(own).await;
                play.bob_deletes(one).await;
                let last = play.bob_says("last").await;
                loop {
                    let (name, arguments) = play.alice.told().await;
                    assert_eq!(arguments.len(), 1, "{name}: {arguments:?}");
                    let heard = play.tongue.heard(&play.room, &name, &arguments[0]);
                    if heard.unwrap().contains(&by_bob(last, "last")) {
                        break;
                    }
                }
                play.drops(Ending::Cut);
                assert!(!play.recovers().await, "there was nothing to go on from");
            }
        }
    }
}

/// Python's `websocket-client` sends an origin, and says nothing of itself.
const NO_AGENT: &str = "";

/// Client libraries whose listeners take exactly what is in the event are known by their name.
#[tokio::test]
async fn libraries_that_need_exact_arguments_are_given_them() {
    let node = Node::start(&[]).await;
    let bob = Rest::new(&node, "bob");
    let path = "/socket.io/?EIO=4&transport=websocket&dialect=gateway";
    let own_origin = node.url("");
    for (agent, query, n_arguments) in [
        ("python-requests/2.32.3", "", 1),
        ("Python/3.11 aiohttp/3.9.5", "", 1),
        ("Dart/3.5 (dart:io)", "", 1),
        (NO_AGENT, "", 1),
        ("Python/3.11 aiohttp/3.9.5", "&recovery=1", 2),
        ("node-XMLHttpRequest", "", 2),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "", 2),
        (
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "&recovery=0",
            1,
        ),
    ] {
        let headers = match agent {
            NO_AGENT => ("origin", own_origin.as_str()),
            agent => ("user-agent", agent),
        };
        let dialled = Plain::try_dial_with(&node, &format!("{path}{query}"), &[headers]).await;
        let mut client = dialled.unwrap();
        let auth = json!({ "token": token("alice") });
        client.send_text(format!("40{auth}")).await;
        while !client.text().await.unwrap().starts_with("40") {}
        let body = json!({ "user": "alice", "text": "Hi" });
        bob.post("/v1/messages", body).await.ok();
        let event = loop {
            let text = client.text().await.unwrap();
            if text.starts_with(r#"42["newMessage""#) {
                break text;
            }
        };
        let event: Vec<Value> = serde_json::from_str(&event[2..]).unwrap();
        assert_eq!(event.len(), 1 + n_arguments, "{agent} {query}: {event:?}");
    }
}
