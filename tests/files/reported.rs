//! Files of what was reported: for moderators, by way of the report, and not unseen.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PDF,
    common::{Client, Rest, token_with},
    download::scene,
    uploaded,
};

async fn file(rest: &Rest, path: &str) -> (u16, Vec<u8>) {
    let response = rest.request(Method::GET, path).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_moderator_has_the_files_of_a_report_and_is_seen_to() {
    let scene = scene(&[]).await;
    let token = token_with("mona", |claims| claims.role = Some("moderator".to_owned()));
    let mona = Rest::with_token(&scene.node, &token);
    let id = scene.path.rsplit('/').next().unwrap();
    // Not of what is not reported, and not without the report.
    let report = json!({ "message": scene.message["id"], "category": "spam" });
    let filed = scene.bob.post("/v1/reports", report).await.ok();
    let number = filed["report"].as_str().unwrap();
    assert_eq!(mona.get(&scene.path).await.code(), "NO_ATTACHMENT");
    let case = format!("/v1/moderation/reports/{number}");
    let shown = mona.get(&case).await.ok();
    assert_eq!(shown["context"][0]["attachments"][0]["id"], id);
    let path = format!("{case}/attachments/{id}");
    assert_eq!(file(&mona, &path).await, (200, PDF.to_vec()));
    let part = mona
        .request(Method::GET, &path)
        .header("range", "bytes=0-3");
    assert_eq!(part.send().await.unwrap().bytes().await.unwrap(), PDF[..4]);
    let small = mona.get(&format!("{path}/thumbnail")).await;
    assert_eq!((small.status, small.code()), (404, "NO_ATTACHMENT"));

    let audit = mona.get("/v1/moderation/audit").await.ok();
    let lines = audit["lines"].as_array().unwrap();
    let looks: Vec<&Value> = lines
        .iter()
        .filter(|line| line["action"] == "file.viewed")
        .collect();
    assert_eq!(looks.len(), 3, "{audit}");
    for (field, value) in [
        ("by", json!("mona")),
        ("user", json!("ann")),
        ("conversation", json!(scene.conversation)),
        ("message", scene.message["id"].clone()),
        ("detail", json!(format!("file {id} for report {number}"))),
    ] {
        assert_eq!(looks[0][field], value, "{field}");
    }

    // A file of the same person elsewhere is no part of it.
    let mut client = Client::connect(&scene.node, "ann").await;
    let elsewhere = client.direct("carol").await;
    let other = uploaded(&scene.ann, PDF, "b.pdf", "application/pdf").await;
    let send = json!({ "conversation": elsewhere, "text": "see", "attachments": [other["id"]] });
    client.ok("send", send).await;
    let other = format!("{case}/attachments/{}", other["id"].as_str().unwrap());
    assert_eq!(mona.get(&other).await.code(), "NO_ATTACHMENT");
    let none = format!("/v1/moderation/reports/1/attachments/{id}");
    assert_eq!(mona.get(&none).await.code(), "NO_REPORT");
    for rest in [&scene.ann, &scene.bob] {
        assert_eq!(rest.get(&path).await.code(), "NOT_ALLOWED");
    }
    let message = scene.message["id"].as_str().unwrap();
    let deleted = scene.ann.delete(&format!("/v1/messages/{message}")).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(mona.get(&path).await.code(), "NO_ATTACHMENT", "deleted");
    let audit = mona.get("/v1/moderation/audit").await.ok();
    let looks = audit["lines"].as_array().unwrap().iter();
    let looks = looks.filter(|line| line["action"] == "file.viewed").count();
    assert_eq!(looks, 3, "what was refused was not looked at");
}
