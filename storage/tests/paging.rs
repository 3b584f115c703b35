//! Pages by number, against a plain list from which the deleted are filtered.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use parlour_storage::{
    domain::{change::ChangeBody, message::Content},
    ids::{ConversationId, MessageId, Timestamp, UserId},
    local::{LocalStore, Options},
    memory_store::MemoryStore,
    store::{MessagePage, Outcome, PageFrom, Store, Transaction, Write},
};
use proptest::prelude::*;

const AT: Timestamp = Timestamp(1_800_000_000_000);

fn ann() -> UserId {
    UserId::new("ann").unwrap()
}

async fn commit(store: &LocalStore, writes: Vec<Write>) -> Vec<ChangeBody> {
    let transaction = |write| Transaction::new(AT, ann(), write);
    let group = writes.into_iter().map(transaction).collect();
    let outcomes = store.commit(group).await.unwrap();
    let body = |outcome| match outcome {
        Ok(Outcome::Changed(mut changes)) => changes.remove(0).body,
        other => panic!("{other:?}"),
    };
    outcomes.into_iter().map(body).collect()
}

/// A conversation of so many messages.
async fn conversation(store: &LocalStore, n_messages: usize) -> (ConversationId, Vec<MessageId>) {
    let with = UserId::new("bob").unwrap();
    let opened = commit(store, vec![Write::OpenDirect { with }]).await;
    let ChangeBody::Created { conversation, .. } = &opened[0] else {
        panic!("{opened:?}")
    };
    let conversation = conversation.id;
    let content = Content {
        text: "x".to_owned(),
        ..Content::default()
    };
    let key = None;
    let send = Write::Send {
        conversation,
        content,
        attachments: Vec::new(),
        key,
    };
    let sent = commit(store, vec![send; n_messages]).await;
    let id = |body| match body {
        ChangeBody::Sent(message) => message.id,
        other => panic!("{other:?}"),
    };
    (conversation, sent.into_iter().map(id).collect())
}

/// The page after `skip` messages that show, newest first: as a caller puts it together.
async fn page(store: &LocalStore, id: ConversationId, skip: u64, limit: usize) -> Vec<MessageId> {
    let Some(end) = store.skip_newest(id, skip).await.unwrap() else {
        return Vec::new();
    };
    let (mut from, mut found) = (PageFrom::Before(end), Vec::new());
    loop {
        let part = MessagePage { from, limit };
        let part = store.messages(id, part).await.unwrap();
        let Some(oldest) = part.first().map(|message| message.seq) else {
            break;
        };
        let shown = part.into_iter().rev().filter(|m| m.deleted_at.is_none());
        found.extend(shown.map(|message| message.id));
        from = PageFrom::Before(oldest);
    }
    found.truncate(limit);
    found
}

/// Deletes in that order, and looks through all pages after each.
async fn play(n_messages: usize, deletions: Vec<prop::sample::Index>, limit: usize) {
    let store = MemoryStore::new(Options::default()).unwrap();
    let (id, sent) = conversation(&store, n_messages).await;
    let mut list = sent.clone();
    for index in std::iter::once(None).chain(deletions.into_iter().map(Some)) {
        if let Some(index) = index
            && !list.is_empty()
        {
            let message = list.remove(index.index(list.len()));
            commit(&store, vec![Write::Delete { message }]).await;
        }
        assert_eq!(store.n_messages(id).await.unwrap(), list.len() as u64);
        let newest_first: Vec<_> = list.iter().rev().copied().collect();
        for (n, expected) in (1..).zip(&newest_first) {
            let place = store.skip_newest(id, n).await.unwrap().unwrap();
            assert_eq!(sent[usize::try_from(place.0).unwrap() - 1], *expected);
        }
        let beyond = list.len() as u64 + 1;
        assert_eq!(store.skip_newest(id, beyond).await.unwrap(), None);
        for (number, expected) in (0..).zip(newest_first.chunks(limit)) {
            let page = page(&store, id, number * limit as u64, limit).await;
            assert_eq!(page, expected, "page {number} of {limit}");
        }
    }
    store.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn paging_by_number_is_paging_through_what_is_left(
        n_messages in 0_usize..24,
        deletions in prop::collection::vec(any::<prop::sample::Index>(), 0..26),
        limit in 1_usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(play(n_messages, deletions, limit));
    }
}
