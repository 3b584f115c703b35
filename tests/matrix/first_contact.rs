//! The gate's way round that isn't: whoever may not write to somebody reaches them by no way, and leaves nothing behind.

use serde_json::json;

use crate::{
    common::{Client, Events, Rest, until},
    speak::verdict,
    tables::{Verdicts, Way, ways},
    world::{Pair, World},
};

/// Every way of coming near to a person.
fn approaches() -> Vec<Way> {
    let doings = ["write-to-person", "open-direct", "open-group", "add-member"];
    let mut ways = ways();
    ways.retain(|way| doings.contains(&way.doing.as_str()));
    ways
}

/// The other one, looking on over two sockets.
struct Watch {
    native: Client,
    direct: Events,
}

impl Watch {
    async fn of(world: &World, pair: &Pair) -> Self {
        let mut native = Client::connect(&world.node, &pair.other).await;
        native.settle().await;
        native.forget_events();
        Self {
            native,
            direct: Events::connect(&world.node, &pair.other, "direct").await,
        }
    }

    /// What they were told since, presence of their own apart.
    async fn told(&mut self) -> Vec<String> {
        self.native.settle().await;
        self.direct.ask("join_personal_room", json!({})).await;
        let natively = self.native.take_events().into_iter();
        let mut told: Vec<_> = natively.map(|event| event.to_string()).collect();
        for name in ["new_message", "message_notification", "user_typing"] {
            let events = self.direct.untaken(name).into_iter();
            told.extend(events.map(ToString::to_string));
        }
        told
    }
}

async fn conversations(rest: &Rest) -> usize {
    let list = rest.get("/v1/conversations").await.ok();
    list["conversations"].as_array().unwrap().len()
}

/// C-08, S0-35: the trap of shared data. `POST /api/chat/send` of a free user, and every other way there is to come near to
/// somebody, is refused with ASK_FIRST; nothing of it is stored or told. S0-36: a premium user gets through by each, so the
/// ways do lead there.
#[tokio::test]
async fn a_free_user_comes_round_the_gate_by_no_way() {
    let world = World::new("request").await;
    let approaches = approaches();
    let is_s4_send = |way: &&Way| way.name == "/api/chat/send" && way.method == "POST";
    assert_eq!(approaches.iter().filter(is_s4_send).count(), 2);
    for dialect in ["native", "dating", "marketplace", "direct"] {
        let speaks = |way: &&Way| way.transport == dialect;
        assert!(approaches.iter().any(|way| speaks(&way)), "{dialect}");
    }
    for (n, way) in approaches.iter().enumerate() {
        let pair = world.pair(2 * n, "free").await;
        // A group to add somebody to, if the way is about one.
        let before = conversations(&pair.rest).await;
        let mut watch = Watch::of(&world, &pair).await;
        let what = format!("{} {} {}", way.transport, way.method, way.name);
        assert_eq!(
            verdict(&world.node, &pair, way).await,
            "ASK_FIRST",
            "{what}"
        );
        assert_eq!(watch.told().await, [""; 0], "{what}");
        assert_eq!(conversations(&pair.rest).await, before, "{what}");
        assert_eq!(conversations(&pair.other_rest).await, 0, "{what}");
        let unread = pair.other_rest.get("/v1/unread").await.ok();
        assert_eq!(unread["total"], 0, "{what}");

        let pair = world.pair(2 * n + 1, "premium").await;
        let mut watch = Watch::of(&world, &pair).await;
        assert_eq!(verdict(&world.node, &pair, way).await, "ok", "{what}");
        // Whoever comes into a group hears of it a moment after it happened.
        until(&what, async || {
            (!watch.told().await.is_empty()).then_some(())
        })
        .await;
        assert_eq!(conversations(&pair.other_rest).await, 1, "{what}");
    }
}

/// A match that ended ends the writing, by every way that names the conversation too; what was said stays to be read.
#[tokio::test]
async fn whoever_was_unmatched_reaches_nobody_through_the_old_conversation() {
    let (world, verdicts) = (World::new("match").await, Verdicts::read());
    let mut ways = ways();
    ways.retain(|way| ["write-there", "edit-own", "react"].contains(&way.doing.as_str()));
    for (n, way) in ways.iter().enumerate() {
        let pair = world.pair(n, "unmatched").await;
        let mut watch = Watch::of(&world, &pair).await;
        let what = format!("{} {} {}", way.transport, way.method, way.name);
        let expected = way.said(verdicts.of("match", way, "unmatched"));
        assert_eq!(expected, "NOT_MATCHED");
        assert_eq!(verdict(&world.node, &pair, way).await, expected, "{what}");
        assert_eq!(watch.told().await, [""; 0], "{what}");
        let texts = pair.other_rest.history(&pair.conversation).await;
        let texts: Vec<_> = texts.iter().map(|message| &message["text"]).collect();
        assert_eq!(texts, ["by the other one", "by me"], "{what}");
    }
}

/// Whoever is suspended while they are connected is closed at once, and their good token opens nothing any more.
#[tokio::test]
async fn a_suspension_closes_what_is_open_and_opens_nothing() {
    let world = World::new("request").await;
    let pair = world.pair(0, "matched").await;
    let mut open = Client::connect(&world.node, &pair.me).await;
    world.moderate(&pair.me, "suspend").await.ok();
    assert_eq!(open.closed().await, Some(4502));
    for way in ways().iter().filter(|way| way.doing == "own") {
        let what = format!("{} {} {}", way.transport, way.method, way.name);
        assert_eq!(
            verdict(&world.node, &pair, way).await,
            "SUSPENDED",
            "{what}"
        );
    }
    world.moderate(&pair.me, "reinstate").await.ok();
    Client::connect(&world.node, &pair.me).await.settle().await;
}
