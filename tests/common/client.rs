//! A client of the native protocol over WebSocket.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

use super::{Node, token, within};

/// One signed-in connection.
#[derive(Debug)]
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    events: VecDeque<Value>,
    replies: VecDeque<Value>,
    n_requests: u64,
    /// The newest resume token it saw.
    pub(crate) resume: String,
}

impl Client {
    /// Connects somebody, and waits for `hello`.
    pub(crate) async fn connect(node: &Node, user: &str) -> Self {
        let mut client = Self::dial(node, &format!("?token={}", token(user))).await;
        let hello = client.event("hello").await;
        assert_eq!(hello["user"], user);
        client
    }

    /// Connects somebody who was there before. Also whether the node knows what was missed.
    pub(crate) async fn reconnect(node: &Node, user: &str, resume: &str) -> (Self, bool) {
        let query = format!("?token={}&resume={resume}", token(user));
        let mut client = Self::dial(node, &query).await;
        let hello = client.event("hello").await;
        let recovered = hello["recovered"].as_bool();
        (client, recovered.expect("a resume was asked for"))
    }

    /// Opens a socket, with a query, and waits for nothing.
    pub(crate) async fn dial(node: &Node, query: &str) -> Self {
        let dialled = Self::try_dial(node, query, &[]).await;
        dialled.expect("the handshake succeeds")
    }

