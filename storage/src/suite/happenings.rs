//! Events: what is told of what is done, deed by deed.

use super::{Scene, cases};
use crate::{
    domain::{
        conversation::MemberRole,
        event::{Event, EventDraft, Happening, TOPICS},
        safety::Sanction,
    },
    ids::{Timestamp, UserId},
    store::{Outcome, Transaction, Write},
};

cases![
    what_is_done_in_conversations_is_told,
    what_is_done_to_people_is_told,
    what_two_people_learn_is_told,
];

pub(super) fn topics(events: &[Event]) -> Vec<&'static str> {
    let topics: Vec<_> = events.iter().map(|event| event.what.topic()).collect();
    for topic in &topics {
        assert!(TOPICS.contains(topic), "{topic}");
    }
    topics
}

impl Scene {
    /// The topics of what a write is told as.
    pub(super) async fn told(&self, by: &UserId, write: Write) -> Vec<&'static str> {
        let start = self.now_in_events();
        let outcome = self.write(by, write.clone()).await;
        assert!(outcome.is_ok(), "{write:?} gave {outcome:?}");
        let events = self.events_since(start).await;
        assert!(
            events.iter().all(|e| e.by.as_ref() == Some(by)),
            "{events:?}"
        );
        topics(&events)
    }
}

async fn what_is_done_in_conversations_is_told(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let with = bob.clone();
    let told = scene.told(&ann, Write::OpenDirect { with }).await;
    assert_eq!(told, ["conversation.created"]);
    let conversation = scene.group(&ann, &[&bob]).await;
    let sent = scene.send(&ann, conversation, "x").await;
    let (message, seq) = (sent.id, sent.seq);
    let react = |on| Write::React {
        message,
        emoji: "+".to_owned(),
        on,
    };
    let user = cid.clone();
    let cases = [
        (&bob, Write::Read { conversation, seq }, "message.read"),
        (&bob, react(true), "message.reacted"),
        (
            &ann,
            Write::Add {
                conversation,
                users: vec![cid.clone()],
            },
            "conversation.members_added",
        ),
        (
            &ann,
            Write::SetRole {
                conversation,
                user: cid.clone(),
                role: MemberRole::Admin,
            },
            "conversation.role_set",
        ),
        (
            &ann,
            Write::Rename {
                conversation,
                name: Some("n".to_owned()),
            },
            "conversation.renamed",
        ),
        (
            &cid,
            Write::Remove { conversation, user },
            "conversation.member_removed",
        ),
        (&ann, Write::Takedown { message }, "message.deleted"),
    ];
    for (by, write, topic) in cases {
        assert_eq!(scene.told(by, write).await, [topic]);
    }
    // How far a message came is nobody's business but its author's.
    let sent = scene.send(&ann, conversation, "x").await;
    let seq = sent.seq;
    let delivered = Write::Deliver { conversation, seq };
    assert!(scene.told(&bob, delivered).await.is_empty());
    let start = scene.now_in_events();
    scene.change(&bob, Write::Read { conversation, seq }).await;
    let read = scene.events_since(start).await;
    let Happening::MessageRead { messages, .. } = &read[0].what else {
        panic!("{read:?}");
    };
    assert_eq!(*messages, [sent.id]);
}

