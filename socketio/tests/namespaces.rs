//! Namespaces without a network: who is let in, who is sent away, and what that leaves behind.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use parlour_socketio::{
    Application, Channel as _, Connect, Denied, Drained, Event, Frame, Gone, Handle, Limits,
    Namespaces, Refusal, Socket,
};

/// What happens to the sockets of a connection, by namespace.
#[derive(Clone, Default)]
struct House(Arc<Mutex<HashMap<String, Room>>>);

#[derive(Default)]
struct Room {
    says: Vec<Frame>,
    ends: Option<Drained>,
    heard: Vec<String>,
    gone: Option<Gone>,
}

impl House {
    fn with<T>(&self, namespace: &str, f: impl FnOnce(&mut Room) -> T) -> T {
        f(self
            .0
            .lock()
            .unwrap()
            .entry(namespace.to_owned())
            .or_default())
    }

    fn say(&self, namespace: &str, text: &'static str) {
        self.with(namespace, |room| room.says.push(Frame::Text(text.into())));
    }

    fn end(&self, namespace: &str, how: Drained) {
        self.with(namespace, |room| room.ends = Some(how));
    }

    fn heard(&self, namespace: &str) -> Vec<String> {
        self.with(namespace, |room| std::mem::take(&mut room.heard))
    }

    fn gone(&self, namespace: &str) -> Option<Gone> {
        self.with(namespace, |room| room.gone)
    }
}

impl Application for House {
    fn connect(&self, connect: Connect) -> Result<Box<dyn Socket>, Denied> {
        let name = connect.namespace.to_string();
        if name.starts_with("/closed") {
            let message = "closed".to_owned();
            let data = Some(r#"{"code":7}"#.into());
            return Err(Refusal { message, data }.into());
        }
        if name == "/stopping" {
            return Err(Denied::Cut);
        }
        self.with(&name, |room| {
            *room = Room::default();
            room.heard.extend(connect.auth.map(|auth| auth.to_string()));
        });
        Ok(Box::new(Member(self.clone(), name)))
    }
}

struct Member(House, String);

impl Socket for Member {
    fn event(&self, event: Event) {
        let n = event.attachments.len();
        let text = format!("{:?} {} {n}", event.id, event.arguments);
        self.0.with(&self.1, |room| room.heard.push(text));
    }

    fn ack(&self, answer: Event) {
        let text = format!("ack {:?} {}", answer.id, answer.arguments);
        self.0.with(&self.1, |room| room.heard.push(text));
    }

    fn drain(&self, into: &mut Vec<Frame>) -> Drained {
        self.0.with(&self.1, |room| {
            into.append(&mut room.says);
            room.ends.take().unwrap_or(Drained::Open)
        })
    }

