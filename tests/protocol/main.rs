//! docs/protocol.md against the code: its tables against the lists there, its examples against the real binary.

#[path = "../common/mod.rs"]
mod common;

mod document;
mod pattern;
mod peer;
mod replay;
mod tables;

use std::collections::BTreeSet;

use parlour::{
    dialects::native::types::{EventType, RequestType},
    http::api::ROUTES,
};

use self::{common::Node, document::Document, replay::Replay};

/// The options that the document says its node runs with.
const FLAGS: &[&str] = &["--policy-limits=message.edit=1 per 1h"];

#[tokio::test]
async fn the_examples_happen_as_they_are_written() {
    let document = Document::read("docs/protocol.md");
    let node = Node::start(FLAGS).await;
    let mut replay = Replay::new(&node);
    for entry in document.examples() {
        replay.play(&entry).await;
    }
    replay.end().await;

    let seen = replay.seen;
    let requests = RequestType::ALL.iter().map(|kind| kind.name());
    assert_eq!(missing(requests, &seen.requests), [""; 0], "requests");
    let events = EventType::ALL.iter().map(|kind| kind.name());
    assert_eq!(missing(events, &seen.events), [""; 0], "events");
    let routes: Vec<_> = ROUTES.iter().map(|(m, p)| format!("{m} {p}")).collect();
    let routes = missing(routes.iter().map(String::as_str), &seen.routes);
    assert_eq!(routes, [""; 0], "routes");
}

/// Of `all`, what no example shows.
fn missing<'a>(all: impl Iterator<Item = &'a str>, seen: &BTreeSet<String>) -> Vec<&'a str> {
    all.filter(|name| !seen.contains(*name)).collect()
}
