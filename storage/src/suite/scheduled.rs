//! Messages that are to be sent later: that each is sent once or not at all, and that who changes it and who sends it
//! can't both have their way.

use super::{
    Scene, cases,
    scene::{nothing, nowhere, text},
};
use crate::{
    domain::{
        attachment::{Attachment, AttachmentDraft},
        change::ChangeBody,
        event::Happening,
        message::{Content, Message},
        scheduled::{
            Destination, Keep, Kept, SCHEDULE_AHEAD_MAX_MS, SCHEDULED_MAX, Scheduled,
            ScheduledDraft, SendFailed,
        },
    },
    ids::{AttachmentId, ConversationId, IdempotencyKey, Position, ScheduledId, Timestamp, UserId},
    personal::Erase,
    scheduled::DuePlace,
    store::{Outcome, Rejection, Write},
};

cases![
    what_is_scheduled_comes_back_as_it_was,
    what_makes_no_sense_is_refused,
    a_retry_finds_the_first_one,
    nobody_schedules_without_end,
    it_is_sent_once,
    who_changes_it_and_who_sends_it_do_not_both_win,
    it_can_be_changed_and_taken_back,
    what_fails_stays_until_it_is_dismissed,
    what_waits_comes_in_the_order_of_time,
    its_files_wait_with_it,
    erasure_takes_it_along,
    it_is_all_there_after_a_restart,
];

fn draft(scene: &Scene, conversation: ConversationId, words: &str, in_ms: i64) -> ScheduledDraft {
    ScheduledDraft {
        to: Destination::Conversation(conversation),
        content: text(words),
        attachments: Vec::new(),
        at: scene.now().plus_ms(in_ms),
        key: None,
    }
}

fn schedule(draft: ScheduledDraft) -> Write {
    Write::Keep(Keep::Schedule(draft))
}

/// What it stands as, and whether that is new.
async fn kept(scene: &Scene, user: &UserId, write: Write) -> (Scheduled, bool) {
    match scene.write(user, write).await {
        Ok(Outcome::Kept {
            kept: Kept::Scheduled(scheduled),
            changed,
        }) => (*scheduled, changed),
        other => panic!("{other:?}"),
    }
}

async fn scheduled(scene: &Scene, user: &UserId, draft: ScheduledDraft) -> Scheduled {
    let (scheduled, changed) = kept(scene, user, schedule(draft)).await;
    assert!(changed);
    scheduled
}

async fn known(scene: &Scene, user: &UserId, id: ScheduledId) -> Option<Scheduled> {
    scene.store.scheduled(user, id).await.expect("reads")
}

async fn list(scene: &Scene, user: &UserId) -> Vec<ScheduledId> {
    let list = scene.store.scheduled_of(user).await.expect("reads");
    list.into_iter().map(|scheduled| scheduled.id).collect()
}

/// Of one person, what waits: one database may serve all cases.
async fn waiting(scene: &Scene, user: &UserId) -> Vec<ScheduledId> {
    let due = scene.store.due(None, usize::MAX).await.expect("reads");
    let own = due.into_iter().filter(|due| due.author == *user);
    own.map(|scheduled| scheduled.id).collect()
}

/// The write that sends one, as it was seen.
fn send_due(seen: &Scheduled) -> Write {
    let Destination::Conversation(conversation) = seen.to else {
        panic!("{seen:?}");
    };
    Write::SendDue {
        scheduled: seen.id,
        revision: seen.revision,
        conversation,
        content: seen.content.clone(),
        attachments: seen.attachments.iter().map(|file| file.id).collect(),
    }
}

fn fail(seen: &Scheduled) -> Write {
    Write::Keep(Keep::Fail {
        scheduled: seen.id,
        revision: seen.revision,
        code: 2032,
        reason: "suspended".to_owned(),
    })
}

fn cancel(scheduled: ScheduledId) -> Write {
    Write::Keep(Keep::Cancel { scheduled })
}

fn change(scheduled: ScheduledId, text: Option<&str>, at: Option<Timestamp>) -> Write {
    let text = text.map(str::to_owned);
    Write::Keep(Keep::Reschedule {
        scheduled,
        text,
        at,
    })
}