async fn what_is_done_to_people_is_told(scene: Scene) {
    let [ann, bob, eve] = scene.people(["ann", "bob", "eve"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let block = |reason: Option<&str>| Write::Block {
        user: bob.clone(),
        reason: reason.map(str::to_owned),
    };
    scene.done(&ann, block(None)).await;
    // Another reason is no other block.
    scene.done(&ann, block(Some("spam"))).await;
    let events = scene.events_since(start).await;
    let blocked = |user: &UserId, conversation| Happening::UserBlocked {
        user: user.clone(),
        conversation,
    };
    let blocks: Vec<_> = events
        .iter()
        .filter(|e| e.by == Some(ann.clone()))
        .collect();
    assert_eq!(
        topics(&events)
            .iter()
            .filter(|t| **t == "user.blocked")
            .count(),
        1
    );
    assert!(blocks.iter().any(|e| e.what == blocked(&bob, Some(id))));
    let user = eve.clone();
    let reason = None;
    let start = scene.now_in_events();
    scene.done(&ann, Write::Block { user, reason }).await;
    let events = scene.events_since(start).await;
    assert!(events.iter().any(|e| e.what == blocked(&eve, None)));
    let told = scene.told(&ann, Write::Unblock { user: bob.clone() }).await;
    assert!(told.contains(&"user.unblocked"), "{told:?}");

    let until = Some(Timestamp::MAX);
    for (sanction, topic) in [
        (Sanction::Warn, "user.warned"),
        (Sanction::Mute(until), "user.muted"),
        (Sanction::Unmute, "user.unmuted"),
        (Sanction::Suspend(until), "user.suspended"),
        (Sanction::Ban, "user.banned"),
        (Sanction::Reinstate, "user.reinstated"),
        (Sanction::ShadowBan, "user.shadow_banned"),
        (Sanction::EndShadowBan, "user.shadow_ban_ended"),
    ] {
        let user = bob.clone();
        let told = scene.told(&eve, Write::Sanction { user, sanction }).await;
        assert_eq!(told, [topic]);
    }
    let start = scene.now_in_events();
    for draft in [EventDraft::UserOnline, EventDraft::UserOffline] {
        let events = vec![draft];
        let note = scene.transaction(&ann, Write::Note);
        let outcome = scene.commit(Transaction { events, ..note }).await;
        assert_eq!(outcome, Ok(Outcome::Done));
    }
    let events = scene.events_since(start).await;
    let user = ann.clone();
    assert_eq!(events[0].what, Happening::UserOnline { user });
    assert_eq!(events[1].what, Happening::UserOffline { user: ann });
    assert_eq!(events.len(), 2);
}

async fn what_two_people_learn_is_told(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let ask = |user: &UserId| Write::Ask {
        user: user.clone(),
        text: "will you?".to_owned(),
        masked: None,
        key: None,
    };
    let start = scene.now_in_events();
    assert_eq!(scene.told(&ann, ask(&bob)).await, ["request.sent"]);
    let asked = match &scene.events_since(start).await[0].what {
        Happening::Requested(asked) => asked.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((&asked.from, &asked.to), (&ann, &bob));
    let request = asked.request;
    let accept = true;
    let start = scene.now_in_events();
    scene
        .write(&bob, Write::Answer { request, accept })
        .await
        .expect("accepted");
    let events = scene.events_since(start).await;
    assert_eq!(
        topics(&events),
        [
            "message.sent",
            "conversation.created",
            "request.accepted",
            "match.created"
        ]
    );
    let [sent, _, accepted, matched] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&sent.by, &accepted.by),
        (&Some(ann.clone()), &Some(bob.clone()))
    );
    let Happening::MatchCreated(matched) = &matched.what else {
        panic!("{matched:?}");
    };
    let Happening::RequestAccepted {
        asked: of,
        conversation,
        ..
    } = &accepted.what
    else {
        panic!("{accepted:?}");
    };
    assert_eq!((of, *conversation), (&asked, Some(matched.conversation)));
    let matched = matched.id;
    let told = scene.told(&ann, Write::Unmatch { matched }).await;
    let hidden = "discovery.hidden";
    let ended = ["conversation.archived", "match.ended", hidden, hidden];
    assert_eq!(told, ended);

    for (by, answer) in [(&cid, false), (&ann, true)] {
        let start = scene.now_in_events();
        assert_eq!(scene.told(&ann, ask(&cid)).await, ["request.sent"]);
        let Happening::Requested(asked) = &scene.events_since(start).await[0].what else {
            panic!("not asked");
        };
        let request = asked.request;
        if answer {
            let told = scene.told(by, Write::Withdraw { request }).await;
            assert_eq!(told, ["request.withdrawn"]);
        } else {
            let accept = false;
            let told = scene.told(by, Write::Answer { request, accept }).await;
            assert_eq!(told, ["request.declined"]);
            let told = scene.told(&ann, Write::Withdraw { request }).await;
            assert_eq!(told, ["request.withdrawn"]);
        }
    }
    // Likes are nobody else's business until both like.
    let like = |user: &UserId| Write::Like {
        user: user.clone(),
        on: true,
    };
    let [dan, eve] = scene.people(["dan", "eve"]);
    assert!(scene.told(&dan, like(&eve)).await.is_empty());
    let told = scene.told(&eve, like(&dan)).await;
    assert_eq!(told, ["conversation.created", "match.created"]);
}
