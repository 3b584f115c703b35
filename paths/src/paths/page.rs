//! From the question for a page of history to its messages, with sled.

use std::hint::black_box;

use anyhow::ensure;
use parlour_storage::{
    ids::{ConversationId, Seq},
    local::paths::Steps,
    store::{MessagePage, PageFrom},
};

use super::{commit, scene};
use crate::counted::counted;

const CONVERSATIONS: usize = 4;
const MESSAGES: usize = 1200;
const GROUP: usize = 64;
const PAGE: usize = 50;
/// Each from elsewhere in the middle.
const PAGES: u64 = 40;

pub(crate) fn run() -> anyhow::Result<u64> {
    let folder = tempfile::tempdir()?;
    let mut steps = Steps::on_sled(folder.path())?;
    let conversations = commit::open(&mut steps, CONVERSATIONS)?;
    let sends = (0..MESSAGES).map(|n| commit::send(&conversations, n));
    let sends = sends.collect::<anyhow::Result<Vec<_>>>()?;
    commit::commit_all(&mut steps, sends.chunks(GROUP).map(<[_]>::to_vec).collect())?;
    let read = || (0..PAGES).try_for_each(|n| page(&steps, &conversations, n));
    read()?;
    counted(read)?;
    Ok(PAGES)
}

fn page(steps: &Steps, conversations: &[ConversationId], n: u64) -> anyhow::Result<()> {
    let id = conversations[usize::try_from(n)? % conversations.len()];
    let page = MessagePage {
        from: PageFrom::Before(Seq(60 + 5 * n)),
        limit: PAGE,
    };
    let messages = steps.page(id, page)?;
    let whole = messages
        .iter()
        .filter(|message| message.content.text == scene::TEXT);
    ensure!(whole.count() == PAGE, "{} messages", messages.len());
    black_box(messages);
    Ok(())
}
