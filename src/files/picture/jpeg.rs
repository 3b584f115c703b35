//! JPEG without what it says beside the picture: Exif with its place and thumbnail, XMP, IPTC, comments, and whatever
//! comes after the end, as the films of some phones do.
//!
//! Segments are copied as they are, so the picture loses nothing (ISO/IEC 10918-1 annex B).

use super::Broken;

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// The picture alone.
pub(super) fn bare(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.strip_prefix(&[0xff, START]).ok_or(Broken)?;
    out.extend([0xff, START]);
    loop {
        let (marker, after) = marker(rest)?;
        match marker {
            END => {
                out.extend([0xff, END]);
                return Ok(out);
            }
            // Parameters of none: these stand alone.
            0x01 | 0xd0..=0xd7 => rest = after,
            _ => {
                let length = after.first_chunk().map(|two| u16::from_be_bytes(*two));
                let length = usize::from(length.filter(|length| *length >= 2).ok_or(Broken)?);
                let (segment, after) = after.split_at_checked(length).ok_or(Broken)?;
                if is_wanted(marker, &segment[2..]) {
                    out.extend([0xff, marker]);
                    out.extend(segment);
                }
                rest = after;
                if marker == SCAN {
                    let (scan, after) = after.split_at(scan_bytes(after));
                    out.extend(scan);
                    rest = after;
                }
            }
        }
        // Phones cut off by a full disk leave no end; readers show what is there, and so is it kept.
        if rest.is_empty() && out.len() > 4 {
            out.extend([0xff, END]);
            return Ok(out);
        }
    }
}

/// The next marker, after any number of fill bytes.
fn marker(bytes: &[u8]) -> Result<(u8, &[u8]), Broken> {
    let rest = bytes.strip_prefix(&[0xff]).ok_or(Broken)?;
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (marker, after) = rest[fill..].split_first().ok_or(Broken)?;
    Ok((*marker, after))
}

/// How long the compressed data are: up to a marker that isn't part of them.
fn scan_bytes(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
    bytes.windows(2).position(ends).unwrap_or(bytes.len())
}

/// Whether the picture looks different without it: tables, frames and scans; the colour profile; Adobe's word on how
/// colours are coded; JFIF's density, unless it carries a thumbnail.
fn is_wanted(marker: u8, data: &[u8]) -> bool {
    const JFIF_BYTES: usize = 14;
    match marker {
        0xe0 => data.starts_with(b"JFIF\0") && data.len() == JFIF_BYTES,
        0xe2 => data.starts_with(b"ICC_PROFILE\0"),
        0xee => data.starts_with(b"Adobe"),
        0xe1..=0xef | 0xfe => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testkit::{SECRET, exif, jpeg},
        *,
    };

    fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], data].concat()
    }

    fn with(segments: &[Vec<u8>], tail: &[u8]) -> Vec<u8> {
        let plain = jpeg(8, 8);
        [&plain[..2], &segments.concat(), &plain[2..], tail].concat()
    }

    #[test]
    fn nothing_is_left_but_the_picture() {
        let film = [b"....ftypmp42".as_slice(), SECRET].concat();
        let app1 = [b"Exif\0\0".as_slice(), &exif(1)].concat();
        let full = with(
            &[
                segment(0xe1, &app1),
                segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET].concat()),
                segment(0xe2, &[b"MPF\0", SECRET].concat()),
                segment(0xed, &[b"Photoshop 3.0\0", SECRET].concat()),
                segment(0xfe, SECRET),
                segment(0xe0, &[b"JFXX\0", SECRET].concat()),
            ],
            &film,
        );
        assert_eq!(bare(&full).unwrap(), bare(&jpeg(8, 8)).unwrap());
        assert_eq!(
            bare(&full).unwrap(),
            jpeg(8, 8),
            "and the picture is as it was"
        );
    }

    #[test]
    fn colours_stay_what_they_were() {
        let icc = segment(0xe2, b"ICC_PROFILE\0\x01\x01profile");
        let adobe = segment(0xee, b"Adobe\0\x64\0\0\0\0\x01");
        let full = with(&[icc, adobe], b"");
        assert_eq!(bare(&full).unwrap(), full);
    }

    #[test]
    fn what_ends_early_is_an_error_or_ends_in_good_order() {
        let full = with(&[segment(0xfe, SECRET)], b"");
        for n in 0..full.len() {
            if let Ok(bytes) = bare(&full[..n]) {
                assert!(bytes.ends_with(&[0xff, END]), "{n}");
                assert!(
                    !bytes.windows(SECRET.len()).any(|part| part == SECRET),
                    "{n}"
                );
            }
        }
    }
}
