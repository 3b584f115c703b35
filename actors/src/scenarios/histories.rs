//! Pages of messages by number, as dialects show them.

use std::collections::BTreeMap;

use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, MessageId, Seq, Timestamp},
    store::{Transaction, Write},
};

use super::telling::{ask, do_it, opened, page, sent, within};
use crate::{
    command::{Command, HistoryFilter, Item, Mark, Question, Scope, Target},
    error::ErrorCode,
    limits::{LOOKED_AT_MAX, OFFSET_MAX, PAGE_MAX, Settings},
    testkit::{TestNode, user},
};

/// All pages, each of `limit`, as ids. Asserts that `more` is right.
async fn all_pages(
    node: &TestNode,
    name: &str,
    of: Scope,
    matching: HistoryFilter,
    limit: usize,
) -> Vec<MessageId> {
    let mut ids = Vec::new();
    loop {
        let at = (ids.len(), limit);
        let page = page(node, name, of.clone(), matching.clone(), at)
            .await
            .unwrap();
        ids.extend(page.ids());
        if !page.more {
            return ids;
        }
        assert_eq!(page.items.len(), limit, "there is more");
    }
}

/// Writes past Moderation, which would refuse some of it.
async fn commit(node: &TestNode, writes: impl IntoIterator<Item = (&str, Write)>) {
    let transactions = writes
        .into_iter()
        .map(|(by, write)| Transaction::new(Timestamp::now(), user(by), write));
    let outcomes = node.core().store_ref().commit(transactions.collect());
    for outcome in outcomes.await.unwrap() {
        outcome.unwrap();
    }
}

fn with_metadata(conversation: ConversationId, metadata: &str) -> Write {
    Write::Send {
        conversation,
        content: Content {
            text: metadata.to_owned(),
            metadata: Some(metadata.to_owned()),
            ..Content::default()
        },
        attachments: Vec::new(),
        key: None,
    }
}

/// Waits until the clock shows another millisecond than a message was sent at.
async fn later_than(node: &TestNode, message: MessageId) -> Timestamp {
    let message = node.core().store_ref().message(message).await.unwrap();
    let at = message.unwrap().sent_at;
    while Timestamp::now() <= at {
        tokio::task::yield_now().await;
    }
    at
}

/// S0-05, S2-03, S3-03, S4-03, C-15, C-16.
#[actix::test]
async fn pages_by_number_show_each_message_once_and_none_that_is_deleted() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let mut kept = Vec::new();
    for n in 0..23 {
        let from = if n % 2 == 0 { "a" } else { "b" };
        let message = sent(&node, from, direct, &n.to_string()).await;
        match n % 5 {
            3 => do_it(&node, from, Command::Delete { message }).await,
            _ => kept.push(message),
        }
    }
    kept.reverse();
    let filter = HistoryFilter::default;
    for limit in [1, 7, kept.len(), PAGE_MAX] {
        let ids = all_pages(&node, "a", within(direct), filter(), limit).await;
        assert_eq!(ids, kept, "by {limit}");
    }
    let first = page(
        &node,
        "b",
        Scope::In(Target::User(user("a"))),
        filter(),
        (0, 2),
    )
    .await;
    let first = first.unwrap();
    assert_eq!((first.total, first.more), (Some(19), true));
    for beyond in [kept.len(), kept.len() + 1, OFFSET_MAX] {
        let none = page(&node, "a", within(direct), filter(), (beyond, 5)).await;
        let none = none.unwrap();
        assert_eq!(
            (none.items, none.total, none.more),
            (vec![], Some(19), false)
        );
    }
    let refused = page(&node, "a", within(direct), filter(), (OFFSET_MAX + 1, 5)).await;
    assert_eq!(refused, Err(ErrorCode::BadValue));
    let refused = page(&node, "x", within(direct), filter(), (0, 5)).await;
    assert_eq!(refused, Err(ErrorCode::NoConversation));
    node.stop().await;
}

