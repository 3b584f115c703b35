//! GIF without what it says beside the pictures: comments, texts, data of applications, and whatever comes after the
//! end. How often it plays stays, and so does every frame (GIF89a).

use super::Broken;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;

/// Extensions: how a frame is shown, and of which application.
const CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;

/// Applications whose block says how often it plays.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

/// The pictures alone.
pub(super) fn bare(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    const HEAD_BYTES: usize = 13;
    let mut from = Reader { bytes, at: 0 };
    let mut out = Vec::with_capacity(bytes.len());
    let head = from.take(HEAD_BYTES)?;
    if !head.starts_with(b"GIF87a") && !head.starts_with(b"GIF89a") {
        return Err(Broken);
    }
    out.extend(head);
    out.extend(from.take(table_bytes(head[10]))?);
    // How the next frame is shown: also the next text, with which it goes.
    let mut control: &[u8] = &[];
    loop {
        let start = from.at;
        match from.take(1)?[0] {
            EXTENSION => {
                let label = from.take(1)?[0];
                let first = from.blocks()?;
                let block = &bytes[start..from.at];
                match label {
                    CONTROL => control = block,
                    APPLICATION if LOOPS.contains(&first) => out.extend(block),
                    APPLICATION => {}
                    _ => control = &[],
                }
            }
            IMAGE => {
                let flags = from.take(9)?[8];
                from.take(table_bytes(flags))?;
                // The size of the codes.
                from.take(1)?;
                from.blocks()?;
                out.extend(std::mem::take(&mut control));
                out.extend(&bytes[start..from.at]);
            }
            TRAILER => {
                out.push(TRAILER);
                return Ok(out);
            }
            _ => return Err(Broken),
        }
    }
}

/// How long the table of colours is that these flags announce.
fn table_bytes(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Broken> {
        let end = self.at.checked_add(n).ok_or(Broken)?;
        let taken = self.bytes.get(self.at..end).ok_or(Broken)?;
        self.at = end;
        Ok(taken)
    }

    /// Blocks up to an empty one; the first of them.
    fn blocks(&mut self) -> Result<&'a [u8], Broken> {
        let mut first = None;
        loop {
            let n = self.take(1)?[0];
            let block = self.take(n.into())?;
            if n == 0 {
                return Ok(first.unwrap_or_default());
            }
            first.get_or_insert(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{AnimationDecoder as _, codecs::gif::GifDecoder};

    use super::{
        super::testkit::{SECRET, gif},
        *,
    };

    fn extension(label: u8, blocks: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![EXTENSION, label];
        for block in blocks {
            bytes.push(u8::try_from(block.len()).unwrap());
            bytes.extend(*block);
        }
        bytes.push(0);
        bytes
    }

    fn n_frames(bytes: &[u8]) -> usize {
        let decoder = GifDecoder::new(std::io::Cursor::new(bytes)).unwrap();
        decoder.into_frames().collect_frames().unwrap().len()
    }

    #[test]
    fn nothing_is_left_but_the_frames_and_they_play_on() {
        let plain = gif(3);
        let head = 13 + table_bytes(plain[10]);
        let more = [
            extension(0xfe, &[SECRET]),
            extension(APPLICATION, &[b"XMP DataXMP", SECRET]),
            extension(0x01, &[&[0; 12], SECRET]),
        ];
        let full = [&plain[..head], &more.concat(), &plain[head..], SECRET].concat();
        let bare = bare(&full).unwrap();
        assert_eq!(bare, plain);
        assert_eq!(n_frames(&bare), 3);
        assert!(bare.windows(11).any(|part| part == b"NETSCAPE2.0"));
    }

    #[test]
    fn what_ends_early_is_broken() {
        let plain = gif(2);
        for n in 0..plain.len() {
            assert_eq!(bare(&plain[..n]), Err(Broken), "{n}");
        }
    }
}
