//! Doing something by one of the ways, and hearing what came of it: `ok`, or the code of the refusal.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    common::{Events, Node, Plain, rest_send, within},
    tables::Way,
    world::Pair,
};

/// Does it.
pub(crate) async fn verdict(node: &Node, pair: &Pair, way: &Way) -> String {
    let way = way.filled(&pair.places());
    match &*way.transport {
        "REST" => rest(pair, &way).await,
        "native" => {
            let path = format!("/v1/ws?token={}", pair.token);
            native(Plain::try_dial(node, &path).await, &way).await
        }
        "marketplace" => {
            let path = format!("/api/v1/messages/ws/{}?token={}", pair.me, pair.token);
            marketplace(Plain::try_dial(node, &path).await, &pair.me, &way).await
        }
        "matched" => {
            let path = format!("/chat/connect?token={}", pair.token);
            matched(Plain::try_dial(node, &path).await, &way).await
        }
        dialect => {
            let auth = json!({ "token": pair.token, "dialect": dialect });
            match Events::connect_with(node, &auth).await {
                Ok(mut events) => said(&events.ask(&way.name, way.body.clone()).await),
                Err(refusal) => label(&refusal["data"]),
            }
        }
    }
}

async fn rest(pair: &Pair, way: &Way) -> String {
    let method = Method::from_bytes(way.method.as_bytes()).unwrap();
    let request = if method == Method::GET {
        // Of letters, digits and signs that a query takes as they are.
        let fields = way.body.as_object().into_iter().flatten();
        let query: Vec<_> = fields
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
            .collect();
        pair.rest
            .request(method, &format!("{}?{}", way.name, query.join("&")))
    } else {
        let request = pair.rest.request(method, &way.name);
        match way.body.is_null() {
            true => request,
            false => request.json(&way.body),
        }
    };
    // Few exports run at a time. To be asked again is no verdict.
    let asked_until_judged = async {
        loop {
            let answer = rest_send(request.try_clone().unwrap()).await;
            if answer.status != 503 {
                return answer;
            }
        }
    };
    let answer = within("a verdict", asked_until_judged).await;
    match answer.status {
        200..300 => "ok".to_owned(),
        _ => label(&answer.body),
    }
}

/// The code that a refusal carries.
fn label(refusal: &Value) -> String {
    let label = refusal["code"].as_str();
    label
        .unwrap_or_else(|| panic!("no code in {refusal}"))
        .to_owned()
}

/// What an acknowledgement says.
fn said(answer: &Value) -> String {
    match answer["code"].is_string() {
        true => label(answer),
        false => "ok".to_owned(),
    }
}

/// What it means that a connection was refused or closed.
fn no_entry(status: Option<u16>) -> String {
    match status {
        Some(401 | 4500) => "UNAUTHORIZED".to_owned(),
        Some(403 | 4502) => "SUSPENDED".to_owned(),
        other => panic!("a connection was ended with {other:?}"),
    }
}

/// Sends frames, and reads until one fits. `Err`: the connection ended, and what that means.
async fn exchange(
    dialled: Result<Plain, u16>,
    frames: &[Value],
    fits: impl Fn(&Value) -> bool,
) -> Result<Value, String> {
    let mut socket = dialled.map_err(|status| no_entry(Some(status)))?;
    for frame in frames {
        // One that was closed at once takes no more; what it was closed with is read below.
        socket.try_send(frame).await;
    }
    loop {
        let text = socket.text().await.map_err(no_entry)?;
        let frame: Value = serde_json::from_str(&text).unwrap();
        if fits(&frame) {
            return Ok(frame);
        }
    }
}

fn with(mut frame: Value, fields: &Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    frame.as_object_mut().unwrap().extend(fields);
    frame
}

/// Everything is answered under its number.
async fn native(dialled: Result<Plain, u16>, way: &Way) -> String {
    let frame = with(json!({ "type": way.name, "id": 1 }), &way.body);
    match exchange(dialled, &[frame], |frame| frame["id"] == 1).await {
        Ok(answer) => said(&answer),
        Err(ended) => ended,
    }
}

/// Typing and receipts are answered only if they were refused. So a message to oneself follows, which always is.
async fn marketplace(dialled: Result<Plain, u16>, me: &str, way: &Way) -> String {
    let frame = json!({ "type": way.name, "data": way.body });
    let barrier = json!({ "type": "message", "data": { "receiver_id": me, "content": "x" } });
    let is_answer = |frame: &Value| {
        let kind = frame["type"].as_str();
        matches!(
            kind,
            Some("error" | "message_sent" | "pong" | "authenticated")
        )
    };
    match exchange(dialled, &[frame, barrier], is_answer).await {
        Ok(answer) if answer["type"] == "error" && answer["data"]["event"] == *way.name => {
            label(&answer["data"])
        }
        Ok(_) => "ok".to_owned(),
        Err(ended) => ended,
    }
}

/// Marking and typing are answered only if they were refused. So a message to nowhere follows, which always is.
async fn matched(dialled: Result<Plain, u16>, way: &Way) -> String {
    let frame = with(json!({ "type": way.name, "id": 1 }), &way.body);
    let barrier = json!({ "type": "message", "conversation_id": 1, "content": "x", "id": 2 });
    match exchange(dialled, &[frame, barrier], |frame| frame["id"].is_u64()).await {
        Ok(answer) if answer["id"] == 1 => said(&answer),
        Ok(_) => "ok".to_owned(),
        Err(ended) => ended,
    }
}