/// G5: what a block hides is left out, and the page is filled up from older messages.
#[actix::test]
async fn pages_are_full_whoever_is_blocked() {
    let node = TestNode::start(Settings::default());
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let mut visible = vec![sent(&node, "b", group, "before the block").await];
    let edited = sent(&node, "b", group, "harmless").await;
    later_than(&node, edited).await;
    let block = Command::Block {
        user: user("b"),
        reason: None,
    };
    do_it(&node, "a", block).await;
    for n in 0..20 {
        let from = ["b", "c"][n % 2];
        let message = sent(&node, from, group, "after it").await;
        visible.extend((from == "c").then_some(message));
    }
    let edit = Command::Edit {
        message: edited,
        text: "rude".to_owned(),
    };
    do_it(&node, "b", edit).await;
    visible.reverse();
    for limit in [1, 3, 4, 100] {
        let filter = HistoryFilter::default();
        let ids = all_pages(&node, "a", within(group), filter, limit).await;
        assert_eq!(ids, visible, "by {limit}");
    }
    let whole = page(
        &node,
        "c",
        within(group),
        HistoryFilter::default(),
        (0, 100),
    )
    .await;
    assert_eq!(whole.unwrap().items.len(), 22);
    node.stop().await;
}

/// S3-03: `before`; C-15: `after`.
#[actix::test]
async fn a_page_by_time_ends_and_begins_where_it_is_told() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for n in 0..6 {
        let message = sent(&node, "a", direct, &n.to_string()).await;
        times.push(later_than(&node, message).await);
        ids.insert(0, message);
    }
    let filter = |before: Option<usize>, after: Option<usize>| HistoryFilter {
        before: before.map(|n| times[n]),
        after: after.map(|n| times[n]),
        ..HistoryFilter::default()
    };
    for of in [within(direct), Scope::Direct] {
        for (before, after, expected) in [
            (Some(4), None, &ids[2..]),
            (None, Some(1), &ids[..4]),
            (Some(4), Some(1), &ids[2..4]),
            (Some(0), None, &[]),
            (None, Some(5), &[]),
        ] {
            let matching = filter(before, after);
            for limit in [1, 2, 10] {
                let found = all_pages(&node, "b", of.clone(), matching.clone(), limit).await;
                assert_eq!(found, expected, "{before:?} {after:?} by {limit}");
            }
            let found = page(&node, "b", of.clone(), matching, (0, 10)).await;
            let is_whole = of == within(direct) && after.is_none();
            assert_eq!(found.unwrap().total, is_whole.then_some(6));
        }
    }
    node.stop().await;
}

/// C-15: each page goes on below the oldest message of the one before, also if that is deleted meanwhile.
#[actix::test]
async fn a_page_goes_on_where_the_one_before_ended() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let other = node.direct("b", "c").await;
    let (mut here, mut all) = (Vec::new(), Vec::new());
    for n in 0..12 {
        let to = if n % 4 == 3 { other } else { direct };
        let message = sent(&node, "b", to, &n.to_string()).await;
        if to == direct {
            here.insert(0, message);
        }
        all.insert(0, message);
    }
    for (of, expected) in [(within(direct), here), (Scope::Direct, all)] {
        for limit in [1, 2, 5, 20] {
            let (mut found, mut below) = (Vec::new(), None);
            loop {
                let matching = HistoryFilter {
                    below,
                    ..HistoryFilter::default()
                };
                let page = page(&node, "b", of.clone(), matching, (0, limit)).await;
                let page = page.unwrap();
                found.extend(page.ids());
                below = found.last().copied();
                if !page.more {
                    break;
                }
            }
            assert_eq!(found, expected, "by {limit}");
        }
        let matching = HistoryFilter {
            below: Some(expected[2]),
            ..HistoryFilter::default()
        };
        let skipping = page(&node, "b", of, matching, (1, 20)).await.unwrap();
        assert_eq!(skipping.ids(), &expected[4..]);
    }
    let (gone, rest) = (sent(&node, "b", direct, "gone").await, within(direct));
    do_it(&node, "b", Command::Delete { message: gone }).await;
    let matching = HistoryFilter {
        below: Some(gone),
        ..HistoryFilter::default()
    };
    let page = page(&node, "b", rest, matching, (0, 20)).await.unwrap();
    assert_eq!((page.ids().len(), page.total), (9, Some(9)));
    node.stop().await;
}

