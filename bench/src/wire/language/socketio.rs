//! Socket.IO over its WebSocket transport, in the dialect `gateway`: the one of the three with groups.
//!
//! What the dialect has by REST alone (history and search) is asked by REST. Pings are Engine.IO's own.

use std::borrow::Cow;

use bytestring::ByteString;
use parlour_socketio::{
    Event, Frame as Packed, Limits,
    packet::{self, Kind, Packet},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Handshake, Heard, Language, Place, Saying, Seat};
use crate::{stamp::Stamp, tally::Deed};

/// The language.
#[derive(Debug, Default)]
pub(in crate::wire) struct SocketIo {
    limits: Limits,
}

const MESSAGE: &[u8] = br#"42["newMessage""#;

/// What a client shows when it connects to the namespace, as stock clients spell it.
#[derive(Serialize)]
struct Auth<'a> {
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<&'a str>,
}

/// What the node says when it lets a client in.
#[derive(Deserialize)]
struct Connected {
    pid: Option<String>,
}

/// What it says when it doesn't.
#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<Outcome<'a>>,
}

/// What came of an event.
#[derive(Deserialize)]
struct Outcome<'a> {
    #[serde(default)]
    success: bool,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

impl SocketIo {
    fn answer(&self, text: &str) -> Heard {
        let text = ByteString::from(text);
        let Ok((packet, _)) = Packet::decode(&text, &self.limits) else {
            return Heard::Other;
        };
        let Kind::Ack(ack) = packet.kind else {
            return Heard::Other;
        };
        let id = ack.id.and_then(|id| u32::try_from(id).ok());
        let refusal = match serde_json::from_str::<[Outcome<'_>; 1]>(&ack.arguments) {
            Ok([Outcome { success: true, .. }]) => None,
            Ok([Outcome { code, .. }]) => code.map(Cow::into_owned),
            Err(_) => Some("UNKNOWN".to_owned()),
        };
        Heard::Answer(id, refusal)
    }
}

impl Language for SocketIo {
    fn handshake(&self, _seat: &Seat, _token: &str, _place: Option<&Place>) -> Handshake {
        let target = "/socket.io/?EIO=4&transport=websocket&dialect=gateway";
        Handshake {
            target: target.to_owned(),
            headers: String::new(),
        }
    }

    fn sign_in(&self, token: &str, place: Option<&Place>) -> String {
        let auth = Auth {
            token,
            pid: place.and_then(|place| place.name.as_deref()),
            offset: place.and_then(|place| place.at.as_deref()),
        };
        format!("40{}", json!(auth))
    }

    fn echoes(&self) -> bool {
        true
    }

    fn say(&self, deed: Deed, id: u32, seat: &Seat, text: &str, key: Option<&str>) -> Saying {
        let conversation = &seat.conversation;
        let here = json!({ "conversationId": conversation });
        let arguments = match deed {
            Deed::Send => {
                let mut message = json!({ "conversationId": conversation, "content": text });
                if let Some(key) = key {
                    message["clientId"] = key.into();
                }
                json!(["sendMessage", message])
            }
            Deed::Typing => json!(["typing", here]),
            Deed::Read => json!(["markAsRead", here]),
            Deed::Presence => json!(["getOnlineUsers", {}]),
            Deed::History => {
                return Saying::Rest(format!(
                    "/api/messages/conversations/{conversation}/messages?limit=50"
                ));
            }
            Deed::Search => return Saying::Rest(format!("/api/messages/search?query={text}")),
        };
        let event = Event {
            id: Some(id.into()),
            arguments: arguments.to_string().into(),
            attachments: Vec::new(),
        };
        match packet::event(&event).pop() {
            Some(Packed::Text(text)) => Saying::Frame(text.to_string()),
            _ => Saying::Nothing,
        }
    }

