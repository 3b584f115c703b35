//! How messages are put into WebSocket frames, where a client asked for something else than one text frame each.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use bytestring::ByteString;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use parlour_actors::{error::CloseCode, outbox::Frame};

/// How messages are put into frames. The default is one text frame each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Framing {
    /// What leaves together is one JSON array.
    pub(super) batch: bool,
    /// Each frame is binary, and gzip of the text. The client's may be.
    pub(super) gzip: bool,
}

impl Framing {
    /// Puts messages that leave together into frames.
    pub(super) fn pack(self, frames: &mut Vec<Frame>) {
        if self.batch {
            join(frames);
        }
        if self.gzip {
            for frame in frames {
                if let Frame::Text(text) = frame {
                    *frame = Frame::Binary(deflate(text));
                }
            }
        }
    }

    /// The message in a binary frame of a client, of at most `bytes_max`.
    pub(super) fn unpack(bytes: &Bytes, bytes_max: usize) -> Result<ByteString, CloseCode> {
        let mut text = Vec::new();
        // A byte more than may be tells the two apart, and is all that a bomb gets to inflate.
        let n = GzDecoder::new(&bytes[..])
            .take(bytes_max as u64 + 1)
            .read_to_end(&mut text)
            .map_err(|_| CloseCode::BadText)?;
        if n > bytes_max {
            return Err(CloseCode::TooLarge);
        }
        ByteString::try_from(text).map_err(|_| CloseCode::BadText)
    }
}

/// Makes one JSON array of all texts, where the first of them stood.
fn join(frames: &mut Vec<Frame>) {
    let texts = frames.iter().filter_map(|frame| match frame {
        Frame::Text(text) => Some(&**text),
        Frame::Binary(_) | Frame::Ping | Frame::Many(_) | Frame::Run(_) => None,
    });
    let joined = texts.collect::<Vec<_>>().join(",");
    let Some(first) = frames.iter().position(|f| matches!(f, Frame::Text(_))) else {
        return;
    };
    frames[first] = Frame::Text(format!("[{joined}]").into());
    let mut at = 0;
    frames.retain(|frame| {
        at += 1;
        at <= first + 1 || !matches!(frame, Frame::Text(_))
    });
}

fn deflate(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(text.as_bytes());
    let bytes = written.and_then(|()| encoder.finish());
    bytes.expect("a vector takes what is written").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GZIP: Framing = Framing {
        batch: false,
        gzip: true,
    };

    fn text(text: &'static str) -> Frame {
        Frame::Text(text.into())
    }

    #[test]
    fn what_leaves_together_is_one_array() {
        let batch = Framing {
            batch: true,
            gzip: false,
        };
        for (frames, wanted) in [
            (vec![], vec![]),
            (vec![Frame::Ping], vec![Frame::Ping]),
            (vec![text("{}")], vec![text("[{}]")]),
            (
                vec![Frame::Ping, text("1"), Frame::Ping, text("2"), text("3")],
                vec![Frame::Ping, text("[1,2,3]"), Frame::Ping],
            ),
        ] {
            let mut packed = frames.clone();
            batch.pack(&mut packed);
            assert_eq!(packed, wanted);
            let mut as_is = frames.clone();
            Framing::default().pack(&mut as_is);
            assert_eq!(as_is, frames);
        }
    }

    #[test]
    fn gzip_goes_there_and_back() {
        let mut frames = vec![text("{\"a\":\"\u{e9}\"}"), Frame::Ping];
        GZIP.pack(&mut frames);
        let [Frame::Binary(bytes), Frame::Ping] = &frames[..] else {
            panic!("{frames:?}");
        };
        assert_eq!(Framing::unpack(bytes, 100).unwrap(), "{\"a\":\"\u{e9}\"}");
    }

    #[test]
    fn binary_frames_are_bounded_and_checked() {
        let bomb = deflate(&"0".repeat(1_000_000));
        assert!(bomb.len() < 10_000);
        assert!(Framing::unpack(&bomb, 1_000_000).is_ok());
        assert_eq!(Framing::unpack(&bomb, 999_999), Err(CloseCode::TooLarge));
        let no_gzip = Bytes::from_static(b"{}");
        assert_eq!(Framing::unpack(&no_gzip, 100), Err(CloseCode::BadText));
        let cut = bomb.slice(..bomb.len() - 9);
        assert_eq!(Framing::unpack(&cut, 2_000_000), Err(CloseCode::BadText));
    }
}
