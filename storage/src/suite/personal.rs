//! What is found of one person, and what is left once it was erased.

use super::{
    Scene, cases,
    scene::{send, text},
};
use crate::{
    contacts::{Lifetime, RequestPage},
    domain::{
        change::{Change, ChangeBody},
        contact::{ContactRules, Gate},
        message::Content,
        notification::{DoNotDisturb, NotificationBody, NotificationDraft},
        push::PushTarget,
        safety::{FlagDraft, Preferences, ReportDraft},
        user::{NodeRole, Plan},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId},
    personal::{Erase, Holdings, Mentions, Part, Reacted, Written},
    safety::Retention,
    store::{LimiterState, MessagePage, Outcome, PageFrom, Profile, Rejection, Transaction, Write},
};

cases![
    stays_are_told_also_when_they_ended,
    what_was_written_is_found_part_by_part,
    what_was_deleted_is_found_as_it_was_written,
    nothing_of_a_message_is_left_but_its_place,
    a_message_with_much_on_it_takes_several,
    only_what_is_ones_own_is_erased,
    reactions_are_taken_back_where_one_no_longer_is,
    private_events_go_by_who_caused_them,
    all_else_goes_in_batches,
    what_names_somebody_is_others_own,
    the_key_of_a_message_stays_with_it,
    what_moderators_kept_of_a_message_goes_with_it,
    reports_are_found_by_who_made_them,
];

async fn written(scene: &Scene, user: &UserId, id: ConversationId) -> Vec<Written> {
    let (mut from, mut all) = (Seq(1), Vec::new());
    loop {
        let part = scene.store.written_by(user, id, from).await;
        let Part { items, next } = part.expect("reads");
        all.extend(items);
        match next {
            Some(next) => from = next,
            None => return all,
        }
    }
}

async fn reacted(scene: &Scene, user: &UserId, id: ConversationId) -> Vec<Reacted> {
    let part = scene.store.reacted_by(user, id, Position::ZERO).await;
    let Part { items, next } = part.expect("reads");
    assert_eq!(next, None);
    items
}

async fn erase(scene: &Scene, user: &UserId, what: Erase) -> Result<Outcome, Rejection> {
    scene.write(user, Write::Erase(what)).await
}

/// Until nothing is left of it. Tells what changed.
async fn erase_wholly(scene: &Scene, user: &UserId, what: Erase) -> Vec<Change> {
    let mut changed = Vec::new();
    loop {
        match erase(scene, user, what.clone()).await {
            Ok(Outcome::Changed(changes)) => changed.extend(changes),
            Ok(Outcome::Done) => {}
            Ok(Outcome::Unchanged) => return changed,
            other => panic!("{what:?} gave {other:?}"),
        }
    }
}

fn react(message: MessageId, emoji: &str, on: bool) -> Write {
    let emoji = emoji.to_owned();
    Write::React { message, emoji, on }
}

async fn stays_are_told_also_when_they_ended(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    assert_eq!(scene.store.stays(&bob).await.expect("reads"), []);
    let direct = scene.direct(&ann, &bob).await;
    let group = scene.group(&ann, &[&bob]).await;
    let (conversation, user) = (group, bob.clone());
    let left = scene
        .change(&bob, Write::Remove { conversation, user })
        .await;
    let users = vec![bob.clone()];
    let back = Write::Add {
        conversation,
        users,
    };
    let back = scene.change(&ann, back).await;
    let stays = scene.store.stays(&bob).await.expect("reads");
    let stays = stays.iter().map(|s| (s.conversation, s.joined, s.left));
    assert_eq!(
        stays.collect::<Vec<_>>(),
        [
            (direct, direct.position(), None),
            (group, group.position(), Some(left.position)),
            (group, back.position, None),
        ]
    );
}

