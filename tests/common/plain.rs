//! A client of any dialect over a plain WebSocket: JSON objects, told apart by `type`.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

use super::{Node, within};

/// One connection.
#[derive(Debug)]
pub(crate) struct Plain {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    untaken: VecDeque<Value>,
}

impl Plain {
    /// Opens a WebSocket.
    pub(crate) async fn dial(node: &Node, path: &str) -> Self {
        let dialled = Self::try_dial(node, path).await;
        dialled.unwrap_or_else(|status| panic!("{path} was answered with {status}"))
    }

    /// Opens a WebSocket, or tells the HTTP status of the refusal.
    pub(crate) async fn try_dial(node: &Node, path: &str) -> Result<Self, u16> {
        Self::try_dial_with(node, path, &[]).await
    }

    /// The same, with headers.
    pub(crate) async fn try_dial_with(
        node: &Node,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let url = format!("ws://{}{path}", node.address());
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let value = value.parse().expect("a header value");
            request.headers_mut().insert(*name, value);
        }
        match within("handshake", connect_async(request)).await {
            Ok((socket, _)) => Ok(Self {
                socket,
                untaken: VecDeque::new(),
            }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends an object.
    pub(crate) async fn send(&mut self, object: &Value) {
        self.send_message(Message::text(object.to_string())).await;
    }

    /// Sends an object, unless the connection is gone.
    pub(crate) async fn try_send(&mut self, object: &Value) {
        let _gone = self.socket.send(Message::text(object.to_string())).await;
    }

    /// Sends a text as it is.
    pub(crate) async fn send_text(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    /// Sends a message as it is.
    pub(crate) async fn send_message(&mut self, message: Message) {
        let sent = self.socket.send(message).await;
        sent.expect("the connection is open");
    }

    /// The next message as it is, of those that carry something. `Err` has the code that it was closed with.
    pub(crate) async fn message(&mut self) -> Result<Message, Option<u16>> {
        let read = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map(|frame| frame.code.into()));
                    }
                    Some(Ok(message)) => return Ok(message),
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        within("message", read).await
    }

    /// The next text as it is. `Err` has the code that it was closed with.
    pub(crate) async fn text(&mut self) -> Result<String, Option<u16>> {
        let message = self.message().await?;
        Ok(message.to_text().expect("a text").to_owned())
    }

    /// Waits until the node closes. Returns the code; `None`: it had none to give.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.message().await {
                return code;
            }
        }
    }

    /// Takes the first object that fits; others are kept.
    pub(crate) async fn take_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.untaken.iter().position(&fits) {
            return self.untaken.remove(at).expect("found");
        }
        loop {
            let message = self.message().await;
            let text = message.unwrap_or_else(|code| panic!("closed with {code:?}, no {what}"));
            let text = text.to_text().expect("a text");
            let object = serde_json::from_str(text).expect("JSON");
            if fits(&object) {
                return object;
            }
            self.untaken.push_back(object);
        }
    }

    /// Takes the first object of a type; others are kept.
    pub(crate) async fn take(&mut self, kind: &str) -> Value {
        self.take_where(kind, |object| object["type"] == kind).await
    }

    /// Objects that came and were not taken.
    pub(crate) fn untaken(&self) -> impl Iterator<Item = &Value> {
        self.untaken.iter()
    }

    /// Those of a type.
    pub(crate) fn untaken_of(&self, kind: &str) -> Vec<&Value> {
        let untaken = self.untaken.iter();
        untaken.filter(|object| object["type"] == kind).collect()
    }
}