async fn sent(scene: &Scene, user: &UserId, write: Write) -> Message {
    match scene.change(user, write).await.body {
        ChangeBody::Sent(message) => message,
        other => panic!("{other:?}"),
    }
}

async fn what_is_scheduled_comes_back_as_it_was(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let answered = scene.send(&bob, conversation, "when?").await;
    let draft = ScheduledDraft {
        content: Content {
            reply_to: Some(answered.id),
            metadata: Some("{\"a\":1}".to_owned()),
            ..text("tomorrow")
        },
        key: IdempotencyKey::new("k").ok(),
        ..draft(&scene, conversation, "", 60_000)
    };
    let created_at = scene.now();
    let first = scheduled(&scene, &ann, draft.clone()).await;
    let expected = Scheduled {
        id: first.id,
        author: ann.clone(),
        to: draft.to.clone(),
        content: draft.content.clone(),
        attachments: Vec::new(),
        at: draft.at,
        key: draft.key,
        created_at,
        edited_at: None,
        revision: 0,
        failed: None,
    };
    assert_eq!(first, expected);
    assert_eq!(known(&scene, &ann, first.id).await, Some(expected));
    assert_eq!(known(&scene, &bob, first.id).await, None, "ann's alone");
    let to = Destination::User(cid);
    let draft = ScheduledDraft {
        to: to.clone(),
        ..self::draft(&scene, conversation, "hello", 30_000)
    };
    let second = scheduled(&scene, &ann, draft).await;
    assert_eq!(second.to, to);
    assert_eq!(list(&scene, &ann).await, [second.id, first.id]);
    assert_eq!(waiting(&scene, &ann).await, [second.id, first.id]);
    assert!(scene.store.n_scheduled().await.expect("counts") >= 2);
    let page = MessagesOf(conversation).read(&scene).await;
    assert_eq!(page, ["when?"], "nobody is told");
}

/// What stands in a conversation.
struct MessagesOf(ConversationId);

impl MessagesOf {
    async fn read(self, scene: &Scene) -> Vec<String> {
        use crate::store::{MessagePage, PageFrom};
        let page = MessagePage {
            from: PageFrom::End,
            limit: usize::MAX,
        };
        let messages = scene.store.messages(self.0, page).await.expect("reads");
        messages.into_iter().map(|m| m.content.text).collect()
    }
}

async fn what_makes_no_sense_is_refused(scene: Scene) {
    let [ann, bob, cid] = scene.people(["ann", "bob", "cid"]);
    let conversation = scene.direct(&ann, &bob).await;
    let fine = draft(&scene, conversation, "hello", 60_000);
    let with = |change: fn(&mut ScheduledDraft)| {
        let mut draft = fine.clone();
        change(&mut draft);
        schedule(draft)
    };
    scene.invalid(&ann, with(|d| d.content.text.clear())).await;
    for (by_ms, fits) in [
        (0, false),
        (-1000, false),
        (1, true),
        (SCHEDULE_AHEAD_MAX_MS, true),
        (SCHEDULE_AHEAD_MAX_MS + 1, false),
    ] {
        let write = schedule(draft(&scene, conversation, "hello", by_ms));
        let outcome = scene.write(&ann, write).await;
        assert_eq!(outcome.is_ok(), fits, "{by_ms}: {outcome:?}");
    }
    let to = Destination::User(ann.clone());
    let to_self = ScheduledDraft { to, ..fine.clone() };
    scene.invalid(&ann, schedule(to_self)).await;
    let write = schedule(fine.clone());
    scene.refused(&cid, write, Rejection::NotMember).await;
    let write = schedule(draft(&scene, nowhere(), "hello", 60_000));
    scene.refused(&ann, write, Rejection::NoConversation).await;
    let write = with(|d| d.content.reply_to = Some(nothing()));
    scene.refused(&ann, write, Rejection::NoMessage).await;
    let write = with(|d| d.attachments = vec!["1".parse().expect("an id")]);
    scene.refused(&ann, write, Rejection::NoAttachment).await;
}

