//! `direct`: camelCase, numbers, Socket.IO with rooms that are looked into.

use serde_json::{Value, json};

use super::{
    Heard, Line, Room, Spoken, Tongue, flag, list, number_or_text, numbered, of_number, text,
    unread_in,
};

#[derive(Debug)]
pub(crate) struct Direct;

impl Tongue for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn open(&self, peer: &str) -> Option<(&'static str, Value)> {
        let body = json!({ "receiverId": number_or_text(peer), "content": "Hello" });
        Some(("/api/chat/send", body))
    }

    fn opened(&self, answer: &Value, room: &Room) -> bool {
        of_number(&answer["data"]["conversationId"]) == room.number
    }

    fn enter(&self, room: &Room) -> Option<Spoken> {
        let payload = json!({ "conversationId": room.number });
        Some(Spoken("join_conversation", payload))
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversationId": room.number, "content": text, "clientId": key });
        Spoken("send_message", payload)
    }

    fn said(&self, answer: &Value, _key: &str) -> Option<u64> {
        (answer["success"] == true).then(|| of_number(&answer["data"]["id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        let name = if on { "typing" } else { "stop_typing" };
        Spoken(name, json!({ "conversationId": room.number }))
    }

    fn read(&self, room: &Room, message: u64) -> Spoken {
        let payload = json!({ "conversationId": room.number, "messageIds": [message] });
        Spoken("mark_as_read", payload)
    }

    fn delete(&self, message: u64) -> Option<String> {
        Some(format!("/api/chat/messages/{message}"))
    }

    fn tells_presence(&self) -> bool {
        false
    }

    fn heard(&self, room: &Room, name: &str, payload: &Value) -> Option<Vec<Heard>> {
        let here = |heard| {
            let is_here = of_number(&payload["conversationId"]) == room.number;
            is_here.then_some(heard)
        };
        match name {
            "new_message" | "message_notification" => here(vec![Heard::Said {
                id: of_number(&payload["id"]),
                by: numbered(&payload["senderId"]),
                text: text(&payload["content"]),
            }]),
            "user_typing" | "user_stopped_typing" => here(vec![Heard::Typing {
                by: numbered(&payload["userId"]),
                on: name == "user_typing",
            }]),
            "messages_read" => {
                let by = numbered(&payload["readerId"]);
                let ids = list(&payload["messageIds"]).iter().map(of_number);
                here(ids.map(|id| Heard::Read { by: by.clone(), id }).collect())
            }
            "message_deleted" => here(vec![Heard::Deleted {
                id: of_number(&payload["messageId"]),
            }]),
            "offset" => Some(Vec::new()),
            _ => panic!("direct has no {name}: {payload}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        format!("/api/chat/conversations/{}/messages?limit=100", room.number)
    }

    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(&answer["data"]["messages"]).iter();
        messages
            .map(|message| Line {
                id: of_number(&message["id"]),
                by: numbered(&message["senderId"]),
                text: text(&message["content"]),
                is_read: Some(flag(&message["isRead"])),
            })
            .collect()
    }

    fn unread(&self, _me: &str) -> String {
        "/api/chat/conversations".to_owned()
    }

    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        let is = |entry: &Value| of_number(&entry["id"]) == room.number;
        unread_in(&answer["data"]["conversations"], is, "unreadCount")
    }
}