    /// Opens a socket, if the node lets it, with a query and headers.
    pub(crate) async fn try_dial(
        node: &Node,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let url = format!("ws://{}/v1/ws{query}", node.address());
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let value = value.parse().expect("a header value");
            request.headers_mut().insert(*name, value);
        }
        let (socket, _) = within("handshake", connect_async(request)).await?;
        Ok(Self {
            socket,
            events: VecDeque::new(),
            replies: VecDeque::new(),
            n_requests: 0,
            resume: String::new(),
        })
    }

    /// Sends a text as it is.
    pub(crate) async fn send_text(&mut self, text: &str) {
        let sent = self.socket.send(Message::text(text)).await;
        sent.expect("the connection is open");
    }

    /// Sends a request and doesn't wait. Returns its id. `false` in place of it: the connection is gone.
    pub(crate) async fn try_begin(&mut self, kind: &str, fields: &Value) -> Option<u64> {
        self.n_requests += 1;
        let mut frame = json!({ "type": kind, "id": self.n_requests });
        let into = frame.as_object_mut().expect("an object");
        into.extend(fields.as_object().expect("an object").clone());
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.is_ok().then_some(self.n_requests)
    }

    /// Sends a request and doesn't wait. Returns its id.
    pub(crate) async fn begin(&mut self, kind: &str, fields: &Value) -> u64 {
        let begun = self.try_begin(kind, fields).await;
        begun.expect("the connection is open")
    }

    /// The answer to a request that was begun: the whole frame.
    pub(crate) async fn reply(&mut self, id: u64) -> Value {
        if let Some(at) = self.replies.iter().position(|reply| reply["id"] == id) {
            return self.replies.remove(at).expect("found");
        }
        let waited = async {
            loop {
                let frame = self.read().await;
                match frame["type"].as_str() {
                    Some("ok" | "error") if frame["id"] == id => return frame,
                    Some("ok" | "error") => self.replies.push_back(frame),
                    _ => self.events.push_back(frame),
                }
            }
        };
        within(&format!("answer to request {id}"), waited).await
    }

    /// Sends a request and waits for its answer: the whole frame.
    pub(crate) async fn request(&mut self, kind: &str, fields: Value) -> Value {
        let id = self.begin(kind, &fields).await;
        self.reply(id).await
    }

    /// Sends a request that has to succeed. Returns its result.
    pub(crate) async fn ok(&mut self, kind: &str, fields: Value) -> Value {
        let mut reply = self.request(kind, fields.clone()).await;
        assert_eq!(reply["type"], "ok", "{kind} {fields}: {reply}");
        reply["result"].take()
    }

    /// Sends a request that has to be refused. Returns the label of the error.
    pub(crate) async fn refused(&mut self, kind: &str, fields: Value) -> String {
        let reply = self.request(kind, fields.clone()).await;
        assert_eq!(reply["type"], "error", "{kind} {fields}: {reply}");
        reply["code"].as_str().expect("a label").to_owned()
    }

    /// Sends a text message. Returns it as the node has it.
    pub(crate) async fn say(&mut self, conversation: &str, text: &str) -> Value {
        let fields = json!({ "conversation": conversation, "text": text });
        self.ok("send", fields).await["message"].take()
    }

    /// The direct conversation with somebody.
    pub(crate) async fn direct(&mut self, with: &str) -> String {
        let opened = self.ok("open_direct", json!({ "user": with })).await;
        opened["conversation"].as_str().expect("an id").to_owned()
    }

    /// A group with others.
    pub(crate) async fn group(&mut self, members: &[&str]) -> String {
        let opened = self.ok("open_group", json!({ "members": members })).await;
        opened["conversation"].as_str().expect("an id").to_owned()
    }

    /// The next frame, whatever it is. `Err`: the close code, or that there was none.
    pub(crate) async fn try_read(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = match self.socket.next().await {
                None | Some(Err(_)) => return Err(None),
                Some(Ok(message)) => message,
            };
            match message {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    if let Some(resume) = frame["resume"].as_str() {
                        self.resume = resume.to_owned();
                    }
                    return Ok(frame);
                }
                Message::Close(frame) => return Err(frame.map(|frame| frame.code.into())),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                Message::Binary(bytes) => panic!("a binary frame: {bytes:?}"),
            }
        }
    }

    async fn read(&mut self) -> Value {
        let read = self.try_read().await;
        read.unwrap_or_else(|code| panic!("the connection was closed: {code:?}"))
    }

    /// Takes the first event that fits out of those that came and come. Others stay, in their order.
    pub(crate) async fn event_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.events.iter().position(&fits) {
            return self.events.remove(at).expect("found");
        }
        let waited = async {
            loop {
                let frame = self.read().await;
                match frame["type"].as_str() {
                    Some("ok" | "error") => self.replies.push_back(frame),
                    _ if fits(&frame) => return frame,
                    _ => self.events.push_back(frame),
                }
            }
        };
        within(what, waited).await
    }

    /// Takes the first event of a type.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let what = format!("event `{kind}`");
        self.event_where(&what, |event| event["type"] == kind).await
    }

    /// Waits for the event of a message with this text.
    pub(crate) async fn hears(&mut self, text: &str) -> Value {
        let what = format!("message `{text}`");
        let is = |event: &Value| event["type"] == "message" && event["message"]["text"] == text;
        self.event_where(&what, is).await
    }

    /// Waits for an answer of the node's: whatever was on its way to this client before is here after.
    pub(crate) async fn settle(&mut self) {
        self.ok("ping", json!({})).await;
    }

    /// Events that came and were not taken.
    pub(crate) fn untaken(&self) -> impl Iterator<Item = &Value> {
        self.events.iter()
    }

    /// Forgets the events that came so far.
    pub(crate) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// All events that came and were not taken.
    pub(crate) fn take_events(&mut self) -> Vec<Value> {
        self.events.drain(..).collect()
    }

    /// All answers that came and nobody waited for.
    pub(crate) fn take_replies(&mut self) -> Vec<Value> {
        self.replies.drain(..).collect()
    }

    /// Waits until the node closes. Returns the code; `None`: it had none to give.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        let waited = async {
            loop {
                match self.try_read().await {
                    Ok(frame) => match frame["type"].as_str() {
                        Some("ok" | "error") => self.replies.push_back(frame),
                        _ => self.events.push_back(frame),
                    },
                    Err(code) => return code,
                }
            }
        };
        within("end of the connection", waited).await
    }

    /// Closes in good order.
    pub(crate) async fn close(mut self) {
        let closed = self.socket.close(None).await;
        closed.expect("the connection is open");
        within("echo of the close", async {
            while self.socket.next().await.is_some() {}
        })
        .await;
    }
}

/// The position in a resume token.
pub(crate) fn resume_position(resume: &str) -> u64 {
    let (_, position) = resume.split_once(':').expect("epoch:position");
    position.parse().expect("a number")
}
