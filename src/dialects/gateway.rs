//! The `gateway` dialect (S3): direct and group conversations over REST and Socket.IO, camelCase, ids as UUIDs.

use parlour_actors::{
    codec::View,
    command::{
        Card, Command, Entry, HistoryFilter, InboxFilter, Item, Mark, Person, Question, Reply,
        Request, Scope, Target,
    },
    error::Failure,
    push::Push,
};
use parlour_storage::domain::{
    change::{Change, ChangeBody},
    conversation::{Conversation, ConversationKind},
    message::{Content, Message, MessageKind},
};
use serde_json::{Value, json};

use super::{
    Dialect,
    fields::Fields,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::{conversation_uuid, maybe_time, message_uuid, not_yet, time},
    socketio::{Asked, Emit, Events},
};

/// What REST offers.
pub const ROUTES: &[Route] = routes! {
    Post "/api/messages/conversations" => open;
    Get "/api/messages/conversations" => conversations;
    Get "/api/messages/conversations/{conversation}/messages" => messages;
    Post "/api/messages/conversations/{conversation}/messages" => send;
    Get "/api/messages/search" => search;
};

const CONVERSATION: &[&str] = &["conversationId"];
const CONTENT: &[&str] = &["content", "text"];

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
    let question = Question::Inbox {
        matching: InboxFilter {
            groups: true,
            search: call.query().text(&["search"])?,
            ..InboxFilter::default()
        },
        offset: page.offset,
        limit: page.limit,
    };
    let (entries, total) = expect_reply!(call.ask(question).await?,
        Reply::Inbox { entries, total } => (entries, total));
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
    let question = Question::History {
        of: Scope::In(Target::Conversation(call.conversation()?)),
        matching: HistoryFilter {
            before: page.before,
            after: page.after,
            ..HistoryFilter::default()
        },
        offset: page.offset,
        limit: page.limit,
    };
    let (mut items, total, more) = expect_reply!(call.ask(question).await?,
        Reply::History { items, total, more } => (items, total, more));
    if page.oldest_first.unwrap_or(true) {
        items.reverse();
    }
    Ok(Answer::ok(&json!({
        "success": true,
        "data": items.iter().map(message).collect::<Vec<_>>(),
        "meta": {
            "page": page.number,
            "limit": page.limit,
            "total": total,
            "hasMore": more,
        },
    })))
}

async fn send(call: Call) -> Answered {
    let body = call.body()?;
    let command = Command::Send {
        to: Target::Conversation(call.conversation()?),
        content: content(&body)?,
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
            "attachments": [],
            "createdAt": time(sent.sent_at),
        },
    })))
}

async fn search(call: Call) -> Answered {
    call.query().need_text(&["query", "q"])?;
    Err(not_yet("searching messages"))
}

/// What a message says, over REST and Socket.IO alike.
fn content(fields: &Fields) -> Result<Content, Failure> {
    let has_files = fields
        .find(&["attachments"])
        .is_some_and(|(_, list)| list.as_array().is_none_or(|list| !list.is_empty()));
    if has_files {
        return Err(not_yet("sending files"));
    }
    Ok(Content {
        kind: fields.kind(&["type"])?,
        text: fields.need_text(CONTENT)?,
        reply_to: fields.message(&["replyTo", "replyToId"])?,
        metadata: None,
    })
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

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "TEXT",
        MessageKind::File => "FILE",
        MessageKind::Image => "IMAGE",
        MessageKind::Video => "VIDEO",
        MessageKind::Audio => "AUDIO",
        MessageKind::System => "SYSTEM",
    }
}

fn profile(card: &Card) -> Value {
    json!({
        "id": card.user.as_str(),
        "fullName": card.shown_name(),
        "profilePhoto": card.picture,
    })
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
) -> Value {
    json!({
        "id": message_uuid(message.id),
        "conversationId": conversation_uuid(message.conversation),
        "sender": profile(&about.by),
        "content": message.content.text,
        "type": kind(message.content.kind),
        "attachments": [],
        "readBy": read_by.iter().map(|user| user.as_str()).collect::<Vec<_>>(),
        "createdAt": time(message.sent_at),
        "updatedAt": time(message.edited_at.unwrap_or(message.sent_at)),
    })
}

/// What Socket.IO offers.
#[derive(Debug)]
pub struct Socket;

impl Events for Socket {
    fn dialect(&self) -> Dialect {
        Dialect::Gateway
    }

