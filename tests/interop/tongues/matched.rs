//! `matched`: snake_case, numbers, a WebSocket with flat objects. Its conversations come from elsewhere.

use serde_json::{Value, json};

use super::{Heard, Line, Room, Spoken, Tongue, flag, list, numbered, of_number, text, unread_in};
use crate::common::token;

#[derive(Debug)]
pub(crate) struct Matched;

impl Tongue for Matched {
    fn name(&self) -> &'static str {
        "matched"
    }

    fn socket(&self, me: &str) -> Option<String> {
        Some(format!("/chat/connect?token={}", token(me)))
    }

    fn frame(&self, Spoken(name, mut payload): Spoken, _number: u64) -> Value {
        payload["type"] = name.into();
        payload
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversation_id": room.number, "content": text, "client_id": key });
        Spoken("message", payload)
    }

    fn said(&self, answer: &Value, key: &str) -> Option<u64> {
        let is_it = answer["type"] == "sent" && answer["client_id"] == key;
        is_it.then(|| of_number(&answer["message_id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        Spoken(
            "typing",
            json!({ "conversation_id": room.number, "is_typing": on }),
        )
    }

    fn read(&self, _room: &Room, message: u64) -> Spoken {
        Spoken("read", json!({ "message_id": message }))
    }

    fn heard(&self, room: &Room, name: &str, frame: &Value) -> Option<Vec<Heard>> {
        let here = |heard| {
            let is_here = of_number(&frame["conversation_id"]) == room.number;
            is_here.then(|| vec![heard])
        };
        let id = || of_number(&frame["message_id"]);
        match name {
            "message" => here(Heard::Said {
                id: id(),
                by: numbered(&frame["sender_id"]),
                text: text(&frame["content"]),
            }),
            "typing" => here(Heard::Typing {
                by: numbered(&frame["user_id"]),
                on: flag(&frame["is_typing"]),
            }),
            "read" => here(Heard::Read {
                by: numbered(&frame["user_id"]),
                id: id(),
            }),
            "message_deleted" => here(Heard::Deleted { id: id() }),
            "online" => Some(vec![Heard::Online(numbered(&frame["user_id"]))]),
            "offline" => Some(vec![Heard::Offline(numbered(&frame["user_id"]))]),
            _ => panic!("matched has no {name}: {frame}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        format!(
            "/chat/conversations/{}/messages?limit=100&order=asc",
            room.number
        )
    }

    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(&answer["messages"]).iter();
        messages
            .map(|message| Line {
                id: of_number(&message["id"]),
                by: numbered(&message["sender_id"]),
                text: text(&message["content"]),
                is_read: Some(!message["read_at"].is_null()),
            })
            .collect()
    }

    fn unread(&self, me: &str) -> String {
        format!("/chat/conversations?user_id={me}")
    }

    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        let is = |entry: &Value| of_number(&entry["id"]) == room.number;
        unread_in(&answer["conversations"], is, "unread_count")
    }
}
