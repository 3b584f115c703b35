//! Pictures: looked at as a whole, freed of what they say beside the picture, turned the right way up, and with a small
//! copy.
//!
//! A picture is written anew only if it has to be turned: otherwise its own bytes are kept, so nothing of its quality is
//! lost and animations go on. Decoding is work for a thread that may block; how many at a time is for `decoders.rs` to say.

mod gif;
mod jpeg;
mod png;
#[cfg(test)]
mod testkit;
mod webp;

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat,
    ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
    metadata::Orientation,
};
use parlour_storage::domain::attachment::ImageSize;

/// The longer side of small copies, in pixels: sharp in a bubble of 160 on screens of double density.
const THUMBNAIL_SIDE: u32 = 320;

/// Of small copies. Below it, blocks are seen.
const THUMBNAIL_QUALITY: u8 = 80;

/// Of what has to be turned. Above it, files grow and nothing is seen.
const TURNED_QUALITY: u8 = 92;

/// A picture that may be sent.
#[derive(Debug)]
pub(super) struct Picture {
    /// As it is shown.
    pub(super) size: ImageSize,
    /// What is kept of it.
    pub(super) bytes: Vec<u8>,
    /// A small copy.
    pub(super) thumbnail: Thumbnail,
}

/// A small copy of a picture.
#[derive(Debug)]
pub(super) struct Thumbnail {
    pub(super) bytes: Vec<u8>,
    /// What its name ends in.
    pub(super) ending: &'static str,
}

/// It can't be read as what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

/// Why a picture isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It can't be read.
    Broken,
    /// It has too many pixels.
    TooLarge,
}

impl From<Broken> for Unfit {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl From<ImageError> for Unfit {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            _ => Self::Broken,
        }
    }
}

/// The format of a media type, if it is a picture that can be looked at.
pub(super) fn format(media_type: &str) -> Option<ImageFormat> {
    Some(match media_type {
        "image/gif" => ImageFormat::Gif,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        _ => return None,
    })
}

/// Looks at a picture and makes it fit to be sent.
///
/// # Errors
///
/// It can't be read, or it has more than `pixels_max`.
pub(super) fn fit(bytes: &[u8], format: ImageFormat, pixels_max: u64) -> Result<Picture, Unfit> {
    let bare = match format {
        ImageFormat::Gif => gif::bare(bytes)?,
        ImageFormat::Jpeg => jpeg::bare(bytes)?,
        ImageFormat::Png => png::bare(bytes)?,
        _ => webp::bare(bytes)?,
    };
    // What was taken out says which way is up.
    let orientation = decoder(bytes, format, pixels_max)?
        .orientation()
        .unwrap_or(Orientation::NoTransforms);
    let mut decoder = decoder(&bare, format, pixels_max)?;
    let icc = profile(&mut decoder);
    let mut image = DynamicImage::from_decoder(decoder)?;
    // The frames of an animation can't be turned one by one without loss; hardly any says that it should be.
    let moves = format == ImageFormat::Gif || webp::is_animated(&bare);
    let turned = orientation != Orientation::NoTransforms && !moves;
    if turned {
        image.apply_orientation(orientation);
    }
    Ok(Picture {
        size: ImageSize {
            width: image.width(),
            height: image.height(),
        },
        thumbnail: thumbnail(&image, icc.as_deref())?,
        bytes: match turned {
            true => encode(&image, format, TURNED_QUALITY, icc.as_deref())?,
            false => bare,
        },
    })
}

/// A decoder that has looked at the head alone, of a picture that isn't too large.
fn decoder(bytes: &[u8], format: ImageFormat, pixels_max: u64) -> Result<impl ImageDecoder, Unfit> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    // Of 8 bits in four channels; one of 16 bits may have half the pixels. Beside it, the decoder has its own tables.
    limits.max_alloc = Some(pixels_max.saturating_mul(4).saturating_add(1 << 20));
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let fits = u64::from(width) * u64::from(height) <= pixels_max
        && decoder.total_bytes() <= pixels_max.saturating_mul(4);
    fits.then_some(decoder).ok_or(Unfit::TooLarge)
}

/// The profile of its colours, if it is one of the colours that it is decoded to.
fn profile(decoder: &mut impl ImageDecoder) -> Option<Vec<u8>> {
    let converted = matches!(decoder.original_color_type(), ExtendedColorType::Cmyk8);
    decoder.icc_profile().ok()?.filter(|_| !converted)
}

fn thumbnail(image: &DynamicImage, icc: Option<&[u8]>) -> Result<Thumbnail, Unfit> {
    let is_large = image.width().max(image.height()) > THUMBNAIL_SIDE;
    let small = if is_large {
        &image.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    } else {
        image
    };
    let (format, ending) = match small.color().has_alpha() {
        true => (ImageFormat::Png, "png"),
        false => (ImageFormat::Jpeg, "jpg"),
    };
    let bytes = encode(small, format, THUMBNAIL_QUALITY, icc)?;
    Ok(Thumbnail { bytes, ending })
}

