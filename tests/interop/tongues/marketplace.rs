//! `marketplace`: snake_case, numbers, conversations called after their pair, a WebSocket with `type` and `data`.

use serde_json::{Value, json};

use super::{
    Heard, Line, Room, Spoken, Tongue, flag, list, number_or_text, numbered, of_number, text,
    unread_in,
};
use crate::common::token;

#[derive(Debug)]
pub(crate) struct Marketplace;

impl Tongue for Marketplace {
    fn name(&self) -> &'static str {
        "marketplace"
    }

    fn socket(&self, me: &str) -> Option<String> {
        Some(format!("/api/v1/messages/ws/{me}?token={}", token(me)))
    }

    fn frame(&self, Spoken(name, payload): Spoken, _number: u64) -> Value {
        json!({ "type": name, "data": payload })
    }

    fn open(&self, peer: &str) -> Option<(&'static str, Value)> {
        let body = json!({ "receiver_id": number_or_text(peer), "content": "About that job" });
        Some(("/api/v1/messages/", body))
    }

    fn opened(&self, answer: &Value, room: &Room) -> bool {
        answer["conversation_id"] == room.pair()
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversation_id": room.pair(), "content": text, "client_id": key });
        Spoken("message", payload)
    }

    fn said(&self, answer: &Value, key: &str) -> Option<u64> {
        let is_it = answer["type"] == "message_sent" && answer["data"]["client_id"] == key;
        is_it.then(|| of_number(&answer["data"]["id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        Spoken(
            "typing",
            json!({ "conversation_id": room.pair(), "is_typing": on }),
        )
    }

    fn read(&self, _room: &Room, message: u64) -> Spoken {
        Spoken("read_receipt", json!({ "message_id": message }))
    }

    fn delete(&self, message: u64) -> Option<String> {
        Some(format!("/api/v1/messages/{message}"))
    }

    fn heard(&self, room: &Room, name: &str, payload: &Value) -> Option<Vec<Heard>> {
        let data = &payload["data"];
        let here = |heard| (data["conversation_id"] == room.pair()).then(|| vec![heard]);
        match name {
            "new_message" => here(Heard::Said {
                id: of_number(&data["id"]),
                by: numbered(&data["sender_id"]),
                text: text(&data["content"]),
            }),
            "typing" => here(Heard::Typing {
                by: numbered(&data["user_id"]),
                on: flag(&data["is_typing"]),
            }),
            "read_receipt" => here(Heard::Read {
                by: numbered(&data["reader_id"]),
                id: of_number(&data["message_id"]),
            }),
            "message_deleted" => here(Heard::Deleted {
                id: of_number(&data["message_id"]),
            }),
            "online_status" => {
                let who = numbered(&data["user_id"]);
                Some(vec![if flag(&data["is_online"]) {
                    Heard::Online(who)
                } else {
                    Heard::Offline(who)
                }])
            }
            "connected" => Some(Vec::new()),
            _ => panic!("marketplace has no {name}: {payload}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        let conversation = room.pair();
        format!("/api/v1/messages/?conversation_id={conversation}&limit=100&order=asc")
    }

    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(answer).iter();
        messages
            .map(|message| Line {
                id: of_number(&message["id"]),
                by: numbered(&message["sender_id"]),
                text: text(&message["content"]),
                is_read: Some(flag(&message["is_read"])),
            })
            .collect()
    }

    fn unread(&self, _me: &str) -> String {
        "/api/v1/messages/conversations".to_owned()
    }

    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        unread_in(answer, |entry| entry["id"] == room.pair(), "unread_count")
    }
}