/// Ids keep the order when the clock goes back; `after` goes by the times that are shown.
#[actix::test]
async fn a_message_of_a_clock_that_went_back_is_as_old_as_it_says() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let newest = sent(&node, "a", direct, "now").await;
    let an_hour_ago = Timestamp::now().plus_ms(-3_600_000);
    let late = with_metadata(direct, "{}");
    let late = Transaction::new(an_hour_ago, user("a"), late);
    let store = node.core().store_ref();
    store.commit(vec![late]).await.unwrap()[0].as_ref().unwrap();
    let after = HistoryFilter {
        after: Some(an_hour_ago.plus_ms(60_000)),
        ..HistoryFilter::default()
    };
    let found = all_pages(&node, "a", within(direct), after, 1).await;
    assert_eq!(found, [newest]);
    node.stop().await;
}

/// S1-03: everything one said and was told, newest first, whoever the other one is.
#[actix::test]
async fn direct_conversations_are_merged_by_time() {
    let node = TestNode::start(Settings::default());
    let mut directs = Vec::new();
    for peer in ["b", "c", "d", "silent"] {
        directs.push(node.direct("a", peer).await);
    }
    let group = opened(&node, "a", None, &["b"]).await;
    let not_mine = node.direct("b", "c").await;
    let mut said = Vec::new();
    // Runs of different lengths, so that sources are used up and filled at different times.
    for n in 0_usize..150 {
        let which = n / 7 * n % 3;
        let from = if n % 3 == 0 {
            "a"
        } else {
            ["b", "c", "d"][which]
        };
        said.insert(0, sent(&node, from, directs[which], "x").await);
        if n % 10 == 0 {
            sent(&node, "b", group, "to a group").await;
            sent(&node, "b", not_mine, "to another").await;
        }
    }
    for limit in [1, 10, 64, PAGE_MAX] {
        let filter = HistoryFilter::default();
        let found = all_pages(&node, "a", Scope::Direct, filter, limit).await;
        assert_eq!(found, said, "by {limit}");
    }
    let nothing = page(&node, "x", Scope::Direct, HistoryFilter::default(), (0, 5)).await;
    let nothing = nothing.unwrap();
    assert_eq!((nothing.items, nothing.more), (vec![], false));
    node.stop().await;
}

/// S1-03: `is_read`, `unread_only`.
#[actix::test]
async fn messages_are_found_by_whether_they_were_read() {
    let node = TestNode::start(Settings::default());
    let (b, c) = (node.direct("a", "b").await, node.direct("a", "c").await);
    let mut texts = BTreeMap::new();
    for name in "abcabca".chars() {
        let (name, to) = (name.to_string(), if name == 'c' { c } else { b });
        let text = format!("{}", texts.len());
        texts.insert(sent(&node, &name, to, &text).await, text);
    }
    // `b` read up to the third message of theirs, `a` up to the second; nobody read anything of `c`'s.
    for (name, seq) in [("b", 3), ("a", 2)] {
        let up_to = Mark::Seq(b, Seq(seq));
        do_it(&node, name, Command::Read { up_to }).await;
    }
    for (of, read, received, expected) in [
        (within(b), Some(true), false, "310"),
        (within(b), Some(false), false, "64"),
        (Scope::Direct, Some(true), false, "310"),
        (Scope::Direct, Some(false), false, "6542"),
        (Scope::Direct, Some(false), true, "542"),
        (within(b), None, true, "41"),
    ] {
        let matching = HistoryFilter {
            read,
            received,
            ..HistoryFilter::default()
        };
        for limit in [1, 2, 10] {
            let ids = all_pages(&node, "a", of.clone(), matching.clone(), limit).await;
            let found: String = ids.iter().map(|id| &*texts[id]).collect();
            assert_eq!(found, expected, "{of:?} {matching:?} by {limit}");
        }
        let page = page(&node, "a", of, matching, (0, 10)).await.unwrap();
        let fits = |item: &Item| read.is_none_or(|read| item.is_read() == read);
        assert!(page.items.iter().all(fits));
    }
    let unread = HistoryFilter {
        read: Some(false),
        ..HistoryFilter::default()
    };
    let group = opened(&node, "a", None, &["b"]).await;
    let refused = page(&node, "a", within(group), unread, (0, 10)).await;
    assert_eq!(refused, Err(ErrorCode::BadValue));
    node.stop().await;
}

