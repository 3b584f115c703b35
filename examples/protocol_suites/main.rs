//! A server for the two official suites of the protocol: `cargo run --example protocol_suites`, then `npm ci && npm test` in the folders
//! `docs/engine.io-protocol/v4-test-suite` and `docs/socket.io-protocol/v5-test-suite` of github.com/socketio/socket.io.
//!
//! The transport is the node's own; only what is above it is made for the suites. No chat.

mod server;

/// What the suites connect to.
const PORT: u16 = 3000;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // One thread: the suites rely on requests being answered in the order they came.
    let (server, _) = server::bind(PORT, 1, &server::limits())?;
    server.await
}
