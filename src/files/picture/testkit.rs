//! Pictures for tests, and what must not be left of them.

use std::io::Cursor;

use image::{
    Delay, DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage,
    codecs::gif::{GifEncoder, Repeat},
};

/// Where somebody lives.
pub(super) const SECRET: &[u8] = b"52.5200 N, 13.4050 E";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shades = RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7) as u8, (y * 5) as u8, 90])
    });
    let mut out = Cursor::new(Vec::new());
    let written = DynamicImage::from(shades).write_to(&mut out, format);
    written.expect("a picture");
    out.into_inner()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Jpeg)
}

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Png)
}

pub(super) fn webp(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::WebP)
}

/// One that moves, for ever.
pub(super) fn gif(n_frames: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new(&mut out);
    encoder.set_repeat(Repeat::Infinite).expect("a header");
    for n in 0..n_frames {
        let shade = RgbaImage::from_pixel(8, 8, image::Rgba([n * 60, 0, 0, 255]));
        let delay = Delay::from_numer_denom_ms(100, 1);
        let frame = Frame::from_parts(shade, 0, 0, delay);
        encoder.encode_frame(frame).expect("a frame");
    }
    drop(encoder);
    out
}

/// Exif that says which way is up, and a secret.
pub(super) fn exif(orientation: u16) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let secret_bytes = u32::try_from(SECRET.len()).expect("short");
    // Tag, type, count, value or where it stands.
    let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    };
    entry(0x0112, 3, 1, orientation.into());
    entry(0x9286, 7, secret_bytes, 38);
    bytes.extend([0; 4]);
    bytes.extend(SECRET);
    bytes
}

/// A chunk of a PNG.
pub(super) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("short").to_be_bytes();
    let body = [kind, data].concat();
    let sum = crc(&body).to_be_bytes();
    [&length[..], &body, &sum].concat()
}

/// CRC-32 of ISO 3309, a bit at a time.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// A JPEG of a phone that was held some way.
pub(super) fn photo(width: u32, height: u32, orientation: u16) -> Vec<u8> {
    let plain = jpeg(width, height);
    let data = [b"Exif\0\0".as_slice(), &exif(orientation)].concat();
    let length = u16::try_from(data.len() + 2).expect("short").to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length[..], &data, &plain[2..]].concat()
}
