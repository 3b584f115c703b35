//! A client of Engine.IO by polling, one by WebSocket, and the server of the suites to try them on.

use std::{net::SocketAddr, sync::OnceLock, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use parlour_socketio::Limits;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{common::within, server};

/// The address of the suites' server, which runs as long as the tests, on several threads.
pub(crate) fn suites() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                // The suites' own is too short for a machine that runs all tests at once.
                let limits = Limits {
                    ping_timeout: PING_TIMEOUT,
                    ..server::limits()
                };
                let (server, address) = server::bind(0, 2, &limits).expect("a free port");
                tell.send(address).expect("the test waits");
                server.await
            })
        });
        told.recv().expect("it listens")
    })
}

/// Polls: each request is the test's own.
pub(crate) struct Polling {
    client: Client,
    url: String,
    pub(crate) open: Value,
}

impl Polling {
    /// Opens a connection on a path such as `/socket.io/`, with more of a query.
    pub(crate) async fn open(address: SocketAddr, path: &str, query: &str) -> Self {
        let url = format!("http://{address}{path}?EIO=4&transport=polling{query}");
        let client = Client::new();
        let answer = client.get(&url).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.text().await.expect("text");
        let open: Value = serde_json::from_str(&body[1..]).expect("JSON");
        let sid = open["sid"].as_str().expect("a session id");
        let url = format!("http://{address}{path}?EIO=4&transport=polling&sid={sid}");
        Self { client, url, open }
    }

    pub(crate) fn sid(&self) -> &str {
        self.open["sid"].as_str().expect("a session id")
    }

    /// Begins a poll, which goes on while the future is waited for.
    pub(crate) async fn poll(&self) -> Response {
        let poll = self.client.get(&self.url).send();
        within("poll", poll).await.expect("an answer")
    }

    /// Polls once: the packets, or the status of the refusal.
    pub(crate) async fn packets(&self) -> Result<Vec<String>, StatusCode> {
        let answer = self.poll().await;
        if answer.status() != StatusCode::OK {
            return Err(answer.status());
        }
        let body = answer.text().await.expect("text");
        Ok(body.split('\u{1e}').map(str::to_owned).collect())
    }

    /// Polls, and answers pings, until there is a packet that begins so.
    pub(crate) async fn packet(&self, begin: &str) -> String {
        loop {
            for packet in self.packets().await.expect("it is open") {
                if packet == "2" {
                    assert_eq!(self.post("3").await, StatusCode::OK);
                } else if packet.starts_with(begin) {
                    return packet;
                }
            }
        }
    }

    /// Sends a body.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> StatusCode {
        let post = self.client.post(&self.url).body(body.into()).send();
        within("post", post).await.expect("an answer").status()
    }

    /// Whether the connection is over.
    pub(crate) async fn is_over(&self) -> bool {
        self.post("4x").await == StatusCode::BAD_REQUEST
    }
}

/// A WebSocket.
pub(crate) struct Ws(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ws {
    /// Opens a WebSocket on a path, with a query behind the usual one, if the server lets it.
    pub(crate) async fn try_open(address: SocketAddr, path: &str, query: &str) -> Option<Self> {
        let url = format!("ws://{address}{path}?EIO=4&transport=websocket{query}");
        let request = url.into_client_request().expect("an address");
        let opened = within("handshake", connect_async(request)).await;
        opened.ok().map(|(socket, _)| Self(socket))
    }

    pub(crate) async fn open(address: SocketAddr, path: &str, query: &str) -> Self {
        let opened = Self::try_open(address, path, query).await;
        opened.expect("the handshake succeeds")
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("it is open");
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let message = Message::binary(bytes.to_vec());
        self.0.send(message).await.expect("it is open");
    }

    /// The next message. Bytes are written as numbers. `None`: it is closed.
    pub(crate) async fn try_read(&mut self) -> Option<String> {
        loop {
            return match within("message", self.0.next()).await? {
                Ok(Message::Text(text)) => Some(text.to_string()),
                Ok(Message::Binary(bytes)) => Some(format!("{bytes:?}")),
                Ok(Message::Close(_)) | Err(_) => None,
                Ok(_) => continue,
            };
        }
    }

    pub(crate) async fn read(&mut self) -> String {
        self.try_read().await.expect("it is open")
    }

    /// Reads on, and answers pings, until there is a message that begins so.
    pub(crate) async fn message(&mut self, begin: &str) -> String {
        loop {
            let message = self.read().await;
            if message == "2" {
                self.send("3").await;
            } else if message.starts_with(begin) {
                return message;
            }
        }
    }

    /// Waits until the server closes it.
    pub(crate) async fn closed(&mut self) {
        while self.try_read().await.is_some() {}
    }

    /// Says nothing more, and keeps the connection.
    pub(crate) fn freeze(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.0
    }
}

/// How long a ping may stay unanswered here.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(1);
