//! What `gateway` offers over REST.

use std::collections::{HashMap, hash_map};

use parlour_actors::{
    command::{Command, Entry, InboxFilter, Item, Person, Question, Reply, Scope, Target},
    error::Failure,
};
use parlour_storage::domain::{
    change::ChangeBody,
    conversation::{Conversation, ConversationKind},
};
use serde_json::{Value, json};

use super::{CONVERSATION, KIND, profile};
use crate::dialects::{
    attachments::{camel, uuid},
    links::Links,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::{conversation_uuid, kind, maybe_time, message_uuid, time},
};

/// What REST offers.
pub const ROUTES: &[Route] = routes! {
    Post "/api/messages/conversations" => open;
    Get "/api/messages/conversations" => conversations;
    Get "/api/messages/conversations/{conversation}/messages" => messages;
    Post "/api/messages/conversations/{conversation}/messages" + files => send;
    Get "/api/messages/search" => search;
};

/// Opens a conversation. The pair of a direct one finds the one that it has.
async fn open(call: Call) -> Answered {
    let body = call.body()?;
    let participants = body.users(&["participantIds"])?.unwrap_or_default();
    let others: Vec<_> = participants
        .into_iter()
        .filter(|user| user != call.me())
        .collect();
    let kind = body.text(&["type"])?.unwrap_or_else(|| "DIRECT".to_owned());
    let command = match (kind.to_uppercase().as_str(), &*others) {
        ("DIRECT", [with]) => Command::OpenDirect { with: with.clone() },
        ("DIRECT", _) => {
            let message = "a DIRECT conversation takes one other person in participantIds";
            return Err(Failure::bad_value("participantIds", message));
        }
        ("GROUP", _) => Command::OpenGroup {
            name: body.text(&["name"])?,
            members: others,
            key: call.key(&body)?,
        },
        _ => return Err(Failure::bad_value("type", "type takes DIRECT or GROUP")),
    };
    let (id, created) = expect_reply!(call.run(command).await?,
        Reply::Opened { conversation, created } => (conversation, created));
    let question = Question::Entry(Target::Conversation(id));
    let entry = expect_reply!(call.ask(question).await?, Reply::Entry(entry) => entry);
    let people = Question::People(Some(Target::Conversation(id)));
    let everyone = expect_reply!(call.ask(people).await?, Reply::People(everyone) => everyone);
    let body = json!({
        "success": true,
        "message": "Conversation created",
        "data": {
            "id": conversation_uuid(id),
            "type": kind_of(&entry.summary.conversation),
            "name": name_of(&entry.summary.conversation),
            "participants": everyone.iter().map(|person| profile(&person.card)).collect::<Vec<_>>(),
            "lastMessage": entry.last.as_ref().map(last_message),
            "unreadCount": entry.summary.unread,
            "createdAt": time(entry.summary.conversation.created_at),
        },
    });
    Ok(if created {
        Answer::created(&body)
    } else {
        Answer::ok(&body)
    })
}

async fn conversations(call: Call) -> Answered {
    let page = call.page(20)?;
    let matching = InboxFilter {
        groups: true,
        search: call.query().text(&["search"])?,
        ..InboxFilter::default()
    };
    let (entries, total) = call.inbox(matching, &page).await?;
    Ok(Answer::ok(&json!({
        "success": true,
        "data": entries.iter().map(conversation).collect::<Vec<_>>(),
        "meta": {
            "page": page.number,
            "limit": page.limit,
            "total": total,
            "totalPages": page.n_pages(total as u64),
        },
    })))
}

/// Page 1 is the newest one; within a page the oldest comes first (CONTRACT C-16).
async fn messages(call: Call) -> Answered {
    let page = call.page(50)?;
    let of = Scope::In(Target::Conversation(call.conversation()?));
    let found = call.messages(of, page.history(), &page, true).await?;
    Ok(Answer::ok(&json!({
        "success": true,
        "data": found.items.iter().map(|item| message(item, call.links())).collect::<Vec<_>>(),
        "meta": {
            "page": page.number,
            "limit": page.limit,
            "total": found.total,
            "hasMore": found.more,
            "nextCursor": found.next,
        },
    })))
}

