//! Files in a bucket: what a folder does, over the wire of S3 and against a server that checks signatures.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

#[path = "../common/mod.rs"]
mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use common::{Node, Rest, Script, rest_send, until};
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bucket/server");

/// What the server knows one person by.
const KEY: &str = "S3RVER";

struct Bucket {
    server: Script,
    folder: TempDir,
    endpoint: String,
}

impl Bucket {
    async fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap();
        let mut server = Script::run_in(Path::new(SERVER), "server.mjs", &[path, "files"])?;
        let port = server.line().await;
        Some(Self {
            server,
            folder,
            endpoint: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Starts a node that keeps its files here.
    async fn node(&self, more: &[&str]) -> Node {
        let secret = self.folder.path().join("key");
        fs::write(&secret, KEY).unwrap();
        let flags = [
            "--attachments-s3-bucket",
            "files",
            "--attachments-s3-prefix",
            "chat",
            "--attachments-s3-endpoint",
            &self.endpoint,
            "--attachments-s3-access-key-id",
            KEY,
            "--attachments-s3-secret-access-key-file",
            secret.to_str().unwrap(),
        ];
        Node::start(&[&flags, more].concat()).await
    }

    /// What is in it: paths of files, without what the server adds.
    fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join("files");
        let mut objects = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                let below: PathBuf = path.strip_prefix(&root).unwrap().into();
                let object = below.to_str().unwrap();
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(object) = object.strip_suffix("._S3rver_object") {
                    objects.push(object.to_owned());
                }
            }
        }
        objects
    }

    /// Puts something there that no node knows of, long ago.
    fn leave(&self, object: &str) {
        let root = self.folder.path().join("files");
        for (ending, content) in [
            ("object", "left"),
            ("object.md5", "a5d98e3e2a1bd9a3b4c1d2b4e5f60718"),
            ("metadata.json", "{\"content-type\":\"text/plain\"}"),
        ] {
            let path = root.join(format!("{object}._S3rver_{ending}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            let long_ago = std::time::SystemTime::now() - Duration::from_hours(2);
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(long_ago).unwrap();
        }
    }
}

async fn upload(rest: &Rest, bytes: Vec<u8>) -> String {
    let request = rest.request(Method::POST, "/v1/attachments?name=a.txt");
    let request = request.header("content-type", "text/plain").body(bytes);
    let answer = rest_send(request.timeout(Duration::from_secs(60))).await;
    let id = answer.ok()["attachment"]["id"].as_str().unwrap().to_owned();
    format!("/v1/attachments/{id}")
}

async fn part(rest: &Rest, path: &str, range: &str) -> Vec<u8> {
    let request = rest.request(Method::GET, path).header("range", range);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 206, "{range}");
    response.bytes().await.unwrap().to_vec()
}

/// What a folder does: short files and long ones, whole and in part, and gone when nobody may have them.
#[tokio::test]
async fn a_bucket_keeps_gives_and_forgets() {
    let Some(mut bucket) = Bucket::start().await else {
        return;
    };
    let mut node = bucket.node(&["--attachments-bytes-max", "16MiB"]).await;
    let ann = Rest::new(&node, "ann");
    let long: Vec<u8> = (0..12_000_000_u32).map(|n| b'a' + (n % 23) as u8).collect();
    let short = upload(&ann, b"short".to_vec()).await;
    let path = upload(&ann, long.clone()).await;
    let whole = ann.request(Method::GET, &path).send().await.unwrap();
    assert!(whole.bytes().await.unwrap() == long, "other bytes");
    let middle = part(&ann, &path, "bytes=5242870-5242899").await;
    assert_eq!(middle, long[5_242_870..5_242_900], "over two parts");
    assert_eq!(part(&ann, &path, "bytes=-3").await, long[long.len() - 3..]);
    assert_eq!(part(&ann, &short, "bytes=1-2").await, b"ho");
    let objects = bucket.objects();
    assert_eq!(objects.len(), 2, "{objects:?}");
    assert!(objects.iter().all(|object| object.starts_with("chat/ann/")));
    let mut requests = Vec::new();
    while requests
        .last()
        .is_none_or(|last: &String| !last.contains("range"))
    {
        let line = bucket.server.line().await;
        requests.push(line.clone());
        if line.starts_with("POST") && line.contains("uploadId=") {
            break;
        }
    }
    let n_parts = requests
        .iter()
        .filter(|line| line.contains("partNumber="))
        .count();
    assert_eq!(n_parts, 3, "12 MB in parts of 5 MiB: {requests:?}");
    for path in [&short, &path] {
        assert_eq!(ann.delete(path).await.status, 204);
    }
    // What is given up goes within a minute, or when the node starts.
    node.kill();
    node.start_again().await;
    until("bucket empty", async || {
        bucket.objects().is_empty().then_some(())
    })
    .await;
}

/// What a node left behind that ended in the middle goes at the start; what somebody else keeps there stays.
#[tokio::test]
async fn what_was_left_behind_goes_and_what_others_keep_stays() {
    let Some(bucket) = Bucket::start().await else {
        return;
    };
    let name = "0123456789abcdef0123456789abcdef.txt";
    let left = format!("chat/ann/{name}");
    let others = ["chat/readme.txt".to_owned(), format!("other/ann/{name}")];
    for object in others.iter().chain([&left]) {
        bucket.leave(object);
    }
    let node = bucket.node(&[]).await;
    node.metric_becomes("parlour_files_orphaned_total", |n| n == 1)
        .await;
    let mut objects = bucket.objects();
    objects.sort();
    assert_eq!(objects, others);
}

/// A bucket that doesn't know the node refuses uploads in words that help, and nothing else.
#[tokio::test]
async fn a_bucket_that_refuses_the_node_stops_uploads_alone() {
    let Some(bucket) = Bucket::start().await else {
        return;
    };
    let node = bucket
        .node(&["--attachments-s3-access-key-id", "nobody"])
        .await;
    let ann = Rest::new(&node, "ann");
    let request = ann.request(Method::POST, "/v1/attachments?name=a.txt");
    let refused = rest_send(request.header("content-type", "text/plain").body("x")).await;
    assert_eq!((refused.status, refused.code()), (503, "BUSY"));
    until("why in the log", async || {
        let log = node.log();
        (log.contains("a file can't be kept") && log.contains("InvalidAccessKeyId")).then_some(())
    })
    .await;
    assert_eq!(ann.post("/v1/messages", message()).await.status, 201);
    assert!(bucket.objects().is_empty());
    assert!(
        !node.log().contains(&format!("{KEY}\"")),
        "no secret in the log"
    );
}

fn message() -> Value {
    serde_json::json!({ "user": "bob", "text": "without a file" })
}
