//! How much memory uploads take: none that grows with the length of files, and of pictures what those take that are decoded
//! side by side. docs/files.md has the figures.

use std::{io::Cursor, time::Duration};

use futures_util::future::join_all;
use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::Method;

use super::{
    common::{Node, Rest},
    kept,
};

const FLAGS: [&str; 2] = ["--policy-limits", "upload=100000 per 1h"];

/// The most memory that a node ever had, in bytes.
fn peak_bytes(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

/// So many people, who upload the same side by side.
fn people(node: &Node, n: usize) -> Vec<Rest> {
    (0..n).map(|n| Rest::new(node, &format!("p{n}"))).collect()
}

async fn all_upload(people: &[Rest], bytes: &[u8], name: &str, media_type: &str) {
    let uploads = people.iter().map(|rest| async {
        let request = rest.request(Method::POST, &format!("/v1/attachments?name={name}"));
        let request = request.header("content-type", media_type);
        // A client sends of what it has by reference: it is the node's memory that is looked at.
        let body = bytes::Bytes::copy_from_slice(bytes);
        let request = request.body(body).timeout(Duration::from_secs(120));
        assert_eq!(request.send().await.unwrap().status(), 201);
    });
    join_all(uploads).await;
}

/// A file is never in memory as a whole: twenty that are sent side by side take less than two of them.
#[tokio::test]
async fn memory_stays_flat_however_long_files_are() {
    const BYTES: usize = 10 << 20;
    let node = Node::start(&FLAGS).await;
    let people = people(&node, 20);
    // What threads, buffers and the store need once.
    for _ in 0..3 {
        all_upload(&people, &vec![b'x'; 512 << 10], "a.txt", "text/plain").await;
    }
    let before = peak_bytes(&node);
    let long = vec![b'x'; BYTES];
    all_upload(&people[..1], &long, "a.txt", "text/plain").await;
    // The kernel counts in parts, by processor, and may tell a page or two less than before.
    let one = peak_bytes(&node).saturating_sub(before);
    all_upload(&people, &long, "a.txt", "text/plain").await;
    let grown = peak_bytes(&node).saturating_sub(before);
    eprintln!(
        "peak before: {before}; more with one of 10 MiB: {one}; with 20 side by side: {grown}"
    );
    assert!(one < BYTES as u64 / 2, "{one} bytes for one file");
    assert!(grown < 2 * BYTES as u64, "{grown} bytes for 20 files");
    assert_eq!(kept(&node).len(), 3 * 20 + 1 + 20);
}

/// Pictures take their pixels, but only those that are decoded: the others wait.
#[tokio::test]
async fn pictures_are_decoded_a_few_at_a_time() {
    let node = Node::start(&FLAGS).await;
    let people = people(&node, 16);
    let plain = RgbImage::from_pixel(2000, 1500, image::Rgb([90, 120, 40]));
    let pixels = plain.len() as u64;
    let mut png = Cursor::new(Vec::new());
    DynamicImage::from(plain)
        .write_to(&mut png, ImageFormat::Png)
        .unwrap();
    let png = png.into_inner();
    all_upload(&people, b"x", "a.txt", "text/plain").await;
    let before = peak_bytes(&node);
    all_upload(&people[..1], &png, "a.png", "image/png").await;
    let one = peak_bytes(&node).saturating_sub(before);
    all_upload(&people, &png, "a.png", "image/png").await;
    let grown = peak_bytes(&node).saturating_sub(before);
    eprintln!(
        "peak before: {before}; more with one of {pixels} bytes of pixels: {one}; with 16 side by side: {grown}"
    );
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    let decoders = (cores / 2).clamp(1, 4);
    assert!(pixels / 2 < one, "or the test shows nothing: {one}");
    // What the allocator keeps is up to one more each.
    let bound = 2 * decoders * one.max(pixels);
    assert!(grown < bound, "{grown} bytes, and {one} for one");
}
