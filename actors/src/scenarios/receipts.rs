//! Who has read a message, and when, as dialects show it with the message.

use parlour_storage::ids::{MessageId, Seq, Timestamp};

use super::telling::{ask, do_it, opened, page, sent, within};
use crate::{
    command::{Command, HistoryFilter, Item, Mark, Question, Reply, Request},
    error::ErrorCode,
    limits::{PEOPLE_SHOWN_MAX, Settings},
    testkit::{TestNode, user},
};

async fn item(node: &TestNode, name: &str, message: MessageId) -> Result<Item, ErrorCode> {
    match ask(node, name, Question::Item(message)).await {
        Ok(Reply::Item(item)) => Ok(*item),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

/// S2-03 `read_at`, S3-07 `readBy`.
#[actix::test]
async fn a_message_tells_who_has_read_it_and_when() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let mut messages = Vec::new();
    for name in ["a", "a", "b", "a"] {
        messages.push(sent(&node, name, direct, name).await);
    }
    let mut read_at = Vec::new();
    for (name, seq) in [("b", 1), ("b", 2), ("a", 3)] {
        let up_to = Mark::Seq(direct, Seq(seq));
        do_it(&node, name, Command::Read { up_to }).await;
        let roster = node.core().store_ref().roster(direct).await.unwrap();
        let members = roster.unwrap().members;
        let reader = members.into_iter().find(|m| m.user == user(name)).unwrap();
        read_at.push(reader.cursor.read_at.unwrap());
        // Each at a time of its own.
        while Timestamp::now() <= read_at[read_at.len() - 1] {
            tokio::task::yield_now().await;
        }
    }
    let both = vec![user("a"), user("b")];
    let expected = [
        (both.clone(), Some(read_at[0])),
        (both.clone(), Some(read_at[1])),
        (both, Some(read_at[2])),
        (vec![user("a")], None),
    ];
    for (message, (read_by, read_at)) in messages.iter().zip(expected) {
        for name in ["a", "b"] {
            let item = item(&node, name, *message).await.unwrap();
            assert_eq!(
                (item.message.id, &item.read_by, item.read_at),
                (*message, &read_by, read_at)
            );
            assert_eq!(item.is_read(), read_at.is_some());
        }
    }
    let filter = HistoryFilter::default();
    let whole = page(&node, "a", within(direct), filter, (0, 10))
        .await
        .unwrap();
    for listed in whole.items {
        assert_eq!(
            Ok(&listed),
            item(&node, "a", listed.message.id).await.as_ref()
        );
    }
    let deleted = messages[3];
    do_it(&node, "a", Command::Delete { message: deleted }).await;
    assert_eq!(item(&node, "a", deleted).await, Err(ErrorCode::Deleted));
    assert_eq!(
        item(&node, "x", messages[0]).await,
        Err(ErrorCode::NoMessage)
    );
    node.stop().await;
}

/// G5: receipts pass a block in neither direction.
#[actix::test]
async fn across_a_block_nobody_learns_who_has_read() {
    let node = TestNode::start(Settings::default());
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let direct = node.direct("a", "b").await;
    let mut messages = Vec::new();
    for to in [group, direct] {
        messages.push(sent(&node, "a", to, "hi").await);
        for name in ["b", "c"] {
            let up_to = Mark::Seq(to, Seq(1));
            let read = Request::Do(Command::Read { up_to });
            let done = node.ask(name, read).await;
            assert!(done.is_ok() || (name, to) == ("c", direct));
        }
    }
    let read_by = async |message, name| item(&node, name, message).await.unwrap().read_by;
    let users = |names: &[&str]| names.iter().map(|name| user(name)).collect::<Vec<_>>();
    assert_eq!(read_by(messages[0], "a").await, users(&["a", "b", "c"]));
    let block = Command::Block {
        user: user("a"),
        reason: None,
    };
    do_it(&node, "b", block).await;
    assert_eq!(read_by(messages[0], "a").await, users(&["a", "c"]));
    assert_eq!(read_by(messages[0], "c").await, users(&["a", "b", "c"]));
    assert_eq!(
        read_by(messages[0], "b").await,
        users(&["a", "b", "c"]),
        "its author, and one's own reading"
    );
    let shown = item(&node, "a", messages[1]).await.unwrap();
    assert_eq!((shown.read_by, shown.read_at), (users(&["a"]), None));
    let unread = HistoryFilter {
        read: Some(false),
        ..HistoryFilter::default()
    };
    let unread = page(&node, "a", within(direct), unread, (0, 5)).await;
    assert_eq!(unread.unwrap().ids(), [messages[1]], "as far as a may know");
    let hidden = sent(&node, "a", group, "after the block").await;
    assert_eq!(item(&node, "b", hidden).await, Err(ErrorCode::NoMessage));
    assert_eq!(read_by(hidden, "c").await, users(&["a"]));
    node.stop().await;
}

/// S3-07, in groups too large to name everyone who has read.
#[actix::test]
async fn of_a_large_group_the_author_and_the_asker_are_looked_at() {
    let node = TestNode::start(Settings::default());
    let names: Vec<_> = (0..PEOPLE_SHOWN_MAX).map(|n| format!("p{n:03}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let group = opened(&node, "a", None, &names).await;
    let message = sent(&node, "p007", group, "hi").await;
    for name in ["a", "p001"] {
        let up_to = Mark::Seq(group, Seq(1));
        do_it(&node, name, Command::Read { up_to }).await;
    }
    for (name, expected) in [("a", vec!["a", "p007"]), ("p002", vec!["p007"])] {
        let read_by = item(&node, name, message).await.unwrap().read_by;
        let read_by: Vec<_> = read_by.iter().map(|user| user.as_str()).collect();
        assert_eq!(read_by, expected);
    }
    node.stop().await;
}
