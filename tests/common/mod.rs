//! What the tests from outside share: the real binary on a free port, and clients that know its wire and
//! nothing of its inside.

#![allow(
    dead_code,
    unused_imports,
    reason = "every test binary compiles all of it and uses its part"
)]

mod client;
mod events;
mod node;
mod plain;
mod proxy;
mod raw;
mod rest;
mod stock;
mod strace;
mod way;

use std::time::Duration;

pub(crate) use self::{
    client::{Client, resume_position},
    events::Events,
    node::{Node, Signal},
    plain::Plain,
    proxy::Proxy,
    raw::{Frame, Raw},
    rest::{Answer, Rest, send as rest_send},
    stock::{NEWEST, OLD, Script, Stock, node_is_there},
    strace::{Call, Trace},
    way::{Refusal, Way},
};

/// Longest wait for anything. Long, since a machine that runs all tests at once is a slow one; a wait that
/// ends well ends at once.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The key of every node here.
pub(crate) const SECRET: &str = "kD8vQ2mZ7xW4nB9tR6yU3pL5sJ1hG0fC";

/// Flags of a node on which clients that stop reading are soon found out: by the bound of what waits for them alone.
pub(crate) const FREEZING: [&str; 10] = [
    "--policy-limits",
    "message.send=1000000 per 1s",
    "--policy-message-length-max",
    "20000",
    "--session-outbox-max",
    "64KiB",
    "--session-close-deadline",
    "500ms",
    // Only the outbox's bound ends them here, not their silence.
    "--session-ping-interval",
    "10m",
];

/// A token of somebody, good for an hour.
pub(crate) fn token(user: &str) -> String {
    token_with(user, |_| {})
}

/// A token that says what `change` makes of the usual claims.
pub(crate) fn token_with(
    user: &str,
    change: impl FnOnce(&mut parlour::auth::MintClaims),
) -> String {
    let mut claims = parlour::auth::MintClaims {
        sub: user.to_owned(),
        ttl: Duration::from_secs(3600),
        ..Default::default()
    };
    change(&mut claims);
    parlour::auth::mint(SECRET.as_bytes(), &claims).expect("claims that a node takes")
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let asked = async {
        loop {
            tick.tick().await;
            if let Some(answer) = poll().await {
                return answer;
            }
        }
    };
    within(what, asked).await
}

/// Waits for something that has to come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("no {what} within {DEADLINE:?}"),
    }
}
