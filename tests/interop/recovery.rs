//! G4 with the stock client: after a drop `socket.recovered` tells the truth, and what was missed comes once, in order.

use serde_json::json;

use crate::{
    common::{NEWEST, Rest, token},
    play::{DIALECTS, Ending, Play, by_bob},
    tongues::Heard,
};

/// What is missed: messages, a receipt, a delete. What the client did itself is no news to it.
async fn comes_back_after(how: Ending) {
    for (tongue, said) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        // Twice, since the second time goes on from what came by recovery.
        for round in ["first", "second"] {
            let before = play.bob_says(&format!("{round} before")).await;
            play.alice_hears_up_to(before, 1).await;
            let own = play.alice_says(&format!("{round} own")).await;
            // Its own is told before it is acknowledged, in the dialects that tell it.
            play.alice.forget();
            play.drops(how);
            if let Ending::Killed = how {
                play.node.start_again().await;
                play.bob = Rest::new(&play.node, "bob");
            }
            let one = play.bob_says("one").await;
            play.bob_reads(own).await;
            play.bob_deletes(before).await;
            let two = play.bob_says("two").await;
            assert!(play.recovers().await, "{} {how:?}", tongue.name());
            let after = play.bob_says("after").await;

            let mut wanted = Vec::new();
            let receipt = Heard::Read {
                by: "bob".into(),
                id: own,
            };
            for heard in [
                by_bob(one, "one"),
                receipt,
                Heard::Deleted { id: before },
                by_bob(two, "two"),
                by_bob(after, "after"),
            ] {
                match heard {
                    Heard::Said { .. } => wanted.extend(said.iter().map(|_| heard.clone())),
                    _ => wanted.push(heard),
                }
            }
            let told = play.alice_hears_up_to(after, said.len()).await;
            let names = told
                .iter()
                .filter(|(_, heard)| matches!(heard, Heard::Said { .. }));
            let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, said.repeat(3));
            let told: Vec<_> = told.into_iter().map(|(_, heard)| heard).collect();
            assert_eq!(told, wanted, "{} {how:?} {round}", tongue.name());
        }
    }
}

#[tokio::test]
async fn what_was_missed_comes_after_the_network_was_cut() {
    comes_back_after(Ending::Cut).await;
}

#[tokio::test]
async fn what_was_missed_comes_after_the_client_closed() {
    comes_back_after(Ending::Closed).await;
}

#[tokio::test]
async fn what_was_missed_comes_after_the_node_was_killed() {
    comes_back_after(Ending::Killed).await;
}

/// A client that has heard of nothing yet has a place to go on from, too.
#[tokio::test]
async fn a_client_that_heard_nothing_is_recovered() {
    for (tongue, said) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        play.drops(Ending::Cut);
        let missed = play.bob_says("missed").await;
        assert!(play.recovers().await, "{}", tongue.name());
        let told = play.alice_hears_up_to(missed, said.len()).await;
        assert_eq!(told.len(), said.len(), "{told:?}");
    }
}

#[tokio::test]
async fn too_much_missed_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let flags = ["--session-resume-changes-max", "2"];
        let begun = Play::begin(tongue, &flags, json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        play.drops(Ending::Cut);
        for _ in 0..3 {
            play.bob_says("missed").await;
        }
        play.is_not_recovered("some of too much was told").await;
        play.is_recovered_next_time().await;
    }
}

/// The epoch is another one: after a restore, or on another node.
#[tokio::test]
async fn another_history_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        play.drops(Ending::Cut);
        let other = Play::begin(tongue, &[], json!({}), NEWEST).await.unwrap();
        other.bob_says("of another history").await;
        play.node = other.node;
        play.bob = other.bob;
        play.room = other.room;
        play.is_not_recovered("a history was mixed with another")
            .await;
        play.is_recovered_next_time().await;
    }
}

#[tokio::test]
async fn somebody_else_is_not_recovered() {
    for (tongue, _) in DIALECTS {
        let begun = Play::begin(tongue, &[], json!({}), NEWEST).await;
        let Some(mut play) = begun else { return };
        let live = play.bob_says("live").await;
        play.alice_hears_up_to(live, 1).await;
        let with_carol = play
            .bob
            .post("/v1/conversations", json!({ "user": "carol" }));
        let with_carol = with_carol.await.ok();
        play.drops(Ending::Cut);
        play.bob_says("not for Carol").await;
        play.alice.show(&token("carol"));
        play.room.number = with_carol["conversation"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        play.is_not_recovered("it was for somebody else").await;
        play.is_recovered_next_time().await;
    }
}
