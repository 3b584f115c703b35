//! Many messages over many conversations, straight into the store: memory and disk must stay in proportion.
//!
//! What goes wrong otherwise was measured once: with one huge batch per commit group, sled's resident
//! memory grew by 2 GB per million messages.

use std::{sync::Arc, time::Instant};

use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, IdempotencyKey, Timestamp},
    local::Options,
    store::{Outcome, Store, Transaction, Write},
};

use crate::system::{disk_mib, open, rss_mib, user};

const CONVERSATIONS: usize = 100_000;
const GROUP: usize = 512;
/// Groups that the store has at once.
const IN_FLIGHT: usize = 4;

pub(crate) fn run(n_messages: usize, batch_keys_max: Option<usize>) {
    let mut options = Options::default();
    options.batch_keys_max = batch_keys_max.unwrap_or(options.batch_keys_max);
    let n_conversations = CONVERSATIONS.min(n_messages / 10).max(1);
    println!(
        "soak: {n_messages} messages of 200 bytes over {n_conversations} conversations, {} keys in a batch",
        options.batch_keys_max
    );
    println!("| messages | messages/s | RSS MiB | disk MiB | bytes each |");
    println!("|---|---|---|---|---|");
    actix::System::new().block_on(soak(n_messages, n_conversations, &options));
}

async fn soak(n_messages: usize, n_conversations: usize, options: &Options) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path(), options.clone());
    let conversations = open_conversations(&store, n_conversations).await;
    report(0, 0.0, folder.path());
    let (mut n, mut n_reported) = (0, 0);
    let mut since = Instant::now();
    while n < n_messages {
        let groups: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let group = (n..n_messages.min(n + GROUP))
                    .map(|i| message(i, &conversations))
                    .collect::<Vec<_>>();
                n += group.len();
                let store = Arc::clone(&store);
                actix::spawn(async move { store.commit(group).await })
            })
            .collect();
        for group in groups {
            let outcomes = group.await.expect("no panic").expect("the store works");
            assert!(
                outcomes
                    .iter()
                    .all(|o| matches!(o, Ok(Outcome::Changed(_)))),
                "a message was refused"
            );
        }
        if n - n_reported >= n_messages / 10 || n == n_messages {
            report(
                n,
                (n - n_reported) as f64 / since.elapsed().as_secs_f64(),
                folder.path(),
            );
            (n_reported, since) = (n, Instant::now());
        }
    }
    store.close().await.expect("a clean close");
    let from = Instant::now();
    let store = open(folder.path(), options.clone());
    println!(
        "reopened in {:.1} s, RSS {} MiB",
        from.elapsed().as_secs_f64(),
        rss_mib()
    );
    store.close().await.expect("a clean close");
}

fn message(i: usize, conversations: &[ConversationId]) -> Transaction {
    // A stride that is coprime to the number of conversations: neighbours in time are not neighbours in key.
    let of = (i * 7919) % conversations.len();
    let content = Content {
        text: "x".repeat(200),
        ..Content::default()
    };
    let key = Some(IdempotencyKey::new(&format!("key-{i}")).expect("short"));
    let write = Write::Send {
        conversation: conversations[of],
        content,
        attachments: Vec::new(),
        key,
    };
    Transaction::new(Timestamp::now(), user(2 * of), write)
}

async fn open_conversations(store: &Arc<dyn Store>, n: usize) -> Vec<ConversationId> {
    let mut conversations = Vec::with_capacity(n);
    for from in (0..n).step_by(GROUP) {
        let group = (from..n.min(from + GROUP))
            .map(|i| {
                Transaction::new(
                    Timestamp::now(),
                    user(2 * i),
                    Write::OpenDirect {
                        with: user(2 * i + 1),
                    },
                )
            })
            .collect();
        for outcome in store.commit(group).await.expect("the store works") {
            let Ok(Outcome::Changed(changes)) = outcome else {
                panic!("{outcome:?}")
            };
            conversations.push(changes[0].conversation);
        }
    }
    conversations
}

fn report(n: usize, rate: f64, folder: &std::path::Path) {
    let disk = disk_mib(folder);
    let each = (disk << 20).checked_div(n as u64).unwrap_or(0);
    println!("| {n} | {rate:.0} | {} | {disk} | {each} |", rss_mib());
}
