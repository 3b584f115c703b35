//! What clients ask by REST, over a few connections that they share and that are kept.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    http::{Answer, Http},
    world::World,
};
use crate::stamp::Line;

/// A connection that was idle for longer may be closed by the node at any moment.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// Reads something.
pub(super) async fn get(world: &World, line: Line, path: &str) -> anyhow::Result<Answer> {
    ask(world, "GET", line, path, &Value::Null).await
}

/// Asks, as the user of a line. A refusal is an error that begins with its code.
pub(super) async fn ask(
    world: &World,
    method: &str,
    line: Line,
    path: &str,
    body: &Value,
) -> anyhow::Result<Answer> {
    let token = world.token(line)?;
    // The last one that was used is on top.
    let free = world.rest.borrow_mut().pop();
    let mut http = match free {
        Some((used, http)) if used.elapsed() < IDLE_MAX => http,
        _ => Http::connect(&world.target).await?,
    };
    let answer = http.ask(method, path, &token, body).await?;
    world.rest.borrow_mut().push((Instant::now(), http));
    match answer.refusal() {
        Some(code) => anyhow::bail!("{code}"),
        None => Ok(answer),
    }
}
