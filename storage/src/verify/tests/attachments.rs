//! Breaks what is known of files.

use super::*;
use crate::ids::{AttachmentId, ConversationId};

/// Ann's files in the sample: one that was sent, one that wasn't.
fn files(sample: &Sample) -> [(AttachmentId, AttachmentV1); 2] {
    let all = keys::table(Table::Attachment);
    let all = records::all::<AttachmentV1>(&*sample.kv, all, Order::Ascending);
    let files = all.map(|entry| {
        let (key, record) = entry.unwrap();
        let id = keys::Parts::of(Table::Attachment, &key)
            .unwrap()
            .attachment();
        (id.unwrap(), record)
    });
    let of_ann = files.filter(|(_, record)| record.owner == name("ann"));
    of_ann.collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test]
async fn what_points_to_a_file_is_made_again() {
    let sample = Sample::new().await;
    let before = sample.all();
    let [(sent, record), (unsent, _)] = files(&sample);
    let ann = name("ann");
    let place = "a file can't be found by where it lies";
    for (key, what) in [
        (keys::object(&record.object), place),
        (keys::object(record.thumbnail.as_ref().unwrap()), place),
        (
            keys::attachment_of(&ann, sent),
            "a file can't be found by its owner",
        ),
        (
            keys::unsent(unsent),
            "a file that no message was sent with would never go",
        ),
        (
            keys::usage(&ann),
            "it is missing, though somebody has files",
        ),
    ] {
        sample.delete(&key);
        sample.repairs(&key, what);
        assert_eq!(sample.all(), before, "as it was");
    }
    let key = keys::attachment_of(&ann, sent);
    sample.put(key.clone(), &AttachmentOfV1 { bound: false });
    sample.repairs(&key, "a file can't be found by its owner");
    let key = keys::usage(&ann);
    sample.change(key.clone(), |usage: &mut UsageV1| usage.bytes += 1);
    sample.repairs(&key, "it is not the sum of the files");
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn what_points_to_no_file_goes() {
    let sample = Sample::new().await;
    let before = sample.all();
    let [(sent, _), _] = files(&sample);
    let nothing = AttachmentId::created_at(Position::new(77).unwrap());
    let bob = name("bob");
    for (id, what) in [nothing, sent]
        .into_iter()
        .zip(["nothing", "somebody else's"])
    {
        let key = keys::attachment_of(&bob, id);
        sample.put(key.clone(), &AttachmentOfV1 { bound: false });
        sample.repairs(&key, "its file is missing, or somebody else's");
        assert_eq!(sample.all(), before, "{what}");
        let key = keys::unsent(id);
        sample.put(key.clone(), &UnsentV1);
        sample.repairs(
            &key,
            "its file is missing, was sent, or is to be sent later",
        );
        let key = keys::object("elsewhere");
        sample.put(key.clone(), &ObjectV1 { attachment: id });
        sample.repairs(&key, "its file is missing, or lies elsewhere");
        assert_eq!(sample.all(), before, "{what}");
    }
    let key = keys::usage(&bob);
    sample.put(key.clone(), &UsageV1::default());
    sample.repairs(&key, "what no files take up");
    let key = keys::doomed(sent);
    let doomed = DoomedV1 {
        object: "ann/0".to_owned(),
        thumbnail: None,
    };
    sample.put(key.clone(), &doomed);
    sample.repairs(&key, "a file that is known is to be taken away");
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn a_message_and_its_files_have_to_agree() {
    let sample = Sample::new().await;
    let [(sent, record), (unsent, _)] = files(&sample);
    let key = keys::attachment(sent);
    let (conversation, message) = record.bound.unwrap();
    let mut wrong = record.clone();
    wrong.bound = Some((
        ConversationId::created_at(Position::new(7).unwrap()),
        message,
    ));
    sample.put(key.clone(), &wrong);
    sample.finds(&key, &format!("message {message} was not sent with it"));
    let nothing = MessageId::created_at(Position::new(77).unwrap());
    wrong.bound = Some((conversation, nothing));
    sample.put(key.clone(), &wrong);
    sample.finds(&key, &format!("its message {nothing} is missing"));
    sample.put(key, &record);
    let key = keys::message(message);
    let whole: MessageV2 = records::must(&*sample.kv, &key).unwrap();
    let mut other = whole.clone();
    let id = AttachmentId::created_at(Position::new(77).unwrap());
    other.attachments.push(AttachedV1 {
        id,
        ..whole.attachments[0].clone()
    });
    sample.put(key.clone(), &other);
    sample.finds(&key, &format!("its file {id} is missing"));
    other.attachments[1].id = unsent;
    sample.put(key.clone(), &other);
    sample.finds(&key, &format!("its file {unsent} was sent with no message"));
    sample.put(key, &whole);
    assert_eq!(sample.verify(true), []);
}
