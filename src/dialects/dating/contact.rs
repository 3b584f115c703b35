//! First contact and reports over REST.
//!
//! A request is a message that isn't one yet: until it is accepted, its `message_id` is the request's own id.

use parlour_actors::{
    command::{Command, ContactCommand, ContactQuestion, ContactReply, Reply},
    error::{ErrorCode, Failure},
    limits::PAGE_MAX,
};
use parlour_storage::{
    contacts::Direction,
    domain::{contact::Hidden, safety::ReportDraft},
    ids::MessageRequestId,
};
use serde_json::{Value, json};

use super::shapes::{match_fields, matched, request_message, request_shape, success};
use crate::dialects::{
    contacts::Listed,
    fields::Fields,
    pages::Page,
    rest::{Answer, Answered, Call, expect_reply},
    shape::{conversation_uuid, hidden_because, match_uuid, request_status, request_uuid, time},
};

const TEXT: &[&str] = &["message", "content", "text"];

pub(super) async fn request(call: Call) -> Answered {
    let body = call.body()?;
    let command = ContactCommand::Ask {
        user: body.need_user(&["receiver_id", "user_id"])?,
        text: body.need_text(TEXT)?,
        key: call.key(&body)?,
    };
    let asked = expect_reply!(call.contact(command).await?, ContactReply::Request(asked) => asked);
    let request = &asked.request;
    Ok(Answer::created(&success(&json!({
        "request_id": request_uuid(request.id),
        "message_id": request_message(request),
        "message": "Message request sent successfully",
        "preview_text": request.text,
        "status": request_status(request.status),
    }))))
}

pub(super) async fn respond(call: Call) -> Answered {
    let request = call.message_request()?;
    let accept = accepts(&call.body()?)?;
    let command = ContactCommand::Answer { request, accept };
    let reply = match call.contact(command).await {
        Err(failure) if failure.code == ErrorCode::NoRequest => {
            return Err(not_receiver(&call, request).await.unwrap_or(failure));
        }
        reply => reply?,
    };
    let (request, matched) = expect_reply!(reply,
        ContactReply::Answered { request, matched } => (request.request, matched));
    let Some(matched) = matched.map(|one| one.matched) else {
        return Ok(Answer::ok(&success(&json!({
            "message": "Request declined successfully",
            "match_created": false,
        }))));
    };
    Ok(Answer::ok(&success(&json!({
        "message": "Request accepted successfully",
        "conversation_id": conversation_uuid(matched.conversation),
        "match_created": true,
        "match_id": match_uuid(matched.id),
        "message_id": request_message(&request),
    }))))
}

/// Yes or no, in any of the words for it.
fn accepts(body: &Fields) -> Result<bool, Failure> {
    if let Some(accept) = body.flag(&["accept"])? {
        return Ok(accept);
    }
    match body.need_text(&["action", "response", "status"])?.as_str() {
        "accept" | "accepted" => Ok(true),
        "decline" | "declined" => Ok(false),
        _ => {
            let message = "action takes accept or decline";
            Err(Failure::bad_value("action", message))
        }
    }
}

/// Here whoever made a request is told that it is not theirs to answer (S0-02). To anybody else it isn't there.
async fn not_receiver(call: &Call, request: MessageRequestId) -> Option<Failure> {
    let question = ContactQuestion::Request(request);
    match call.contacts(question).await {
        Ok(ContactReply::Request(known)) if known.sent => {
            let message = "only who was asked may answer a message request";
            Some(Failure::new(ErrorCode::NotAllowed, message))
        }
        _ => None,
    }
}

pub(super) async fn withdraw(call: Call) -> Answered {
    let request = call.message_request()?;
    call.contact(ContactCommand::Withdraw { request }).await?;
    Ok(Answer::ok(&success(&json!({
        "message": "Request withdrawn successfully",
        "request_id": request_uuid(request),
    }))))
}