async fn what_was_written_is_found_part_by_part(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.group(&ann, &[&bob]).await;
    let mut mine = Vec::new();
    for n in 0..150 {
        mine.push(scene.send(&ann, id, &n.to_string()).await);
        scene.send(&bob, id, "theirs").await;
    }
    let message = mine[3].id;
    let text = "new".to_owned();
    scene.change(&ann, Write::Edit { message, text }).await;
    let part = scene.store.written_by(&ann, id, Seq(1)).await;
    assert!(part.expect("reads").items.len() < 150, "not all at once");
    let found = written(&scene, &ann, id).await;
    assert!(
        found
            .iter()
            .map(|w| w.message.id)
            .eq(mine.iter().map(|m| m.id))
    );
    assert_eq!(found[3].message.content.text, "new");
    assert_eq!(found[3].revisions[0].text, "3");
    assert!(found.iter().all(|w| !w.is_erased));
    let [stranger] = scene.people(["cid"]);
    assert_eq!(written(&scene, &stranger, id).await, []);
}

async fn what_was_deleted_is_found_as_it_was_written(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, "once said").await.id;
    scene.change(&ann, Write::Delete { message }).await;
    let found = written(&scene, &ann, id).await;
    assert_eq!(found[0].message.content.text, "once said");
    assert!(found[0].message.deleted_at.is_some() && !found[0].is_erased);
    assert_eq!(scene.message(message).await.content, Content::default());
}

async fn nothing_of_a_message_is_left_but_its_place(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let first = scene.send(&bob, id, "theirs").await;
    let content = Content {
        reply_to: Some(first.id),
        metadata: Some("{}".to_owned()),
        ..text(&"long ".repeat(3_000))
    };
    let key = IdempotencyKey::new("key").expect("a key");
    let keyed = Write::Send {
        conversation: id,
        content,
        attachments: Vec::new(),
        key: Some(key),
    };
    let message = MessageId::created_at(scene.change(&ann, keyed.clone()).await.position);
    let edit = Write::Edit {
        message,
        text: "short".to_owned(),
    };
    scene.change(&ann, edit).await;
    scene.change(&bob, react(message, "+", true)).await;
    let last = scene.send(&bob, id, "theirs too").await;

    let changed = erase_wholly(&scene, &ann, Erase::Message(message)).await;
    let [Change { body, by, .. }] = &changed[..] else {
        panic!("{changed:?}")
    };
    assert_eq!(by, &ann);
    assert!(matches!(body, ChangeBody::Deleted(m) if m.id == message));
    let found = written(&scene, &ann, id).await;
    assert!(found[0].is_erased);
    let left = &found[0].message;
    assert_eq!((&left.content, &left.key), (&Content::default(), &None));
    assert_eq!(found[0].revisions, []);
    // For others all is as after a deletion.
    let told = scene.store.changes_since(&bob, last.position(), 10).await;
    assert_eq!(told.expect("reads").changes, changed);
    let page = MessagePage {
        from: PageFrom::End,
        limit: 10,
    };
    let page = scene.store.messages(id, page).await.expect("reads");
    assert_eq!(page[0], first);
    assert_eq!(page[2], last);
    assert_eq!(scene.store.n_messages(id).await.expect("reads"), 2);
    // Its key is free.
    let again = scene.change(&ann, keyed).await;
    assert!(again.position > changed[0].position);

    // One that was deleted before is emptied without a word.
    let message = MessageId::created_at(again.position);
    scene.change(&ann, Write::Delete { message }).await;
    assert_eq!(
        erase_wholly(&scene, &ann, Erase::Message(message)).await,
        []
    );
    assert!(written(&scene, &ann, id).await[1].is_erased);
}

async fn a_message_with_much_on_it_takes_several(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, "much").await.id;
    for n in 0..40 {
        let text = n.to_string();
        scene.change(&ann, Write::Edit { message, text }).await;
        scene
            .change(&bob, react(message, &n.to_string(), true))
            .await;
    }
    let first = erase(&scene, &ann, Erase::Message(message)).await;
    assert!(matches!(first, Ok(Outcome::Changed(_))));
    assert!(!written(&scene, &ann, id).await[0].is_erased);
    assert_eq!(
        erase_wholly(&scene, &ann, Erase::Message(message)).await,
        []
    );
    assert!(written(&scene, &ann, id).await[0].is_erased);
    assert!(reacted(&scene, &bob, id).await.iter().all(|r| !r.stands));
}