async fn a_retry_finds_the_first_one(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let draft = ScheduledDraft {
        key: IdempotencyKey::new("once").ok(),
        ..draft(&scene, conversation, "hello", 60_000)
    };
    let first = scheduled(&scene, &ann, draft.clone()).await;
    let later = Some(scene.now().plus_ms(90_000));
    let (changed, _) = kept(&scene, &ann, change(first.id, Some("hi"), later)).await;
    let again = kept(&scene, &ann, schedule(draft.clone())).await;
    assert_eq!(again, (changed, false), "as it stands now");
    assert_eq!(list(&scene, &ann).await, [first.id]);
    let other = ScheduledDraft {
        content: text("other"),
        ..draft.clone()
    };
    scene
        .refused(&ann, schedule(other), Rejection::KeyReused)
        .await;
    let theirs = scheduled(&scene, &bob, draft).await;
    assert_ne!(theirs.id, first.id, "keys are one's own");
}

async fn nobody_schedules_without_end(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let mut all = Vec::new();
    for _ in 0..SCHEDULED_MAX {
        let draft = draft(&scene, conversation, "hello", 600_000);
        all.push(scheduled(&scene, &ann, draft).await);
    }
    let one_more = || schedule(draft(&scene, conversation, "hello", 600_000));
    scene.refused(&ann, one_more(), Rejection::ListFull).await;
    kept(&scene, &ann, fail(&all[0])).await;
    scene.refused(&ann, one_more(), Rejection::ListFull).await;
    scene.done(&ann, cancel(all[0].id)).await;
    kept(&scene, &ann, one_more()).await;
    kept(&scene, &bob, one_more()).await;
}

async fn it_is_sent_once(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let seen = scheduled(&scene, &ann, draft(&scene, conversation, "hello", 1000)).await;
    let write = send_due(&seen);
    scene
        .refused(&bob, write.clone(), Rejection::NoScheduled)
        .await;
    let message = sent(&scene, &ann, write.clone()).await;
    assert_eq!(message.content.text, "hello");
    assert_eq!(message.key, Scheduled::message_key(seen.id));
    assert_eq!(list(&scene, &ann).await, []);
    assert_eq!(waiting(&scene, &ann).await, []);
    for late in [
        write,
        cancel(seen.id),
        change(seen.id, Some("no"), None),
        fail(&seen),
    ] {
        scene.refused(&ann, late, Rejection::ScheduledSent).await;
    }
    assert_eq!(MessagesOf(conversation).read(&scene).await, ["hello"]);
    let never = "1".parse().expect("an id");
    scene
        .refused(&ann, cancel(never), Rejection::NoScheduled)
        .await;
}

async fn who_changes_it_and_who_sends_it_do_not_both_win(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let seen = scheduled(&scene, &ann, draft(&scene, conversation, "old", 1000)).await;
    let (changed, _) = kept(&scene, &ann, change(seen.id, Some("new"), None)).await;
    for stale in [send_due(&seen), fail(&seen)] {
        scene.refused(&ann, stale, Rejection::NoScheduled).await;
    }
    assert_eq!(waiting(&scene, &ann).await, [seen.id], "it waits on");
    // In one group, as they come.
    let group = [send_due(&changed), cancel(seen.id)];
    let group = group.map(|write| scene.transaction(&ann, write)).to_vec();
    let outcomes = scene.store.commit(group).await.expect("commits");
    assert!(matches!(outcomes[0], Ok(Outcome::Changed(_))));
    assert_eq!(outcomes[1], Err(Rejection::ScheduledSent));
    let other = scheduled(&scene, &ann, draft(&scene, conversation, "two", 1000)).await;
    let group = [cancel(other.id), send_due(&other)];
    let group = group.map(|write| scene.transaction(&ann, write)).to_vec();
    let outcomes = scene.store.commit(group).await.expect("commits");
    assert_eq!(outcomes, [Ok(Outcome::Done), Err(Rejection::NoScheduled)]);
    assert_eq!(MessagesOf(conversation).read(&scene).await, ["new"]);
}

