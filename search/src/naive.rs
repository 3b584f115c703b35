//! The index against a scan of all messages, in random histories of them.

use std::collections::BTreeMap;

use parlour_storage::{
    domain::{
        attachment::Attached,
        event::EventId,
        message::{Content, Message, MessageKind},
    },
    ids::{AttachmentId, ConversationId, Epoch, MessageId, Position, Seq, Timestamp, UserId},
};
use proptest::{prelude::*, sample::select};

use crate::{
    Hits, MEMORY_MIN, Mark, Place, Query, Writer,
    fold::Folded,
    has_words, highlights,
    index::has_file,
    words::{Piece, pieces},
};

const VOCABULARY: [&str; 12] = [
    "tea",
    "Teapot",
    "thé",
    "ÉTÉ",
    "don't",
    "東京都",
    "京都",
    "東京と京都",
    "ที่นี่",
    "ต",
    "🎉",
    "été42",
];

const KINDS: &[MessageKind] = &[MessageKind::Text, MessageKind::Text, MessageKind::Image];

fn position(n: u64) -> Position {
    Position::new(n).unwrap()
}

fn conversation(n: u64) -> ConversationId {
    ConversationId::created_at(position(1000 + n))
}

fn user(n: u8) -> UserId {
    UserId::new(&format!("user{n}")).unwrap()
}

/// A mark that says nothing of note.
fn mark() -> Mark {
    Mark {
        epoch: Epoch(1),
        through: EventId::default(),
        building: None,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&VOCABULARY), 0..6).prop_map(|words| words.join(" "))
}

fn attached(name: &str) -> Attached {
    Attached {
        id: AttachmentId::created_at(position(1)),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 1,
        image: None,
        has_thumbnail: false,
    }
}

fn message(id: u64) -> impl Strategy<Value = Message> {
    let file = prop::option::weighted(0.2, select(&["tea-price.pdf", "東京.png", "…"]));
    let times = (0..50_i64, prop::option::of(0..50_i64));
    (text(), 0..3_u64, 0..3_u8, times, select(KINDS), file).prop_map(
        move |(text, of, author, (sent_at, edited), kind, file)| Message {
            id: MessageId::created_at(position(id)),
            conversation: conversation(of),
            seq: Seq(id),
            author: user(author),
            content: Content {
                kind,
                text,
                ..Content::default()
            },
            key: None,
            sent_at: Timestamp(sent_at),
            edited_at: edited.map(|later| Timestamp(sent_at + later)),
            deleted_at: None,
            reactions: Vec::new(),
            attachments: file.into_iter().map(attached).collect(),
        },
    )
}

