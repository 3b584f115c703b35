//! Moderation's verdict on a message: how its author stands, whom they block, what it says, how often they write.

use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use parlour_actors::{
    command::Caller,
    limits::{Rate, Settings},
    moderation::paths::Judge,
    outbox::ConnectionId,
    policy::{Finding, Html, Policy, WordRule},
    system::System,
};
use parlour_storage::{
    domain::user::{Block, Blocks},
    ids::{ConversationId, UserId},
    local::Options,
    memory_store::MemoryStore,
    store::Write,
};

use super::scene;
use crate::counted::counted;

const MESSAGES: usize = 500;
/// Words of the operator's own.
const WORDS: usize = 1000;
/// People whom the author blocks.
const BLOCKS: usize = 1000;

fn settings() -> Settings {
    let rate = |n, seconds| Rate {
        n,
        period: Duration::from_secs(seconds),
    };
    let rates = vec![rate(30, 10), rate(10_000, 3600)];
    Settings {
        rates: BTreeMap::from([("message.send".to_owned(), rates)]),
        policy: Policy {
            html: Html::Strip,
            profanity: Finding::Mask,
            contact_details: Finding::Mask,
            words: (0..WORDS)
                .map(|n| WordRule {
                    word: word(n),
                    finding: Finding::Reject,
                })
                .collect(),
            ..Policy::default()
        },
        ..Settings::default()
    }
}

/// The nth of many words that no text has.
fn word(n: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz";
    let digit = |place: u32| char::from(letters[n / 26_usize.pow(place) % 26]);
    [digit(0), digit(1), 'q', digit(2), 'x'].iter().collect()
}

pub(crate) fn run() -> anyhow::Result<u64> {
    // Moderation shares a core with the other actors, which have nothing to do.
    actix::System::new().block_on(async {
        let store = Arc::new(MemoryStore::new(Options::default())?);
        let system = System::start(store, settings());
        let mut judge = Judge::new(Arc::clone(system.core()));
        let judged = count(&mut judge);
        system.drain(Duration::ZERO).await;
        system.stop().await?;
        judged
    })
}

fn count(judge: &mut Judge) -> anyhow::Result<u64> {
    let author = Caller::new(&scene::identity(0)?, Some(ConnectionId(1)));
    let to = scene::user(1)?;
    let blocks = (0..BLOCKS).map(|n| {
        Ok(Block {
            blocked: scene::user(2 + n)?,
            reason: None,
            at: scene::START,
        })
    });
    let blocks = Blocks {
        by_them: blocks.collect::<anyhow::Result<_>>()?,
        of_them: Vec::new(),
    };
    judge.know(author.user.clone(), blocks);
    let id = ConversationId::created_at(scene::position(0));
    let mut judge_all = |from: usize, writes: Vec<Write>| {
        let mut writes = writes.into_iter().zip(from..);
        writes.try_for_each(|(write, n)| judge_one(judge, &author, &to, write, n))
    };
    judge_all(0, messages(id, 0)?)?;
    let writes = messages(id, MESSAGES)?;
    counted(|| judge_all(MESSAGES, writes))?;
    Ok(MESSAGES as u64)
}

fn messages(conversation: ConversationId, from: usize) -> anyhow::Result<Vec<Write>> {
    let sends = (from..from + MESSAGES).map(|n| {
        Ok(Write::Send {
            conversation,
            content: scene::content(),
            attachments: Vec::new(),
            key: Some(scene::key(n)?),
        })
    });
    sends.collect()
}

/// A second after the one before: no limit is met.
fn judge_one(
    judge: &mut Judge,
    author: &Caller,
    to: &UserId,
    write: Write,
    n: usize,
) -> anyhow::Result<()> {
    let now = scene::START.plus_ms(1000 * i64::try_from(n).context("a small number")?);
    let passed = judge.verdict(author, to.clone(), write, now);
    match passed.map_err(|failure| anyhow!("{}", failure.message))? {
        Write::Send { content, .. } if content.text == scene::TEXT => {
            black_box(content);
            Ok(())
        }
        other => bail!("the policy changed what it had no reason to: {other:?}"),
    }
}
