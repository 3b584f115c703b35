//! A node under a preset, and the people there.

use std::path::Path;

use parlour::dialects::Dialect;
use serde_json::{Value, json};

use crate::common::{Answer, Node, Rest, token_with};

/// A node under the preset, without its port: tests run beside each other.
pub(crate) async fn node(preset: Dialect) -> Node {
    node_with(preset, &[]).await
}

/// The same, with flags that win over the preset's.
pub(crate) async fn node_with(preset: Dialect, flags: &[&str]) -> Node {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flags");
    let path = folder.join(format!("{preset}.flags"));
    let fixed = ["--flagfile", path.to_str().unwrap(), "--listen-dialect="];
    Node::start(&[&fixed[..], flags].concat()).await
}

/// Somebody of the plan premium.
pub(crate) fn premium_token(user: &str) -> String {
    token_with(user, |claims| claims.plan = Some("premium".into()))
}

/// Somebody of the plan premium.
pub(crate) async fn premium(node: &Node, user: &str) -> Rest {
    there(Rest::with_token(node, &premium_token(user))).await
}

/// Somebody of the plan free.
pub(crate) async fn free(node: &Node, user: &str) -> Rest {
    there(Rest::new(node, user)).await
}

/// Somebody with a role.
pub(crate) fn with_role(node: &Node, user: &str, role: &str) -> Rest {
    let token = token_with(user, |claims| claims.role = Some(role.into()));
    Rest::with_token(node, &token)
}

/// Nobody is known before they were there.
async fn there(rest: Rest) -> Rest {
    rest.get("/v1/me").await.ok();
    rest
}

/// Both like each other. The number of their conversation.
pub(crate) async fn matched(a: (&Rest, &str), b: (&Rest, &str)) -> String {
    let like = |user: &str| format!("/v1/users/{user}/like");
    a.0.put(&like(b.1), json!({})).await.ok();
    let liked = b.0.put(&like(a.1), json!({})).await.ok();
    text(&liked["match"]["conversation"])
}

/// Sends a text to somebody.
pub(crate) async fn write(from: &Rest, to: &str, words: &str) -> Answer {
    let body = json!({ "user": to, "text": words });
    from.post("/v1/messages", body).await
}

/// Asks somebody for a first contact.
pub(crate) async fn ask(from: &Rest, to: &str, words: &str) -> Answer {
    let body = json!({ "user": to, "text": words });
    from.post("/v1/requests", body).await
}

/// A refusal, by its status and code.
pub(crate) fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}
