//! G4 with the stock client: after a drop `socket.recovered` tells the truth, and what was missed comes once, in order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    common::{NEWEST, Node, OLD, Plain, Proxy, Rest, Stock, token},
    tongues::{Dating, Direct, Gateway, Heard, Room, Spoken, Tongue},
};

/// The dialects of Socket.IO, and by which events each tells of a message. A client of `direct` that came back may look
/// into the room or not, so it is told both ways.
const DIALECTS: [(&dyn Tongue, &[&str]); 3] = [
    (&Dating, &["new_message"]),
    (&Gateway, &["newMessage"]),
    (&Direct, &["message_notification", "new_message"]),
];

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum Drop {
    /// The network does it.
    Cut,
    /// The client does it, as by `socket.io.engine.close()`.
    Closed,
    /// The node does it, killed.
    Killed,
}

/// What is the same in all of these tests: Alice with a client that comes back fast, over a network that can be cut.
struct Play {
    node: Node,
    proxy: Proxy,
    alice: Stock,
    bob: Rest,
    room: Room,
    tongue: &'static dyn Tongue,
}

impl Play {
    /// `None`: there is no Node to run the stock client.
    async fn begin(
        tongue: &'static dyn Tongue,
        flags: &[&str],
        options: Value,
        version: &str,
    ) -> Option<Self> {
        let node = Node::start(flags).await;
        let bob = Rest::new(&node, "bob");
        let opened = bob.post("/v1/conversations", json!({ "user": "alice" }));
        let opened = opened.await.ok();
        let room = Room {
            number: opened["conversation"].as_str().unwrap().parse().unwrap(),
            people: ["alice".into(), "bob".into()],
            said: Vec::new(),
        };
        let proxy = Proxy::start(&node).await;
        let mut all = json!({
            "auth": { "dialect": tongue.name() },
            "reconnectionDelay": 20,
            "reconnectionDelayMax": 100,
        });
        let more = options.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(more);
        let mut alice = Stock::dial_at(&proxy.url(), &token("alice"), all, version)?;
        let connect = alice.take("connect").await;
        assert_ne!(connect["recovered"], true, "it was never here");
        Some(Self {
            node,
            proxy,
            alice,
            bob,
            room,
            tongue,
        })
    }

    /// Bob says something over the native protocol, and its id.
    async fn bob_says(&self, text: &str) -> u64 {
        let path = format!("/v1/conversations/{}/messages", self.room.number);
        let sent = self.bob.post(&path, json!({ "text": text })).await.ok();
        sent["message"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// Bob reads all there is up to a message.
    async fn bob_reads(&self, message: u64) {
        let path = format!("/v1/messages/{message}/read");
        self.bob.post(&path, json!({})).await.ok();
    }

    async fn bob_deletes(&self, message: u64) {
        let path = format!("/v1/messages/{message}");
        let deleted = self.bob.ask(Method::DELETE, &path, &Value::Null).await;
        deleted.ok();
    }

    /// Alice says something in her dialect, and its id.
    async fn alice_says(&mut self, text: &str) -> u64 {
        let Spoken(name, payload) = self.tongue.say(&self.room, text, text);
        let answer = self.alice.ask(name, payload).await;
        self.tongue.said(&answer, text).unwrap()
    }

    /// What Alice hears of others up to and with a message, each with the name of the event.
    async fn alice_hears_up_to(&mut self, last: u64, times: usize) -> Vec<(String, Heard)> {
        let (mut all, mut n) = (Vec::new(), 0);
        while n < times {
            let (name, arguments) = self.alice.told().await;
            let heard = self.tongue.heard(&self.room, &name, &arguments[0]).unwrap();
            for heard in heard {
                n += usize::from(matches!(heard, Heard::Said { id, .. } if id == last));
                all.push((name.clone(), heard));
            }
        }
        all
    }

    /// The connection ends, and there is no other for now.
    fn drops(&mut self, how: Drop) {
        match how {
            Drop::Cut => self.proxy.cut(),
            Drop::Closed => {
                self.proxy.shut();
                self.alice.cut();
            }
            Drop::Killed => {
                self.proxy.cut();
                self.node.kill();
            }
        }
    }

    /// Whether the client was recovered when it was let through again.
    async fn recovers(&mut self) -> bool {
        self.proxy.lead_to(&self.node);
        let connect = self.alice.take("connect").await;
        connect["recovered"] == true
    }
}

fn by_bob(id: u64, text: &str) -> Heard {
    Heard::Said {
        id,
        by: "bob".into(),
        text: text.into(),
    }
}

/// What is missed: messages, a receipt, a delete. What the client did itself is no news to it.
async fn comes_back_after(how: Drop) {
    for (tongue, said) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        // Twice, since the second time goes on from what came by recovery.
        for round in ["first", "second"] {
            let before = play.bob_says(&format!("{round} before")).await;
            play.alice_hears_up_to(before, 1).await;
            let own = play.alice_says(&format!("{round} own")).await;
            // Its own is told before it is acknowledged, in the dialects that tell it.
            play.alice.forget();
            play.drops(how);
            if let Drop::Killed = how {
                play.node.start_again().await;
                play.bob = Rest::new(&play.node, "bob");
            }
            let one = play.bob_says("one").await;
            play.bob_reads(own).await;
            play.bob_deletes(before).await;
            let two = play.bob_says("two").await;
            assert!(play.recovers().await, "{} {how:?}", tongue.name());
            let after = play.bob_says("after").await;

            let mut wanted = Vec::new();
            let receipt = Heard::Read {
                by: "bob".into(),
                id: own,
            };
            for heard in [
                by_bob(one, "one"),
                receipt,
                Heard::Deleted { id: before },
                by_bob(two, "two"),
                by_bob(after, "after"),
            ] {
                match heard {
                    Heard::Said { .. } => wanted.extend(said.iter().map(|_| heard.clone())),
                    _ => wanted.push(heard),
                }
            }
            let told = play.alice_hears_up_to(after, said.len()).await;
            let names = told
                .iter()
                .filter(|(_, heard)| matches!(heard, Heard::Said { .. }));
            let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, said.repeat(3));
            let told: Vec<_> = told.into_iter().map(|(_, heard)| heard).collect();
            assert_eq!(told, wanted, "{} {how:?} {round}", tongue.name());
        }
    }
}

