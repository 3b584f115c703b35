//! What REST offers.

use std::collections::{BTreeMap, BTreeSet};

use parlour_actors::{
    command::{Command, HistoryFilter, InboxFilter, Mark, Person, Question, Reply, Scope, Target},
    error::{ErrorCode, Failure},
    limits::PAGE_MAX,
};
use parlour_storage::{domain::change::ChangeBody, ids::MessageId};
use serde_json::{Value, json};

use super::{
    pair,
    shapes::{JOB, content, conversation, item, job_id, message, person},
};
use crate::dialects::{
    attachments::{number, snake},
    fields::Fields,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::message_number,
};

/// The routes. `PUT /api/v1/messages/{message}/read`, which `dating` has too, is in `v1`.
pub const ROUTES: &[Route] = routes! {
    Post "/api/v1/messages" + files => create;
    Get "/api/v1/messages" => messages;
    Get "/api/v1/messages/conversations" => conversations;
    Put "/api/v1/messages/read-bulk" => read_bulk;
    Post "/api/v1/messages/upload-attachment" + files => upload;
    Get "/api/v1/messages/participants" => participants;
    Get "/api/v1/messages/online-users" => online_users;
    Delete "/api/v1/messages/{message}" => delete;
};

async fn create(call: Call) -> Answered {
    let body = call.body()?;
    let command = Command::Send {
        to: pair::place(&body, "receiver_id", call.me())?,
        content: content(&body)?,
        attachments: body.attachments()?,
        key: call.key(&body)?,
    };
    let (change, about) = expect_reply!(call.run(command).await?,
        Reply::Sent { change, about, .. } => (change, about));
    let sent = expect_reply!(&change.body, ChangeBody::Sent(sent) => sent);
    Ok(Answer::created(&message(
        sent,
        &about.conversation,
        false,
        call.links(),
    )))
}

/// Newest first, unless `order` says otherwise (CONTRACT C-16).
async fn messages(call: Call) -> Answered {
    let (page, query) = (call.page(50)?, call.query());
    let of = if query.has(&["conversation_id", "other_user_id"]) {
        Scope::In(pair::place(query, "other_user_id", call.me())?)
    } else {
        Scope::Direct
    };
    // Unread to the caller: what they wrote themselves may be unread too, but to somebody else.
    let unread_only = query.flag(&["unread_only"])? == Some(true);
    let is_read = query.flag(&["is_read"])?;
    let matching = HistoryFilter {
        read: if unread_only { Some(false) } else { is_read },
        received: unread_only,
        metadata: query
            .text(&[JOB])?
            .map(|job| (JOB.to_owned(), job_id(&job))),
        ..page.history()
    };
    let items = match (call.messages(of.clone(), matching, &page, false).await, of) {
        (Ok(found), _) => found.items,
        // Known by its pair before its first message: there is none in it yet.
        (Err(failure), Scope::In(Target::User(_))) if failure.code == ErrorCode::NoConversation => {
            Vec::new()
        }
        (Err(failure), _) => return Err(failure),
    };
    let items = items.iter().map(|one| item(one, call.links()));
    Ok(Answer::ok(&items.collect::<Vec<_>>()))
}

async fn conversations(call: Call) -> Answered {
    let (page, query) = (call.page(20)?, call.query());
    let matching = InboxFilter {
        unread: query.flag(&["unread_only"])? == Some(true),
        search: query.text(&["search"])?,
        ..InboxFilter::default()
    };
    let (entries, _) = call.inbox(matching, &page).await?;
    let entries = entries
        .iter()
        .map(|entry| conversation(entry, call.links()));
    Ok(Answer::ok(&entries.collect::<Vec<_>>()))
}

/// Counts those of the list that were unread. Those that are gone, or none of the caller's, are passed over; reading a message
/// is reading what was before it, as everywhere (CONTRACT C-17).
async fn read_bulk(call: Call) -> Answered {
    let ids = ids(call.json()?)?;
    let (mut updated, mut newest) = (0, BTreeMap::new());
    for id in ids {
        let item = match call.ask(Question::Item(id)).await {
            Ok(reply) => expect_reply!(reply, Reply::Item(item) => item),
            Err(failure) if matches!(failure.code, ErrorCode::NoMessage | ErrorCode::Deleted) => {
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if !item.read_by.contains(call.me()) {
            updated += 1;
            newest.insert(item.message.conversation, id);
        }
    }
    for id in newest.into_values() {
        let up_to = Mark::Message(id);
        expect_reply!(call.run(Command::Read { up_to }).await?, Reply::Done => ());
    }
    Ok(Answer::ok(&json!({ "updated": updated })))
}

/// The ids in a body, which may be the list itself, ascending.
fn ids(body: Value) -> Result<BTreeSet<MessageId>, Failure> {
    let body = match body {
        list @ Value::Array(_) => json!({ "message_ids": list }),
        other => other,
    };
    let ids = Fields::of(body)?.messages(&["message_ids"])?;
    let wrong = |message| Failure::bad_value("message_ids", message);
    let ids = ids.ok_or_else(|| wrong("message_ids is missing".to_owned()))?;
    if ids.len() > PAGE_MAX {
        return Err(wrong(format!("message_ids takes at most {PAGE_MAX}")));
    }
    Ok(ids.into_iter().collect())
}

async fn delete(call: Call) -> Answered {
    let message = call.message()?;
    expect_reply!(call.run(Command::Delete { message }).await?, Reply::Done => ());
    Ok(Answer::ok(&json!({
        "success": true,
        "message": "Message deleted successfully",
        "id": message_number(message),
    })))
}

/// The address that is answered is what `attachments` of a message takes.
async fn upload(call: Call) -> Answered {
    let [file] = call.files() else {
        let message = "send one file as multipart/form-data, in a field called file";
        return Err(Failure::bad_value("file", message));
    };
    let shown = snake(&file.attached(), call.links(), number);
    Ok(Answer::created(&shown).keeping_files())
}

async fn participants(call: Call) -> Answered {
    let conversation = call.query().text(&["conversation_id"])?;
    let of = conversation.map(|id| pair::target(&id, call.me()));
    let question = Question::People(of.transpose()?);
    let people = expect_reply!(call.ask(question).await?, Reply::People(people) => people);
    Ok(Answer::ok(&people.iter().map(person).collect::<Vec<_>>()))
}

async fn online_users(call: Call) -> Answered {
    let cards = expect_reply!(call.ask(Question::Online).await?, Reply::Online(cards) => cards);
    let people = cards.into_iter().map(|card| Person {
        card,
        online: true,
        last_seen: None,
    });
    Ok(Answer::ok(
        &people.map(|one| person(&one)).collect::<Vec<_>>(),
    ))
}
