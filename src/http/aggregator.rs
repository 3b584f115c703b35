//! Puts fragmented WebSocket messages together, within limits. Plain state: no socket, no clock.
//!
//! actix-web-actors hands continuation frames out as they come. Each kind of hoarding has a bound here: a
//! long message, many tiny fragments (GHSA-96hv-2xvq-fx4p), and one that never ends.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use parlour_actors::error::CloseCode;

/// How much a message may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes_max: usize,
    pub(super) fragments_max: usize,
}

/// The message that is coming in.
#[derive(Debug)]
pub(super) struct Aggregator {
    limits: Limits,
    partial: Option<Partial>,
    /// Counts fragmented messages, so that a timer knows whether the one it watches is still coming.
    n_begun: u64,
}

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

/// A message, complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Text(ByteString),
    Binary(Bytes),
}

#[derive(Debug)]
struct Partial {
    kind: Kind,
    bytes: BytesMut,
    n_fragments: usize,
}

impl Aggregator {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            partial: None,
            n_begun: 0,
        }
    }

    /// The first fragment of a message. Returns the message's number, for [`is_coming`](Self::is_coming).
    pub(super) fn begin(&mut self, kind: Kind, fragment: &Bytes) -> Result<u64, CloseCode> {
        if self.partial.is_some() {
            return Err(CloseCode::Protocol);
        }
        self.n_begun += 1;
        self.partial = Some(Partial {
            kind,
            bytes: BytesMut::new(),
            n_fragments: 0,
        });
        self.add(fragment).map(|()| self.n_begun)
    }

    /// A fragment in the middle.
    pub(super) fn add(&mut self, fragment: &Bytes) -> Result<(), CloseCode> {
        let partial = self.partial.as_mut().ok_or(CloseCode::Protocol)?;
        partial.n_fragments += 1;
        let too_many = partial.n_fragments > self.limits.fragments_max;
        if too_many || partial.bytes.len() + fragment.len() > self.limits.bytes_max {
            return Err(CloseCode::TooLarge);
        }
        partial.bytes.extend_from_slice(fragment);
        Ok(())
    }

    /// The last fragment: the whole message. A character may span fragments, so UTF-8 is checked here.
    pub(super) fn end(&mut self, fragment: &Bytes) -> Result<Whole, CloseCode> {
        self.add(fragment)?;
        let partial = self.partial.take().ok_or(CloseCode::Protocol)?;
        let bytes = partial.bytes.freeze();
        match partial.kind {
            Kind::Binary => Ok(Whole::Binary(bytes)),
            Kind::Text => ByteString::try_from(bytes)
                .map(Whole::Text)
                .map_err(|_| CloseCode::BadText),
        }
    }

    /// Whether a message is still incomplete.
    pub(super) fn is_coming(&self, number: u64) -> bool {
        self.partial.is_some() && self.n_begun == number
    }

    /// Whether any message is incomplete: a whole one must not come in between.
    pub(super) fn is_amid(&self) -> bool {
        self.partial.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        bytes_max: 10,
        fragments_max: 3,
    };

    fn bytes(text: &'static [u8]) -> Bytes {
        Bytes::from_static(text)
    }

    #[test]
    fn a_character_may_span_fragments() {
        let mut aggregator = Aggregator::new(LIMITS);
        let number = aggregator.begin(Kind::Text, &bytes(b"caf\xc3")).unwrap();
        assert!(aggregator.is_coming(number) && aggregator.is_amid());
        let whole = Whole::Text("caf\u{e9}".into());
        assert_eq!(aggregator.end(&bytes(b"\xa9")), Ok(whole));
        assert!(!aggregator.is_coming(number) && !aggregator.is_amid());
    }

    #[test]
    fn bad_text_is_found_at_the_end() {
        let mut aggregator = Aggregator::new(LIMITS);
        aggregator.begin(Kind::Text, &bytes(b"a\xc3")).unwrap();
        assert_eq!(aggregator.end(&bytes(b"b")), Err(CloseCode::BadText));
    }

    #[test]
    fn binary_need_not_be_text() {
        let mut aggregator = Aggregator::new(LIMITS);
        aggregator.begin(Kind::Binary, &bytes(b"\xff")).unwrap();
        let whole = Whole::Binary(bytes(b"\xff\xfe"));
        assert_eq!(aggregator.end(&bytes(b"\xfe")), Ok(whole));
    }

    #[test]
    fn size_and_number_are_bounded() {
        let mut aggregator = Aggregator::new(LIMITS);
        aggregator.begin(Kind::Text, &bytes(b"0123456789")).unwrap();
        assert_eq!(aggregator.add(&bytes(b"x")), Err(CloseCode::TooLarge));
        let mut aggregator = Aggregator::new(LIMITS);
        aggregator.begin(Kind::Text, &bytes(b"")).unwrap();
        assert!(aggregator.add(&bytes(b"")).is_ok() && aggregator.add(&bytes(b"")).is_ok());
        assert_eq!(aggregator.end(&bytes(b"")), Err(CloseCode::TooLarge));
    }

    #[test]
    fn fragments_come_in_order() {
        let mut aggregator = Aggregator::new(LIMITS);
        assert_eq!(aggregator.add(&bytes(b"x")), Err(CloseCode::Protocol));
        assert_eq!(aggregator.end(&bytes(b"x")), Err(CloseCode::Protocol));
        aggregator.begin(Kind::Text, &bytes(b"x")).unwrap();
        assert_eq!(
            aggregator.begin(Kind::Text, &bytes(b"y")),
            Err(CloseCode::Protocol)
        );
    }
}