    fn incoming(&self) -> &'static [&'static str] {
        &[
            "sendMessage",
            "typing",
            "stopTyping",
            "markAsRead",
            "getOnlineUsers",
        ]
    }

    fn outgoing(&self) -> &'static [&'static str] {
        &[
            "newMessage",
            "userTyping",
            "userStoppedTyping",
            "messageRead",
            "userOnline",
            "userOffline",
            "onlineUsers",
            "messageUpdated",
            "messageDeleted",
        ]
    }

    /// `typing` looks the same in `direct`.
    fn claims(&self, _event: &str, _payload: &Value) -> bool {
        false
    }

    fn decode(&self, event: &str, fields: &Fields) -> Result<Asked, Failure> {
        let conversation = || fields.need_conversation(CONVERSATION);
        let typing = |on| -> Result<Request, Failure> {
            let to = Target::Conversation(conversation()?);
            Ok(Request::Do(Command::Type { to, on }))
        };
        Ok(Asked::Request(match event {
            "sendMessage" => Request::Do(Command::Send {
                to: Target::Conversation(conversation()?),
                content: content(fields)?,
                key: fields.key()?,
            }),
            "typing" => typing(true)?,
            "stopTyping" => typing(false)?,
            "markAsRead" => Request::Do(Command::Read {
                up_to: Mark::Message(fields.need_message(&["messageId"])?),
            }),
            _ => Request::Ask(Question::Online),
        }))
    }

    fn tell(&self, push: &Push, view: View, emit: &mut Emit) {
        match push {
            Push::Change(change, about) => tell_change(change, &about.by, view, emit),
            Push::Typing { about, on } => emit.event(
                if *on {
                    "userTyping"
                } else {
                    "userStoppedTyping"
                },
                json!({
                    "conversationId": conversation_uuid(about.conversation.id),
                    "userId": about.by.user.as_str(),
                    "userName": about.by.shown_name(),
                }),
            ),
            Push::Presence {
                card, online: true, ..
            } => emit.event(
                "userOnline",
                json!({ "userId": card.user.as_str(), "userName": card.shown_name() }),
            ),
            Push::Presence {
                card, last_seen, ..
            } => emit.event(
                "userOffline",
                json!({
                    "userId": card.user.as_str(),
                    "userName": card.shown_name(),
                    "lastSeen": maybe_time(*last_seen),
                }),
            ),
            Push::Online(cards) => emit.event("onlineUsers", ids(cards)),
            Push::Veiled(..) | Push::Joined { .. } => {}
        }
    }

    fn answer(&self, _event: &str, reply: &Reply, emit: &mut Emit) -> Value {
        match reply {
            // Everyone in the conversation is told, the sender too.
            Reply::Sent { change, about, .. } => {
                tell_change(change, &about.by, View::default(), emit);
                let sent = match &change.body {
                    ChangeBody::Sent(sent) => new_message(sent, &about.by),
                    _ => Value::Null,
                };
                json!({ "success": true, "data": sent })
            }
            Reply::Online(cards) => {
                emit.event("onlineUsers", ids(cards));
                json!({ "success": true, "data": ids(cards) })
            }
            _ => json!({ "success": true }),
        }
    }
}

fn ids(cards: &[std::sync::Arc<Card>]) -> Value {
    cards.iter().map(|card| card.user.as_str()).collect()
}

fn new_message(message: &Message, by: &Card) -> Value {
    json!({
        "id": message_uuid(message.id),
        "conversationId": conversation_uuid(message.conversation),
        "sender": profile(by),
        "content": message.content.text,
        "type": kind(message.content.kind),
        "attachments": [],
        "createdAt": time(message.sent_at),
    })
}

fn tell_change(change: &Change, by: &Card, view: View, emit: &mut Emit) {
    match &change.body {
        ChangeBody::Sent(message) if message.deleted_at.is_none() => {
            emit.event("newMessage", new_message(message, by));
        }
        ChangeBody::Edited(message) if message.deleted_at.is_none() => emit.event(
            "messageUpdated",
            json!({
                "id": message_uuid(message.id),
                "conversationId": conversation_uuid(message.conversation),
                "content": message.content.text,
                "updatedAt": time(change.at),
            }),
        ),
        ChangeBody::Deleted(message) => emit.event(
            "messageDeleted",
            json!({
                "messageId": message_uuid(message.id),
                "conversationId": conversation_uuid(message.conversation),
                "deletedAt": time(change.at),
            }),
        ),
        // For those who wrote, not for the reader's other devices.
        ChangeBody::Read { messages, .. } if !view.own => {
            for message in messages {
                emit.another(
                    "messageRead",
                    json!({
                        "messageId": message_uuid(*message),
                        "conversationId": conversation_uuid(change.conversation),
                        "userId": by.user.as_str(),
                        "userName": by.shown_name(),
                        "readAt": time(change.at),
                    }),
                );
            }
        }
        _ => {}
    }
}
