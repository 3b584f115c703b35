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

#[test]
fn an_index_that_read_its_terms_otherwise_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    two_parts(&place).close().unwrap();
    let meta = folder.path().join("meta.json");
    let now = fs::read_to_string(&meta).unwrap();
    let before = now.replace("\"lines\"", "\"raw\"");
    assert_ne!(before, now);
    fs::write(&meta, before).unwrap();
    let writer = open(&place);
    assert_eq!((writer.mark(), writer.index().n_messages()), (None, 0));
}

/// Files of an index of two parts, by what they are.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.is_file()).collect();
    files.sort();
    files
}

#[test]
fn a_damaged_index_is_made_anew_and_nobody_panics() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().join("search"));
    let Place::Folder(path) = &place else {
        unreachable!()
    };
    two_parts(&place).close().unwrap();
    let whole: Vec<_> = files(path)
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect();
    assert!(whole.len() > 10, "{whole:#?}");
    let query = crate::Query {
        words: "word".to_owned(),
        conversations: vec![ConversationId::created_at(position(1))],
        limit: 100,
        ..crate::Query::default()
    };
    let found = |writer: &Writer| writer.index().search(&query).unwrap().total;
    let n_whole = found(&open(&place));
    assert!(n_whole > 0);
    let broken = |bytes: &[u8], how: usize| match how {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(bytes[..bytes.len() / 2].to_vec()),
        3 => Some(vec![0x5a; bytes.len()]),
        at => {
            let mut bytes = bytes.to_vec();
            let at = (at - 4) * bytes.len() / 8;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 4;
            }
            Some(bytes)
        }
    };
    for (file, bytes) in &whole {
        for how in 0..12 {
            fs::remove_dir_all(path).unwrap();
            fs::create_dir(path).unwrap();
            for (file, bytes) in &whole {
                fs::write(file, bytes).unwrap();
            }
            match broken(bytes, how) {
                Some(bytes) => fs::write(file, bytes).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            let writer = open(&place);
            let n_found = found(&writer);
            let is_anew = writer.mark().is_none() && n_found == 0;
            assert!(is_anew || n_found == n_whole, "{} {how}", file.display());
        }
    }
}
