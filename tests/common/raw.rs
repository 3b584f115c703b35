//! A socket and nothing else: for clients that break the rules, or stop reading.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::{Node, token, within};

/// A connection whose every byte the test decides on.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// A WebSocket frame (RFC 6455 section 5.2).
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) fin: bool,
    /// The three reserved bits, 0 to 7.
    pub(crate) reserved: u8,
    /// 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
    pub(crate) opcode: u8,
    pub(crate) masked: bool,
    pub(crate) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A whole message as clients send it.
    pub(crate) fn text(payload: &'a [u8]) -> Self {
        Self {
            fin: true,
            reserved: 0,
            opcode: 1,
            masked: true,
            payload,
        }
    }

    /// Its bytes. The mask is zero, so that the payload stands in them as it is.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mask_bit = u8::from(self.masked) << 7;
        let mut bytes = vec![u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode];
        match self.payload.len() {
            n @ 0..=125 => bytes.push(mask_bit | n as u8),
            n @ 126..=0xffff => {
                bytes.push(mask_bit | 126);
                bytes.extend((n as u16).to_be_bytes());
            }
            n => {
                bytes.push(mask_bit | 127);
                bytes.extend((n as u64).to_be_bytes());
            }
        }
        if self.masked {
            bytes.extend([0; 4]);
        }
        bytes.extend(self.payload);
        bytes
    }
}

impl Raw {
    /// Connects.
    pub(crate) async fn connect(node: &Node) -> Self {
        Self::connect_with(node, None).await
    }

    /// Connects with a receive buffer that the kernel makes as small as it can.
    pub(crate) async fn connect_tiny(node: &Node) -> Self {
        Self::connect_with(node, Some(1)).await
    }

    async fn connect_with(node: &Node, receive_bytes: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes).expect("a size");
        }
        let stream = within("connection", socket.connect(node.address())).await;
        Self {
            stream: stream.expect("the node listens"),
            buffer: Vec::new(),
        }
    }

    /// Writes bytes. `false`: the node has closed the connection.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        let written = within("write", self.stream.write_all(bytes)).await;
        written.is_ok()
    }

    /// Writes a frame. `false`: the node has closed the connection.
    pub(crate) async fn write_frame(&mut self, frame: &Frame<'_>) -> bool {
        self.write(&frame.encode()).await
    }

    /// The bytes of a handshake that the node takes.
    pub(crate) fn handshake_bytes(query: &str) -> Vec<u8> {
        let key = STANDARD.encode([7; 16]);
        format!(
            "GET /v1/ws{query} HTTP/1.1\r\nHost: parlour\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        .into_bytes()
    }

    /// Signs somebody in and reads no further than the handshake's answer.
    pub(crate) async fn sign_in(mut self, user: &str) -> Self {
        let bytes = Self::handshake_bytes(&format!("?token={}", token(user)));
        assert!(self.write(&bytes).await);
        let head = self.head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        self
    }

    /// Reads the head of an answer. Empty: the node closed without one.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            let end = self
                .buffer
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return String::from_utf8(head).expect("ASCII");
            }
            if !self.fill().await {
                return String::new();
            }
        }
    }

    /// Reads a frame of the node. `None`: it closed the connection.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((opcode, from, to)) = self.complete() {
                let payload = self.buffer[from..to].to_vec();
                self.buffer.drain(..to);
                return Some((opcode, payload));
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Reads on until the node closes. Returns the close code; `None`: it ended the connection without one.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        while let Some((opcode, payload)) = self.frame().await {
            if opcode == 8 {
                let bytes = payload.get(..2).and_then(|bytes| bytes.try_into().ok());
                return bytes.map(u16::from_be_bytes);
            }
        }
        None
    }

    /// Opcode, and from where to where the payload of the first frame stands, if it is all there.
    fn complete(&self) -> Option<(u8, usize, usize)> {
        let &[first, second, ..] = self.buffer.as_slice() else {
            return None;
        };
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (from, n) = match second {
            126 => (
                4,
                u16::from_be_bytes(self.buffer.get(2..4)?.try_into().ok()?).into(),
            ),
            127 => (
                10,
                u64::from_be_bytes(self.buffer.get(2..10)?.try_into().ok()?),
            ),
            n => (2, u64::from(n)),
        };
        let to = from + usize::try_from(n).ok()?;
        (to <= self.buffer.len()).then_some((first & 0x0f, from, to))
    }

    /// Reads some bytes. `false`: there are no more.
    async fn fill(&mut self) -> bool {
        // A connection that was reset is as good as one that was closed.
        let read = within("bytes of the node", self.stream.read_buf(&mut self.buffer)).await;
        read.is_ok_and(|n| n > 0)
    }
}
