//! The store against a model that is too simple to be wrong: random people do random things, now and then the
//! store is opened again, and both must say the same.
//!
//! Covers order, membership, roles, cursors, unread counts, pages by number, what resume tells, what events tell, retention, shadow
//! bans and the audit log. Files have a model of their own (`files.rs`). Content and rows are the conformance suite's.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

mod model {
    mod answers;
    pub(crate) mod follower;
    pub(crate) mod world;
}

use std::{sync::Arc, time::Duration};

use model::{
    follower::Follower,
    world::{Act, World},
};
use parlour_storage::{
    audit::{Mark, verify},
    domain::{
        change::{Change, ChangeBody},
        safety::AuditDraft,
    },
    faulty::FaultyDisk,
    ids::{ConversationId, MessageId, Position, Timestamp, UserId},
    local::Options,
    safety::Retention,
    sled_store::SledStore,
    store::{MessagePage, Outcome, PageFrom, Store, Transaction},
};
use proptest::prelude::*;

const PEOPLE: usize = 4;
const START_MS: i64 = 1_800_000_000_000;

fn name(n: usize) -> UserId {
    UserId::new(&format!("p{n}")).unwrap()
}

/// One step of a script.
#[derive(Clone, Debug)]
enum Step {
    Do {
        by: usize,
        act: Act,
    },
    /// Keep so many messages of each conversation, and those that are no older.
    Purge {
        most: Option<u64>,
        age_s: Option<u64>,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    let place = 0_usize..6;
    let several = prop::collection::vec(0..PEOPLE, 0..3);
    let act = prop_oneof![
        1 => person.clone().prop_map(Act::OpenDirect),
        1 => several.clone().prop_map(Act::OpenGroup),
        8 => place.clone().prop_map(Act::Send),
        2 => (place.clone(), 0_u64..12).prop_map(|(c, seq)| Act::Delete(c, seq)),
        2 => (place.clone(), 0_u64..12).prop_map(|(c, seq)| Act::Edit(c, seq)),
        4 => (place.clone(), 0_u64..12).prop_map(|(c, seq)| Act::Read(c, seq)),
        2 => (place.clone(), 0_u64..12).prop_map(|(c, seq)| Act::Deliver(c, seq)),
        2 => (place.clone(), several).prop_map(|(c, users)| Act::Add(c, users)),
        3 => (place.clone(), person.clone()).prop_map(|(c, user)| Act::Remove(c, user)),
        2 => (place.clone(), person.clone(), 0_usize..3).prop_map(|(c, u, role)| Act::SetRole(c, u, role)),
        1 => person.clone().prop_map(Act::Block),
        1 => person.clone().prop_map(Act::Unblock),
        1 => (place.clone(), 0_u64..12).prop_map(|(c, seq)| Act::TakeDown(c, seq)),
        2 => (person.clone(), any::<bool>()).prop_map(|(user, on)| Act::ShadowBan(user, on)),
    ];
    prop_oneof![
        40 => (person, act).prop_map(|(by, act)| Step::Do { by, act }),
        2 => (prop::option::of(0_u64..5), prop::option::of(0_u64..5))
            .prop_map(|(most, age_s)| Step::Purge { most, age_s }),
        1 => Just(Step::Reopen),
    ]
}

/// Opens, or opens again, what is under test.
type Open<'a> = &'a dyn Fn() -> Arc<dyn Store>;

async fn play(script: &[Step], split: usize, open: Open<'_>) {
    let mut store = open();
    let mut world = World::new((0..PEOPLE).map(name).collect());
    let mut resume = vec![Position::ZERO];
    let mut n_lines = 0;
    // Who reads on now and then, whatever the store goes through meanwhile.
    let mut follower = Follower::default();
    for (n, step) in script.iter().enumerate() {
        match step {
            Step::Reopen => {
                store.close().await.unwrap();
                store = open();
            }
            Step::Purge { most, age_s } => {
                let retention = Retention {
                    age: age_s.map(Duration::from_secs),
                    messages_max: *most,
                };
                let at = Timestamp(START_MS + 4000);
                let n_gone = purge(&*store, retention, at).await;
                assert_eq!(n_gone, world.purge(retention, at));
                assert_eq!(purge(&*store, retention, at).await, 0, "again");
            }
            Step::Do { by, act } => {
                // The clock stands still for long, then jumps, and sometimes goes back.
                let at = Timestamp(START_MS + i64::try_from(n / 7 % 5).unwrap() * 1000);
                let write = world.write(act);
                let transaction = Transaction {
                    audit: Some(audit()),
                    ..Transaction::new(at, name(*by), write)
                };
                let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
                world.follow(*by, act, &outcome);
                n_lines += u64::from(matches!(
                    outcome,
                    Ok(Outcome::Changed(_) | Outcome::Met { .. } | Outcome::Done)
                ));
                if let Ok(Outcome::Changed(changes)) = outcome {
                    resume.extend(changes.last().map(|change| change.position));
                }
            }
        }
        if n % split == 0 {
            compare(&*store, &world, &resume).await;
            follow(&*store, &world, &mut follower).await;
        }
    }
    compare(&*store, &world, &resume).await;
    follow(&*store, &world, &mut follower).await;
    let lines = store.audit_after(0, usize::MAX).await.unwrap();
    assert_eq!(
        lines.len() as u64,
        n_lines,
        "a line for each act that did something"
    );
    let last = lines.last().map(|line| (line.n, line.hash));
    let (n, hash) = last.unwrap_or_default();
    assert_eq!(verify(Mark::default(), &lines, Mark { n, hash }), Ok(()));
    store.close().await.unwrap();
}

/// Who was there all along, and who comes now, know what there is.
async fn follow(store: &dyn Store, world: &World, follower: &mut Follower) {
    for follower in [follower, &mut Follower::default()] {
        follower.go_on(store).await;
        follower.knows(world);
    }
}

fn audit() -> AuditDraft {
    AuditDraft {
        action: "something.done",
        user: None,
        conversation: None,
        message: None,
        detail: None,
    }
}

/// In steps so small that they end within a conversation.
async fn purge(store: &dyn Store, retention: Retention, at: Timestamp) -> u64 {
    let (mut after, mut n_gone) = (None, 0);
    loop {
        let step = store.purge(retention, at, after, 2).await.unwrap();
        assert!(step.n_messages <= 2);
        n_gone += step.n_messages;
        after = step.through;
        if after.is_none() {
            return n_gone;
        }
    }
}

async fn compare(store: &dyn Store, world: &World, resume: &[Position]) {
    for (id, expected) in world.rosters() {
        let roster = store.roster(id).await.unwrap().unwrap();
        assert_eq!(roster.conversation.n_members as usize, roster.members.len());
        let seen = roster.members.iter().map(|member| {
            let cursor = member.cursor;
            (
                member.user.clone(),
                member.role,
                cursor.read.0,
                cursor.delivered.0,
            )
        });
        assert_eq!(seen.collect::<Vec<_>>(), expected, "members of {id}");
        let page = MessagePage {
            from: PageFrom::End,
            limit: 1000,
        };
        let messages = store.messages(id, page).await.unwrap();
        let seen = messages.iter().map(|message| {
            let text = message.content.text.as_str();
            (message.seq.0, message.author.clone(), text.to_owned())
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            world.texts(id),
            "messages of {id}"
        );
        compare_numbers(store, world, id).await;
    }
    for n in 0..PEOPLE {
        let user = name(n);
        let unread = store.unread(&user).await.unwrap();
        assert_eq!(unread, world.unread(n), "unread of {user}");
        let ids = store.conversation_ids_of(&user).await.unwrap();
        assert_eq!(ids, world.conversations_of(n), "conversations of {user}");
        let listing = store.listing(&user).await.unwrap();
        assert_eq!(listing, world.listing(n), "listing of {user}");
        for after in [
            resume[0],
            resume[resume.len() / 2],
            resume[resume.len() - 1],
        ] {
            let changes = store.changes_since(&user, after, 10_000).await.unwrap();
            let seen: Vec<_> = changes
                .changes
                .iter()
                .map(|c| (c.position, c.conversation, named(c)))
                .collect();
            assert_eq!(
                seen,
                world.told(n, after),
                "changes of {user} since {after}"
            );
        }
    }
}

/// The messages that a mark names.
fn named(change: &Change) -> Vec<MessageId> {
    match &change.body {
        ChangeBody::Read { messages, .. } => messages.clone(),
        _ => Vec::new(),
    }
}

/// What finds pages by number and by time.
async fn compare_numbers(store: &dyn Store, world: &World, id: ConversationId) {
    let alive = world.alive(id);
    assert_eq!(store.n_messages(id).await.unwrap(), alive.len() as u64);
    for n in 1..=alive.len() + 1 {
        let found = store.skip_newest(id, n as u64).await.unwrap();
        assert_eq!(found.as_ref(), alive.get(n - 1), "{n} of {id}");
    }
    for s in 0..6 {
        let at = Timestamp(START_MS + s * 1000);
        let found = store.first_since(id, at).await.unwrap();
        assert_eq!(found, world.first_since(id, at), "{id} since {at:?}");
    }
}

fn run(play: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(play);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_as_the_model(script in prop::collection::vec(step(), 1..150)) {
        let disk = FaultyDisk::default();
        run(play(&script, 20, &|| {
            // What was not synced when everybody was answered may as well be gone.
            disk.cut_power(0);
            Arc::new(disk.open(Options::default()).unwrap())
        }));
        prop_assert_eq!(disk.verify().unwrap().findings, []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]

    #[test]
    fn sled_does_as_the_model(script in prop::collection::vec(step(), 1..150)) {
        let folder = tempfile::tempdir().unwrap();
        run(play(&script, 50, &|| {
            Arc::new(SledStore::open(folder.path(), Options::default()).unwrap())
        }));
    }
}
