//! A review service of the operator's own, asked by the real node over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use common::{Client, Node, Rest};

/// What it is asked, and what it says to it. Judges by the text: `replace`, `reject`, `flag`, `garbage`, `slow`.
#[derive(Clone, Default)]
struct Service {
    asked: Arc<Mutex<Vec<Value>>>,
    /// Texts that begin with `first` wait until one of `later` was asked about.
    later: Arc<tokio::sync::Notify>,
}

impl Service {
    /// Serves on a free port; returns its URL.
    fn start(&self) -> String {
        let service = self.clone();
        let server = HttpServer::new(move || {
            let service = service.clone();
            App::new().route(
                "/review",
                web::post().to(move |question: web::Json<Value>| {
                    let service = service.clone();
                    async move { service.answer(question.into_inner()).await }
                }),
            )
        })
        .workers(1)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/review", server.addrs()[0]);
        actix_web::rt::spawn(server.disable_signals().run());
        url
    }

    async fn answer(&self, question: Value) -> HttpResponse {
        let text = question["text"].as_str().unwrap().to_owned();
        self.asked.lock().unwrap().push(question);
        match text.split(' ').next().unwrap() {
            "replace" => HttpResponse::Ok().json(json!({"action": "replace", "text": "nicer"})),
            "reject" => {
                HttpResponse::Ok().json(json!({"action": "reject", "reason": "not in here"}))
            }
            "flag" => HttpResponse::Ok().json(json!({"action": "flag", "reason": "odd"})),
            "garbage" => HttpResponse::Ok().body("<html>"),
            "slow" => std::future::pending().await,
            "first" => {
                self.later.notified().await;
                HttpResponse::NoContent().finish()
            }
            "later" => {
                self.later.notify_one();
                HttpResponse::NoContent().finish()
            }
            _ => HttpResponse::NoContent().finish(),
        }
    }
}

/// A node that waits for the service however slow the machine is.
async fn patient_node(service: &Service) -> Node {
    let url = service.start();
    let budget = ["--policy-review-timeout", "20s"];
    Node::start(&[&["--policy-review-url", url.as_str()], &budget[..]].concat()).await
}

async fn texts(node: &Node, user: &str, conversation: &str) -> Vec<String> {
    let messages = Rest::new(node, user).history(conversation).await;
    let texts = messages
        .iter()
        .map(|m| m["text"].as_str().unwrap().to_owned());
    texts.collect()
}

#[actix_web::test]
async fn texts_go_out_as_the_service_says() {
    let service = Service::default();
    let node = patient_node(&service).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["hello", "replace me", "flag me"] {
        alice.say(&to, text).await;
    }
    let send = json!({"conversation": to, "text": "reject me", "key": "k"});
    assert_eq!(alice.refused("send", send).await, "CONTENT_REFUSED");
    assert_eq!(
        texts(&node, "bob", &to).await,
        ["hello", "nicer", "flag me"]
    );
    let asked = service.asked.lock().unwrap();
    assert_eq!(asked[0]["author"], "alice");
    assert_eq!(asked[0]["to"], "bob");
    assert_eq!(asked[0]["purpose"], "message");
    assert_eq!(asked[0]["conversation"], to.as_str());
}

#[actix_web::test]
async fn a_sender_s_texts_keep_their_order() {
    let service = Service::default();
    let node = patient_node(&service).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    let mut sent = Vec::new();
    for (key, text) in ["first", "later", "last"].iter().enumerate() {
        let send = json!({"conversation": to, "text": text, "key": key.to_string()});
        sent.push(alice.begin("send", &send).await);
    }
    for id in sent {
        alice.reply(id).await;
    }
    assert_eq!(texts(&node, "bob", &to).await, ["first", "later", "last"]);
}

#[actix_web::test]
async fn without_an_answer_the_policy_decides() {
    let service = Service::default();
    let url = service.start();
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nowhere = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    for failure in ["open", "closed"] {
        for (url, bad) in [(&url, vec!["slow", "garbage"]), (&nowhere, vec!["hello"])] {
            let flags = [
                "--policy-review-url",
                url,
                "--policy-review-timeout",
                "300ms",
                "--policy-review-failure",
                failure,
            ];
            let node = Node::start(&flags).await;
            let mut alice = Client::connect(&node, "alice").await;
            let to = alice.direct("bob").await;
            for text in &bad {
                let from = std::time::Instant::now();
                let send = json!({"conversation": to, "text": text, "key": text});
                if failure == "open" {
                    alice.ok("send", send).await;
                } else {
                    assert_eq!(alice.refused("send", send).await, "BUSY");
                }
                assert!(
                    from.elapsed() < Duration::from_secs(10),
                    "within its budget"
                );
            }
            let expected = if failure == "open" { bad } else { Vec::new() };
            assert_eq!(texts(&node, "bob", &to).await, expected);
        }
    }
}

#[actix_web::test]
async fn a_bad_secret_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(["run", "--dev", "--node-data"])
        .arg(folder.path())
        .args([
            "--policy-review-url",
            "http://127.0.0.1:9/",
            "--policy-review-secret",
            "whsec_?",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("review_secret") && !said.contains("whsec_?"),
        "{said}"
    );
}