async fn only_what_is_ones_own_is_erased(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let message = scene.send(&ann, id, "mine").await.id;
    let given = scene.change(&ann, react(message, "+", true)).await.position;
    for what in [
        Erase::Message(message),
        Erase::Reaction {
            message,
            emoji: "+".to_owned(),
        },
        Erase::Given {
            conversation: id,
            positions: vec![given],
        },
        Erase::Rows,
    ] {
        assert_eq!(erase(&scene, &bob, what).await, Ok(Outcome::Unchanged));
    }
    // Nor is it forgotten that a reaction was given that stands.
    let positions = vec![given];
    let conversation = id;
    let what = Erase::Given {
        conversation,
        positions,
    };
    assert_eq!(erase(&scene, &ann, what).await, Ok(Outcome::Unchanged));
    let kept = scene.message(message).await;
    assert_eq!(
        (kept.content.text.as_str(), kept.reactions.len()),
        ("mine", 1)
    );
}

async fn reactions_are_taken_back_where_one_no_longer_is(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.group(&ann, &[&bob]).await;
    let message = scene.send(&ann, id, "x").await.id;
    let given = scene.change(&bob, react(message, "+", true)).await.position;
    let (conversation, user) = (id, bob.clone());
    scene
        .change(&bob, Write::Remove { conversation, user })
        .await;
    let emoji = "+".to_owned();
    let what = Erase::Reaction { message, emoji };
    let changed = erase_wholly(&scene, &bob, what).await;
    assert!(matches!(
        &changed[..],
        [Change {
            body: ChangeBody::Reacted { on: false, .. },
            ..
        }]
    ));
    assert_eq!(scene.message(message).await.reactions, []);
    let positions = vec![given];
    let what = Erase::Given {
        conversation,
        positions,
    };
    assert_eq!(erase_wholly(&scene, &bob, what).await, []);
    let left = reacted(&scene, &bob, id).await;
    let left: Vec<_> = left.iter().map(|r| (r.position, r.on)).collect();
    assert_eq!(
        left,
        [(changed[0].position, false)],
        "others' devices need that"
    );
}

async fn private_events_go_by_who_caused_them(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let start = scene.now_in_events();
    let block = |user: &UserId| Write::Block {
        user: user.clone(),
        reason: None,
    };
    let sent = scene.send(&ann, id, "x").await;
    let text = "y".to_owned();
    let message = sent.id;
    scene.change(&ann, Write::Edit { message, text }).await;
    scene.done(&ann, block(&bob)).await;
    scene.done(&bob, block(&ann)).await;
    scene.done(&ann, Write::Unblock { user: bob.clone() }).await;
    let by = |user: UserId| {
        let store = &scene.store;
        async move {
            let part = store.events_by(&user, start).await.expect("reads");
            assert_eq!(part.next, None);
            part.items
        }
    };
    let mine = by(ann.clone()).await;
    let theirs = by(bob.clone()).await;
    assert_eq!((mine.len(), theirs.len()), (2, 1));
    let all = mine.iter().chain(&theirs).copied().collect();
    erase_wholly(&scene, &ann, Erase::Events(all)).await;
    assert_eq!(by(ann.clone()).await, []);
    assert_eq!(by(bob.clone()).await, theirs);
    let left = scene.events_since(start).await;
    let left: Vec<_> = left.iter().map(|event| event.what.topic()).collect();
    let told = [
        "message.sent",
        "message.edited",
        "discovery.hidden",
        "discovery.hidden",
        "user.blocked",
        "discovery.hidden",
        "discovery.hidden",
    ];
    assert_eq!(left, told, "what others follow stays");
}

