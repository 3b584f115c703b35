//! Lists of conversations as dialects show them, and what is unread in them.

use parlour_storage::ids::ConversationId;

use super::telling::{ask, do_it, name_people, opened, sent, until_online};
use crate::{
    command::{Command, Entry, InboxFilter, Mark, Question, Reply, Target},
    error::ErrorCode,
    limits::{LOOKED_AT_MAX, PAGE_MAX, PEOPLE_SHOWN_MAX, Settings},
    testkit::{TestNode, user},
};

fn question(matching: InboxFilter, offset: usize, limit: usize) -> Question {
    Question::Inbox {
        matching,
        offset,
        limit,
    }
}

async fn inbox(
    node: &TestNode,
    name: &str,
    matching: InboxFilter,
    (offset, limit): (usize, usize),
) -> (Vec<Entry>, usize) {
    match ask(node, name, question(matching, offset, limit)).await {
        Ok(Reply::Inbox { entries, total }) => (entries, total),
        other => panic!("{other:?}"),
    }
}

async fn ids(node: &TestNode, name: &str, matching: InboxFilter) -> Vec<ConversationId> {
    let (entries, total) = inbox(node, name, matching, (0, PAGE_MAX)).await;
    assert_eq!(entries.len(), total);
    entries
        .iter()
        .map(|entry| entry.summary.conversation.id)
        .collect()
}

fn everything() -> InboxFilter {
    InboxFilter {
        groups: true,
        ..InboxFilter::default()
    }
}

fn search(text: &str) -> InboxFilter {
    InboxFilter {
        search: Some(text.to_owned()),
        ..everything()
    }
}

