//! From a group of transactions to the answer that all of it is durable: checked, numbered, encoded, applied, synced.
//!
//! Twice. In memory it is the engine alone, and the same to a ten-thousandth: what is added to a message shows. Over sled it is
//! three times that, and how many of sled's instructions there are is ours to say (keys, their order, the size of batches), but
//! sled's own threads, which aren't counted, come in between: two counts differ by one percent.

use std::hint::black_box;

use anyhow::{Context as _, bail, ensure};
use parlour_storage::{
    domain::change::ChangeBody,
    ids::ConversationId,
    local::paths::Steps,
    store::{Outcome, Transaction, Write},
};

use super::scene;
use crate::counted::counted;

const CONVERSATIONS: usize = 100;
const MESSAGES: usize = 1000;
const GROUP: usize = 64;

pub(crate) fn in_memory() -> anyhow::Result<u64> {
    run(Steps::in_memory()?)
}

pub(crate) fn on_sled() -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    run(Steps::on_sled(folder.path())?)
}

fn run(mut steps: Steps) -> anyhow::Result<u64> {
    let conversations = open(&mut steps, CONVERSATIONS)?;
    let groups = |from: usize| -> anyhow::Result<Vec<Vec<Transaction>>> {
        let sends = (from..from + MESSAGES).map(|n| send(&conversations, n));
        let sends = sends.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(sends.chunks(GROUP).map(<[_]>::to_vec).collect())
    };
    commit_all(&mut steps, groups(0)?)?;
    let groups = groups(MESSAGES)?;
    counted(|| commit_all(&mut steps, groups))?;
    Ok(MESSAGES as u64)
}

/// Opens direct conversations, each between two who are in no other.
pub(super) fn open(steps: &mut Steps, n: usize) -> anyhow::Result<Vec<ConversationId>> {
    let mut conversations = Vec::with_capacity(n);
    for n in 0..n {
        let with = scene::user(2 * n + 1)?;
        let write = Write::OpenDirect { with };
        let open = Transaction::new(scene::START, scene::user(2 * n)?, write);
        match steps.commit(vec![open])?.pop() {
            Some(Ok(Outcome::Changed(changes))) => {
                let change = changes.first().context("nothing changed")?;
                conversations.push(change.conversation);
            }
            other => bail!("a conversation was not opened: {other:?}"),
        }
    }
    Ok(conversations)
}

/// The nth message, in one conversation's turn after the other's.
pub(super) fn send(conversations: &[ConversationId], n: usize) -> anyhow::Result<Transaction> {
    let turn = n % conversations.len();
    let write = Write::Send {
        conversation: conversations[turn],
        content: scene::content(),
        attachments: Vec::new(),
        key: Some(scene::key(n)?),
    };
    let at = scene::START.plus_ms(i64::try_from(n)?);
    Ok(Transaction::new(at, scene::user(2 * turn)?, write))
}

pub(super) fn commit_all(steps: &mut Steps, groups: Vec<Vec<Transaction>>) -> anyhow::Result<()> {
    for group in groups {
        for outcome in steps.commit(group)? {
            let Ok(Outcome::Changed(changes)) = outcome else {
                bail!("a message was not sent: {outcome:?}");
            };
            let sent = |change: &_| matches!(change, ChangeBody::Sent(_));
            ensure!(
                changes.iter().any(|change| sent(&change.body)),
                "no message in {changes:?}"
            );
            black_box(changes);
        }
    }
    Ok(())
}
