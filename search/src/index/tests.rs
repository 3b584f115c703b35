//! What tantivy is made to do, where that shows only from inside.

use parlour_storage::{
    domain::{event::EventId, message::Content},
    ids::{ConversationId, Epoch, Position, Seq, Timestamp, UserId},
};
use tantivy::merge_policy::NoMergePolicy;

use super::*;

fn position(n: u64) -> Position {
    Position::new(n).unwrap()
}

fn said(id: u64) -> Message {
    Message {
        id: MessageId::created_at(position(id)),
        conversation: ConversationId::created_at(position(1)),
        seq: Seq(id),
        author: UserId::new("ann").unwrap(),
        content: Content {
            text: "a word".to_owned(),
            ..Content::default()
        },
        key: None,
        sent_at: Timestamp(1),
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        attachments: Vec::new(),
    }
}

fn mark() -> Mark {
    Mark {
        epoch: Epoch(1),
        through: EventId::default(),
        building: None,
    }
}

fn remove(writer: &Writer, id: u64) {
    writer.remove(MessageId::created_at(position(id)));
}

/// A writer that merges only what it is told to.
fn open(place: &Place) -> Writer {
    let writer = Writer::open(place, MEMORY_MIN).unwrap();
    writer.inner.set_merge_policy(Box::new(NoMergePolicy));
    writer
}

/// Two parts, of the second and smaller of which something was removed by the last commit.
fn two_parts(place: &Place) -> Writer {
    let mut writer = open(place);
    for id in 11..19 {
        writer.add(&said(id)).unwrap();
    }
    writer.commit(mark()).unwrap();
    for id in [2, 3, 4] {
        writer.add(&said(id)).unwrap();
    }
    remove(&writer, 2);
    writer.commit(mark()).unwrap();
    assert_eq!(writer.index().n_messages(), 10);
    writer
}

/// Removes a message of the second part, and merges the parts before that is committed.
fn what_is_left(mut writer: Writer) -> u64 {
    remove(&writer, 3);
    let parts = writer.inner.index().searchable_segment_ids().unwrap();
    assert_eq!(parts.len(), 2);
    writer.inner.merge(&parts).wait().unwrap();
    writer.commit(mark()).unwrap();
    writer.index().n_messages()
}

#[test]
fn what_is_removed_first_is_not_forgotten_by_a_merge() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    drop(two_parts(&place));
    assert_eq!(what_is_left(open(&place)), 9, "opened again");

    let mut writer = two_parts(&Place::Memory);
    writer.roll_back().unwrap();
    writer.inner.set_merge_policy(Box::new(NoMergePolicy));
    assert_eq!(what_is_left(writer), 9, "rolled back");
}