async fn entry(node: &TestNode, name: &str, target: Target) -> Result<Entry, ErrorCode> {
    match ask(node, name, Question::Entry(target)).await {
        Ok(Reply::Entry(entry)) => Ok(*entry),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

/// S0-04, S1-04, S2-02, S3-02, S4-02, C-15.
#[actix::test]
async fn the_latest_active_comes_first_and_pages_are_by_number() {
    let node = TestNode::start(Settings::default());
    let mut directs = Vec::new();
    for peer in ["b", "c", "d"] {
        directs.push(node.direct("a", peer).await);
    }
    sent(&node, "b", directs[0], "newest").await;
    let expected = [directs[0], directs[2], directs[1]];
    assert_eq!(ids(&node, "a", InboxFilter::default()).await, expected);
    let mut paged = Vec::new();
    for offset in 0..5 {
        let (entries, total) = inbox(&node, "a", InboxFilter::default(), (offset, 1)).await;
        assert_eq!(total, 3);
        assert_eq!(entries.len(), usize::from(offset < 3), "at {offset}");
        paged.extend(entries.iter().map(|entry| entry.summary.conversation.id));
    }
    assert_eq!(paged, expected);
    for limit in [0, PAGE_MAX + 1] {
        let refused = ask(&node, "a", question(everything(), 0, limit)).await;
        assert_eq!(refused.map_err(|f| f.code), Err(ErrorCode::BadValue));
    }
    node.stop().await;
}

/// C-39.
#[actix::test]
async fn who_knows_no_groups_is_neither_shown_nor_counted_any() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let group = opened(&node, "a", Some("Team"), &["b"]).await;
    assert_eq!(ids(&node, "a", everything()).await, [group, direct]);
    assert_eq!(ids(&node, "a", InboxFilter::default()).await, [direct]);
    node.stop().await;
}

/// S0-04, S2-02, S4-05, S4-06, C-24.
#[actix::test]
async fn what_is_unread_is_counted_and_can_be_asked_for_alone() {
    let node = TestNode::start(Settings::default());
    let (b, c) = (node.direct("a", "b").await, node.direct("a", "c").await);
    let group = opened(&node, "a", None, &["b"]).await;
    for (name, to) in [("b", b), ("b", b), ("a", b), ("c", c), ("b", group)] {
        sent(&node, name, to, "hi").await;
    }
    let up_to = Mark::Seq(c, parlour_storage::ids::Seq(1));
    do_it(&node, "a", Command::Read { up_to }).await;
    let unread = InboxFilter {
        unread: true,
        ..everything()
    };
    let (entries, total) = inbox(&node, "a", unread.clone(), (0, 10)).await;
    let counts: Vec<_> = entries
        .iter()
        .map(|entry| (entry.summary.conversation.id, entry.summary.unread))
        .collect();
    assert_eq!((counts, total), (vec![(group, 1), (b, 2)], 2));
    let direct_only = InboxFilter {
        groups: false,
        ..unread
    };
    assert_eq!(ids(&node, "a", direct_only).await, [b]);
    let Ok(Reply::Unread(unread)) = ask(&node, "a", Question::Unread).await else {
        panic!("not counted");
    };
    let counts: Vec<_> = unread
        .iter()
        .map(|of| (of.conversation.id, of.unread))
        .collect();
    assert_eq!(counts, [(b, 2), (group, 1)]);
    let is_direct = |n: usize| unread[n].conversation.peer_of(&user("a")).is_some();
    assert!(is_direct(0) && !is_direct(1), "and told which are groups");
    node.stop().await;
}

/// S3-02.
#[actix::test]
async fn a_search_looks_at_names_and_ids_whatever_their_case() {
    let node = TestNode::start(Settings::default());
    name_people(&node, &[("u1", "Ana Ünal"), ("u2", "Bo")]).await;
    let (ana, bo) = (node.direct("a", "u1").await, node.direct("a", "u2").await);
    let named = opened(&node, "a", Some("Ananas lovers"), &["u2"]).await;
    let nameless = opened(&node, "a", None, &["u1"]).await;
    for (text, found) in [
        ("ANA", vec![nameless, named, ana]),
        ("üNAL", vec![nameless, ana]),
        ("u2", vec![named, bo]),
        ("", vec![nameless, named, bo, ana]),
        ("nobody", vec![]),
    ] {
        assert_eq!(ids(&node, "a", search(text)).await, found, "{text:?}");
    }
    assert_eq!(
        ids(&node, "a", search("a")).await,
        [nameless, named, ana],
        "the asker's own id is none of the others'"
    );
    let direct_only = InboxFilter {
        groups: false,
        ..search("ana")
    };
    assert_eq!(ids(&node, "a", direct_only).await, [ana]);
    node.stop().await;
}

/// One request looks at so much and no more, and says so.
#[actix::test]
async fn a_search_through_too_many_ends_with_what_to_do() {
    let node = TestNode::start(Settings::default());
    let names: Vec<_> = (1..PEOPLE_SHOWN_MAX).map(|n| format!("p{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    // Each counts as one, and its people as many.
    for _ in 0..LOOKED_AT_MAX / PEOPLE_SHOWN_MAX {
        opened(&node, "a", None, &names).await;
    }
    let (_, total) = inbox(&node, "a", search("p1"), (0, 1)).await;
    assert_eq!(total, LOOKED_AT_MAX / PEOPLE_SHOWN_MAX);
    node.direct("a", "b").await;
    let refused = ask(&node, "a", question(search("p1"), 0, 1)).await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.code, refused.field),
        (ErrorCode::BadValue, Some("search"))
    );
    let (_, total) = inbox(&node, "a", everything(), (0, 1)).await;
    assert_eq!(
        total,
        LOOKED_AT_MAX / PEOPLE_SHOWN_MAX + 1,
        "by page it works"
    );
    node.stop().await;
}

/// S0-04, S3-02: the other one, their presence, and the newest message with who has read it.
#[actix::test]
async fn an_entry_tells_who_is_there_and_what_was_said_last() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let before = entry(&node, "a", Target::Conversation(direct)).await;
    assert_eq!(before.unwrap().last, None, "nothing was said");
    let _b = node.connect("b", None);
    until_online(&node, "a", &["b"]).await;
    name_people(&node, &[("b", "Bo")]).await;
    sent(&node, "a", direct, "hi").await;
    let up_to = Mark::Seq(direct, parlour_storage::ids::Seq(1));
    do_it(&node, "b", Command::Read { up_to }).await;
    let shown = entry(&node, "a", Target::User(user("b"))).await.unwrap();
    let [other] = &shown.others[..] else {
        panic!("{:?}", shown.others)
    };
    assert_eq!((other.card.shown_name(), other.online), ("Bo", true));
    assert_eq!(other.last_seen, None);
    let last = shown.last.unwrap();
    assert_eq!(Some(&last.message), shown.summary.last_message.as_ref());
    assert_eq!(last.about.conversation.id, direct);
    assert_eq!(last.about.by.user, user("a"));
    assert_eq!(last.read_by, [user("a"), user("b")]);
    assert!(last.read_at.is_some_and(|at| at >= last.message.sent_at));
    for target in [Target::Conversation(direct), Target::User(user("a"))] {
        assert_eq!(
            entry(&node, "x", target).await,
            Err(ErrorCode::NoConversation)
        );
    }
    node.stop().await;
}

