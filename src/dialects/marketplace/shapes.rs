//! The objects that both transports write, and what both read.

use parlour_actors::{
    command::{Entry, Item, Person, ShownNotification},
    error::Failure,
};
use parlour_storage::domain::{
    conversation::Conversation,
    message::{Content, Message},
    notification::NotificationBody,
};
use serde_json::{Value, json};

use super::pair;
use crate::dialects::{
    attachments::{number, snake},
    fields::Fields,
    links::Links,
    shape::{canonical, last_activity, maybe_time, message_number, time, user_number},
};

/// Under which key of a message's metadata the job stands that it is about.
pub(super) const JOB: &str = "job_id";

/// What a message says, and about which job.
pub(super) fn content(fields: &Fields) -> Result<Content, Failure> {
    let job = fields.text(&[JOB])?;
    Ok(Content {
        metadata: job.map(|id| json!({ JOB: job_id(&id) }).to_string()),
        ..fields.content(&["content_type"])?
    })
}

/// A job's id as it is kept, so that `1` and `"1"` are one job: a number if it is one.
pub(super) fn job_id(text: &str) -> Value {
    canonical(text).map_or_else(|| text.into(), Value::from)
}

fn job_of(message: &Message) -> Option<Value> {
    let metadata = message.content.metadata.as_deref()?;
    let mut metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata.get_mut(JOB).map(Value::take)
}

/// A message with who has read it.
pub(super) fn item(item: &Item, links: &Links) -> Value {
    message(
        &item.message,
        &item.about.conversation,
        item.is_read(),
        links,
    )
}

/// A message (S1-29): `attachments` are addresses, and `files` says more of them.
pub(super) fn message(message: &Message, at: &Conversation, is_read: bool, links: &Links) -> Value {
    let files = &message.attachments;
    let mut shape = json!({
        "id": message_number(message.id),
        "conversation_id": pair::id(at),
        "sender_id": user_number(&message.author),
        "receiver_id": at.peer_of(&message.author).map(user_number),
        JOB: job_of(message),
        "content": message.content.text,
        "attachments": files.iter().map(|file| links.file(file)).collect::<Vec<_>>(),
        "is_read": is_read,
        "created_at": time(message.sent_at),
    });
    if !files.is_empty() {
        shape["files"] = files
            .iter()
            .map(|file| snake(file, links, number))
            .collect();
    }
    shape
}

/// A conversation in the list (S1-04).
pub(super) fn conversation(entry: &Entry, links: &Links) -> Value {
    let id = pair::id(&entry.summary.conversation);
    json!({
        "id": id,
        "conversation_id": id,
        "other_user": entry.others.first().map(person),
        "last_message": entry.last.as_ref().map(|last| item(last, links)),
        "unread_count": entry.summary.unread,
        "created_at": time(entry.summary.conversation.created_at),
        "updated_at": time(last_activity(entry)),
    })
}

/// Somebody.
pub(super) fn person(
    Person {
        card,
        online,
        last_seen,
    }: &Person,
) -> Value {
    json!({
        "id": user_number(&card.user),
        "name": card.shown_name(),
        "picture": card.picture,
        "is_online": online,
        "last_seen": maybe_time(*last_seen),
    })
}

/// What somebody is notified of. Conversations are known by the two in them, so `user` says which it is about.
pub(super) fn notified(shown: &ShownNotification, unread: u64) -> Value {
    let ShownNotification { notification, who } = shown;
    let message = match &notification.body {
        NotificationBody::Message { message, .. } => message_number(*message),
        _ => Value::Null,
    };
    let text = match &notification.body {
        NotificationBody::Warned { reason } => reason.as_deref(),
        NotificationBody::System { text } => Some(text.as_str()),
        _ => None,
    };
    json!({
        "id": notification.id.0.get(),
        "type": notification.body.topic(),
        "message_id": message,
        "user_id": who.as_ref().map(|card| user_number(&card.user)),
        "user_name": who.as_ref().map(|card| card.shown_name()),
        "text": text,
        "is_read": notification.read,
        "created_at": time(notification.at),
        "unread_count": unread,
    })
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::conversation::ConversationKind,
        ids::{Seq, Timestamp, UserId},
    };

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::of(value).unwrap()
    }

    /// S1-29, each field of it.
    #[test]
    fn a_message_has_the_fields_of_the_seed() {
        let [one, two] = ["1", "2"].map(|id| UserId::new(id).unwrap());
        let at = Conversation {
            id: "4711".parse().unwrap(),
            kind: ConversationKind::Direct {
                pair: [one.clone(), two.clone()],
            },
            created_by: one.clone(),
            created_at: Timestamp(0),
            n_members: 2,
            archived: false,
        };
        let body = json!({ "receiver_id": 2, "job_id": 1, "content": "Hello!" });
        let sent = Message {
            id: "4712".parse().unwrap(),
            conversation: at.id,
            seq: Seq(1),
            author: one,
            content: content(&fields(body)).unwrap(),
            attachments: Vec::new(),
            key: None,
            sent_at: Timestamp(1_763_726_400_999),
            edited_at: None,
            deleted_at: None,
            reactions: Vec::new(),
        };
        let expected = json!({
            "id": 4712,
            "conversation_id": "1_2",
            "sender_id": 1,
            "receiver_id": 2,
            "job_id": 1,
            "content": "Hello!",
            "attachments": [],
            "is_read": false,
            "created_at": "2025-11-21T12:00:00Z",
        });
        assert_eq!(message(&sent, &at, false, &Links::default()), expected);
    }

    /// S1-29: `job_id` is optional.
    #[test]
    fn a_job_is_one_however_it_is_written_and_may_be_missing() {
        let metadata = |body| content(&fields(body)).unwrap().metadata;
        for (job, kept) in [
            (json!(7), r#"{"job_id":7}"#),
            (json!("7"), r#"{"job_id":7}"#),
            (json!("007"), r#"{"job_id":"007"}"#),
            (json!("roof"), r#"{"job_id":"roof"}"#),
        ] {
            let body = json!({ "content": "hi", "job_id": job });
            assert_eq!(metadata(body).as_deref(), Some(kept));
        }
        assert_eq!(metadata(json!({ "content": "hi", "job_id": null })), None);
    }
}
