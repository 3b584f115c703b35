//! A client of Socket.IO over WebSocket alone, for the default namespace: what the stock client says, in short.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Node, Plain, token};

/// One connection.
#[derive(Debug)]
pub(crate) struct Events {
    socket: Plain,
    events: VecDeque<(String, Value)>,
    acks: VecDeque<(u64, Value)>,
    n_acks: u64,
    /// What the connect packet of the node said.
    pub(crate) connected: Value,
    /// The newest place to go on from.
    pub(crate) offset: String,
}

impl Events {
    /// Connects somebody who speaks a dialect; `auto`: whichever their events are of.
    pub(crate) async fn connect(node: &Node, user: &str, dialect: &str) -> Self {
        let auth = json!({ "token": token(user), "dialect": dialect });
        let connected = Self::connect_with(node, &auth).await;
        connected.unwrap_or_else(|refusal| panic!("{user} was refused: {refusal}"))
    }

    /// Connects with what a client passes as `auth`. `Err`: what the node said against it.
    pub(crate) async fn connect_with(node: &Node, auth: &Value) -> Result<Self, Value> {
        let mut socket = Plain::dial(node, "/socket.io/?EIO=4&transport=websocket").await;
        let open = socket.text().await.expect("an open packet");
        assert!(open.starts_with("0{"), "{open}");
        socket.send_text(format!("40{auth}")).await;
        let mut events = Self {
            socket,
            events: VecDeque::new(),
            acks: VecDeque::new(),
            n_acks: 0,
            connected: Value::Null,
            offset: String::new(),
        };
        while events.connected.is_null() {
            if let Some(refusal) = events.read().await {
                return Err(refusal);
            }
        }
        Ok(events)
    }

    /// Reads one packet. Returns what a refused connection is told.
    async fn read(&mut self) -> Option<Value> {
        let text = self.socket.text().await;
        let text = text.unwrap_or_else(|code| panic!("closed with {code:?}"));
        let (kind, rest) = text.split_at(2.min(text.len()));
        let parsed = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
        match kind {
            "2" => self.socket.send_text("3").await,
            "40" => self.connected = parsed(rest),
            "42" => {
                let mut arguments = parsed(rest);
                if let Some(offset) = arguments[2].as_str() {
                    self.offset = offset.to_owned();
                }
                let name = arguments[0].as_str().expect("a name").to_owned();
                self.events.push_back((name, arguments[1].take()));
            }
            "43" => {
                let start = rest.find('[').expect("arguments");
                let number = rest[..start].parse().expect("a number");
                let mut arguments = parsed(&rest[start..]);
                self.acks.push_back((number, arguments[0].take()));
            }
            "44" => return Some(parsed(rest)),
            other => panic!("a packet {other}: {text}"),
        }
        None
    }

    /// Sends an event, and asks for no acknowledgement.
    pub(crate) async fn emit(&mut self, name: &str, payload: Value) {
        let packet = format!("42{}", json!([name, payload]));
        self.socket.send_text(packet).await;
    }

    /// Sends an event, and waits for its acknowledgement.
    pub(crate) async fn ask(&mut self, name: &str, payload: Value) -> Value {
        self.n_acks += 1;
        let number = self.n_acks;
        let packet = format!("42{number}{}", json!([name, payload]));
        self.socket.send_text(packet).await;
        loop {
            if let Some(at) = self.acks.iter().position(|(known, _)| *known == number) {
                return self.acks.remove(at).expect("found").1;
            }
            self.read().await;
        }
    }

    /// Takes the first event of a name that fits. Others stay, in their order.
    pub(crate) async fn event_where(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut known = self.events.iter();
            let found = known.position(|(known, payload)| known == name && fits(payload));
            if let Some(at) = found {
                return self.events.remove(at).expect("found").1;
            }
            self.read().await;
        }
    }

    /// Takes the first event of a name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// Takes the next event, whatever it is.
    pub(crate) async fn told(&mut self) -> (String, Value) {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.read().await;
        }
    }

    /// Those of a name that came and were not taken.
    pub(crate) fn untaken(&self, name: &str) -> Vec<&Value> {
        let events = self.events.iter().filter(|(known, _)| known == name);
        events.map(|(_, payload)| payload).collect()
    }
}
