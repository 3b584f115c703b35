//! The one route that `dating` and `marketplace` both have (CONTRACT C-01): one handler, and one body for the clients of both.

use parlour_actors::command::{Command, Mark, Question, Reply};
use serde_json::json;

use super::{
    rest::{Answer, Answered, Call, Route, expect_reply, routes},
    shape::{maybe_time, message_number, message_uuid},
};

/// The route.
pub const ROUTES: &[Route] = routes! {
    Put "/api/v1/messages/{message}/read" => read;
};

async fn read(call: Call) -> Answered {
    let id = call.message()?;
    let up_to = Mark::Message(id);
    expect_reply!(call.run(Command::Read { up_to }).await?, Reply::Done => ());
    let item = expect_reply!(call.ask(Question::Item(id)).await?, Reply::Item(item) => item);
    // An author may read on in their own message; whether it is read is another's to say.
    let (is_read, read_at) = (item.is_read(), maybe_time(item.read_at));
    Ok(Answer::ok(&json!({
        "success": true,
        "data": { "message_id": message_uuid(id), "is_read": is_read, "read_at": read_at },
        "id": message_number(id),
        "is_read": is_read,
        "read_at": read_at,
    })))
}
