//! Files from outside: sent up and down over real sockets, in every dialect's way, cut off, refused and killed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod cut;
mod dialects;
mod download;
mod ended;
mod memory;
mod pictures;
mod reported;
mod upload;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{Answer, Node, Rest, rest_send, until};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::Value;

pub(crate) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n";

/// A form with a file, as browsers send it.
pub(crate) fn form(bytes: &[u8], name: &str, media_type: &str) -> Form {
    let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    Form::new().part("file", part.mime_str(media_type).unwrap())
}

/// Uploads a file in a form.
pub(crate) async fn upload(rest: &Rest, bytes: &[u8], name: &str, media_type: &str) -> Answer {
    let request = rest.request(Method::POST, "/v1/attachments");
    rest_send(request.multipart(form(bytes, name, media_type))).await
}

/// The same, which has to succeed; what the node says of it.
pub(crate) async fn uploaded(rest: &Rest, bytes: &[u8], name: &str, media_type: &str) -> Value {
    let mut answer = upload(rest, bytes, name, media_type).await.ok();
    answer["attachment"].take()
}

/// Every file below a folder. None if there is no such folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}

/// The files that a node keeps.
pub(crate) fn kept(node: &Node) -> Vec<PathBuf> {
    files_below(&node.data().join("attachments"))
}

/// The files that aren't there as a whole yet.
pub(crate) fn incoming(node: &Node) -> Vec<PathBuf> {
    files_below(&node.data().join("incoming"))
}

/// What is given up goes within a minute, or when the node starts.
pub(crate) async fn nothing_is_kept_after_a_start(node: &mut Node) {
    node.kill();
    node.start_again().await;
    until("files gone", async || kept(node).is_empty().then_some(())).await;
}
