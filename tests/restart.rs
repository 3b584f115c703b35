//! What survives the end of the process: `kill -9` under load, and a stop in good order.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::{join_all, select_all};
use serde_json::{Value, json};

use common::{Client, DEADLINE, Node, Raw, Rest, Signal, resume_position, until};

const FREELY: [&str; 2] = ["--policy-limits", "message.send=1000000 per 1s"];

const ROUNDS: usize = 20;
/// Requests that a writer has unanswered at a time.
const WINDOW: usize = 16;

/// Somebody who writes without pause, and remembers what was acknowledged.
#[derive(Debug)]
struct Writer {
    user: String,
    conversation: String,
    n_sent: usize,
    /// Texts that were sent and not acknowledged: to be sent again, with the same key.
    in_doubt: BTreeSet<String>,
    /// Messages by text, as they were acknowledged.
    acknowledged: HashMap<String, Value>,
}

impl Writer {
    /// Writes until there are so many new acknowledgements, or the connection is gone.
    async fn write(&mut self, node: &Node, n_acknowledged: usize) {
        let mut client = Client::connect(node, &self.user).await;
        let mut unanswered: BTreeMap<u64, String> = BTreeMap::new();
        let mut again: Vec<_> = self.in_doubt.iter().cloned().collect();
        let wanted = self.acknowledged.len() + n_acknowledged;
        while self.acknowledged.len() < wanted {
            while unanswered.len() < WINDOW {
                let text = again.pop().unwrap_or_else(|| {
                    self.n_sent += 1;
                    format!("{}/{}", self.user, self.n_sent)
                });
                self.in_doubt.insert(text.clone());
                let fields =
                    json!({ "conversation": self.conversation, "text": text, "key": text });
                let Some(id) = client.try_begin("send", &fields).await else {
                    return;
                };
                unanswered.insert(id, text);
            }
            let Ok(mut frame) = client.try_read().await else {
                return;
            };
            let Some(text) = frame["id"].as_u64().and_then(|id| unanswered.remove(&id)) else {
                continue;
            };
            assert_eq!(frame["type"], "ok", "{frame}");
            self.in_doubt.remove(&text);
            self.acknowledged
                .insert(text, frame["result"]["message"].take());
        }
    }
}

/// Somebody who only reads, and resumes where they were cut off.
#[derive(Debug)]
struct Reader {
    user: String,
    resume: String,
    /// Messages by conversation, in the order they came.
    heard: HashMap<String, Vec<Value>>,
}

impl Reader {
    fn take(&mut self, events: Vec<Value>) {
        for mut event in events {
            let Some(resume) = event["resume"]
                .as_str()
                .filter(|_| event["type"] != "hello")
            else {
                continue;
            };
            let (before, now) = (resume_position(&self.resume), resume_position(resume));
            assert!(before < now, "positions ascend: {before} {event}");
            self.resume = resume.to_owned();
            if event["type"] == "message" {
                let conversation = event["conversation"].as_str().unwrap().to_owned();
                let heard = self.heard.entry(conversation).or_default();
                heard.push(event["message"].take());
            }
        }
    }

    /// Listens until the connection is cut.
    async fn listen(&mut self, mut client: Client) {
        client.closed().await;
        self.take(client.take_events());
    }
}

