//! Events on a node that nobody follows.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use parlour_storage::{
    domain::{
        event::{EventId, Happening},
        message::Content,
    },
    events::Events as _,
    ids::{Seq, Timestamp, UserId},
    local::Options,
    memory_store::MemoryStore,
    store::{Outcome, Store, Transaction, Write},
};

async fn change(store: &impl Store, by: &str, write: Write) -> parlour_storage::ids::Position {
    let by = UserId::new(by).unwrap();
    let transaction = Transaction::new(Timestamp::now(), by, write);
    let outcome = store.commit(vec![transaction]).await.unwrap().remove(0);
    match outcome.unwrap() {
        Outcome::Changed(changes) => changes[0].position,
        other => panic!("{other:?}"),
    }
}

/// Reading is frequent, and a row for each would cost as much as the reading itself.
#[tokio::test]
async fn what_is_frequent_is_told_only_where_somebody_follows() {
    for events_all in [false, true] {
        let options = Options {
            events_all,
            ..Options::default()
        };
        let store = MemoryStore::new(options).unwrap();
        let with = UserId::new("bob").unwrap();
        let opened = change(&store, "ann", Write::OpenDirect { with }).await;
        let conversation = parlour_storage::ids::ConversationId::created_at(opened);
        let send = Write::Send {
            conversation,
            content: Content {
                text: "hello".to_owned(),
                ..Content::default()
            },
            key: None,
            attachments: Vec::new(),
        };
        let sent = change(&store, "ann", send).await;
        let message = parlour_storage::ids::MessageId::created_at(sent);
        let seq = Seq(1);
        change(&store, "bob", Write::Read { conversation, seq }).await;
        let (emoji, on) = ("+".to_owned(), true);
        change(&store, "bob", Write::React { message, emoji, on }).await;
        change(&store, "ann", Write::Delete { message }).await;
        let page = store.events_after(EventId::default(), 99).await.unwrap();
        let told: Vec<_> = page.events.iter().map(|e| e.what.topic()).collect();
        let expected: &[_] = if events_all {
            &[
                "conversation.created",
                "message.sent",
                "message.read",
                "message.reacted",
                "message.deleted",
            ]
        } else {
            &["message.sent", "message.deleted"]
        };
        assert_eq!(told, expected);
        let sent = page.events.iter().find(|event| event.id.n == 0).unwrap();
        assert!(matches!(sent.what, Happening::MessageSent(_)));
    }
}