async fn send(call: Call) -> Answered {
    let body = call.body()?;
    let command = Command::Send {
        to: Target::Conversation(call.conversation()?),
        content: body.content(KIND)?,
        attachments: body.attachments()?,
        key: call.key(&body)?,
    };
    let change = expect_reply!(call.run(command).await?, Reply::Sent { change, .. } => change);
    let sent = expect_reply!(&change.body, ChangeBody::Sent(sent) => sent);
    Ok(Answer::created(&json!({
        "success": true,
        "data": {
            "id": message_uuid(sent.id),
            "conversationId": conversation_uuid(sent.conversation),
            "senderId": sent.author.as_str(),
            "content": sent.content.text,
            "type": kind(sent.content.kind),
            "attachments": camel(&sent.attachments, call.links(), uuid),
            "createdAt": time(sent.sent_at),
        },
    })))
}

/// Newest first.
async fn search(call: Call) -> Answered {
    let page = call.page(20)?;
    let of = call.query().conversation(CONVERSATION)?;
    let of = of.map(Target::Conversation);
    let (items, total) = call.search(&["query", "q"], of, &page).await?;
    let mut participants = HashMap::new();
    for item in &items {
        if let hash_map::Entry::Vacant(unknown) = participants.entry(item.message.conversation) {
            let question = Question::People(Some(Target::Conversation(*unknown.key())));
            let everyone =
                expect_reply!(call.ask(question).await?, Reply::People(everyone) => everyone);
            unknown.insert(everyone);
        }
    }
    let found = items.iter().map(|item| {
        let mut found = message(item, call.links());
        let everyone = &participants[&item.message.conversation];
        found["conversation"] = json!({
            "type": kind_of(&item.about.conversation),
            "name": name_of(&item.about.conversation),
            "participants": everyone.iter().map(|person| profile(&person.card)).collect::<Vec<_>>(),
        });
        found
    });
    Ok(Answer::ok(&json!({
        "success": true,
        "data": found.collect::<Vec<_>>(),
        "meta": { "page": page.number, "limit": page.limit, "total": total },
    })))
}

fn kind_of(conversation: &Conversation) -> &'static str {
    match conversation.kind {
        ConversationKind::Direct { .. } => "DIRECT",
        ConversationKind::Group { .. } => "GROUP",
    }
}

fn name_of(conversation: &Conversation) -> Option<&str> {
    match &conversation.kind {
        ConversationKind::Direct { .. } => None,
        ConversationKind::Group { name } => name.as_deref(),
    }
}

fn participant(person: &Person) -> Value {
    let mut participant = profile(&person.card);
    participant["isOnline"] = person.online.into();
    participant["lastSeen"] = maybe_time(person.last_seen);
    participant
}

fn conversation(
    Entry {
        summary,
        last,
        others,
    }: &Entry,
) -> Value {
    json!({
        "id": conversation_uuid(summary.conversation.id),
        "type": kind_of(&summary.conversation),
        "name": name_of(&summary.conversation),
        "participants": others.iter().map(participant).collect::<Vec<_>>(),
        "lastMessage": last.as_ref().map(last_message),
        "unreadCount": summary.unread,
        "createdAt": time(summary.conversation.created_at),
        "updatedAt": time(last.as_ref().map_or(summary.conversation.created_at, |item| item.message.sent_at)),
    })
}

fn last_message(item: &Item) -> Value {
    json!({
        "id": message_uuid(item.message.id),
        "content": item.message.content.text,
        "senderId": item.message.author.as_str(),
        "createdAt": time(item.message.sent_at),
    })
}

fn message(
    Item {
        message,
        about,
        read_by,
        ..
    }: &Item,
    links: &Links,
) -> Value {
    json!({
        "id": message_uuid(message.id),
        "conversationId": conversation_uuid(message.conversation),
        "sender": profile(&about.by),
        "content": message.content.text,
        "type": kind(message.content.kind),
        "attachments": camel(&message.attachments, links, uuid),
        "readBy": read_by.iter().map(|user| user.as_str()).collect::<Vec<_>>(),
        "createdAt": time(message.sent_at),
        "updatedAt": time(message.edited_at.unwrap_or(message.sent_at)),
    })
}
