//! Fetching files: who may, in which parts, and what browsers are told.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{
    PDF,
    common::{Client, Node, Rest},
    uploaded,
};

pub(super) struct Scene {
    pub(super) node: Node,
    pub(super) ann: Rest,
    pub(super) bob: Rest,
    pub(super) conversation: String,
    pub(super) message: Value,
    /// The path of the file.
    pub(super) path: String,
}

/// Ann has sent Bob a file.
pub(super) async fn scene(flags: &[&str]) -> Scene {
    let node = Node::start(flags).await;
    let mut client = Client::connect(&node, "ann").await;
    let conversation = client.direct("bob").await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    bob.get("/v1/me").await.ok();
    let file = uploaded(&ann, PDF, "Übersicht \"1\".pdf", "application/pdf").await;
    let send = json!({ "conversation": conversation, "text": "see", "attachments": [file["id"]] });
    let message = client.ok("send", send).await["message"].clone();
    Scene {
        path: format!("/v1/attachments/{}", file["id"].as_str().unwrap()),
        node,
        ann,
        bob,
        conversation,
        message,
    }
}

async fn get(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// Without a token.
pub(super) fn open(url: &str) -> RequestBuilder {
    reqwest::Client::new().get(url)
}

/// S1-48: participants alone; and nothing of it runs on a page.
#[tokio::test]
async fn a_file_is_for_those_in_the_conversation() {
    let scene = scene(&[]).await;
    for (rest, path) in [
        (&scene.ann, scene.path.clone()),
        (&scene.bob, scene.path.clone()),
        (&scene.bob, format!("{}/any%20name.pdf", scene.path)),
    ] {
        let response = get(rest.request(Method::GET, &path)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/pdf");
        assert_eq!(header(&response, "content-length"), PDF.len().to_string());
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "cache-control"), "private, no-cache");
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("sandbox; default-src 'none'"),
            "{policy}"
        );
        assert_eq!(
            header(&response, "content-disposition"),
            "attachment; filename=\"_bersicht _1_.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.pdf"
        );
        assert_eq!(response.bytes().await.unwrap(), PDF);
    }
    let stranger = Rest::new(&scene.node, "eve").get(&scene.path).await;
    assert_eq!((stranger.status, stranger.code()), (404, "NO_ATTACHMENT"));
    let nobody = get(open(&scene.node.url(&scene.path))).await;
    assert_eq!(nobody.status(), 401);
    let small = scene.bob.get(&format!("{}/thumbnail", scene.path)).await;
    assert_eq!((small.status, small.code()), (404, "NO_ATTACHMENT"));
    let message = scene.message["id"].as_str().unwrap();
    let deleted = scene.ann.delete(&format!("/v1/messages/{message}")).await;
    assert_eq!(deleted.status, 204);
    for rest in [&scene.ann, &scene.bob] {
        assert_eq!(rest.get(&scene.path).await.code(), "NO_ATTACHMENT");
    }
}

/// RFC 9110: in parts, and not at all if it is there already.
#[tokio::test]
async fn a_file_comes_in_parts_and_only_if_it_is_needed() {
    let scene = scene(&[]).await;
    let ask = |name: &str, value: &str| {
        scene
            .bob
            .request(Method::GET, &scene.path)
            .header(name, value)
    };
    let whole = get(scene.bob.request(Method::GET, &scene.path)).await;
    let tag = header(&whole, "etag").to_owned();
    let length = PDF.len();
    for (range, from, to) in [
        ("bytes=0-3", 0, 3),
        ("bytes=5-", 5, length - 1),
        ("bytes=-6", length - 6, length - 1),
    ] {
        let part = get(ask("range", range)).await;
        assert_eq!(part.status(), 206, "{range}");
        let place = format!("bytes {from}-{to}/{length}");
        assert_eq!(header(&part, "content-range"), place);
        assert_eq!(part.bytes().await.unwrap(), PDF[from..=to]);
    }
    let beyond = get(ask("range", "bytes=5000-")).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(
        header(&beyond, "content-range"),
        format!("bytes */{length}")
    );
    let same = get(ask("range", "bytes=0-3").header("if-range", &tag)).await;
    assert_eq!(same.status(), 206);
    let other = get(ask("range", "bytes=0-3").header("if-range", "\"x\"")).await;
    assert_eq!(other.status(), 200);
    let known = get(ask("if-none-match", &tag)).await;
    assert_eq!(known.status(), 304);
    assert_eq!(known.bytes().await.unwrap().len(), 0);
    let changed = get(ask("if-none-match", "\"x\"")).await;
    assert_eq!(changed.status(), 200);
}

/// An address works without a token: for its file, until its time, and as long as its viewer may have it.
#[tokio::test]
async fn an_address_lets_its_viewer_in_as_long_as_they_may_have_the_file() {
    let scene = scene(&[]).await;
    let link = format!("{}/link", scene.path);
    let given = scene.bob.post(&link, Value::Null).await.ok();
    let url = given["url"].as_str().unwrap();
    assert!(url.starts_with(&scene.node.url(&scene.path)), "{url}");
    assert!(given["expires_at"].is_string());
    assert_eq!(get(open(url)).await.bytes().await.unwrap(), PDF);
    let again = scene.bob.post(&link, Value::Null).await.ok();
    assert_eq!(again["url"], *url, "what a cache knows is of use");
    for (from, to) in [
        ("viewer=bob", "viewer=ann"),
        ("until=1", "until=2"),
        ("signature=", "signature=A"),
        ("/v1/attachments/", "/v1/attachments/1"),
    ] {
        let forged = url.replacen(from, to, 1);
        assert_ne!(forged, url);
        assert_eq!(get(open(&forged)).await.status(), 401, "{forged}");
    }
    let eve = Rest::new(&scene.node, "eve");
    assert_eq!(eve.post(&link, Value::Null).await.code(), "NO_ATTACHMENT");
    // Whoever leaves, and whose message is deleted, takes the file along.
    let message = scene.message["id"].as_str().unwrap();
    scene.ann.delete(&format!("/v1/messages/{message}")).await;
    assert_eq!(get(open(url)).await.status(), 404);
    assert!(!scene.conversation.is_empty());
}

/// S3-09: addresses are absolute, on the host that was asked or that the configuration names.
#[tokio::test]
async fn an_address_begins_with_what_the_operator_says() {
    let scene = scene(&["--node-public-url", "https://chat.example.org/"]).await;
    let link = format!("{}/link", scene.path);
    let given = scene.bob.post(&link, Value::Null).await.ok();
    let url = given["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("https://chat.example.org{}", scene.path)),
        "{url}"
    );
}

/// Addresses of before a restart go on working: the key is kept.
#[tokio::test]
async fn an_address_outlives_a_restart() {
    let mut scene = scene(&[]).await;
    let given = scene
        .bob
        .post(&format!("{}/link", scene.path), Value::Null)
        .await
        .ok();
    let query = given["url"]
        .as_str()
        .unwrap()
        .split_once('?')
        .unwrap()
        .1
        .to_owned();
    scene.node.kill();
    scene.node.start_again().await;
    let url = scene.node.url(&format!("{}?{query}", scene.path));
    assert_eq!(get(open(&url)).await.bytes().await.unwrap(), PDF);
}