    fn gone(&self, why: Gone) {
        self.0.with(&self.1, |room| {
            assert_eq!(room.gone.replace(why), None, "said more than once");
        });
    }
}

struct Nobody;

impl Handle for Nobody {
    fn wake(&self) {}
    fn kill(&self) {}
}

fn client() -> (House, Namespaces<House>) {
    let house = House::default();
    let namespaces = Namespaces::new(house.clone(), Arc::new(Nobody), &Limits::default());
    (house, namespaces)
}

fn text(namespaces: &Namespaces<House>, text: &str) -> Result<(), Gone> {
    namespaces.text(text.into())
}

fn drained(namespaces: &Namespaces<House>) -> (Vec<String>, Result<(), Gone>) {
    let mut frames = Vec::new();
    let end = namespaces.drain(&mut frames);
    let texts = frames.into_iter().map(|frame| match frame {
        Frame::Text(text) => text.to_string(),
        Frame::Binary(bytes) => format!("{:?}", bytes.to_vec()),
    });
    (texts.collect(), end)
}

#[test]
fn what_is_said_reaches_the_namespace_and_no_other() {
    let (house, client) = client();
    text(&client, r#"0{"token":"t"}"#).unwrap();
    text(&client, "0/c,").unwrap();
    assert_eq!(house.heard("/"), [r#"{"token":"t"}"#]);
    text(&client, r#"2/c,7["a"]"#).unwrap();
    text(&client, "3/c,8[1]").unwrap();
    text(&client, r#"51-["b",{"_placeholder":true,"num":0}]"#).unwrap();
    client.binary(Bytes::from_static(&[1])).unwrap();
    assert_eq!(house.heard("/c"), [r#"Some(7) ["a"] 0"#, "ack Some(8) [1]"]);
    assert_eq!(
        house.heard("/"),
        [r#"None ["b",{"_placeholder":true,"num":0}] 1"#]
    );
    house.say("/", r#"40{"sid":"x"}"#);
    house.say("/", r#"42["a"]"#);
    house.say("/c", r#"40{"sid":"y"}"#);
    house.say("/c", r#"451-3["a",{"_placeholder":true,"num":0}]"#);
    house.with("/c", |room| {
        room.says.push(Frame::Binary(Bytes::from_static(&[9])))
    });
    let (texts, end) = drained(&client);
    assert_eq!(
        texts,
        [
            r#"40{"sid":"x"}"#,
            r#"42["a"]"#,
            r#"40/c,{"sid":"y"}"#,
            r#"451-/c,3["a",{"_placeholder":true,"num":0}]"#,
            "[9]"
        ]
    );
    assert_eq!(end, Ok(()));
}

#[test]
fn whoever_is_refused_is_told_why_and_may_ask_again() {
    let (_, client) = client();
    text(&client, "0/closed").unwrap();
    let told = r#"44/closed,{"message":"closed","data":{"code":7}}"#;
    assert_eq!(drained(&client), (vec![told.to_owned()], Ok(())));
    text(&client, "0/closed").unwrap();
    assert_eq!(drained(&client).0, [told]);
    assert_eq!(text(&client, r#"2/closed,["a"]"#), Err(Gone::Protocol));
}

/// A client that never fetches the answers must not have them pile up.
#[test]
fn refusals_that_nobody_fetches_are_bounded() {
    let (_, client) = client();
    let max = Limits::default().refusals_max;
    for n in 0..max {
        text(&client, &format!("0/closed{n}")).unwrap();
    }
    assert_eq!(text(&client, "0/closed"), Err(Gone::TooMuch));
}

#[test]
fn namespaces_are_bounded() {
    let (_, client) = client();
    for n in 0..8 {
        text(&client, &format!("0/n{n}")).unwrap();
    }
    text(&client, "0/n8").unwrap();
    let told = r#"44/n8,{"message":"no more than 8 namespaces at once; leave one first"}"#;
    assert_eq!(drained(&client).0, [told]);
    text(&client, "1/n0").unwrap();
    text(&client, "0/n8").unwrap();
    assert_eq!(drained(&client).0, [""; 0]);
}

/// Who leaves at once is in no namespace, and costs the application a socket each time all the same.
#[test]
fn coming_and_going_is_bounded() {
    let start = Instant::now();
    let limits = Limits::default();
    let (_, client) = client();
    for round in 0..2 {
        assert_eq!(client.tick(start + round * limits.connect_timeout), Ok(()));
        for _ in 0..limits.connects_max {
            text(&client, "0").unwrap();
            text(&client, "1").unwrap();
        }
        assert_eq!(text(&client, "0"), Err(Gone::TooMuch));
    }
}

#[test]
fn a_socket_that_ends_before_it_lets_in_refuses() {
    let refusal = || Refusal {
        message: "too many".to_owned(),
        data: None,
    };
    let (house, client) = client();
    text(&client, "0").unwrap();
    house.end("/", Drained::Leave(refusal()));
    assert_eq!(
        drained(&client),
        (vec![r#"44{"message":"too many"}"#.to_owned()], Ok(()))
    );
    assert_eq!(house.gone("/"), Some(Gone::Ended));

    text(&client, "0").unwrap();
    house.say("/", r#"40{"sid":"x"}"#);
    house.say("/", r#"42["bye"]"#);
    house.end("/", Drained::Leave(refusal()));
    let (texts, end) = drained(&client);
    assert_eq!(texts, [r#"40{"sid":"x"}"#, r#"42["bye"]"#, "41"]);
    assert_eq!(end, Ok(()));
    // What was under way when it was sent away is no offence.
    assert_eq!(text(&client, r#"2["late"]"#), Ok(()));
    assert_eq!(text(&client, "1"), Ok(()));
    assert_eq!(house.heard("/"), [""; 0]);
    text(&client, "0").unwrap();
}

#[test]
fn a_cut_ends_the_connection_and_says_nothing() {
    let (house, client) = client();
    text(&client, "0").unwrap();
    text(&client, "0/c").unwrap();
    house.say("/", r#"40{"sid":"x"}"#);
    house.end("/", Drained::Cut);
    house.say("/c", r#"40{"sid":"y"}"#);
    let (texts, end) = drained(&client);
    assert_eq!(texts, [r#"40{"sid":"x"}"#, r#"40/c,{"sid":"y"}"#]);
    assert_eq!(end, Err(Gone::Ended));
    client.gone(Gone::Ended);
    assert_eq!(house.gone("/"), Some(Gone::Ended));
    assert_eq!(house.gone("/c"), Some(Gone::Ended));
    assert_eq!(text(&client, "0/stopping"), Err(Gone::Ended));
}

#[test]
fn what_breaks_the_protocol_ends_the_connection() {
    for texts in [
        &[r#"2["a"]"#][..],
        &["1"],
        &["31[]"],
        &["0", "0"],
        &["0", "4{}"],
        &["0", "abc"],
        &["0", "2{}"],
        &["0", r#"51-["a"]"#, r#"2["a"]"#],
    ] {
        let (_, client) = client();
        let (last, before) = texts.split_last().unwrap();
        for packet in before {
            text(&client, packet).unwrap();
        }
        assert_eq!(text(&client, last), Err(Gone::Protocol), "{texts:?}");
    }
    let (_, client) = client();
    text(&client, "0").unwrap();
    let unannounced = client.binary(Bytes::from_static(&[1]));
    assert_eq!(unannounced, Err(Gone::Protocol));
}

#[test]
fn a_client_that_leaves_is_told_to_its_socket() {
    let (house, client) = client();
    text(&client, "0").unwrap();
    text(&client, "1").unwrap();
    assert_eq!(house.gone("/"), Some(Gone::ClientLeft));
    text(&client, "0").unwrap();
    assert_eq!(house.gone("/"), None, "and may come again");
}

#[test]
fn nobody_stays_without_a_namespace_or_amid_a_packet() {
    let start = Instant::now();
    let (limits, second) = (Limits::default(), Duration::from_secs(1));
    let (_, client) = client();
    assert_eq!(client.tick(start), Ok(()));
    let late = start + limits.connect_timeout;
    assert_eq!(client.tick(late - second), Ok(()));
    text(&client, "0").unwrap();
    assert_eq!(client.tick(late), Ok(()));
    text(&client, r#"51-["a"]"#).unwrap();
    assert_eq!(client.tick(late), Ok(()));
    let late = late + limits.attachments_timeout;
    assert_eq!(client.tick(late), Err(Gone::Incomplete));
    client.binary(Bytes::new()).unwrap();
    assert_eq!(client.tick(late), Ok(()));
    text(&client, "1").unwrap();
    assert_eq!(client.tick(late), Ok(()));
    let late = late + limits.connect_timeout;
    assert_eq!(client.tick(late), Err(Gone::NoNamespace));
}
