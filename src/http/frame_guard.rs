//! Stops a WebSocket frame that is too long at its head, before its bytes are kept.
//!
//! The codec of actix-http 3.20 looks at the length of a frame when all of it is there: until then it keeps
//! whatever a client sends, gigabytes too, and before any token was shown. So the bytes pass through here first.
//! Knows nothing of frames but their lengths; what else is wrong with them is the codec's to say.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// A connection's incoming bytes, up to the first frame that is too long. From there on they are read and dropped,
/// so that the client gets to read why, and its end is noticed.
pub(super) struct FrameGuard<S, F> {
    bytes: S,
    /// `None`: from here on bytes are dropped.
    heads: Option<Heads>,
    too_long: F,
}

impl<S, F> FrameGuard<S, F> {
    /// Lets frames of at most `bytes_max` through, and calls `too_long` once at a longer one.
    pub(super) fn new(bytes: S, bytes_max: usize, too_long: F) -> Self {
        Self {
            bytes,
            heads: Some(Heads::new(bytes_max as u64)),
            too_long,
        }
    }
}

impl<S, F> Stream for FrameGuard<S, F>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    F: Fn() + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        loop {
            let next = ready!(Pin::new(&mut self.bytes).poll_next(cx));
            let (Some(Ok(bytes)), Some(heads)) = (&next, &mut self.heads) else {
                match next {
                    Some(Ok(_dropped)) => continue,
                    end => return Poll::Ready(end),
                }
            };
            if heads.admit(bytes) {
                return Poll::Ready(next);
            }
            self.heads = None;
            (self.too_long)();
        }
    }
}

/// Follows the frames in a stream of bytes, from head to head (RFC 6455 section 5.2). Plain state.
#[derive(Debug)]
struct Heads {
    bytes_max: u64,
    /// The head that is coming in: at most 2 bytes, 8 of length and 4 of mask.
    head: Vec<u8>,
    /// Bytes of the present frame that are still to come.
    rest: u64,
}

impl Heads {
    fn new(bytes_max: u64) -> Self {
        Self {
            bytes_max,
            head: Vec::with_capacity(14),
            rest: 0,
        }
    }

    /// Whether no frame that begins in these bytes is too long.
    fn admit(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let n = usize::try_from(self.rest).map_or(bytes.len(), |n| n.min(bytes.len()));
                self.rest -= n as u64;
                bytes = &bytes[n..];
                continue;
            }
            bytes = others;
            self.head.push(first);
            if let Some(length) = announced(&self.head) {
                self.head.clear();
                self.rest = length;
                if length > self.bytes_max {
                    return false;
                }
            }
        }
        true
    }
}

/// The length that a head announces, once it is whole.
fn announced(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let (n_length, short) = match second & 0x7f {
        126 => (2, None),
        127 => (8, None),
        n => (0, Some(u64::from(n))),
    };
    let n_mask = if second & 0x80 == 0 { 0 } else { 4 };
    let length = head.get(2..2 + n_length)?;
    head.get(2 + n_length..2 + n_length + n_mask)?;
    let long = length.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    Some(short.unwrap_or(long))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(n_bytes: u64, masked: bool) -> Vec<u8> {
        let mask = u8::from(masked) << 7;
        let mut frame = vec![0x81];
        match n_bytes {
            0..=125 => frame.push(mask | n_bytes as u8),
            126..=0xffff => {
                frame.push(mask | 126);
                frame.extend((n_bytes as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend(n_bytes.to_be_bytes());
            }
        }
        frame.extend(vec![0xff; if masked { 4 } else { 0 }]);
        frame
    }

    fn whole(n_bytes: u64, masked: bool) -> Vec<u8> {
        // What looks like a head stands in the payload too.
        [frame(n_bytes, masked), vec![0xff; n_bytes as usize]].concat()
    }

    #[test]
    fn a_frame_is_stopped_at_its_head() {
        assert!(Heads::new(1000).admit(&frame(1000, true)));
        for n_bytes in [1001, 70_000, u64::MAX] {
            let head = frame(n_bytes, true);
            let mut heads = Heads::new(1000);
            assert!(heads.admit(&head[..head.len() - 1]));
            assert!(!heads.admit(&head[head.len() - 1..]), "{n_bytes}");
        }
    }

    proptest! {
        #[test]
        fn frames_are_followed_however_they_are_cut(
            frames in prop::collection::vec((0_u64..70_000, any::<bool>()), 0..6),
            cut in 1_usize..5000,
            long in 70_000_u64..,
        ) {
            let mut bytes: Vec<u8> = frames.iter().flat_map(|&(n, masked)| whole(n, masked)).collect();
            let mut heads = Heads::new(69_999);
            prop_assert!(bytes.chunks(cut).all(|chunk| heads.admit(chunk)));
            bytes.extend(frame(long, true));
            let mut heads = Heads::new(69_999);
            let n_admitted = bytes.chunks(cut).take_while(|chunk| heads.admit(chunk)).count();
            prop_assert_eq!(n_admitted, (bytes.len() - 1) / cut, "stopped in the last chunk");
        }
    }
}