pub(super) async fn requests(call: Call) -> Answered {
    let (page, query) = (call.page(20)?, call.query());
    let direction = match query.text(&["type", "direction"])?.as_deref() {
        None => Direction::Both,
        Some("received") => Direction::Received,
        Some("sent") => Direction::Sent,
        Some(_) => return Err(Failure::bad_value("type", "type takes received or sent")),
    };
    let pending = match query.text(&["status"])?.as_deref() {
        None => false,
        Some("pending") => true,
        Some(_) => {
            let message = "status takes pending; leave it out for all";
            return Err(Failure::bad_value("status", message));
        }
    };
    let found = call.requests(direction, pending, &page).await?;
    Ok(Answer::ok(&success(&json!({
        "requests": found.items.iter().map(request_shape).collect::<Vec<_>>(),
        "pagination": pagination(&page, &found),
    }))))
}

/// How many there are in all isn't counted for these lists.
fn pagination<T>(page: &Page, found: &Listed<T>) -> Value {
    json!({
        "page": page.number,
        "limit": page.limit,
        "has_more": found.next.is_some(),
        "next_cursor": found.next,
    })
}

pub(super) async fn report(call: Call) -> Answered {
    let (user, body) = (call.user()?, call.body()?);
    // Whoever says why under one name alone says of what sort by it.
    let category = body.need_text(&["category", "reason"])?;
    let described = body.text(&["description"])?;
    let reason = if body.has(&["category"]) {
        described.or(body.text(&["reason"])?)
    } else {
        described
    };
    let draft = ReportDraft {
        user: user.clone(),
        category: category.clone(),
        reason,
        conversation: body.conversation(&["conversation_id"])?,
        message: body.message(&["message_id"])?,
    };
    let (report, at) = call.report(draft).await?;
    Ok(Answer::created(&success(&json!({
        "message": "User reported successfully",
        "report_id": report.to_uuid().to_string(),
        "user_id": user.as_str(),
        "category": category,
        "status": "pending",
        "created_at": time(at),
    }))))
}

pub(super) async fn like(call: Call) -> Answered {
    let user = call.user()?;
    let matched = call.like(user.clone(), true).await?;
    let mut data = json!({
        "message": "User liked successfully",
        "user_id": user.as_str(),
        "match_created": matched.is_some(),
    });
    if let (Some(matched), Value::Object(data)) = (matched, &mut data) {
        data.extend(match_fields(&matched.matched));
    }
    Ok(Answer::ok(&success(&data)))
}

pub(super) async fn unlike(call: Call) -> Answered {
    let user = call.user()?;
    call.like(user.clone(), false).await?;
    Ok(Answer::ok(&success(&json!({
        "message": "Like removed successfully",
        "user_id": user.as_str(),
    }))))
}

pub(super) async fn matches(call: Call) -> Answered {
    let page = call.page(20)?;
    let found = call.matches(&page).await?;
    Ok(Answer::ok(&success(&json!({
        "matches": found.items.iter().map(matched).collect::<Vec<_>>(),
        "pagination": pagination(&page, &found),
    }))))
}

pub(super) async fn unmatch(call: Call) -> Answered {
    let matched = call.matched()?;
    let command = Command::Contact(ContactCommand::Unmatch { matched });
    expect_reply!(call.run(command).await?, Reply::Done => ());
    Ok(Answer::ok(&success(&json!({
        "message": "Unmatched successfully",
        "match_id": match_uuid(matched),
    }))))
}

/// In the order of ids: there are no pages by number, and `cursor` is the last person of the page before.
pub(super) async fn hidden(call: Call) -> Answered {
    let query = call.query();
    let limit = query.number(&["limit"])?.unwrap_or(20);
    if !(1..=PAGE_MAX).contains(&limit) {
        let message = format!("limit takes 1 to {PAGE_MAX}");
        return Err(Failure::bad_value("limit", message));
    }
    let after = query.user(&["cursor"])?;
    let question = ContactQuestion::Hidden { after, limit };
    let (users, next) = expect_reply!(call.contacts(question).await?,
        ContactReply::Hidden { users, next } => (users, next));
    let shape = |Hidden { user, because, at }: &Hidden| {
        json!({
            "user_id": user.as_str(),
            "reason": hidden_because(*because),
            "hidden_at": time(*at),
        })
    };
    Ok(Answer::ok(&success(&json!({
        "users": users.iter().map(shape).collect::<Vec<_>>(),
        "pagination": {
            "limit": limit,
            "has_more": next.is_some(),
            "next_cursor": next.as_ref().map(|user| user.as_str()),
        },
    }))))
}
