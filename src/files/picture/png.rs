//! PNG without what it says beside the picture: texts, Exif, times, chunks that nobody knows, and whatever comes after
//! the end. Chunks are copied as they are (PNG, third edition, section 5).

use super::Broken;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a chunk has beside its data: length, type and checksum.
const FRAME_BYTES: usize = 12;

/// Those without which it would look different; those of animations too.
const WANTED: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

/// The picture alone.
pub(super) fn bare(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or(Broken)?;
    out.extend(SIGNATURE);
    loop {
        let length = rest.first_chunk().map(|four| u32::from_be_bytes(*four));
        let length = usize::try_from(length.ok_or(Broken)?).map_err(|_| Broken)?;
        let length = length.checked_add(FRAME_BYTES).ok_or(Broken)?;
        let (chunk, after) = rest.split_at_checked(length).ok_or(Broken)?;
        let kind = &chunk[4..8];
        if WANTED.iter().any(|wanted| *wanted == kind) {
            out.extend(chunk);
        }
        if kind == b"IEND" {
            return Ok(out);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testkit::{SECRET, chunk, exif, png},
        *,
    };

    #[test]
    fn nothing_is_left_but_the_picture() {
        let plain = png(8, 8);
        let head = SIGNATURE.len() + FRAME_BYTES + 13;
        let text = chunk(b"tEXt", &[b"Comment\0", SECRET].concat());
        let more = [
            text,
            chunk(b"eXIf", &exif(1)),
            chunk(b"tIME", &[0; 7]),
            chunk(b"iTXt", SECRET),
            chunk(b"prVt", SECRET),
        ];
        let full = [&plain[..head], &more.concat(), &plain[head..], SECRET].concat();
        assert_eq!(bare(&full).unwrap(), plain);
    }

    #[test]
    fn what_looks_different_without_it_stays() {
        let plain = png(8, 8);
        let head = SIGNATURE.len() + FRAME_BYTES + 13;
        let more = [chunk(b"gAMA", &[0, 0, 0xb1, 0x8f]), chunk(b"acTL", &[0; 8])];
        let full = [&plain[..head], &more.concat(), &plain[head..]].concat();
        assert_eq!(bare(&full).unwrap(), full);
    }

    #[test]
    fn what_ends_early_is_broken() {
        let plain = png(8, 8);
        for n in 0..plain.len() {
            assert_eq!(bare(&plain[..n]), Err(Broken), "{n}");
        }
    }
}
