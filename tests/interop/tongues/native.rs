//! The native protocol: snake_case, ids as texts of digits, a WebSocket with flat objects and numbered requests.

use serde_json::{Value, json};

use super::{Heard, Line, Room, Spoken, Tongue, flag, list, of_digits, of_number, person, text};
use crate::common::token;

#[derive(Debug)]
pub(crate) struct Native;

impl Tongue for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn socket(&self, me: &str) -> Option<String> {
        Some(format!("/v1/ws?token={}", token(me)))
    }

    fn frame(&self, Spoken(name, mut payload): Spoken, number: u64) -> Value {
        payload["type"] = name.into();
        payload["id"] = number.into();
        payload
    }

    fn open(&self, peer: &str) -> Option<(&'static str, Value)> {
        Some(("/v1/conversations", json!({ "user": peer })))
    }

    fn opened(&self, answer: &Value, room: &Room) -> bool {
        of_digits(&answer["conversation"]) == room.number
    }

    fn say(&self, room: &Room, text: &str, key: &str) -> Spoken {
        let payload = json!({ "conversation": room.number, "text": text, "key": key });
        Spoken("send", payload)
    }

    fn said(&self, answer: &Value, key: &str) -> Option<u64> {
        let message = &answer["result"]["message"];
        (answer["type"] == "ok" && message["key"] == key).then(|| of_digits(&message["id"]))
    }

    fn typing(&self, room: &Room, on: bool) -> Spoken {
        Spoken("typing", json!({ "conversation": room.number, "on": on }))
    }

    fn read(&self, _room: &Room, message: u64) -> Spoken {
        Spoken("read", json!({ "message": message }))
    }

    fn delete(&self, message: u64) -> Option<String> {
        Some(format!("/v1/messages/{message}"))
    }

    /// The cursor, which is behind the last of them.
    fn receipts<'a>(&self, read: &'a [u64]) -> &'a [u64] {
        &read[read.len() - 1..]
    }

    fn heard(&self, room: &Room, name: &str, frame: &Value) -> Option<Vec<Heard>> {
        let here = |heard| {
            let is_here = of_digits(&frame["conversation"]) == room.number;
            is_here.then(|| vec![heard])
        };
        let message = &frame["message"];
        match name {
            "message" => here(Heard::Said {
                id: of_digits(&message["id"]),
                by: person(&message["author"]),
                text: text(&message["text"]),
            }),
            "typing" => here(Heard::Typing {
                by: person(&frame["user"]),
                on: flag(&frame["on"]),
            }),
            "read" if of_digits(&frame["conversation"]) != room.number => None,
            "read" => {
                let place = usize::try_from(of_number(&frame["seq"])).unwrap();
                let id = room.said[place - 1].id;
                let by = person(&frame["by"]);
                Some(vec![Heard::Read { by, id }])
            }
            "deleted" => here(Heard::Deleted {
                id: of_digits(&message["id"]),
            }),
            "presence" => {
                let who = person(&frame["user"]);
                Some(vec![if flag(&frame["online"]) {
                    Heard::Online(who)
                } else {
                    Heard::Offline(who)
                }])
            }
            "online" => {
                let people = list(&frame["users"]).iter();
                Some(people.map(|id| Heard::Online(person(id))).collect())
            }
            "hello" | "ok" | "opened" => Some(Vec::new()),
            _ => panic!("the native protocol has no {name}: {frame}"),
        }
    }

    fn history(&self, room: &Room) -> String {
        format!("/v1/conversations/{}/messages?limit=100", room.number)
    }

    /// Deleted messages keep their place here.
    fn lines(&self, answer: &Value) -> Vec<Line> {
        let messages = list(&answer["messages"]).iter();
        messages
            .filter(|message| message["deleted_at"].is_null())
            .map(|message| Line {
                id: of_digits(&message["id"]),
                by: person(&message["author"]),
                text: text(&message["text"]),
                is_read: None,
            })
            .collect()
    }

    fn unread(&self, _me: &str) -> String {
        "/v1/unread".to_owned()
    }

    /// What has nothing unread isn't listed.
    fn unread_of(&self, answer: &Value, room: &Room) -> u64 {
        let mut entries = list(&answer["conversations"]).iter();
        let entry = entries.find(|entry| of_digits(&entry["conversation"]) == room.number);
        entry.map_or(0, |entry| of_number(&entry["unread"]))
    }
}