async fn all_else_goes_in_batches(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let profile = Profile {
        name: Some("Ann".to_owned()),
        picture: None,
        role: NodeRole::User,
        plan: Plan::Free,
    };
    scene.done(&ann, Write::SaveUser(profile.clone())).await;
    scene.done(&bob, Write::SaveUser(profile)).await;
    let block = |user: &UserId| Write::Block {
        user: user.clone(),
        reason: Some("spam".to_owned()),
    };
    scene.done(&ann, block(&bob)).await;
    scene.done(&bob, block(&ann)).await;
    let key = Some(IdempotencyKey::new("group").expect("a key"));
    let group = Write::OpenGroup {
        name: None,
        members: vec![bob.clone()],
        key,
    };
    let conversation = ConversationId::created_at(scene.change(&ann, group).await.position);
    let until = Some(Timestamp::MAX);
    scene
        .done(
            &ann,
            Write::Mute {
                conversation,
                until,
            },
        )
        .await;
    let choice = DoNotDisturb {
        snooze_until: until,
        quiet: None,
    };
    scene.done(&ann, Write::DoNotDisturb(choice)).await;
    for n in 0..50 {
        let notification = |user: &UserId| NotificationDraft {
            user: user.clone(),
            body: NotificationBody::Warned { reason: None },
        };
        let limit = LimiterState {
            user: ann.clone(),
            rule: n.to_string(),
            tat_us: 1,
        };
        let transaction = Transaction {
            notifications: vec![notification(&ann), notification(&bob)],
            limits: vec![limit],
            ..scene.transaction(&bob, Write::Note)
        };
        assert_eq!(scene.commit(transaction).await, Ok(Outcome::Done));
    }
    let hide_receipts = true;
    let prefer = Write::Prefer(Preferences { hide_receipts });
    scene.done(&ann, prefer).await;
    let token = ann.to_string();
    let target = Write::AddPushTarget(PushTarget::Fcm { token });
    scene.write(&ann, target).await.expect("added");
    let expected = Holdings {
        profile: 1,
        preferences: 1,
        blocks: 1,
        limits: 50,
        notifications: 51,
        requests: 1,
        likes: 1,
        hidden: 0,
        attachments: 0,
        scheduled: 0,
        templates: 0,
        mutes: 1,
        do_not_disturb: 1,
        push_targets: 1,
        keys: 2,
    };
    let [cid, dan] = scene.people(["cid", "dan"]);
    let ask = Write::Ask {
        user: cid.clone(),
        text: "may I?".to_owned(),
        masked: None,
        key: Some(IdempotencyKey::new("ask").expect("a key")),
    };
    scene.write(&ann, ask.clone()).await.expect("asked");
    let (user, on) = (cid.clone(), true);
    scene.done(&ann, Write::Like { user, on }).await;
    let asks = Write::Ask {
        user: ann.clone(),
        text: "and me".to_owned(),
        masked: None,
        key: None,
    };
    scene.write(&dan, asks).await.expect("asked");
    let holdings = |user: UserId| {
        let store = &scene.store;
        async move { store.holdings(&user).await.expect("reads") }
    };
    let theirs = holdings(bob.clone()).await;
    assert_eq!(holdings(ann.clone()).await, expected);
    let mut n_batches = 0;
    while erase(&scene, &ann, Erase::Rows).await == Ok(Outcome::Done) {
        n_batches += 1;
        let left = holdings(ann.clone()).await;
        assert!(left.total() == 0 || left.profile == 1, "the profile last");
    }
    assert_eq!(n_batches, 4);
    assert_eq!(holdings(ann.clone()).await, Holdings::default());
    assert_eq!(holdings(bob.clone()).await, theirs);
    let blocks = scene.store.blocks_of(&bob).await.expect("reads");
    assert_eq!((blocks.by_them.len(), blocks.of_them.len()), (1, 0));
    assert_eq!(scene.store.user(&ann).await.expect("reads"), None);
    // What others asked for is theirs; and the way is free.
    let requests = async |user| {
        let page = RequestPage {
            limit: 10,
            ..RequestPage::default()
        };
        let found = scene
            .store
            .message_requests(user, page, Lifetime::default());
        found.await.expect("reads").len()
    };
    assert_eq!((requests(&cid).await, requests(&ann).await), (0, 1));
    assert!(scene.write(&ann, ask).await.is_ok());
}

