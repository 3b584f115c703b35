//! What `direct` offers over REST.

use parlour_actors::{
    command::{Command, Entry, InboxFilter, Item, Mark, Question, Reply, Scope, Target, Unread},
    error::Failure,
};
use parlour_storage::{domain::change::ChangeBody, ids::Seq};
use serde_json::{Value, json};

use super::{message, profile, send};
use crate::dialects::{
    links::Links,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::{conversation_number, maybe_time, message_number, pair, time},
};

/// What REST offers.
pub const ROUTES: &[Route] = routes! {
    Post "/api/chat/send" + files => send_message;
    Get "/api/chat/conversations" => conversations;
    Get "/api/chat/conversations/{conversation}/messages" => messages;
    Put "/api/chat/conversations/{conversation}/read" => read;
    Get "/api/chat/unread-count" => unread_count;
    Get "/api/chat/unread" => unread;
    Get "/api/chat/conversations/{conversation}/search" => search;
    Delete "/api/chat/messages/{message}" => delete;
};

/// The envelope of every success.
fn success(data: Value) -> Value {
    json!({ "success": true, "data": data })
}

async fn send_message(call: Call) -> Answered {
    let body = call.body()?;
    let command = send(&body, call.key(&body)?)?;
    let (change, about) = expect_reply!(call.run(command).await?,
        Reply::Sent { change, about, .. } => (change, about));
    let sent = expect_reply!(&change.body, ChangeBody::Sent(sent) => sent);
    Ok(Answer::created(&success(message(
        sent,
        &about,
        (false, None),
        call.links(),
    ))))
}

async fn conversations(call: Call) -> Answered {
    let page = call.page(20)?;
    let matching = InboxFilter::default();
    let (entries, total) = call.inbox(matching, &page).await?;
    Ok(Answer::ok(&success(json!({
        "conversations": entries.iter().map(|entry| conversation(entry, call.links())).collect::<Vec<_>>(),
        "pagination": {
            "page": page.number,
            "limit": page.limit,
            "total": total,
            "totalPages": page.n_pages(total as u64),
        },
    }))))
}

/// Page 1 is the newest one; within a page the oldest comes first (CONTRACT C-16).
async fn messages(call: Call) -> Answered {
    let page = call.page(50)?;
    let of = Scope::In(Target::Conversation(call.conversation()?));
    let found = call.messages(of, page.history(), &page, true).await?;
    Ok(Answer::ok(&success(json!({
        "messages": found.items.iter().map(|one| item(one, call.links())).collect::<Vec<_>>(),
        "pagination": {
            "page": page.number,
            "limit": page.limit,
            "total": found.total,
            "totalPages": found.total.map(|total| page.n_pages(total)),
            "hasMore": found.more,
            "nextCursor": found.next,
        },
    }))))
}

/// Marks the whole of a conversation.
async fn read(call: Call) -> Answered {
    let id = call.conversation()?;
    let up_to = Mark::Seq(id, Seq(u64::MAX));
    expect_reply!(call.run(Command::Read { up_to }).await?, Reply::Done => ());
    let question = Question::Entry(Target::Conversation(id));
    let entry = expect_reply!(call.ask(question).await?, Reply::Entry(entry) => entry);
    Ok(Answer::ok(&success(json!({
        "conversationId": conversation_number(id),
        "unreadCount": entry.summary.unread,
        "readAt": maybe_time(entry.summary.member.cursor.read_at),
    }))))
}

/// What is unread in chats of two.
async fn all_unread(call: &Call) -> Result<Vec<Unread>, Failure> {
    let mut unread =
        expect_reply!(call.ask(Question::Unread).await?, Reply::Unread(unread) => unread);
    unread.retain(|of| pair(&of.conversation).is_some());
    Ok(unread)
}

async fn unread_count(call: Call) -> Answered {
    let unread = all_unread(&call).await?;
    let total: u64 = unread.iter().map(|of| of.unread).sum();
    Ok(Answer::ok(&success(json!({ "unreadCount": total }))))
}

async fn unread(call: Call) -> Answered {
    let unread = all_unread(&call).await?;
    let list = unread.iter().map(|of| {
        json!({
            "conversationId": conversation_number(of.conversation.id),
            "unreadCount": of.unread,
        })
    });
    Ok(Answer::ok(&success(list.collect())))
}

/// Newest first.
async fn search(call: Call) -> Answered {
    let page = call.page(20)?;
    let of = Some(Target::Conversation(call.conversation()?));
    let names = ["q", "query", "search", "keyword"];
    let (items, total) = call.search(&names, of, &page).await?;
    Ok(Answer::ok(&success(json!({
        "messages": items.iter().map(|one| item(one, call.links())).collect::<Vec<_>>(),
        "pagination": {
            "page": page.number,
            "limit": page.limit,
            "total": total,
            "totalPages": page.n_pages(total),
        },
    }))))
}

async fn delete(call: Call) -> Answered {
    let message = call.message()?;
    expect_reply!(call.run(Command::Delete { message }).await?, Reply::Done => ());
    let shown =
        expect_reply!(call.ask(Question::Message(message)).await?, Reply::Message(shown) => shown);
    Ok(Answer::ok(&success(json!({
        "id": message_number(message),
        "conversationId": conversation_number(shown.message.conversation),
        "deletedAt": maybe_time(shown.message.deleted_at),
    }))))
}

fn conversation(
    Entry {
        summary,
        last,
        others,
    }: &Entry,
    links: &Links,
) -> Value {
    let created_at = summary.conversation.created_at;
    let updated_at = last
        .as_ref()
        .map_or(created_at, |item| item.message.sent_at);
    let other = others.first().map(|person| {
        let mut other = profile(&person.card);
        other["isOnline"] = person.online.into();
        other["lastSeen"] = maybe_time(person.last_seen);
        other
    });
    json!({
        "id": conversation_number(summary.conversation.id),
        "otherUser": other,
        "lastMessage": last.as_ref().map(|last| item(last, links)),
        "unreadCount": summary.unread,
        "createdAt": time(created_at),
        "updatedAt": time(updated_at),
    })
}

fn item(item: &Item, links: &Links) -> Value {
    let read = (item.is_read(), item.read_at);
    message(&item.message, &item.about, read, links)
}