async fn it_can_be_changed_and_taken_back(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let first = scheduled(&scene, &ann, draft(&scene, conversation, "a", 600_000)).await;
    let at = scene.now().plus_ms(300_000);
    let now = scene.now();
    let (changed, _) = kept(&scene, &ann, change(first.id, None, Some(at))).await;
    let expected = Scheduled {
        at,
        edited_at: Some(now),
        revision: 1,
        ..first.clone()
    };
    assert_eq!(changed, expected);
    let again = kept(&scene, &ann, change(first.id, Some("a"), Some(at))).await;
    assert_eq!(again, (changed, false));
    scene.invalid(&ann, change(first.id, Some(" "), None)).await;
    let past = Some(scene.now().plus_ms(-1));
    scene.invalid(&ann, change(first.id, None, past)).await;
    for theirs in [cancel(first.id), change(first.id, Some("x"), None)] {
        scene.refused(&bob, theirs, Rejection::NoScheduled).await;
    }
    assert_eq!(waiting(&scene, &ann).await, [first.id]);
    scene.done(&ann, cancel(first.id)).await;
    assert_eq!(waiting(&scene, &ann).await, []);
    scene
        .refused(&ann, cancel(first.id), Rejection::NoScheduled)
        .await;
}

async fn what_fails_stays_until_it_is_dismissed(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let seen = scheduled(&scene, &ann, draft(&scene, conversation, "a", 1000)).await;
    let before = scene.now_in_events();
    let at = scene.now();
    let (failed, changed) = kept(&scene, &ann, fail(&seen)).await;
    assert!(changed);
    let why = SendFailed {
        at,
        code: 2032,
        reason: "suspended".to_owned(),
    };
    assert_eq!(failed.failed, Some(why));
    let events = scene.events_since(before).await;
    let expected = Happening::SendFailed {
        user: ann.clone(),
        scheduled: seen.id,
        code: 2032,
    };
    assert!(events.iter().any(|event| event.what == expected));
    assert_eq!(waiting(&scene, &ann).await, []);
    assert_eq!(list(&scene, &ann).await, [seen.id]);
    for write in [fail(&failed), send_due(&failed)] {
        scene.refused(&ann, write, Rejection::NoScheduled).await;
    }
    scene.invalid(&ann, change(seen.id, Some("b"), None)).await;
    let at = Some(scene.now().plus_ms(600_000));
    let (again, _) = kept(&scene, &ann, change(seen.id, None, at)).await;
    assert_eq!(again.failed, None);
    assert_eq!(waiting(&scene, &ann).await, [seen.id]);
    kept(&scene, &ann, fail(&again)).await;
    scene.done(&ann, cancel(seen.id)).await;
    assert_eq!(list(&scene, &ann).await, []);
}

async fn what_waits_comes_in_the_order_of_time(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let at = scene.now().plus_ms(600_000);
    let mut all = Vec::new();
    for (n, after_ms) in [5000, 1000, 3000, 1000, 256].into_iter().enumerate() {
        let by = if n % 2 == 0 { &ann } else { &bob };
        let draft = ScheduledDraft {
            at: at.plus_ms(after_ms),
            ..draft(&scene, conversation, "x", 0)
        };
        all.push(scheduled(&scene, by, draft).await);
    }
    all.sort_by_key(|one| (one.at, one.id));
    let mut after: Option<DuePlace> = None;
    let mut found = Vec::new();
    loop {
        let page = scene.store.due(after, 2).await.expect("reads");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some((last.at, last.id));
        found.extend(page);
    }
    found.retain(|one| [&ann, &bob].contains(&&one.author));
    assert_eq!(found, all);
}

async fn upload(scene: &Scene, user: &UserId, object: &str) -> Attachment {
    let draft = AttachmentDraft {
        object: format!("{}/{object}", scene.person("kept")),
        name: "cat.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 10,
        digest: [7; 32],
        image: None,
        thumbnail: None,
        quota: None,
    };
    match scene.write(user, Write::Upload(draft)).await {
        Ok(Outcome::Uploaded(attachment)) => *attachment,
        other => panic!("{other:?}"),
    }
}

