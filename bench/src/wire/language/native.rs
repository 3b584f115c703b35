//! The native protocol: JSON frames over a WebSocket at `/v1/ws`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Handshake, Heard, Language, Place, Saying, Seat};
use crate::{stamp::Stamp, tally::Deed};

/// The language.
#[derive(Debug)]
pub(in crate::wire) struct Native;

/// How the node begins its frames. The layout is free, so one that begins otherwise is parsed.
const TYPE: &[u8] = br#"{"type":""#;
const RESUME: &[u8] = br#""resume":""#;

/// What the bench minds of a frame.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow)]
    name: Cow<'a, str>,
    id: Option<u32>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    recovered: Option<bool>,
    #[serde(borrow)]
    resume: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(rename = "type")]
    name: &'static str,
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
}

impl Language for Native {
    fn handshake(&self, _seat: &Seat, token: &str, place: Option<&Place>) -> Handshake {
        let at = place.and_then(|place| place.at.as_deref());
        Handshake {
            target: match at {
                Some(at) => format!("/v1/ws?resume={at}"),
                None => "/v1/ws".to_owned(),
            },
            headers: format!("Authorization: Bearer {token}\r\n"),
        }
    }

    fn echoes(&self) -> bool {
        false
    }

    fn say(&self, deed: Deed, id: u32, seat: &Seat, text: &str, key: Option<&str>) -> Saying {
        let here = Some(seat.conversation.as_str());
        let request = Request {
            name: match deed {
                Deed::Send => "send",
                Deed::Typing => "typing",
                Deed::Read => "read",
                Deed::Presence => "presence",
                Deed::History => "messages",
                Deed::Search => "search",
            },
            id,
            conversation: here.filter(|_| deed != Deed::Presence),
            text: (deed == Deed::Send).then_some(text),
            key,
            // What is beyond the newest counts as the newest.
            seq: (deed == Deed::Read).then_some(u32::MAX),
            users: (deed == Deed::Presence).then_some(&seat.others),
            query: (deed == Deed::Search).then_some(text),
        };
        // Texts and numbers: always JSON.
        serde_json::to_string(&request).map_or(Saying::Nothing, Saying::Frame)
    }

    fn hear(&self, frame: &[u8]) -> Heard {
        if let Some(rest) = frame.strip_prefix(TYPE) {
            if rest.starts_with(br#"message""#) {
                return Stamp::find(frame).map_or(Heard::Other, Heard::Message);
            }
            let is_minded = [&br#"ok""#[..], br#"error""#, br#"hello""#]
                .iter()
                .any(|name| rest.starts_with(name));
            if !is_minded {
                return Heard::Other;
            }
        }
        let Ok(parsed) = serde_json::from_slice::<Frame<'_>>(frame) else {
            return Heard::Other;
        };
        match &*parsed.name {
            "message" => Stamp::find(frame).map_or(Heard::Other, Heard::Message),
            "ok" => Heard::Answer(parsed.id, None),
            "error" => {
                let code = parsed.code.unwrap_or(Cow::Borrowed("UNKNOWN"));
                Heard::Answer(parsed.id, Some(code.into_owned()))
            }
            "hello" => Heard::Ready {
                name: None,
                recovered: Some(parsed.recovered == Some(true)),
                place: parsed.resume.map(Cow::into_owned),
            },
            _ => Heard::Other,
        }
    }

    fn place<'a>(&self, frame: &'a [u8]) -> Option<&'a str> {
        // Quotes in texts are escaped, so this stands nowhere else.
        let from = memchr::memmem::find(frame, RESUME)? + RESUME.len();
        let length = memchr::memchr(b'"', &frame[from..])?;
        std::str::from_utf8(&frame[from..from + length]).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const STAMP: Stamp = Stamp {
        line: 1,
        number: 2,
        intended: 3,
    };

    fn message() -> Value {
        let mut text = String::new();
        STAMP.write(&mut text);
        json!({ "id": "7", "text": text })
    }

    fn hear(frame: &Value) -> Heard {
        Native.hear(frame.to_string().as_bytes())
    }

    fn seat() -> Seat {
        Seat {
            user: "ann".to_owned(),
            conversation: "12".to_owned(),
            others: vec!["ben".to_owned()],
        }
    }

    #[test]
    fn messages_are_told_from_answers_with_the_same_text_in_any_layout() {
        let frame = json!({ "type": "message", "resume": "e:1", "message": message() });
        assert_eq!(hear(&frame), Heard::Message(STAMP));
        let turned = json!({ "message": message(), "type": "message" });
        assert_eq!(hear(&turned), Heard::Message(STAMP));
        let answer =
            json!({ "type": "ok", "id": 5, "resume": "e:1", "result": { "message": message() } });
        assert_eq!(hear(&answer), Heard::Answer(Some(5), None));
        let spaced = serde_json::to_string_pretty(&answer).unwrap();
        assert_eq!(Native.hear(spaced.as_bytes()), Heard::Answer(Some(5), None));
    }

    #[test]
    fn other_frames_are_known_or_left_alone() {
        let error = json!({ "type": "error", "id": null, "code": "BUSY", "number": 3001 });
        assert_eq!(hear(&error), Heard::Answer(None, Some("BUSY".to_owned())));
        let hello = json!({ "type": "hello", "resume": "e:0", "recovered": null });
        let expected = Heard::Ready {
            name: None,
            recovered: Some(false),
            place: Some("e:0".to_owned()),
        };
        assert_eq!(hear(&hello), expected);
        for other in [
            json!({ "type": "typing", "on": true }),
            json!({ "type": "message", "message": { "text": "hi" } }),
            json!([1]),
        ] {
            assert_eq!(hear(&other), Heard::Other, "{other}");
        }
        assert_eq!(Native.hear(b"no JSON"), Heard::Other);
    }

    #[test]
    fn the_place_is_found_and_not_one_in_a_text() {
        let frame = json!({ "type": "message", "message": { "text": r#""resume":"x:1""# }, "resume": "e:9" });
        assert_eq!(Native.place(frame.to_string().as_bytes()), Some("e:9"));
        assert_eq!(Native.place(br#"{"type":"ok"}"#), None);
    }

    #[test]
    fn requests_have_the_fields_of_their_type_and_no_others() {
        let said = |deed, key| match Native.say(deed, 9, &seat(), "hello", key) {
            Saying::Frame(frame) => serde_json::from_str::<Value>(&frame).unwrap(),
            other => panic!("{other:?}"),
        };
        let expected =
            json!({ "type": "send", "id": 9, "conversation": "12", "text": "hello", "key": "k" });
        assert_eq!(said(Deed::Send, Some("k")), expected);
        let expected = json!({ "type": "presence", "id": 9, "users": ["ben"] });
        assert_eq!(said(Deed::Presence, None), expected);
        let expected = json!({ "type": "search", "id": 9, "conversation": "12", "query": "hello" });
        assert_eq!(said(Deed::Search, None), expected);
        let expected = json!({ "type": "messages", "id": 9, "conversation": "12" });
        assert_eq!(said(Deed::History, None), expected);
        let expected = json!({ "type": "read", "id": 9, "conversation": "12", "seq": u32::MAX });
        assert_eq!(said(Deed::Read, None), expected);
    }

    #[test]
    fn a_client_that_was_away_says_where() {
        let place = Place {
            name: None,
            at: Some("e:9".to_owned()),
        };
        let handshake = Native.handshake(&seat(), "t", Some(&place));
        assert_eq!(handshake.target, "/v1/ws?resume=e:9");
        assert_eq!(handshake.headers, "Authorization: Bearer t\r\n");
    }
}