/// S1-03: `job_id`, which dialects keep in the metadata.
#[actix::test]
async fn messages_are_found_by_their_metadata() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    sent(&node, "a", direct, "without").await;
    let metadata = [
        r#"{"job":7}"#,
        r#"{"job":"7"}"#,
        r#"{"job":7,"more":null}"#,
        r#"{"jobs":7}"#,
        r#"{"job":7"#,
        r#"[7]"#,
    ];
    commit(&node, metadata.map(|m| ("a", with_metadata(direct, m)))).await;
    let matching = |value: serde_json::Value| HistoryFilter {
        metadata: Some(("job".to_owned(), value)),
        ..HistoryFilter::default()
    };
    for of in [within(direct), Scope::Direct] {
        let found = page(&node, "b", of.clone(), matching(7.into()), (0, 10)).await;
        assert_eq!(found.unwrap().texts(), [metadata[2], metadata[0]]);
        let found = page(&node, "b", of.clone(), matching("7".into()), (0, 10)).await;
        assert_eq!(found.unwrap().texts(), [metadata[1]]);
        let second = page(&node, "b", of, matching(7.into()), (1, 1))
            .await
            .unwrap();
        assert_eq!((second.texts(), second.more), (vec![metadata[0]], false));
    }
    node.stop().await;
}

/// One request looks at so much and no more, and says so.
#[actix::test]
async fn a_filter_that_hardly_matches_ends_with_what_to_do() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    commit(&node, [("a", with_metadata(direct, r#"{"n":1}"#))]).await;
    const AT_ONCE: usize = 1000;
    for _ in 0..LOOKED_AT_MAX / AT_ONCE {
        let many = (0..AT_ONCE).map(|_| ("a", with_metadata(direct, "{}")));
        commit(&node, many).await;
    }
    commit(&node, [("a", with_metadata(direct, r#"{"n":1}"#))]).await;
    let matching = HistoryFilter {
        metadata: Some(("n".to_owned(), 1.into())),
        ..HistoryFilter::default()
    };
    let found = page(&node, "a", within(direct), matching.clone(), (0, 1)).await;
    let found = found.unwrap();
    assert_eq!(
        (found.items.len(), found.more),
        (1, true),
        "more to look through"
    );
    let question = Question::History {
        of: within(direct),
        matching,
        offset: 0,
        limit: 2,
    };
    let refused = ask(&node, "a", question).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooLarge);
    assert!(refused.message.contains("`before`"), "{}", refused.message);
    // What both have read needs no look at.
    for name in ["a", "b"] {
        let seq = Seq(LOOKED_AT_MAX as u64 + 1);
        let up_to = Mark::Seq(direct, seq);
        do_it(&node, name, Command::Read { up_to }).await;
    }
    let unread = HistoryFilter {
        read: Some(false),
        ..HistoryFilter::default()
    };
    let found = page(&node, "a", within(direct), unread, (0, 2)).await;
    let found = found.unwrap();
    assert_eq!((found.items.len(), found.more), (1, false));
    node.stop().await;
}
