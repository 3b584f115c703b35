//! Events on their way to a Socket.IO client, as the packets that carry them.

use bytestring::ByteString;
use parlour_actors::outbox::Frame;
use serde_json::Value;

use crate::dialects::links::Links;

/// Events to tell, in order.
#[derive(Debug)]
pub struct Emit<'a> {
    events: Vec<(&'static str, Value)>,
    links: &'a Links,
}

impl<'a> Emit<'a> {
    /// None yet; `links` writes addresses of files in them.
    pub fn new(links: &'a Links) -> Self {
        let events = Vec::new();
        Self { events, links }
    }

    /// Addresses of files.
    pub fn links(&self) -> &'a Links {
        self.links
    }

    /// Adds an event. If there is one of that name already, as when several dialects speak at once, their objects
    /// become one, and where they disagree the later counts.
    pub fn event(&mut self, name: &'static str, payload: Value) {
        let same = self.events.iter_mut().find(|(known, _)| *known == name);
        match (same, payload) {
            (Some((_, Value::Object(known))), Value::Object(more)) => known.extend(more),
            (_, payload) => self.events.push((name, payload)),
        }
    }

    /// Adds an event even if there is one of that name already.
    pub fn another(&mut self, name: &'static str, payload: Value) {
        self.events.push((name, payload));
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The packets. With `offset`, the place to resume from, which the last one carries as its last argument: a client
    /// that missed any of them gets all of them again.
    pub fn into_frames(self, offset: Option<&str>) -> Vec<Frame> {
        let last = self.events.len().wrapping_sub(1);
        let frames = self.events.into_iter().enumerate();
        frames
            .map(|(n, (name, payload))| event(name, &payload, offset.filter(|_| n == last)))
            .collect()
    }
}

/// An event packet of the default namespace, in an Engine.IO message packet: `42["name",{...}]`.
fn event(name: &str, payload: &Value, offset: Option<&str>) -> Frame {
    let text = match offset {
        Some(offset) => serde_json::to_string(&(name, payload, offset)),
        None => serde_json::to_string(&(name, payload)),
    };
    packet("42", &text.expect("values have text keys"))
}

/// An acknowledgement: `431[{...}]`.
pub(super) fn ack(number: u64, payload: &Value) -> Frame {
    let text = serde_json::to_string(&[payload]).expect("values have text keys");
    packet(&format!("43{number}"), &text)
}

/// A connect packet: `40{...}`.
pub(super) fn connect(payload: &Value) -> Frame {
    packet("40", &payload.to_string())
}

fn packet(prefix: &str, text: &str) -> Frame {
    Frame::Text(ByteString::from([prefix, text].concat()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(emit: Emit<'_>, offset: Option<&str>) -> Vec<String> {
        let frames = emit.into_frames(offset).into_iter();
        frames
            .map(|frame| match frame {
                Frame::Text(text) => text.to_string(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn events_of_one_name_become_one() {
        let links = Links::default();
        let mut emit = Emit::new(&links);
        emit.event("new_message", json!({ "id": "u", "conversation_id": "u" }));
        emit.event("newMessage", json!({ "id": "u" }));
        emit.event("new_message", json!({ "id": 1, "conversationId": 2 }));
        let expected = [
            r#"42["new_message",{"id":1,"conversation_id":"u","conversationId":2}]"#,
            r#"42["newMessage",{"id":"u"},"e:1"]"#,
        ];
        assert_eq!(texts(emit, Some("e:1")), expected);
    }

    #[test]
    fn only_the_last_event_says_where_to_go_on() {
        let links = Links::default();
        let mut emit = Emit::new(&links);
        emit.another("messageRead", json!({ "messageId": "a" }));
        emit.another("messageRead", json!({ "messageId": "b" }));
        let texts = texts(emit, Some("e:2"));
        assert!(!texts[0].contains("e:2") && texts[1].ends_with(r#","e:2"]"#));
    }
}