async fn what_names_somebody_is_others_own(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let id = scene.direct(&ann, &bob).await;
    // Ann writes first, which hides him from her; he is liked, and likes back nobody.
    let transaction = Transaction {
        contact: ContactRules {
            gate: Gate::Request,
            peer: Some(bob.clone()),
            direct: true,
            ..ContactRules::default()
        },
        ..scene.transaction(&ann, send(id, "hello"))
    };
    scene.commit(transaction).await.expect("written");
    let (user, on) = (ann.clone(), true);
    scene.done(&cid, Write::Like { user, on }).await;
    let mentions = async |user: &UserId| scene.store.mentions(user).await.expect("reads");
    let tie = async || {
        let lifetime = Lifetime::default();
        let tie = scene.store.tie(&bob, &ann, lifetime).await;
        tie.expect("reads").written_to
    };
    let theirs = Mentions {
        ties: 1,
        liked_by: 1,
        hidden_from: 0,
    };
    assert_eq!(mentions(&ann).await, theirs);
    assert_eq!(mentions(&bob).await.hidden_from, 1);
    let hidden = scene.store.holdings(&ann).await.expect("reads").hidden;
    assert_eq!((hidden, tie().await), (1, true));
    erase_wholly(&scene, &ann, Erase::Rows).await;
    // Nobody may write to her because she once wrote to them.
    assert!(!tie().await);
    assert_eq!(mentions(&ann).await, theirs);
    assert_eq!(mentions(&bob).await.hidden_from, 0);
}

async fn the_key_of_a_message_stays_with_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let key = Some(IdempotencyKey::new("key").expect("a key"));
    let keyed = Write::Send {
        conversation: id,
        content: text("x"),
        attachments: Vec::new(),
        key,
    };
    let sent = scene.change(&ann, keyed.clone()).await;
    assert_eq!(
        erase(&scene, &ann, Erase::Rows).await,
        Ok(Outcome::Unchanged)
    );
    assert_eq!(scene.repeated(&ann, keyed).await, sent);
}

async fn what_moderators_kept_of_a_message_goes_with_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let id = scene.direct(&ann, &bob).await;
    let flagged = async || {
        let transaction = Transaction {
            flag: Some(FlagDraft {
                found: vec!["profanity".to_owned()],
                original: Some("as it was written".to_owned()),
            }),
            ..scene.transaction(&ann, send(id, "****"))
        };
        match scene.commit(transaction).await {
            Ok(Outcome::Changed(changes)) => MessageId::created_at(changes[0].position),
            other => panic!("{other:?}"),
        }
    };
    let flag = async |id| scene.store.flag(id).await.expect("reads");
    let erased = flagged().await;
    assert!(flag(erased).await.is_some());
    erase_wholly(&scene, &ann, Erase::Message(erased)).await;
    assert_eq!(flag(erased).await, None);
    let purged = flagged().await;
    let before = Position::new(id.get() - 1).expect("smaller");
    let retention = Retention {
        messages_max: Some(0),
        ..Retention::default()
    };
    let after = Some(ConversationId::created_at(before));
    let step = scene.store.purge(retention, scene.now(), after, 9).await;
    assert_eq!(step.expect("purges").n_messages, 2);
    assert_eq!(flag(purged).await, None);
}

async fn reports_are_found_by_who_made_them(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let report = |user: &UserId| {
        Write::Report(ReportDraft {
            user: user.clone(),
            category: "spam".to_owned(),
            reason: None,
            conversation: None,
            message: None,
        })
    };
    let mut mine = Vec::new();
    for _ in 0..70 {
        match scene.write(&ann, report(&bob)).await {
            Ok(Outcome::Filed(id)) => mine.push(id),
            other => panic!("{other:?}"),
        }
        assert!(scene.write(&bob, report(&ann)).await.is_ok());
    }
    mine.reverse();
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let part = scene.store.reports_by(&ann, before).await.expect("reads");
        assert!(part.items.iter().all(|report| report.by == ann));
        found.extend(part.items.iter().map(|report| report.id));
        before = part.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, mine);
}
