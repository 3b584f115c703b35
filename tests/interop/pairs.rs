//! Six people on six protocols, a conversation for each pair: messages, typing, receipts, deletes, retries, presence.
//!
//! Whatever one does, the other is told once in their own shape; and every protocol's REST says the same of it, whichever
//! of the two asks by it (CONTRACT C-11, C-16, C-17, C-23, C-24).

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    common::{Node, until},
    seat::{Seat, With},
    tongues::{
        Dating, Direct, Gateway, Heard, Line, Marketplace, Matched, Native, Room, Tongue, uuid,
    },
};

/// Ids as their systems have them: UUIDs, numbers, names; one with the `_` that parts a pair.
const PEOPLE: [(&str, &dyn Tongue); 6] = [
    ("550e8400-e29b-41d4-a716-446655440001", &Dating),
    ("2", &Marketplace),
    ("456", &Matched),
    ("user-uuid-1", &Gateway),
    ("10", &Direct),
    ("nell_01", &Native),
];

const FLAGS: [&str; 8] = [
    "--presence-delay",
    "20ms",
    "--presence-offline-grace",
    "100ms",
    "--policy-limits",
    "message.send=100000 per 1s",
    // Nobody is gone because the test looks at others.
    "--session-ping-interval",
    "10m",
];

/// The stock client for the dialects of Socket.IO.
#[tokio::test]
async fn all_pairs_understand_each_other_with_the_stock_client() {
    everyone_talks(With::Stock).await;
}

/// A client of Socket.IO that shares no code with the stock one.
#[tokio::test]
async fn all_pairs_understand_each_other_with_another_client() {
    everyone_talks(With::Ours).await;
}

async fn everyone_talks(with: With) {
    let node = Node::start(&FLAGS).await;
    let mut seats = Vec::new();
    for (me, tongue) in PEOPLE {
        match Seat::take(&node, me, tongue, with).await {
            Some(seat) => seats.push(seat),
            None => return,
        }
    }
    let mut rooms = Vec::new();
    for other in 1..seats.len() {
        for one in 0..other {
            let [one, other] = seats.get_disjoint_mut([one, other]).unwrap();
            rooms.push(talk(one, other).await);
        }
    }
    assert_eq!(rooms.len(), 15);
    for at in 0..seats.len() {
        seats = comes_and_goes(&node, seats, at, with, &rooms).await;
    }
    for seat in &seats {
        assert_eq!(seat.elsewhere(), [], "{} was told late", seat.me);
        assert!(seat.untaken().is_empty(), "{seat:?}");
    }
}

/// All that two can do, each of it by either of them.
async fn talk(one: &mut Seat, other: &mut Seat) -> Room {
    let mut room = open(one, other).await;
    let mut two = [one, other];
    for _ in 0..2 {
        let [a, b] = &mut two;
        if b.tongue.tells_presence() {
            b.hears(&room, Heard::Online(a.me.to_owned())).await;
        }
        b.enter(&room).await;
        for line in room.said.iter().filter(|line| line.by == a.me) {
            b.hears(&room, said(line)).await;
        }
        two.reverse();
    }
    for _ in 0..2 {
        let [a, b] = &mut two;
        types(a, b, &room).await;
        writes(a, b, &mut room).await;
        two.reverse();
    }
    same_history(two[0], two[1], &room).await;
    for _ in 0..2 {
        let [a, b] = &mut two;
        reads(a, b, &room).await;
        deletes(a, b, &mut room).await;
        two.reverse();
    }
    for _ in 0..2 {
        let [a, b] = &mut two;
        // What is told is told in order: had they been told anything else before, it would be here.
        writes(a, b, &mut room).await;
        assert!(b.untaken().is_empty(), "{} in {room:?}: {b:?}", a.me);
        two.reverse();
    }
    same_history(two[0], two[1], &room).await;
    room
}

fn said(line: &Line) -> Heard {
    Heard::Said {
        id: line.id,
        by: line.by.clone(),
        text: line.text.clone(),
    }
}