/// Gives up everything that nobody sent, of this person too, and tells what is left of a file.
async fn outlasts(scene: &Scene, id: AttachmentId) -> bool {
    let everything = Position::MAX.time();
    let n = scene.store.give_up_unsent(everything, usize::MAX).await;
    n.expect("gives up");
    scene.store.attachment(id).await.expect("reads").is_some()
}

async fn its_files_wait_with_it(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let mut files = Vec::new();
    for n in 0..4 {
        files.push(upload(&scene, &ann, &n.to_string()).await.id);
    }
    let mut kept_for = Vec::new();
    for &file in &files[..3] {
        let draft = ScheduledDraft {
            attachments: vec![file],
            content: Content::default(),
            ..draft(&scene, conversation, "", 600_000)
        };
        kept_for.push(scheduled(&scene, &ann, draft).await);
    }
    let named = |scheduled: &Scheduled| scheduled.attachments[0].id;
    assert_eq!(kept_for.iter().map(named).collect::<Vec<_>>(), files[..3]);
    let second = ScheduledDraft {
        attachments: vec![files[0]],
        ..draft(&scene, conversation, "x", 600_000)
    };
    let attachment = files[0];
    let taken = Write::Send {
        conversation,
        content: text("x"),
        attachments: vec![attachment],
        key: None,
    };
    for write in [
        schedule(second),
        Write::DropAttachment { attachment },
        taken,
    ] {
        scene.refused(&ann, write, Rejection::AttachmentHeld).await;
    }
    for &file in &files[..3] {
        assert!(outlasts(&scene, file).await);
    }
    assert!(!outlasts(&scene, files[3]).await, "one that nothing names");
    let message = sent(&scene, &ann, send_due(&kept_for[0])).await;
    assert_eq!(message.attachments[0].id, files[0]);
    assert!(outlasts(&scene, files[0]).await);
    kept(&scene, &ann, fail(&kept_for[1])).await;
    assert!(outlasts(&scene, files[1]).await, "until it is dismissed");
    for (scheduled, file) in kept_for.iter().zip(files).skip(1) {
        scene.done(&ann, cancel(scheduled.id)).await;
        assert!(!outlasts(&scene, file).await);
    }
}

async fn erasure_takes_it_along(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let file = upload(&scene, &ann, "erased").await.id;
    for n in 0..40 {
        let draft = ScheduledDraft {
            attachments: if n == 7 { vec![file] } else { Vec::new() },
            ..draft(&scene, conversation, "x", 600_000)
        };
        scheduled(&scene, &ann, draft).await;
    }
    let holdings = scene.store.holdings(&ann).await.expect("counts");
    assert_eq!((holdings.scheduled, holdings.attachments), (40, 1));
    let theirs = scheduled(&scene, &bob, draft(&scene, conversation, "x", 600_000)).await;
    for left in [8, 0] {
        scene.done(&ann, Write::Erase(Erase::Scheduled)).await;
        assert_eq!(list(&scene, &ann).await.len(), left);
    }
    scene.unchanged(&ann, Write::Erase(Erase::Scheduled)).await;
    while scene.write(&ann, Write::Erase(Erase::Rows)).await != Ok(Outcome::Unchanged) {}
    let holdings = scene.store.holdings(&ann).await.expect("counts");
    assert_eq!(holdings.total(), 0, "{holdings:?}");
    assert_eq!(waiting(&scene, &ann).await, []);
    assert_eq!(waiting(&scene, &bob).await, [theirs.id]);
    let file = scene.store.attachment(file).await;
    assert_eq!(file.expect("reads"), None);
}

async fn it_is_all_there_after_a_restart(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let [ann, bob] = scene.people(["ann", "bob"]);
    let conversation = scene.direct(&ann, &bob).await;
    let long = "long ".repeat(3_000);
    let seen = scheduled(&scene, &ann, draft(&scene, conversation, &long, 600_000)).await;
    scene.reopen().await;
    assert_eq!(known(&scene, &ann, seen.id).await, Some(seen.clone()));
    assert_eq!(waiting(&scene, &ann).await, [seen.id]);
    assert_eq!(sent(&scene, &ann, send_due(&seen)).await.content.text, long);
}