#[tokio::test]
async fn what_was_missed_comes_after_the_network_was_cut() {
    comes_back_after(Drop::Cut).await;
}

#[tokio::test]
async fn what_was_missed_comes_after_the_client_closed() {
    comes_back_after(Drop::Closed).await;
}

#[tokio::test]
async fn what_was_missed_comes_after_the_node_was_killed() {
    comes_back_after(Drop::Killed).await;
}

/// A client that has heard of nothing yet has a place to go on from, too.
#[tokio::test]
async fn a_client_that_heard_nothing_is_recovered() {
    for (tongue, said) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        play.drops(Drop::Cut);
        let missed = play.bob_says("missed").await;
        assert!(play.recovers().await, "{}", tongue.name());
        let told = play.alice_hears_up_to(missed, said.len()).await;
        assert_eq!(told.len(), said.len(), "{told:?}");
    }
}

/// Told that it isn't recovered, a client loads afresh; half of what it missed would be worse than nothing.
async fn is_not_recovered(mut play: Play, missed: &str) {
    let name = play.tongue.name();
    assert!(!play.recovers().await, "{name}");
    let after = play.bob_says("after").await;
    let told = play.alice_hears_up_to(after, 1).await;
    let others = told
        .iter()
        .find(|(_, heard)| *heard != by_bob(after, "after"));
    assert_eq!(others, None, "{name}: {missed}");
}

#[tokio::test]
async fn too_much_missed_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let flags = ["--session-resume-changes-max", "2"];
        let begun = Play::begin(tongue, &flags, json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        play.drops(Drop::Cut);
        for _ in 0..3 {
            play.bob_says("missed").await;
        }
        is_not_recovered(play, "some of too much was told").await;
    }
}

/// The epoch is another one: after a restore, or on another node.
#[tokio::test]
async fn another_history_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        play.drops(Drop::Cut);
        let other = Play::begin(tongue, &[], json!({}), NEWEST).await.unwrap();
        other.bob_says("of another history").await;
        play.node = other.node;
        play.bob = other.bob;
        play.room = other.room;
        is_not_recovered(play, "a history was mixed with another").await;
    }
}

#[tokio::test]
async fn somebody_else_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        let with_carol = play
            .bob
            .post("/v1/conversations", json!({ "user": "carol" }));
        let with_carol = with_carol.await.ok();
        play.drops(Drop::Cut);
        play.bob_says("not for Carol").await;
        play.alice.show(&token("carol"));
        play.room.number = with_carol["conversation"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        is_not_recovered(play, "it was for somebody else").await;
    }
}

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
        play.drops(Drop::Cut);
        play.bob_says("missed").await;
        is_not_recovered(play, "it can't know what this is").await;
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
                play.drops(Drop::Cut);
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
