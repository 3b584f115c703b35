//! Nothing is lost, and no order, whatever the node is killed in the middle of.

use crate::{
    common::{Client, Signal},
    node,
    receiver::{Receiver, Reply},
    texts,
};

/// Texts in the order in which they came for the first time.
fn firsts<'a>(texts: &[&'a str]) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    texts
        .iter()
        .copied()
        .filter(|text| seen.insert(*text))
        .collect()
}

#[actix_web::test]
async fn a_node_that_is_killed_while_webhooks_are_on_their_way_sends_all_of_them() {
    // Every third request is never answered before the service opens.
    let receiver = Receiver::start(|event, n| {
        let text = event["data"]["content"].as_str().unwrap_or_default();
        let held = n == 1 && text.ends_with(['2', '5', '8']);
        if held {
            Reply::Held
        } else {
            Reply::Status(200)
        }
    });
    let mut node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let people = ["bob", "carol", "dave"];
    let mut said = Vec::new();
    for round in 0..4 {
        let mut alice = Client::connect(&node, "alice").await;
        for person in people {
            let to = alice.direct(person).await;
            for n in 0..5 {
                let text = format!("{person} {}", round * 5 + n);
                alice.say(&to, &text).await;
                said.push(text);
            }
        }
        // In the middle: some are held, some were taken, some wait.
        receiver.came(said.len() / 4).await;
        node.kill();
        node.start_again().await;
    }
    receiver.open();
    let all = |events: &[serde_json::Value]| firsts(&texts(events)).len() == said.len();
    let taken = receiver.taken(all).await;
    for person in people {
        let of = |texts: Vec<&str>| -> Vec<String> {
            let own = texts.into_iter().filter(|text| text.starts_with(person));
            own.map(str::to_owned).collect()
        };
        let said = of(said.iter().map(String::as_str).collect());
        assert_eq!(of(firsts(&texts(&taken))), said, "taken in order");
    }
    // The same event has the same id each time.
    for event in receiver.came_so_far() {
        let came = receiver.came_so_far();
        let mut same = came
            .iter()
            .filter(|it| it["data"]["content"] == event["data"]["content"]);
        assert!(same.all(|it| it["id"] == event["id"]));
    }
}

#[actix_web::test]
async fn a_node_that_stops_lets_arrive_what_is_on_its_way_and_sends_nothing_twice() {
    let receiver = Receiver::start(|event, _| match event["data"]["content"].as_str() {
        Some("held") => Reply::Held,
        _ => Reply::Status(200),
    });
    let mut node = node(&receiver, &["--events-webhook-topics", "message.sent"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let to = alice.direct("bob").await;
    for text in ["one", "held", "three"] {
        alice.say(&to, text).await;
    }
    receiver.came(2).await;
    node.signal(Signal::Terminate);
    receiver.taken(|taken| texts(taken) == ["one"]).await;
    receiver.open();
    assert!(node.ended().await.success());
    node.start_again().await;
    let mut alice = Client::connect(&node, "alice").await;
    alice.say(&to, "four").await;
    let taken = receiver.taken(|taken| texts(taken).contains(&"four")).await;
    assert_eq!(texts(&taken), ["one", "held", "three", "four"]);
    assert_eq!(receiver.came_so_far().len(), 4, "each came once");
}
