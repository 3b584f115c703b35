//! `dating` (CONTRACT S0): who talks in its tests.

mod events;
mod requests;
mod rest;

use serde_json::Value;

use crate::common::{Node, Rest, token_with};

/// The ids that the seed uses.
const ME: &str = "550e8400-e29b-41d4-a716-446655440000";
const JANE: &str = "550e8400-e29b-41d4-a716-446655440001";
const PHOTO: &str = "https://storage.vibesmatch.com/photos/jane_1.jpg";

/// Fast, so that tests don't wait.
const FLAGS: [&str; 4] = [
    "--presence-delay",
    "20ms",
    "--presence-offline-grace",
    "100ms",
];

/// Jane, whose name and photo the node knows.
async fn jane(node: &Node) -> Rest {
    let token = token_with(JANE, |claims| {
        claims.name = Some("Jane Doe".into());
        claims.picture = Some(PHOTO.into());
    });
    let jane = Rest::with_token(node, &token);
    jane.get("/v1/me").await.ok();
    jane
}

/// Sends a message over REST. Returns what was answered inside the envelope.
async fn send(rest: &Rest, body: Value) -> Value {
    let answer = rest.post("/api/v1/messages/send", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["success"], true);
    answer.body["data"].clone()
}
