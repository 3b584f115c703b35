//! A bad network: a door of its own in front of a node, whose wires the test cuts.
//!
//! Also the way to a node that was started again on another port: clients see one address all the time.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::Node;

/// The proxy, as long as it is kept.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepts: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Where connections go; `None`: nowhere, they are closed at once.
    target: Option<SocketAddr>,
    /// Those of an earlier one are cut.
    generation: u64,
    /// WebSockets have to wait.
    holds_websockets: bool,
}

impl Proxy {
    /// Opens a door in front of a node.
    pub(crate) async fn start(node: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (state, watched) = watch::channel(State {
            target: Some(node.address()),
            generation: 0,
            holds_websockets: false,
        });
        let accepts = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, watched.clone()));
            }
        });
        Self {
            address,
            state,
            accepts,
        }
    }

    /// What clients are given in place of the node's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts all connections, and lets nobody through any more.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| {
            state.target = None;
            state.generation += 1;
        });
    }

    /// Lets nobody through any more. Connections that are there go on.
    pub(crate) fn shut(&self) {
        self.state.send_modify(|state| state.target = None);
    }

    /// Lets everybody through, to a node that may be another one.
    pub(crate) fn lead_to(&self, node: &Node) {
        self.state
            .send_modify(|state| state.target = Some(node.address()));
    }

    /// Whether WebSockets wait in front of the door.
    pub(crate) fn hold_websockets(&self, on: bool) {
        self.state.send_modify(|state| state.holds_websockets = on);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
        self.cut();
    }
}

/// Carries one connection until it ends or is cut.
async fn carry(mut client: TcpStream, mut state: watch::Receiver<State>) {
    let first = *state.borrow();
    let mut held = state.clone();
    let Some(target) = first.target else { return };
    let relay = async {
        let mut head = [0; 4096];
        let n = client.peek(&mut head).await?;
        if head[..n]
            .windows(19)
            .any(|bytes| bytes == b"transport=websocket")
        {
            let _proxy_is_gone = held.wait_for(|state| !state.holds_websockets).await;
        }
        let mut server = TcpStream::connect(target).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        server.shutdown().await
    };
    // How it ends, the two ends know.
    tokio::select! {
        _ended = relay => {}
        _cut = state.wait_for(|state| state.generation != first.generation) => {}
    }
}
