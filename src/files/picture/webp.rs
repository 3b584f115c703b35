//! WebP without what it says beside the picture: Exif, XMP, chunks that nobody knows, and whatever comes after the end
//! (the container of Google's specification). Frames of animations stay.

use super::Broken;

/// The flags of `VP8X` that announce Exif and XMP.
const EXIF_AND_XMP: u8 = 0b0000_1100;

/// What stands in a frame before its chunks.
const FRAME_HEAD_BYTES: usize = 16;

/// The picture alone.
pub(super) fn bare(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    let rest = bytes.strip_prefix(b"RIFF").ok_or(Broken)?;
    let (length, rest) = length(rest)?;
    let body = rest.get(..length).ok_or(Broken)?;
    let chunks = body.strip_prefix(b"WEBP").ok_or(Broken)?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    copy(chunks, &mut out, |kind, data, out| match kind {
        b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ICCP" => put(kind, data, out),
        b"VP8X" => {
            let (flags, rest) = data.split_first().ok_or(Broken)?;
            put(kind, &[&[flags & !EXIF_AND_XMP], rest].concat(), out)
        }
        b"ANMF" => {
            let (head, chunks) = data.split_at_checked(FRAME_HEAD_BYTES).ok_or(Broken)?;
            let mut frame = head.to_vec();
            copy(chunks, &mut frame, |kind, data, out| match kind {
                b"VP8 " | b"VP8L" | b"ALPH" => put(kind, data, out),
                _ => Ok(()),
            })?;
            put(kind, &frame, out)
        }
        _ => Ok(()),
    })?;
    let length = u32::try_from(out.len() - 8).map_err(|_| Broken)?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

/// Whether it moves.
pub(super) fn is_animated(bytes: &[u8]) -> bool {
    let mut animated = false;
    let chunks = bytes.get(12..).unwrap_or_default();
    let looked = copy(chunks, &mut Vec::new(), |kind, _, _| {
        animated |= kind == b"ANMF";
        Ok(())
    });
    looked.is_ok() && animated
}

/// Hands each chunk on.
fn copy(
    mut chunks: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&[u8; 4], &[u8], &mut Vec<u8>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    while let Some((kind, rest)) = chunks.split_first_chunk::<4>() {
        let (n, rest) = length(rest)?;
        let (data, rest) = rest.split_at_checked(n).ok_or(Broken)?;
        each(kind, data, out)?;
        // Chunks are padded to even lengths; some writers forget the last one.
        chunks = rest.get(n % 2..).unwrap_or_default();
    }
    Ok(())
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Broken> {
    let (four, rest) = bytes.split_first_chunk().ok_or(Broken)?;
    let length = usize::try_from(u32::from_le_bytes(*four)).map_err(|_| Broken)?;
    Ok((length, rest))
}

fn put(kind: &[u8; 4], data: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    let length = u32::try_from(data.len()).map_err(|_| Broken)?;
    out.extend(kind);
    out.extend(length.to_le_bytes());
    out.extend(data);
    out.extend(&[0][..data.len() % 2]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::testkit::{SECRET, exif, webp},
        *,
    };

    /// An extended file: `VP8X` first, then what is given.
    fn extended(flags: u8, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
        put(b"VP8X", &[flags, 0, 0, 0, 7, 0, 0, 7, 0, 0], &mut out).unwrap();
        for (kind, data) in chunks {
            put(kind, data, &mut out).unwrap();
        }
        let length = u32::try_from(out.len() - 8).unwrap();
        out[4..8].copy_from_slice(&length.to_le_bytes());
        out
    }

    /// The picture's own chunk.
    fn picture() -> (&'static [u8; 4], Vec<u8>) {
        let file = webp(8, 8);
        let (n, rest) = length(&file[16..]).unwrap();
        (b"VP8L", rest[..n].to_vec())
    }

    #[test]
    fn nothing_is_left_but_the_picture() {
        let odd = [SECRET, b"!"].concat();
        let full = extended(
            EXIF_AND_XMP,
            &[
                picture(),
                (b"EXIF", exif(1)),
                (b"XMP ", odd),
                (b"prVt", SECRET.to_vec()),
            ],
        );
        let full = [&full[..], SECRET].concat();
        assert_eq!(bare(&full).unwrap(), extended(0, &[picture()]));
        assert_eq!(bare(&webp(8, 8)).unwrap(), webp(8, 8));
    }

    #[test]
    fn frames_stay_without_what_hides_in_them() {
        let frame = |more: &[(&[u8; 4], Vec<u8>)]| {
            let mut frame = vec![0; FRAME_HEAD_BYTES];
            let (kind, data) = picture();
            put(kind, &data, &mut frame).unwrap();
            for (kind, data) in more {
                put(kind, data, &mut frame).unwrap();
            }
            (b"ANMF", frame)
        };
        let anim = (b"ANIM", vec![0; 6]);
        let full = extended(
            2,
            &[
                anim.clone(),
                frame(&[(b"prVt", SECRET.to_vec())]),
                frame(&[]),
            ],
        );
        let bare = bare(&full).unwrap();
        assert_eq!(bare, extended(2, &[anim, frame(&[]), frame(&[])]));
        assert!(is_animated(&bare) && !is_animated(&webp(8, 8)));
    }

    #[test]
    fn what_ends_early_is_broken() {
        let plain = webp(8, 8);
        for n in 0..plain.len() {
            assert_eq!(bare(&plain[..n]), Err(Broken), "{n}");
        }
    }
}