fn encode(
    image: &DynamicImage,
    format: ImageFormat,
    quality: u8,
    icc: Option<&[u8]>,
) -> Result<Vec<u8>, Unfit> {
    let mut out = Vec::new();
    match format {
        ImageFormat::Jpeg => write(image, JpegEncoder::new_with_quality(&mut out, quality), icc)?,
        ImageFormat::Png => write(image, PngEncoder::new(&mut out), icc)?,
        // There is no other encoder in Rust. Large, but few WebPs have to be turned.
        _ => write(image, WebPEncoder::new_lossless(&mut out), icc)?,
    }
    Ok(out)
}

fn write(
    image: &DynamicImage,
    mut encoder: impl ImageEncoder,
    icc: Option<&[u8]>,
) -> Result<(), ImageError> {
    if let Some(icc) = icc {
        let taken = encoder.set_icc_profile(icc.to_vec());
        taken.map_err(ImageError::Unsupported)?;
    }
    image.write_with_encoder(encoder)
}

#[cfg(test)]
mod tests {
    use super::{testkit::*, *};

    const MANY: u64 = 1 << 30;

    fn size(bytes: &[u8]) -> (u32, u32) {
        let image = image::load_from_memory(bytes).unwrap();
        (image.width(), image.height())
    }

    fn says(bytes: &[u8], secret: &[u8]) -> bool {
        bytes.windows(secret.len()).any(|part| part == secret)
    }

    #[test]
    fn a_photo_is_turned_and_says_nothing_of_where_it_was_taken() {
        let photo = photo(600, 400, 6);
        assert!(says(&photo, SECRET), "or the test shows nothing");
        let fit = fit(&photo, ImageFormat::Jpeg, MANY).unwrap();
        assert_eq!((fit.size.width, fit.size.height), (400, 600));
        assert_eq!(size(&fit.bytes), (400, 600));
        assert_eq!(size(&fit.thumbnail.bytes), (213, 320));
        for bytes in [&fit.bytes, &fit.thumbnail.bytes] {
            assert!(!says(bytes, SECRET) && !says(bytes, b"Exif"));
        }
    }

    #[test]
    fn a_picture_that_stands_upright_keeps_every_bit() {
        let plain = jpeg(64, 48);
        let fit = fit(&photo(64, 48, 1), ImageFormat::Jpeg, MANY).unwrap();
        assert_eq!(fit.bytes, plain);
        assert_eq!(size(&fit.thumbnail.bytes), (64, 48), "never blown up");
    }

    #[test]
    fn every_format_is_known_by_its_media_type() {
        for (media_type, bytes, shown) in [
            ("image/jpeg", jpeg(16, 9), (16, 9)),
            ("image/png", png(16, 9), (16, 9)),
            ("image/webp", webp(16, 9), (16, 9)),
            ("image/gif", gif(3), (8, 8)),
        ] {
            let fit = fit(&bytes, format(media_type).unwrap(), MANY).unwrap();
            assert_eq!(fit.bytes, bytes, "{media_type}");
            assert_eq!((fit.size.width, fit.size.height), shown);
        }
        assert_eq!(format("image/svg+xml"), None);
    }

    #[test]
    fn what_has_too_many_pixels_is_not_decoded() {
        for (bytes, format) in [
            (jpeg(100, 100), ImageFormat::Jpeg),
            (png(100, 100), ImageFormat::Png),
            (webp(100, 100), ImageFormat::WebP),
        ] {
            assert!(fit(&bytes, format, 10_000).is_ok());
            assert_eq!(fit(&bytes, format, 9_999).unwrap_err(), Unfit::TooLarge);
        }
        // Says that it is large, and has nothing: what is called a bomb.
        let mut bomb = png(1, 1);
        let head = [
            50_000_u32.to_be_bytes(),
            50_000_u32.to_be_bytes(),
            [8, 2, 0, 0],
        ]
        .concat();
        let head = chunk(b"IHDR", &[&head[..], &[0]].concat());
        bomb.splice(8..8 + head.len(), head);
        assert_eq!(
            fit(&bomb, ImageFormat::Png, 40_000_000).unwrap_err(),
            Unfit::TooLarge
        );
    }

    #[test]
    fn what_is_cut_or_scrambled_never_panics() {
        for (bytes, format) in [
            (photo(32, 32, 3), ImageFormat::Jpeg),
            (png(32, 32), ImageFormat::Png),
            (webp(32, 32), ImageFormat::WebP),
            (gif(2), ImageFormat::Gif),
        ] {
            for n in 0..bytes.len() {
                let _fit_or_not = fit(&bytes[..n], format, MANY);
                let mut scrambled = bytes.clone();
                scrambled[n] ^= 0x55;
                let _fit_or_not = fit(&scrambled, format, 1 << 20);
            }
        }
    }
}
