//! What `matched` offers over REST.

use parlour_actors::{
    command::{Command, Entry, InboxFilter, Item, Mark, Question, Reply, Scope, Target},
    error::{ErrorCode, Failure},
};
use parlour_storage::{
    domain::{change::ChangeBody, safety::ReportDraft},
    ids::UserId,
};
use serde_json::{Value, json};

use super::{CONVERSATION, KIND, content_type, matched};
use crate::dialects::{
    attachments::{self, number},
    links::Links,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::{conversation_number, maybe_time, message_number, time, user_number},
};

/// What REST offers.
pub const ROUTES: &[Route] = routes! {
    Get "/chat/conversations" => conversations;
    Get "/chat/conversations/{conversation}/messages" => messages;
    Post "/chat/messages" + files => send;
    Put "/chat/messages/{message}/read" => read;
    Post "/chat/conversations/{conversation}/block" => block;
    Post "/chat/conversations/{conversation}/report" => report;
    Get "/chat/matches" => matches;
};

const USER: &[&str] = &["user_id"];

/// In this dialect a conversation that isn't one's own is forbidden, and not missing (CONTRACT S2-49). One that isn't there looks the
/// same, so that nobody can probe for conversations.
fn forbidden(failure: Failure) -> Failure {
    match failure.code {
        ErrorCode::NoConversation => Failure {
            code: ErrorCode::NotAllowed,
            ..failure
        },
        _ => failure,
    }
}

/// Refuses a `user_id` that isn't the token's (CONTRACT S2-19).
fn must_be_me(call: &Call, user: &UserId) -> Result<(), Failure> {
    if user == call.me() {
        return Ok(());
    }
    let message = "user_id is not the user of the token; leave out or name yourself";
    Err(Failure::new(ErrorCode::NotAllowed, message))
}

async fn conversations(call: Call) -> Answered {
    must_be_me(&call, &call.query().need_user(USER)?)?;
    let page = call.page(20)?;
    let matching = InboxFilter::default();
    let (entries, total) = call.inbox(matching, &page).await?;
    let entries = entries.iter().map(|entry| conversation(call.me(), entry));
    Ok(Answer::ok(&json!({
        "conversations": entries.collect::<Vec<_>>(),
        "total": total,
    })))
}

/// The newest comes first, as in the seed's index (CONTRACT C-16, S2-38).
async fn messages(call: Call) -> Answered {
    let page = call.page(50)?;
    let of = Scope::In(Target::Conversation(call.conversation()?));
    let found = call
        .messages(of, page.history(), &page, false)
        .await
        .map_err(forbidden)?;
    Ok(Answer::ok(&json!({
        "messages": found.items.iter().map(|item| message(item, call.links())).collect::<Vec<_>>(),
        "total": found.total,
        "next_cursor": found.next,
    })))
}

async fn send(call: Call) -> Answered {
    let body = call.body()?;
    if let Some(user) = body.user(USER)? {
        must_be_me(&call, &user)?;
    }
    let command = Command::Send {
        to: Target::Conversation(body.need_conversation(CONVERSATION)?),
        content: body.content(KIND)?,
        attachments: body.attachments()?,
        key: call.key(&body)?,
    };
    let change = expect_reply!(call.run(command).await.map_err(forbidden)?, Reply::Sent { change, .. } => change);
    let sent = expect_reply!(&change.body, ChangeBody::Sent(sent) => sent);
    Ok(Answer::created(&json!({
        "message_id": message_number(sent.id),
        "sent_at": time(sent.sent_at),
    })))
}

async fn read(call: Call) -> Answered {
    let message = call.message()?;
    let up_to = Mark::Message(message);
    expect_reply!(call.run(Command::Read { up_to }).await?, Reply::Done => ());
    let item = expect_reply!(call.ask(Question::Item(message)).await?, Reply::Item(item) => item);
    Ok(Answer::ok(&json!({
        "success": true,
        "read_at": maybe_time(item.read_at),
    })))
}

/// Whom a call is about: the other one in the conversation.
async fn other(call: &Call) -> Result<UserId, Failure> {
    let question = Question::Entry(Target::Conversation(call.conversation()?));
    let entry = call.ask(question).await.map_err(forbidden)?;
    let entry = expect_reply!(entry, Reply::Entry(entry) => entry);
    let other = entry.summary.conversation.peer_of(call.me());
    other
        .cloned()
        .ok_or_else(|| forbidden(Failure::no_conversation()))
}

async fn block(call: Call) -> Answered {
    let user = other(&call).await?;
    let command = Command::Block {
        user: user.clone(),
        reason: call.body()?.text(&["reason"])?,
    };
    expect_reply!(call.run(command).await?, Reply::Done => ());
    let blocks = expect_reply!(call.ask(Question::Blocks).await?, Reply::Blocks(blocks) => blocks);
    let block = blocks.iter().find(|block| block.blocked == user);
    Ok(Answer::ok(&json!({
        "success": true,
        // They may have unblocked them meanwhile.
        "blocked_at": maybe_time(block.map(|block| block.at)),
    })))
}

async fn report(call: Call) -> Answered {
    let body = call.body()?;
    let category = body.need_text(&["report_type"])?;
    let reason = body.need_text(&["reason"])?;
    let draft = ReportDraft {
        user: other(&call).await?,
        category,
        reason: Some(reason),
        conversation: Some(call.conversation()?),
        message: body.message(&["message_id"])?,
    };
    let (report, at) = call.report(draft).await?;
    Ok(Answer::ok(&json!({
        "success": true,
        "report_id": format!("report_{report}"),
        "reported_at": time(at),
    })))
}

async fn matches(call: Call) -> Answered {
    let page = call.page(20)?;
    let found = call.matches(&page).await?;
    Ok(Answer::ok(&json!({
        "matches": found.items.iter().map(matched).collect::<Vec<_>>(),
        "next_cursor": found.next,
    })))
}

fn conversation(me: &UserId, entry: &Entry) -> Value {
    let Entry {
        summary,
        last,
        others,
    } = entry;
    let conversation = &summary.conversation;
    let other = others.first().map(|person| &*person.card);
    let last = last.as_ref().map(|item| &item.message);
    json!({
        "id": conversation_number(conversation.id),
        "user_id": user_number(me),
        "other_user_id": other.map(|card| user_number(&card.user)),
        "other_user_name": other.map(|card| card.shown_name()),
        "other_user_photo": other.and_then(|card| card.picture.as_deref()),
        "last_message": last.map(|message| &message.content.text),
        "last_message_sender": last.map(|message| user_number(&message.author)),
        "unread_count": summary.unread,
        "updated_at": time(last.map_or(conversation.created_at, |message| message.sent_at)),
        "created_at": time(conversation.created_at),
    })
}

fn message(item: &Item, links: &Links) -> Value {
    let message = &item.message;
    let mut shape = json!({
        "id": message_number(message.id),
        "conversation_id": conversation_number(message.conversation),
        "sender_id": user_number(&message.author),
        "content": message.content.text,
        "content_type": content_type(message.content.kind),
        "created_at": time(message.sent_at),
        "read_at": maybe_time(item.read_at),
    });
    attachments::add(&mut shape, &message.attachments, links, number);
    shape
}
