//! `gateway`: camelCase, UUIDs, Socket.IO.

use serde_json::{Value, json};

use super::{Heard, Line, Room, Spoken, Tongue, list, of_uuid, person, text, unread_in, uuid};

#[derive(Debug)]
pub(crate) struct Gateway;

impl Tongue for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    fn open(&self, peer: &str) -> Option<(&'static str, Value)> {
        let body = json!({ "participantIds": [peer], "type": "DIRECT" });
        Some(("/api/messages/conversations", body))
    }

    fn opened(&self, answer: &Value, room: &Room) -> bool {
        of_uuid(&answer["data"]["id"]) == room.number
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversationId": room.uuid(), "content": text, "clientId": key });
        Spoken("sendMessage", payload)
    }

    fn said(&self, answer: &Value, _key: &str) -> Option<u64> {
        (answer["success"] == true).then(|| of_uuid(&answer["data"]["id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        let name = if on { "typing" } else { "stopTyping" };
        Spoken(name, json!({ "conversationId": room.uuid() }))
    }

    fn read(&self, room: &Room, message: u64) -> Spoken {
        let payload = json!({ "conversationId": room.uuid(), "messageId": uuid(message) });
        Spoken("markAsRead", payload)
    }

    fn heard(&self, room: &Room, name: &str, payload: &Value) -> Option<Vec<Heard>> {
        let here = |heard| {
            let is_here = of_uuid(&payload["conversationId"]) == room.number;
            is_here.then(|| vec![heard])
        };
        let user = || person(&payload["userId"]);
        match name {
            "newMessage" => here(Heard::Said {
                id: of_uuid(&payload["id"]),
                by: person(&payload["sender"]["id"]),
                text: text(&payload["content"]),
            }),
            "userTyping" | "userStoppedTyping" => here(Heard::Typing {
                by: user(),
                on: name == "userTyping",
            }),
            "messageRead" => here(Heard::Read {
                by: user(),
                id: of_uuid(&payload["messageId"]),
            }),
            "messageDeleted" => here(Heard::Deleted {
                id: of_uuid(&payload["messageId"]),
            }),
            "userOnline" => Some(vec![Heard::Online(user())]),
            "userOffline" => Some(vec![Heard::Offline(user())]),
            "onlineUsers" => {
                let people = list(payload).iter();
                Some(people.map(|id| Heard::Online(person(id))).collect())
            }
            "offset" => Some(Vec::new()),
            _ => panic!("gateway has no {name}: {payload}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        let conversation = room.uuid();
        format!("/api/messages/conversations/{conversation}/messages?limit=100")
    }

    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(&answer["data"]).iter();
        messages
            .map(|message| {
                let by = person(&message["sender"]["id"]);
                let readers = list(&message["readBy"]).iter().map(person);
                Line {
                    id: of_uuid(&message["id"]),
                    is_read: Some(readers.filter(|reader| *reader != by).count() == 1),
                    by,
                    text: text(&message["content"]),
                }
            })
            .collect()
    }

    fn unread(&self, _me: &str) -> String {
        "/api/messages/conversations".to_owned()
    }

    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        let is = |entry: &Value| of_uuid(&entry["id"]) == room.number;
        unread_in(&answer["data"], is, "unreadCount")
    }
}
