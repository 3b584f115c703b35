//! Breaks what people keep for later.

use super::*;
use crate::{
    domain::{
        attachment::AttachmentDraft,
        message::Content,
        scheduled::{Destination, Keep, Kept, ScheduledDraft},
    },
    ids::{AttachmentId, ScheduledId},
    local::LocalStore,
    store::{Outcome, Store, Transaction, Write},
};

const NOW: Timestamp = Timestamp(1_800_000_100_000);

/// Hal scheduled a long message with a file, and another one that failed, and keeps a template.
pub(super) async fn keep(store: &LocalStore) {
    let write = async |write| {
        let transaction = Transaction::new(NOW, name("hal"), write);
        let mut outcomes = store.commit(vec![transaction]).await.unwrap();
        outcomes.remove(0).unwrap()
    };
    let upload = AttachmentDraft {
        object: "hal/0".to_owned(),
        name: "cat.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 1000,
        digest: [7; 32],
        image: None,
        thumbnail: None,
        quota: None,
    };
    let Outcome::Uploaded(file) = write(Write::Upload(upload)).await else {
        panic!("no upload");
    };
    for attachments in [vec![file.id], Vec::new()] {
        let fails = attachments.is_empty();
        let draft = ScheduledDraft {
            to: Destination::User(name("ann")),
            content: Content {
                text: "long ".repeat(2_000),
                ..Content::default()
            },
            attachments,
            at: NOW.plus_ms(60_000),
            key: None,
        };
        let outcome = write(Write::Keep(Keep::Schedule(draft))).await;
        let Outcome::Kept {
            kept: Kept::Scheduled(scheduled),
            ..
        } = outcome
        else {
            panic!("{outcome:?}");
        };
        if fails {
            let fail = Keep::Fail {
                scheduled: scheduled.id,
                revision: scheduled.revision,
                code: 2020,
                reason: "blocked".to_owned(),
            };
            write(Write::Keep(fail)).await;
        }
    }
    let template = Keep::AddTemplate {
        name: "long".to_owned(),
        text: "long ".repeat(2_000),
    };
    write(Write::Keep(template)).await;
}

/// What waits, what failed, and the file of what waits.
fn of_sample(sample: &Sample) -> ([(ScheduledId, ScheduledV1); 2], AttachmentId) {
    let all = keys::scheduled_of(&name("hal"));
    let all = records::all::<ScheduledV1>(&*sample.kv, all, Order::Ascending);
    let all = all.map(|entry| {
        let (key, record) = entry.unwrap();
        let mut parts = keys::Parts::of(Table::Scheduled, &key).unwrap();
        parts.user().unwrap();
        (parts.scheduled().unwrap(), record)
    });
    let all: [_; 2] = all.collect::<Vec<_>>().try_into().unwrap();
    let file = all[0].1.attachments[0].id;
    (all, file)
}

#[tokio::test]
async fn what_waits_is_sent_after_a_repair() {
    let sample = Sample::new().await;
    let before = sample.all();
    let ([(waits, record), _], _) = of_sample(&sample);
    let key = keys::due(record.at, waits);
    let what = "a scheduled message would never be sent";
    sample.delete(&key);
    sample.repairs(&key, what);
    assert_eq!(sample.all(), before, "as it was");
    let author = name("ann");
    sample.put(key.clone(), &DueV1 { author });
    let findings = sample.verify(true);
    assert!(findings.iter().any(|finding| finding.what == what));
    assert_eq!(sample.verify(false), []);
    assert_eq!(sample.all(), before, "as it was");
}

#[tokio::test]
async fn what_does_not_wait_is_not_sent() {
    let sample = Sample::new().await;
    let before = sample.all();
    let ([(waits, record), (failed, _)], _) = of_sample(&sample);
    let author = name("hal");
    let nothing = ScheduledId::created_at(Position::new(77).unwrap());
    let later = record.at.plus_ms(1);
    for key in [
        keys::due(record.at, nothing),
        keys::due(record.at, failed),
        keys::due(later, waits),
    ] {
        let author = author.clone();
        sample.put(key.clone(), &DueV1 { author });
        sample.repairs(&key, "nothing waits to be sent at this time");
        assert_eq!(sample.all(), before, "as it was");
    }
}

#[tokio::test]
async fn the_file_of_what_waits_is_kept() {
    let sample = Sample::new().await;
    let before = sample.all();
    let ([(waits, _), (failed, _)], file) = of_sample(&sample);
    let held = keys::held(file);
    sample.delete(&held);
    let findings = sample.verify(true);
    let what = "a file of a scheduled message would go";
    assert!(findings.iter().any(|finding| finding.what == what));
    assert_eq!(sample.verify(false), []);
    assert_eq!(sample.all(), before, "as it was");
    let unsent = keys::unsent(file);
    sample.put(unsent.clone(), &UnsentV1);
    sample.repairs(
        &unsent,
        "its file is missing, was sent, or is to be sent later",
    );
    assert_eq!(sample.all(), before, "as it was");
    let scheduled = failed;
    sample.put(held.clone(), &HeldV1 { scheduled });
    let findings = sample.verify(true);
    assert!(findings.iter().any(|finding| finding.what == what));
    assert_eq!(sample.verify(false), []);
    // What nothing names goes like any other.
    let nothing = AttachmentId::created_at(Position::new(77).unwrap());
    let key = keys::held(nothing);
    let scheduled = waits;
    sample.put(key.clone(), &HeldV1 { scheduled });
    sample.repairs(&key, "its file is missing, or was sent");
}

#[tokio::test]
async fn a_file_that_nothing_names_any_more_can_go() {
    let sample = Sample::new().await;
    let ([(waits, record), _], file) = of_sample(&sample);
    let key = keys::scheduled(&name("hal"), waits);
    let n_parts = crate::codec::n_continuations(&sample.all()[&key]);
    sample.delete(&key);
    for n in 1..=n_parts {
        sample.delete(&keys::continuation(&key, n));
    }
    let findings = sample.verify(true);
    for what in [
        "nothing waits to be sent at this time",
        "no scheduled message has this file",
    ] {
        assert!(findings.iter().any(|finding| finding.what == what));
    }
    assert_eq!(sample.verify(false), []);
    assert!(!sample.all().contains_key(&keys::held(file)));
    assert!(!sample.all().contains_key(&keys::due(record.at, waits)));
    assert!(sample.all().contains_key(&keys::unsent(file)));
}