/// G1, G2, G3 and G4, twenty times on the same data: what was acknowledged is there, once and in its place; what was
/// in doubt and is sent again is there once; who resumes is told exactly what they missed.
#[tokio::test]
async fn kill_9_under_load_loses_nothing_that_was_acknowledged() {
    let mut node = Node::start(&FREELY).await;
    let mut opener = Client::connect(&node, "writer-0").await;
    let direct = opener.direct("reader").await;
    let group = opener.group(&["reader", "writer-1", "writer-2"]).await;
    let mut writers: Vec<_> = [
        ("writer-0", &direct),
        ("writer-0", &group),
        ("writer-1", &group),
        ("writer-2", &group),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (user, conversation))| Writer {
        user: user.to_owned(),
        conversation: conversation.clone(),
        n_sent: 1_000_000 * n,
        in_doubt: BTreeSet::new(),
        acknowledged: HashMap::new(),
    })
    .collect();
    let mut reader = Reader {
        user: "reader".into(),
        resume: opener.resume.clone(),
        heard: HashMap::new(),
    };
    let mut verified: HashMap<&str, Vec<Value>> = HashMap::new();

    for round in 0..ROUNDS {
        let (client, recovered) = Client::reconnect(&node, &reader.user, &reader.resume).await;
        assert!(recovered, "round {round}");
        // Whoever is first to have so many ends it for all: the others are cut off in the middle of theirs.
        let enough = 20 + 13 * round;
        let load = async {
            let writing = writers
                .iter_mut()
                .map(|writer| Box::pin(writer.write(&node, enough)));
            select_all(writing).await;
        };
        let listening = reader.listen(client);
        tokio::pin!(listening);
        tokio::select! {
            () = load => {}
            () = &mut listening => panic!("the reader was cut off before the end of round {round}"),
        }
        node.kill();
        listening.await;
        node.start_again().await;

        let rest = Rest::new(&node, "reader");
        for conversation in [&direct, &group] {
            let history = verified.entry(conversation).or_default();
            let last = history
                .last()
                .map_or(0, |message| message["seq"].as_u64().unwrap());
            let new = rest.history_after(conversation, last).await;
            for (expected, message) in (last + 1..).zip(&new) {
                assert_eq!(message["seq"], expected, "round {round}: no gap");
            }
            history.extend(new);
            let by_text: HashMap<_, _> = history
                .iter()
                .map(|message| (message["text"].as_str().unwrap(), message))
                .collect();
            assert_eq!(
                by_text.len(),
                history.len(),
                "round {round}: nothing is there twice"
            );
            for writer in writers
                .iter()
                .filter(|writer| writer.conversation == *conversation)
            {
                for (text, message) in &writer.acknowledged {
                    let found = by_text.get(text.as_str());
                    assert_eq!(
                        found,
                        Some(&message),
                        "round {round}: {text} was acknowledged"
                    );
                }
            }
        }
    }

    // At the end everybody sends what is in doubt once more, and the reader resumes one last time.
    let finishing = writers
        .iter_mut()
        .map(|writer| writer.write(&node, 2 * WINDOW));
    join_all(finishing).await;
    let (mut client, recovered) = Client::reconnect(&node, &reader.user, &reader.resume).await;
    assert!(recovered);
    let last = opener_says(&node, &group).await;
    client.hears(&last).await;
    let rest = Rest::new(&node, "reader");
    reader.take(client.take_events());
    for (conversation, n_more) in [(&direct, 0), (&group, 1)] {
        let history = rest.history(conversation).await;
        let heard = &reader.heard[conversation];
        // The very last one was taken out by the wait for it.
        assert_eq!(
            heard.as_slice(),
            &history[..history.len() - n_more],
            "exactly what was missed, in order"
        );
        let texts: BTreeSet<_> = history
            .iter()
            .map(|m| m["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts.len(), history.len());
        for writer in writers
            .iter()
            .filter(|writer| writer.conversation == *conversation)
        {
            assert!(
                writer
                    .acknowledged
                    .keys()
                    .all(|text| texts.contains(text.as_str()))
            );
            assert!(writer.acknowledged.len() > ROUNDS, "the load was one");
        }
    }
}

async fn opener_says(node: &Node, group: &str) -> String {
    Client::connect(node, "writer-0")
        .await
        .say(group, "the end")
        .await;
    "the end".into()
}

/// G11, for both signals: clients are told to come back, everything acknowledged is there, and the exit is clean.
#[tokio::test]
async fn a_stop_in_good_order_loses_nothing_and_tells_clients_to_come_back() {
    let mut node = Node::start(&FREELY).await;
    let mut alice = Client::connect(&node, "alice").await;
    let conversation = alice.direct("bob").await;
    let mut resume = alice.resume.clone();
    let mut n_known = 0;
    for signal in [Signal::Terminate, Signal::Interrupt] {
        let (mut bob, recovered) = Client::reconnect(&node, "bob", &resume).await;
        assert!(recovered, "also after a clean stop");
        let mut alice = Client::connect(&node, "alice").await;
        let mut anonymous = Client::dial(&node, "").await;
        for n in 0..200 {
            let fields = json!({ "conversation": conversation, "text": n.to_string() });
            alice.begin("send", &fields).await;
        }
        // Under load: some are answered, some are on their way, some were not read yet.
        alice.reply(1).await;
        node.signal(signal);
        for client in [&mut alice, &mut bob, &mut anonymous] {
            assert_eq!(client.closed().await, Some(1012), "{signal:?}");
        }
        let status = node.ended().await;
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", node.log());
        let answers = alice.take_replies();
        let acknowledged = 1 + answers.iter().filter(|frame| frame["type"] == "ok").count();
        let refused = answers.iter().filter(|frame| frame["type"] == "error");
        for frame in refused {
            assert_eq!(frame["code"], "UNAVAILABLE", "{frame}");
        }
        node.start_again().await;
        let history = Rest::new(&node, "bob").history(&conversation).await;
        assert!(history.len() >= n_known + acknowledged, "{signal:?}");
        n_known = history.len();
        resume = alice.resume.clone();
    }
}

/// G11: a load balancer sees the stop before clients do.
#[tokio::test]
async fn readiness_ends_before_connections_do() {
    let mut node = Node::start(&["--node-drain-delay", "2s"]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let status = async |path| {
        reqwest::get(node.url(path))
            .await
            .map(|a| a.status().as_u16())
    };
    assert_eq!(status("/readyz").await.unwrap(), 200);
    node.signal(Signal::Terminate);
    until("503 of /readyz", async || {
        (status("/readyz").await.ok()? == 503).then_some(())
    })
    .await;
    assert_eq!(status("/livez").await.unwrap(), 200, "it stops, and works");
    alice
        .ok("send", json!({ "user": "bob", "text": "still here" }))
        .await;
    assert_eq!(alice.closed().await, Some(1012));
    assert_eq!(node.ended().await.code(), Some(0));
}

/// G11: nobody holds up the end: not who doesn't answer the close, not who is in the middle of a handshake.
#[tokio::test]
async fn a_stop_waits_for_nobody_for_ever() {
    let flags = [
        "--node-shutdown-timeout",
        "3s",
        "--session-close-deadline",
        "200ms",
    ];
    let mut node = Node::start(&flags).await;
    let _frozen = Raw::connect_tiny(&node).await.sign_in("frozen").await;
    let mut half = Raw::connect(&node).await;
    assert!(half.write(b"GET /v1/ws HTTP/1.1\r\nHost: x\r\n").await);
    node.signal(Signal::Terminate);
    let begun = std::time::Instant::now();
    assert_eq!(node.ended().await.code(), Some(0));
    assert!(begun.elapsed() < DEADLINE / 2, "{:?}", begun.elapsed());
}