#[derive(Clone, Debug)]
enum Step {
    /// The message is new, or takes the place of what it was.
    Put(Box<Message>),
    Remove(u64),
    Commit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..150_u64).prop_flat_map(message).prop_map(|message| Step::Put(Box::new(message))),
        2 => (1..150_u64).prop_map(Step::Remove),
        1 => Just(Step::Commit),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let words = prop_oneof![
        text(),
        select(
            &[
                "te",
                "TEA th",
                "京",
                "東京 京",
                "ท",
                "é",
                "京都 東",
                "don't d"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    let whom = (
        prop::collection::vec((0..3_u64).prop_map(conversation), 0..4),
        prop::option::weighted(0.3, (0..3_u8).prop_map(user)),
        prop::collection::vec(
            ((0..3_u8).prop_map(user), (0..90_i64).prop_map(Timestamp)),
            0..2,
        ),
    );
    let time = || prop::option::weighted(0.3, (0..50_i64).prop_map(Timestamp));
    let has_file = prop::option::weighted(0.3, any::<bool>());
    (
        words,
        whom,
        time(),
        time(),
        has_file,
        0..5_usize,
        0..10_usize,
    )
        .prop_map(
            |(words, (conversations, author, unheard), since, until, has_file, offset, limit)| {
                Query {
                    words,
                    conversations,
                    author,
                    unheard,
                    since,
                    until,
                    has_file,
                    offset,
                    limit,
                }
            },
        )
}

fn matches(message: &Message, query: &Query) -> bool {
    let names = message.attachments.iter().map(|file| &*file.name);
    let texts = [&*message.content.text].into_iter().chain(names);
    let texts: Vec<_> = texts.map(Folded::of).collect();
    let found: Vec<_> = texts.iter().flat_map(pieces).collect();
    let sought = Folded::of(&query.words);
    let sought = pieces(&sought);
    let has = |(n, piece): (usize, &Piece<'_>)| match piece {
        Piece::Word(word, _) => found.iter().any(|piece| match piece {
            Piece::Word(other, _) if n + 1 == sought.len() => other.starts_with(word),
            Piece::Word(other, _) => other == word,
            Piece::Run(_) => false,
        }),
        Piece::Run(signs) => {
            let signs: Vec<_> = signs.iter().map(|(sign, _)| sign).collect();
            found.iter().any(|piece| match piece {
                Piece::Word(..) => false,
                Piece::Run(others) => {
                    let others: Vec<_> = others.iter().map(|(sign, _)| sign).collect();
                    others.windows(signs.len()).any(|part| part == signs)
                }
            })
        }
    };
    let written_at = message.edited_at.unwrap_or(message.sent_at);
    (!found.is_empty() || has_file(message))
        && sought.iter().enumerate().all(has)
        && query.conversations.contains(&message.conversation)
        && query
            .author
            .as_ref()
            .is_none_or(|author| message.author == *author)
        && query.since.is_none_or(|at| message.sent_at >= at)
        && query.until.is_none_or(|at| message.sent_at < at)
        && query.has_file.is_none_or(|on| has_file(message) == on)
        && !query
            .unheard
            .iter()
            .any(|(user, since)| message.author == *user && written_at >= *since)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_finds_what_a_scan_finds(steps in prop::collection::vec(step(), 1..200), queries in prop::collection::vec(query(), 1..12)) {
        let mut writer = Writer::open(&Place::Memory, MEMORY_MIN).unwrap();
        let mut messages: BTreeMap<u64, Message> = BTreeMap::new();
        for step in steps.into_iter().chain([Step::Commit]) {
            match step {
                Step::Put(message) => {
                    match messages.insert(message.id.get(), (*message).clone()) {
                        None => writer.add(&message).unwrap(),
                        Some(_) => writer.replace(&message).unwrap(),
                    }
                }
                Step::Remove(id) => {
                    writer.remove(MessageId::created_at(position(id)));
                    messages.remove(&id);
                }
                Step::Commit => writer.commit(mark()).unwrap(),
            }
        }
        for query in queries {
            let all: Vec<_> = messages.values().rev().filter(|m| matches(m, &query)).collect();
            let page = all.iter().skip(query.offset).take(query.limit);
            let expected = Hits {
                messages: page.map(|message| message.id).collect(),
                total: all.len() as u64,
            };
            prop_assert_eq!(writer.index().search(&query).unwrap(), expected, "{:?}", query);
            for message in all.into_iter().filter(|message| message.attachments.is_empty()) {
                let marked = !highlights(&query.words, &message.content.text).is_empty();
                prop_assert_eq!(marked, has_words(&query.words), "{:?} in {:?}", query.words, message);
            }
        }
    }
}

fn said(id: u64, text: &str) -> Message {
    Message {
        id: MessageId::created_at(position(id)),
        conversation: conversation(1),
        seq: Seq(id),
        author: user(1),
        content: Content {
            text: text.to_owned(),
            ..Content::default()
        },
        key: None,
        sent_at: Timestamp(0),
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        attachments: Vec::new(),
    }
}

/// Whether a word stands in the dictionary of any part of the index.
fn keeps(writer: &Writer, word: &str) -> bool {
    let searcher = writer.index().reader.searcher();
    searcher.segment_readers().iter().any(|segment| {
        let words = segment.inverted_index(writer.index().fields.words).unwrap();
        words.terms().get(word).unwrap().is_some()
    })
}

#[test]
fn words_of_removed_messages_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let mut writer = Writer::open(&place, MEMORY_MIN).unwrap();
    for id in 1..100 {
        let text = if id == 7 { "zyzzyva" } else { "quince" };
        writer.add(&said(id, text)).unwrap();
    }
    writer.commit(mark()).unwrap();
    writer.remove(MessageId::created_at(position(7)));
    writer.commit(mark()).unwrap();
    assert_eq!(writer.index().n_messages(), 98);
    assert!(keeps(&writer, "zyzzyva"), "else this test sees nothing");
    writer.forget_removed().unwrap();
    writer.close().unwrap();
    let writer = Writer::open(&place, MEMORY_MIN).unwrap();
    assert!(!keeps(&writer, "zyzzyva") && keeps(&writer, "quince"));
    assert_eq!(writer.index().n_messages(), 98);
}

#[test]
fn what_was_not_committed_is_as_if_it_had_never_been() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let mut writer = Writer::open(&place, MEMORY_MIN).unwrap();
    assert_eq!(writer.mark(), None);
    writer.add(&said(1, "first")).unwrap();
    writer.commit(mark()).unwrap();
    writer.add(&said(2, "second")).unwrap();
    drop(writer);
    let writer = Writer::open(&place, MEMORY_MIN).unwrap();
    assert_eq!(
        (writer.mark(), writer.index().n_messages()),
        (Some(mark()), 1)
    );
    let other = Writer::open(&place, MEMORY_MIN).unwrap_err().to_string();
    assert!(other.contains("another process"), "{other}");
}

#[test]
fn an_index_that_can_not_be_read_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let mut writer = Writer::open(&place, MEMORY_MIN).unwrap();
    writer.add(&said(1, "first")).unwrap();
    writer.commit(mark()).unwrap();
    drop(writer);
    std::fs::write(folder.path().join("meta.json"), "{").unwrap();
    let writer = Writer::open(&place, MEMORY_MIN).unwrap();
    assert_eq!((writer.mark(), writer.index().n_messages()), (None, 0));
}