/// C-20, G5.
#[actix::test]
async fn across_a_block_an_entry_shows_a_person_who_is_away() {
    let node = TestNode::start(Settings::default());
    let direct = node.direct("a", "b").await;
    let group = opened(&node, "a", None, &["b", "c"]).await;
    let _b = node.connect("b", None);
    until_online(&node, "a", &["b"]).await;
    let own = sent(&node, "a", direct, "mine").await;
    sent(&node, "b", direct, "theirs").await;
    let in_group = sent(&node, "c", group, "hi").await;
    for message in [own, in_group] {
        let emoji = "+".to_owned();
        let on = true;
        do_it(&node, "b", Command::React { message, emoji, on }).await;
    }
    let block = Command::Block {
        user: user("b"),
        reason: None,
    };
    do_it(&node, "a", block).await;
    for id in [direct, group] {
        let shown = entry(&node, "a", Target::Conversation(id)).await.unwrap();
        let b = shown.others.iter().find(|o| o.card.user == user("b"));
        let b = b.unwrap();
        assert_eq!((b.online, b.last_seen), (false, None));
        let last = shown.last.unwrap();
        assert_ne!(last.message.author, user("b"));
        assert_eq!(last.message.reactions, []);
        assert_eq!(shown.summary.last_message.unwrap().reactions, []);
    }
    let theirs = entry(&node, "b", Target::Conversation(direct)).await;
    let a = &theirs.unwrap().others[0];
    assert_eq!((a.online, a.last_seen), (false, None));
    node.stop().await;
}

/// S3-02: groups name their people, large ones some of them.
#[actix::test]
async fn of_a_large_group_so_many_are_named_and_no_more() {
    let node = TestNode::start(Settings::default());
    let names: Vec<_> = (0..=PEOPLE_SHOWN_MAX).map(|n| format!("p{n:03}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let group = opened(&node, "p000", Some("All"), &names).await;
    let shown = entry(&node, "p000", Target::Conversation(group)).await;
    let others: Vec<_> = shown.unwrap().others;
    let others: Vec<_> = others.iter().map(|o| o.card.user.as_str()).collect();
    assert_eq!(others, names[1..=PEOPLE_SHOWN_MAX], "all but the asker");
    let larger = opened(
        &node,
        "p000",
        Some("All and one"),
        &[&names[..], &["q"]].concat(),
    )
    .await;
    let shown = entry(&node, "p000", Target::Conversation(larger)).await;
    assert_eq!(shown.unwrap().others.len(), PEOPLE_SHOWN_MAX);
    assert_eq!(
        ids(&node, "p000", search("p100")).await,
        [] as [ConversationId; 0]
    );
    assert_eq!(ids(&node, "p000", search("and one")).await, [larger]);
    node.stop().await;
}