/// Opens their conversation by the protocol of one of them, and finds it by the native one: a pair has one.
async fn open(one: &Seat, other: &Seat) -> Room {
    let [by, with] = match one.tongue.open(other.me) {
        Some(_) => [one, other],
        None => [other, one],
    };
    let (path, body) = by.tongue.open(with.me).unwrap();
    let answer = by.rest.post(path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let known = with
        .rest
        .post("/v1/conversations", json!({ "user": by.me }));
    let known = known.await.ok();
    assert_eq!(known["created"], false, "a pair has one conversation");
    let mut room = Room {
        number: known["conversation"].as_str().unwrap().parse().unwrap(),
        people: [one.me.to_owned(), other.me.to_owned()],
        said: Vec::new(),
    };
    assert!(by.tongue.opened(&answer.body, &room), "{answer:?}");
    room.said = history(by, &Native, &room).await;
    room
}

async fn types(a: &mut Seat, b: &mut Seat, room: &Room) {
    for on in [true, false] {
        a.tell(a.tongue.typing(room, on)).await;
        let by = a.me.to_owned();
        b.hears(room, Heard::Typing { by, on }).await;
    }
}

/// Some messages, one of them sent twice under one key, and what is unread by them.
async fn writes(a: &mut Seat, b: &mut Seat, room: &mut Room) {
    let before = unread(b, room).await;
    let texts = ["Hi there!", "¿Qué tal? <b>&amp;</b> 👋🏽", "…"];
    for text in texts {
        let key = format!("{}-{}", room.number, room.said.len());
        let id = a.say(room, text, &key).await;
        let again = a.say(room, text, &key).await;
        assert_eq!(
            again,
            id,
            "{}: a retry is no second message",
            a.tongue.name()
        );
        b.hears(room, said(room.said.last().unwrap())).await;
    }
    assert_eq!(unread(b, room).await, before + 3);
}

/// What `b` wrote is read by `a`, and `b` is told.
async fn reads(a: &mut Seat, b: &mut Seat, room: &Room) {
    let of_b = room.said.iter().filter(|line| line.by == b.me);
    let ids: Vec<_> = of_b.map(|line| line.id).collect();
    let newest = *ids.last().unwrap();
    a.tell(a.tongue.read(room, newest)).await;
    for id in b.tongue.receipts(&ids) {
        let by = a.me.to_owned();
        b.hears(room, Heard::Read { by, id: *id }).await;
    }
    assert_eq!(unread(a, room).await, 0);
    for seat in [&*a, &*b] {
        for (_, tongue) in PEOPLE {
            let lines = history(seat, tongue, room).await;
            let of_b = lines.iter().filter(|line| line.by == b.me);
            let shown: Vec<_> = of_b.map(|line| line.is_read).collect();
            let wanted = (tongue.name() != "native").then_some(true);
            assert_eq!(shown, vec![wanted; ids.len()], "{}", tongue.name());
        }
    }
}

/// `a` takes their first message back, by their own protocol if it has that.
async fn deletes(a: &mut Seat, b: &mut Seat, room: &mut Room) {
    let first = room.said.iter().find(|line| line.by == a.me).unwrap().id;
    let path = a.tongue.delete(first).or_else(|| Native.delete(first));
    let path = path.unwrap();
    let deleted = a.rest.ask(Method::DELETE, &path, &Value::Null).await;
    deleted.ok();
    for seat in [&mut *a, &mut *b] {
        seat.hears(room, Heard::Deleted { id: first }).await;
    }
    // The place stays, for those who count them.
    let line = room.said.iter_mut().find(|line| line.id == first).unwrap();
    line.text.clear();
    line.by.clear();
}

/// By every protocol, for both of them, the messages are the same, in the same order.
async fn same_history(a: &Seat, b: &Seat, room: &Room) {
    let there = room.said.iter().filter(|line| !line.by.is_empty());
    let wanted: Vec<_> = there.map(said).collect();
    for seat in [a, b] {
        for (_, tongue) in PEOPLE {
            let lines = history(seat, tongue, room).await;
            let shown: Vec<_> = lines.iter().map(said).collect();
            assert_eq!(shown, wanted, "{} for {}", tongue.name(), seat.me);
        }
    }
}

async fn history(seat: &Seat, tongue: &dyn Tongue, room: &Room) -> Vec<Line> {
    tongue.lines(&seat.rest.get(&tongue.history(room)).await.ok())
}

/// How much is unread, which every protocol says the same of.
async fn unread(seat: &Seat, room: &Room) -> u64 {
    let mut counts = Vec::new();
    for (_, tongue) in PEOPLE {
        let answer = seat.rest.get(&tongue.unread(seat.me)).await.ok();
        counts.push(tongue.unread_of(&answer, room));
    }
    assert!(counts.iter().all(|n| *n == counts[0]), "{counts:?}");
    counts[0]
}

/// Somebody goes and comes back, and all others see it.
async fn comes_and_goes(
    node: &Node,
    mut seats: Vec<Seat>,
    at: usize,
    with: With,
    rooms: &[Room],
) -> Vec<Seat> {
    // Presence is of no conversation; any will do.
    let room = &rooms[0];
    let (me, tongue) = seats.remove(at).leave();
    for seat in &mut seats {
        if seat.tongue.tells_presence() {
            seat.hears(room, Heard::Offline(me.to_owned())).await;
        }
        sees(seat, me, false).await;
    }
    let back = Seat::take(node, me, tongue, with).await;
    let mut back = back.expect("it was there before");
    for seat in &mut seats {
        if seat.tongue.tells_presence() {
            seat.hears(room, Heard::Online(me.to_owned())).await;
        }
        if tongue.tells_presence() {
            back.hears(room, Heard::Online(seat.me.to_owned())).await;
        }
        sees(seat, me, true).await;
    }
    seats.insert(at, back);
    seats
}

/// Whoever asks how somebody is gets the same answer in three shapes.
async fn sees(seat: &Seat, whom: &str, online: bool) {
    for (path, list, person, id, flag) in [
        (
            "/api/v1/conversations",
            "/data/conversations",
            "/user",
            "id",
            "is_online",
        ),
        (
            "/api/messages/conversations",
            "/data",
            "/participants/0",
            "id",
            "isOnline",
        ),
        (
            "/api/chat/conversations",
            "/data/conversations",
            "/otherUser",
            "id",
            "isOnline",
        ),
    ] {
        until(&format!("{whom} as they are in {path}"), async || {
            let answer = seat.rest.get(path).await.ok();
            let entries = answer.pointer(list).unwrap().as_array().unwrap();
            let mut people = entries.iter().map(|entry| entry.pointer(person).unwrap());
            let is = |person: &&Value| match &person[id] {
                Value::String(id) => id == whom,
                number => number.as_u64() == whom.parse().ok(),
            };
            (people.find(is).unwrap()[flag] == online).then_some(())
        })
        .await;
    }
}

/// RFC 9562: the spelling of the documentation.
#[test]
fn a_uuid_spells_a_number() {
    assert_eq!(uuid(7), "00000000-0000-8380-8070-61726c6f7572");
}
