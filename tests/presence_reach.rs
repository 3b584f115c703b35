//! `presence.reach` (CONTRACT C-20): whom a list of people online names, asked for as a stock Socket.IO client would.

mod common;

use common::{Client, Node, token, until, within};

/// Socket.IO by long polling, as far as one question needs it.
struct Polling {
    http: reqwest::Client,
    url: String,
    n_asked: usize,
}

impl Polling {
    async fn connect(node: &Node, user: &str) -> Self {
        let mut polling = Self {
            http: reqwest::Client::new(),
            url: node.url("/socket.io/?EIO=4&transport=polling"),
            n_asked: 0,
        };
        let open = polling.poll().await;
        let open: serde_json::Value = serde_json::from_str(&open[1..]).expect("a handshake");
        polling.url += &format!("&sid={}", open["sid"].as_str().expect("a sid"));
        let auth = serde_json::json!({ "token": token(user) });
        polling.post(format!("40{auth}")).await;
        polling.until("40{").await;
        polling
    }

    async fn post(&self, packet: String) {
        let sent = self.http.post(&self.url).body(packet).send();
        let answer = within("an answer", sent).await.expect("a connection");
        assert_eq!(answer.text().await.expect("text"), "ok");
    }

    async fn poll(&self) -> String {
        let polled = self.http.get(&self.url).send();
        let answer = within("an answer", polled).await.expect("a connection");
        answer.text().await.expect("text")
    }

    /// The rest of the packet that begins so.
    async fn until(&self, begin: &str) -> String {
        until(begin, async || {
            let packets = self.poll().await;
            let mut packets = packets.split('\u{1e}');
            packets.find_map(|packet| packet.strip_prefix(begin).map(str::to_owned))
        })
        .await
    }

    async fn online(&mut self) -> Vec<String> {
        self.n_asked += 1;
        let number = self.n_asked;
        self.post(format!("42{number}[\"getOnlineUsers\"]")).await;
        let answer = self.until(&format!("43{number}")).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        serde_json::from_value(answer[0]["data"].clone()).expect("ids")
    }
}

#[tokio::test]
async fn a_list_of_people_online_reaches_as_far_as_the_option_says() {
    for (reach, names_strangers) in [("contacts", false), ("everyone", true)] {
        let node = Node::start(&["--presence-reach", reach]).await;
        // First, so that whoever is shown the friend could be shown the stranger.
        let _stranger = Client::connect(&node, "stranger").await;
        let mut friend = Client::connect(&node, "friend").await;
        friend.direct("ada").await;
        let mut ada = Polling::connect(&node, "ada").await;
        let mut online = until("a list with the friend", async || {
            let online = ada.online().await;
            online.contains(&"friend".to_owned()).then_some(online)
        })
        .await;
        if names_strangers {
            online = until("a list with the stranger", async || {
                let online = ada.online().await;
                online.contains(&"stranger".to_owned()).then_some(online)
            })
            .await;
        }
        let named = online.contains(&"stranger".to_owned());
        assert_eq!(named, names_strangers, "{reach}: {online:?}");
    }
}
