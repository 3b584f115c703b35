//! One connection of an example: every frame that comes, with what is in the order kept apart from what isn't.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        http::{HeaderMap, HeaderName},
        protocol::CloseFrame,
    },
};

use super::{
    common::{Node, within},
    pattern::Names,
};

/// Events without a place in the order: examples needn't mention them, and not where they come.
const ASIDE: [&str; 10] = [
    "typing",
    "presence",
    "online",
    "requested",
    "request_answered",
    "matched",
    "unmatched",
    "hidden",
    "warned",
    "notification",
];

/// One connection.
#[derive(Debug)]
pub(crate) struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    ordered: VecDeque<Value>,
    aside: VecDeque<Value>,
}

/// How the node answered a handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` if there is none.
    pub(crate) body: Value,
    /// Of an answer in lines those behind the first.
    pub(crate) rest: VecDeque<Value>,
}

/// What came.
#[derive(Debug)]
enum Came {
    Frame(Value),
    Close(String),
}

impl Peer {
    /// Opens a connection. `None`: the node refused.
    pub(crate) async fn open(
        node: &Node,
        path: &str,
        headers: &[(String, String)],
    ) -> (Option<Self>, Handshake) {
        let url = format!("ws://{}{path}", node.address());
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("the name of a header");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
        let (socket, response) = match within("handshake", connect_async(request)).await {
            Ok((socket, response)) => (Some(socket), response),
            Err(tungstenite::Error::Http(response)) => (None, *response),
            Err(error) => panic!("no handshake: {error}"),
        };
        let body = response.body().as_deref().unwrap_or_default();
        let handshake = Handshake {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            rest: VecDeque::new(),
        };
        let peer = socket.map(|socket| Self {
            socket,
            ordered: VecDeque::new(),
            aside: VecDeque::new(),
        });
        (peer, handshake)
    }

    /// Sends a text.
    pub(crate) async fn send(&mut self, text: String) {
        self.socket
            .send(Message::text(text))
            .await
            .expect("an open connection");
    }

    /// Closes with a code.
    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.socket
            .close(Some(frame))
            .await
            .expect("an open connection");
    }

    /// Takes the next frame in the order, or, for a pattern of another one, the first that fits.
    pub(crate) async fn frame(&mut self, pattern: &Value, names: &mut Names) -> Result<(), String> {
        if !is_aside(pattern) {
            while self.ordered.is_empty() {
                self.read().await?;
            }
            let frame = self.ordered.pop_front().unwrap_or_default();
            return names
                .fits(pattern, &frame)
                .map_err(|why| format!("{why}\n  in {frame}"));
        }
        loop {
            let found = self
                .aside
                .iter()
                .position(|frame| names.fits(pattern, frame).is_ok());
            if let Some(at) = found {
                self.aside.remove(at);
                return Ok(());
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), String> {
        match self.next().await {
            Came::Frame(frame) if is_aside(&frame) => self.aside.push_back(frame),
            Came::Frame(frame) => self.ordered.push_back(frame),
            Came::Close(close) => return Err(format!("the connection was closed: {close}")),
        }
        Ok(())
    }

    /// Waits for the end: `code reason`. No frame in the order may come before it.
    pub(crate) async fn closed(mut self) -> Result<String, String> {
        loop {
            if let Some(frame) = self.ordered.front() {
                return Err(format!("this comes first: {frame}"));
            }
            match self.next().await {
                Came::Frame(frame) if is_aside(&frame) => {}
                Came::Frame(frame) => self.ordered.push_back(frame),
                Came::Close(close) => return Ok(close),
            }
        }
    }

    async fn next(&mut self) -> Came {
        loop {
            match within("frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    return Came::Frame(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    let close =
                        frame.map(|frame| format!("{} {}", u16::from(frame.code), frame.reason));
                    return Came::Close(close.unwrap_or_default().trim_end().to_owned());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Came::Close(error.to_string()),
                None => return Came::Close("without a code".to_owned()),
            }
        }
    }
}

fn is_aside(frame: &Value) -> bool {
    frame["type"]
        .as_str()
        .is_some_and(|kind| ASIDE.contains(&kind))
}
