//! Pictures: what they said of where they were taken is gone, and there is a small copy.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::Method;

use super::{
    common::{Node, Rest},
    kept, upload, uploaded,
};

const SECRET: &[u8] = b"52.5200 N, 13.4050 E";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shades = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(shades)
        .write_to(&mut out, format)
        .unwrap();
    out.into_inner()
}

/// A photo of a phone that was held upright: lies on its side, and says so and more.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let plain = picture(width, height, ImageFormat::Jpeg);
    // One entry: the orientation, a quarter turn to the right.
    let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let exif = [b"Exif\0\0".as_slice(), tiff, SECRET].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length[..], &exif, &plain[2..]].concat()
}

fn says(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|part| part == secret)
}

async fn fetched(rest: &Rest, path: &str) -> (String, Vec<u8>) {
    let response = rest.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let media_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let disposition = response.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("inline"), "{disposition}");
    (media_type, response.bytes().await.unwrap().to_vec())
}

/// S1-28: turned the right way up, without its place, and with a small copy.
#[tokio::test]
async fn a_photo_says_nothing_of_where_it_was_taken() {
    let node = Node::start(&[]).await;
    let ann = Rest::new(&node, "ann");
    let photo = photo(800, 600);
    assert!(says(&photo, SECRET), "or the test shows nothing");
    let file = uploaded(&ann, &photo, "p.jpg", "image/jpeg").await;
    assert_eq!(
        (&file["width"], &file["height"]),
        (&600.into(), &800.into())
    );
    assert_eq!(file["thumbnail"], true);
    let path = format!("/v1/attachments/{}", file["id"].as_str().unwrap());
    let (media_type, whole) = fetched(&ann, &path).await;
    let shown = image::load_from_memory(&whole).unwrap();
    assert_eq!(
        (&*media_type, shown.width(), shown.height()),
        ("image/jpeg", 600, 800)
    );
    assert_eq!(file["bytes"], whole.len());
    let (media_type, small) = fetched(&ann, &format!("{path}/thumbnail")).await;
    let shown = image::load_from_memory(&small).unwrap();
    assert_eq!(
        (&*media_type, shown.width(), shown.height()),
        ("image/jpeg", 240, 320)
    );
    let kept = kept(&node);
    assert_eq!(kept.len(), 2);
    for path in kept {
        let bytes = std::fs::read(path).unwrap();
        assert!(!says(&bytes, SECRET) && !says(&bytes, b"Exif"));
    }
}

/// What can't be read, or is far too large to be, is refused and leaves nothing.
#[tokio::test]
async fn a_picture_has_to_be_one() {
    let node = Node::start(&["--attachments-image-pixels-max", "100000"]).await;
    let ann = Rest::new(&node, "ann");
    let png = picture(300, 300, ImageFormat::Png);
    uploaded(&ann, &png, "p.png", "image/png").await;
    let large = picture(400, 400, ImageFormat::Png);
    for (bytes, name) in [(&png[..png.len() / 2], "cut.png"), (&*large, "large.png")] {
        let refused = upload(&ann, bytes, name, "image/png").await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "BAD_VALUE"),
            "{name}"
        );
    }
    assert_eq!(
        kept(&node).len(),
        2,
        "the one that was taken, and its small copy"
    );
}
