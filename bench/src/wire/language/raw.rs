//! No protocol at all: a WebSocket per client at `?room=N&user=ID`, and each text goes to everyone in the room, who said it too.
//!
//! For bare broadcast servers, which show what the machine itself allows. Nothing is stored, so there is nothing but messages.

use super::{Handshake, Heard, Language, Place, Saying, Seat};
use crate::{stamp::Stamp, tally::Deed};

/// The language.
#[derive(Debug)]
pub(in crate::wire) struct Raw;

impl Language for Raw {
    fn handshake(&self, seat: &Seat, _token: &str, _place: Option<&Place>) -> Handshake {
        Handshake {
            target: format!("/?room={}&user={}", seat.conversation, seat.user),
            headers: String::new(),
        }
    }

    fn is_in_at_once(&self) -> bool {
        true
    }

    fn echoes(&self) -> bool {
        true
    }

    fn answers_by_echo(&self) -> bool {
        true
    }

    fn opens_conversations(&self) -> bool {
        false
    }

    fn say(&self, deed: Deed, _id: u32, _seat: &Seat, text: &str, _key: Option<&str>) -> Saying {
        match deed {
            Deed::Send => Saying::Frame(text.to_owned()),
            _ => Saying::Nothing,
        }
    }

    fn hear(&self, frame: &[u8]) -> Heard {
        Stamp::find(frame).map_or(Heard::Other, Heard::Message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_frame() {
        let seat = Seat {
            user: "u".to_owned(),
            conversation: "3".to_owned(),
            others: Vec::new(),
        };
        assert_eq!(Raw.handshake(&seat, "", None).target, "/?room=3&user=u");
        let mut text = String::new();
        let stamp = Stamp {
            line: 1,
            number: 2,
            intended: 3,
        };
        stamp.write(&mut text);
        let said = Raw.say(Deed::Send, 1, &seat, &text, None);
        assert_eq!(said, Saying::Frame(text.clone()));
        assert_eq!(Raw.hear(text.as_bytes()), Heard::Message(stamp));
        assert_eq!(Raw.hear(b"hello"), Heard::Other);
        let typed = Raw.say(Deed::Typing, 1, &seat, "", None);
        assert_eq!(typed, Saying::Nothing);
    }
}
