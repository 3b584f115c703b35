//! `dating`: snake_case, UUIDs, Socket.IO.

use serde_json::{Value, json};

use super::{
    Heard, Line, Room, Spoken, Tongue, flag, list, of_uuid, person, text, unread_in, uuid,
};

#[derive(Debug)]
pub(crate) struct Dating;

impl Tongue for Dating {
    fn name(&self) -> &'static str {
        "dating"
    }

    fn open(&self, peer: &str) -> Option<(&'static str, Value)> {
        let body = json!({ "receiver_id": peer, "content": "May I?" });
        Some(("/api/v1/messages/send", body))
    }

    fn opened(&self, answer: &Value, room: &Room) -> bool {
        of_uuid(&answer["data"]["conversation_id"]) == room.number
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversation_id": room.uuid(), "content": text, "client_id": key });
        Spoken("send_message", payload)
    }

    fn said(&self, answer: &Value, _key: &str) -> Option<u64> {
        (answer["success"] == true).then(|| of_uuid(&answer["data"]["message_id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        let name = if on { "typing_start" } else { "typing_stop" };
        Spoken(name, json!({ "conversation_id": room.uuid() }))
    }

    fn read(&self, _room: &Room, message: u64) -> Spoken {
        Spoken("mark_read", json!({ "message_id": uuid(message) }))
    }

    fn heard(&self, room: &Room, name: &str, payload: &Value) -> Option<Vec<Heard>> {
        let here = |heard| {
            let is_here = of_uuid(&payload["conversation_id"]) == room.number;
            is_here.then(|| vec![heard])
        };
        let id = || of_uuid(&payload["message_id"]);
        match name {
            "new_message" => here(Heard::Said {
                id: id(),
                by: person(&payload["sender_id"]),
                text: text(&payload["content"]),
            }),
            "user_typing" => here(Heard::Typing {
                by: person(&payload["user_id"]),
                on: flag(&payload["is_typing"]),
            }),
            "message_read" => here(Heard::Read {
                by: person(&payload["reader_id"]),
                id: id(),
            }),
            "message_deleted" => here(Heard::Deleted { id: id() }),
            "user_online" => Some(vec![Heard::Online(person(&payload["user_id"]))]),
            "user_offline" => Some(vec![Heard::Offline(person(&payload["user_id"]))]),
            "authenticated" | "offset" => Some(Vec::new()),
            _ => panic!("dating has no {name}: {payload}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        let conversation = room.uuid();
        format!("/api/v1/conversations/{conversation}/messages?limit=100&order=asc")
    }

    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(&answer["data"]["messages"]).iter();
        messages
            .map(|message| Line {
                id: of_uuid(&message["id"]),
                by: person(&message["sender_id"]),
                text: text(&message["content"]),
                is_read: Some(flag(&message["is_read"])),
            })
            .collect()
    }

    fn unread(&self, _me: &str) -> String {
        "/api/v1/conversations".to_owned()
    }

    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        let is = |entry: &Value| of_uuid(&entry["id"]) == room.number;
        unread_in(&answer["data"]["conversations"], is, "unread_count")
    }
}
