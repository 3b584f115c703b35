//! Alice with a stock client that comes back fast, over a network that can be cut, and Bob who goes on talking to her.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    common::{Node, Proxy, Rest, Stock, token},
    tongues::{Dating, Direct, Gateway, Heard, Room, Spoken, Tongue},
};

/// The dialects of Socket.IO, and by which events each tells of a message. A client of `direct` that came back may look
/// into the room or not, so it is told both ways.
pub(crate) const DIALECTS: [(&dyn Tongue, &[&str]); 3] = [
    (&Dating, &["new_message"]),
    (&Gateway, &["newMessage"]),
    (&Direct, &["message_notification", "new_message"]),
];

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// The network does it.
    Cut,
    /// The client does it, as by `socket.io.engine.close()`.
    Closed,
    /// The node does it, killed.
    Killed,
}

/// The two of them, in one of the dialects.
pub(crate) struct Play {
    pub(crate) node: Node,
    pub(crate) proxy: Proxy,
    pub(crate) alice: Stock,
    pub(crate) bob: Rest,
    pub(crate) room: Room,
    pub(crate) tongue: &'static dyn Tongue,
}

impl Play {
    /// `None`: there is no Node to run the stock client.
    pub(crate) async fn begin(
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
    pub(crate) async fn bob_says(&self, text: &str) -> u64 {
        let path = format!("/v1/conversations/{}/messages", self.room.number);
        let sent = self.bob.post(&path, json!({ "text": text })).await.ok();
        sent["message"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// Bob reads all there is up to a message.
    pub(crate) async fn bob_reads(&self, message: u64) {
        let path = format!("/v1/messages/{message}/read");
        self.bob.post(&path, json!({})).await.ok();
    }

    pub(crate) async fn bob_deletes(&self, message: u64) {
        let path = format!("/v1/messages/{message}");
        let deleted = self.bob.ask(Method::DELETE, &path, &Value::Null).await;
        deleted.ok();
    }

    /// Alice says something in her dialect, and its id.
    pub(crate) async fn alice_says(&mut self, text: &str) -> u64 {
        let Spoken(name, payload) = self.tongue.say(&self.room, text, text);
        let answer = self.alice.ask(name, payload).await;
        self.tongue.said(&answer, text).unwrap()
    }

    /// What Alice hears of others up to and with a message, each with the name of the event.
    pub(crate) async fn alice_hears_up_to(
        &mut self,
        last: u64,
        times: usize,
    ) -> Vec<(String, Heard)> {
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
    pub(crate) fn drops(&mut self, how: Ending) {
        match how {
            Ending::Cut => self.proxy.cut(),
            Ending::Closed => {
                self.proxy.shut();
                self.alice.cut();
            }
            Ending::Killed => {
                self.proxy.cut();
                self.node.kill();
            }
        }
    }

    /// Whether the client was recovered when it was let through again.
    pub(crate) async fn recovers(&mut self) -> bool {
        self.proxy.lead_to(&self.node);
        let connect = self.alice.take("connect").await;
        connect["recovered"] == true
    }

    /// Told that it isn't recovered, a client loads afresh; half of what it missed would be worse than nothing.
    pub(crate) async fn is_not_recovered(&mut self, missed: &str) {
        let name = self.tongue.name();
        assert!(!self.recovers().await, "{name}");
        let after = self.bob_says("after").await;
        let told = self.alice_hears_up_to(after, 1).await;
        let mut others = told.iter();
        let other = others.find(|(_, heard)| *heard != by_bob(after, "after"));
        assert_eq!(other, None, "{name}: {missed}");
    }

    /// From there on it goes on like any other: what it was not recovered from is behind it.
    pub(crate) async fn is_recovered_next_time(&mut self) {
        self.drops(Ending::Cut);
        let next = self.bob_says("next").await;
        assert!(self.recovers().await, "{}", self.tongue.name());
        let told = self.alice_hears_up_to(next, 1).await;
        let old = told.iter().find(|(_, heard)| !matches!(heard, Heard::Said { text, .. } if text == "after" || text == "next"));
        assert_eq!(old, None, "{}", self.tongue.name());
    }
}

pub(crate) fn by_bob(id: u64, text: &str) -> Heard {
    Heard::Said {
        id,
        by: "bob".into(),
        text: text.into(),
    }
}
