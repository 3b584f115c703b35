//! What REST offers: all routes, and the handlers of those about conversations and blocks.

use parlour_actors::command::{Command, InboxFilter, Reply, Scope, Target};
use parlour_storage::domain::change::ChangeBody;
use serde_json::{Value, json};

use super::{
    contact,
    shapes::{CONVERSATION, KIND, RECEIVER, conversation, message, sent, success},
};
use crate::dialects::{
    pages::Page,
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
};

/// The routes. `PUT /api/v1/messages/{message}/read`, which `marketplace` has too, is in `v1`.
pub const ROUTES: &[Route] = routes! {
    Post "/api/v1/messages/request" => contact::request;
    Post "/api/v1/messages/request/{request}/respond" => contact::respond;
    Delete "/api/v1/messages/request/{request}" => contact::withdraw;
    Get "/api/v1/messages/requests" => contact::requests;
    Post "/api/v1/messages/send" + files => send;
    Get "/api/v1/conversations" => conversations;
    Get "/api/v1/conversations/{conversation}/messages" => messages;
    Post "/api/v1/users/{user}/block" => block;
    Delete "/api/v1/users/{user}/block" => unblock;
    Post "/api/v1/users/{user}/report" => contact::report;
    Post "/api/v1/users/{user}/like" => contact::like;
    Delete "/api/v1/users/{user}/like" => contact::unlike;
    Get "/api/v1/matches" => contact::matches;
    Delete "/api/v1/matches/{match}" => contact::unmatch;
    Get "/api/v1/discovery/hidden" => contact::hidden;
};

async fn send(call: Call) -> Answered {
    let body = call.body()?;
    let command = Command::Send {
        to: body.target(CONVERSATION, RECEIVER)?,
        content: body.content(KIND)?,
        attachments: body.attachments()?,
        key: call.key(&body)?,
    };
    let change = expect_reply!(call.run(command).await?, Reply::Sent { change, .. } => change);
    let message = expect_reply!(&change.body, ChangeBody::Sent(message) => message);
    Ok(Answer::created(&success(&sent(message))))
}

async fn conversations(call: Call) -> Answered {
    let page = call.page(20)?;
    let matching = InboxFilter::default();
    let (entries, total) = call.inbox(matching, &page).await?;
    let more = page.offset.saturating_add(entries.len()) < total;
    Ok(Answer::ok(&success(&json!({
        "conversations": entries.iter().map(conversation).collect::<Vec<_>>(),
        "pagination": pagination(&page, Some(total as u64), more),
    }))))
}

/// Newest first, unless `order` says otherwise (CONTRACT C-16).
async fn messages(call: Call) -> Answered {
    let page = call.page(50)?;
    let of = Scope::In(Target::Conversation(call.conversation()?));
    let found = call.messages(of, page.history(), &page, false).await?;
    let mut pagination = pagination(&page, found.total, found.more);
    pagination["next_cursor"] = found.next.into();
    Ok(Answer::ok(&success(&json!({
        "messages": found.items.iter().map(|item| message(item, call.links())).collect::<Vec<_>>(),
        "pagination": pagination,
    }))))
}

fn pagination(page: &Page, total: Option<u64>, more: bool) -> Value {
    json!({
        "page": page.number,
        "limit": page.limit,
        "total": total,
        "total_pages": total.map(|total| page.n_pages(total)),
        "has_more": more,
    })
}

async fn block(call: Call) -> Answered {
    let (user, body) = (call.user()?, call.body()?);
    let reason = body.text(&["reason"])?;
    let command = Command::Block {
        user: user.clone(),
        reason: reason.clone(),
    };
    expect_reply!(call.run(command).await?, Reply::Done => ());
    Ok(Answer::ok(&success(&json!({
        "message": "User blocked successfully",
        "user_id": user.as_str(),
        "reason": reason,
    }))))
}

async fn unblock(call: Call) -> Answered {
    let user = call.user()?;
    let command = Command::Unblock { user: user.clone() };
    expect_reply!(call.run(command).await?, Reply::Done => ());
    Ok(Answer::ok(&success(&json!({
        "message": "User unblocked successfully",
        "user_id": user.as_str(),
    }))))
}