    fn hear(&self, frame: &[u8]) -> Heard {
        if frame.starts_with(MESSAGE) {
            return Stamp::find(frame).map_or(Heard::Other, Heard::Message);
        }
        let Ok(text) = std::str::from_utf8(frame) else {
            return Heard::Other;
        };
        match frame {
            [b'0', ..] => Heard::Asked,
            b"2" => Heard::Reply("3".to_owned()),
            [b'4', b'3', ..] => self.answer(&text[1..]),
            [b'4', b'0', ..] => Heard::Ready {
                name: serde_json::from_str(&text[2..])
                    .ok()
                    .and_then(|Connected { pid }| pid),
                recovered: None,
                place: None,
            },
            [b'4', b'4', ..] => match serde_json::from_str::<Refusal<'_>>(&text[2..]) {
                Ok(Refusal { message, data }) => {
                    let code = data.and_then(|data| data.code);
                    Heard::Refused(format!("{} {message}", code.unwrap_or_default()))
                }
                Err(_) => Heard::Refused(text.to_owned()),
            },
            b"41" => Heard::Refused("disconnected by the node".to_owned()),
            b"1" => Heard::Refused("closed by the node".to_owned()),
            _ => Heard::Other,
        }
    }

    fn place<'a>(&self, frame: &'a [u8]) -> Option<&'a str> {
        // The last argument of an event, behind its payload.
        let rest = frame.strip_prefix(b"42[")?.strip_suffix(br#""]"#)?;
        let from = memchr::memrchr(b'"', rest)?;
        let is_behind_payload = rest[..from].ends_with(b"},") || rest[..from].ends_with(b"],");
        let is_alone = rest.starts_with(br#""offset","#);
        (is_behind_payload || is_alone).then(|| std::str::from_utf8(&rest[from + 1..]).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(frame: &str) -> Heard {
        SocketIo::default().hear(frame.as_bytes())
    }

    fn seat() -> Seat {
        Seat {
            user: "ann".to_owned(),
            conversation: "12".to_owned(),
            others: Vec::new(),
        }
    }

    #[test]
    fn packets_are_told_apart() {
        let mut text = String::new();
        let stamp = Stamp {
            line: 1,
            number: 2,
            intended: 3,
        };
        stamp.write(&mut text);
        let message = format!(r#"42["newMessage",{{"content":"{text}"}},"e:5"]"#);
        assert_eq!(hear(&message), Heard::Message(stamp));
        let answer = format!(r#"4317[{{"success":true,"data":{{"content":"{text}"}}}}]"#);
        assert_eq!(hear(&answer), Heard::Answer(Some(17), None));
        let refused = r#"433[{"success":false,"code":"BUSY","error":"x"}]"#;
        let busy = Some("BUSY".to_owned());
        assert_eq!(hear(refused), Heard::Answer(Some(3), busy));
        assert_eq!(hear("2"), Heard::Reply("3".to_owned()));
        let ready = Heard::Ready {
            name: Some("p".to_owned()),
            recovered: None,
            place: None,
        };
        assert_eq!(hear(r#"40{"sid":"s","pid":"p"}"#), ready);
        let denied = r#"44{"message":"too many","data":{"code":"RATE_LIMITED","success":false}}"#;
        let expected = Heard::Refused("RATE_LIMITED too many".to_owned());
        assert_eq!(hear(denied), expected);
        assert_eq!(hear(r#"0{"sid":"x"}"#), Heard::Asked);
        for other in [r#"42["userTyping",{}]"#, "6", "", "3", "43"] {
            assert_eq!(hear(other), Heard::Other, "{other}");
        }
    }

    #[test]
    fn the_place_is_the_last_argument_behind_a_payload() {
        let place = |frame: &str| {
            SocketIo::default()
                .place(frame.as_bytes())
                .map(str::to_owned)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            place(r#"42["newMessage",{"content":"a"},"e:5"]"#),
            some("e:5")
        );
        assert_eq!(place(r#"42["offset","e:6"]"#), some("e:6"));
        assert_eq!(place(r#"42["onlineUsers",["a"],"e:7"]"#), some("e:7"));
        assert_eq!(place(r#"42["onlineUsers",["a"]]"#), None);
        assert_eq!(place(r#"42["hint","text"]"#), None);
        assert_eq!(place(r#"42["newMessage",{"content":"a"}]"#), None);
        assert_eq!(place("2"), None);
    }

    #[test]
    fn what_is_said_is_an_event_that_asks_for_an_answer_or_a_request() {
        let say = |deed, key| SocketIo::default().say(deed, 9, &seat(), "hi", key);
        let sent = r#"429["sendMessage",{"conversationId":"12","content":"hi","clientId":"k"}]"#;
        assert_eq!(say(Deed::Send, Some("k")), Saying::Frame(sent.to_owned()));
        let path = "/api/messages/conversations/12/messages?limit=50";
        assert_eq!(say(Deed::History, None), Saying::Rest(path.to_owned()));
        let typing = r#"429["typing",{"conversationId":"12"}]"#;
        assert_eq!(say(Deed::Typing, None), Saying::Frame(typing.to_owned()));
    }

    #[test]
    fn a_client_that_was_away_shows_its_name_and_place() {
        let place = Place {
            name: Some("p".to_owned()),
            at: Some("e:9".to_owned()),
        };
        let frame = SocketIo::default().sign_in("t", Some(&place));
        assert_eq!(frame, r#"40{"token":"t","pid":"p","offset":"e:9"}"#);
        let frame = SocketIo::default().sign_in("t", None);
        assert_eq!(frame, r#"40{"token":"t"}"#);
    }
}
