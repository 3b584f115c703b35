//! Conversations, messages, members, marks, presence and blocks over REST.

use parlour_actors::{
    command::{Command, Mark, Question, Target},
    error::Failure,
};
use parlour_storage::ids::{Seq, UserId};
use serde::Deserialize;

use super::asked::{Answered, Asked};
use crate::dialects::native::{
    fields::{ChangesPage, ConversationsPage, MessagesPage, OfUsers, OpenGroup, Send},
    scalar::{Id, Key, Role, User, user_ids},
    search::SearchPage,
};

pub(super) async fn me(asked: Asked) -> Answered {
    asked.question(Question::Me).await
}

pub(super) async fn user(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.question(Question::User(user)).await
}

pub(super) async fn conversations(asked: Asked) -> Answered {
    let page: ConversationsPage = asked.query()?;
    asked.question(page.into_question()).await
}

/// Opens a direct conversation with `user`, or a group of `members`.
#[derive(Deserialize)]
struct Open {
    user: Option<User>,
    name: Option<String>,
    members: Option<Vec<User>>,
    key: Option<Key>,
}

pub(super) async fn open(asked: Asked) -> Answered {
    let Open {
        user,
        name,
        members,
        key,
    } = asked.body()?;
    let command = match (user, members) {
        (Some(user), None) => Command::OpenDirect { with: user.0 },
        (None, Some(members)) => OpenGroup {
            name,
            members,
            key: asked.key(key)?,
        }
        .into(),
        _ => {
            let message = "give `user` for a direct conversation, or `members` for a group";
            return Err(Failure::bad_value("user", message).into());
        }
    };
    asked.command(command).await
}

pub(super) async fn conversation(asked: Asked) -> Answered {
    let conversation = asked.conversation()?;
    asked.question(Question::Conversation(conversation)).await
}

#[derive(Deserialize)]
struct Name {
    name: Option<String>,
}

pub(super) async fn rename(asked: Asked) -> Answered {
    let (conversation, Name { name }) = (asked.conversation()?, asked.body()?);
    asked.command(Command::Rename { conversation, name }).await
}

pub(super) async fn messages(asked: Asked) -> Answered {
    let page: MessagesPage = asked.query()?;
    let question = page.into_question(asked.conversation()?)?;
    asked.question(question).await
}

pub(super) async fn send(asked: Asked) -> Answered {
    let mut send: Send = asked.body()?;
    if send.conversation.is_some() || send.user.is_some() {
        let message = "the path says where it goes; leave `conversation` and `user` out";
        return Err(Failure::bad_value("conversation", message).into());
    }
    send.conversation = Some(Id(asked.conversation()?));
    send.key = asked.key(send.key)?;
    asked.command(send.into_command()?).await
}

pub(super) async fn send_to_user(asked: Asked) -> Answered {
    let mut send: Send = asked.body()?;
    send.key = asked.key(send.key)?;
    asked.command(send.into_command()?).await
}

pub(super) async fn members(asked: Asked) -> Answered {
    let conversation = asked.conversation()?;
    asked.question(Question::Members(conversation)).await
}

pub(super) async fn add_members(asked: Asked) -> Answered {
    let users: OfUsers = asked.body()?;
    let conversation = asked.conversation()?;
    asked
        .command(Command::Add {
            conversation,
            users: user_ids(users.users),
        })
        .await
}

pub(super) async fn remove_member(asked: Asked) -> Answered {
    let (conversation, user) = (asked.conversation()?, asked.user()?);
    asked.command(Command::Remove { conversation, user }).await
}

#[derive(Deserialize)]
struct OfRole {
    role: Role,
}

pub(super) async fn set_role(asked: Asked) -> Answered {
    let (conversation, user, OfRole { role }) =
        (asked.conversation()?, asked.user()?, asked.body()?);
    asked
        .command(Command::SetRole {
            conversation,
            user,
            role: role.into(),
        })
        .await
}

#[derive(Deserialize)]
struct OfSeq {
    seq: u64,
}

pub(super) async fn read(asked: Asked) -> Answered {
    let (conversation, OfSeq { seq }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Read {
            up_to: Mark::Seq(conversation, Seq(seq)),
        })
        .await
}

pub(super) async fn delivered(asked: Asked) -> Answered {
    let (conversation, OfSeq { seq }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Deliver {
            up_to: Mark::Seq(conversation, Seq(seq)),
        })
        .await
}

pub(super) async fn read_message(asked: Asked) -> Answered {
    let up_to = Mark::Message(asked.message()?);
    asked.command(Command::Read { up_to }).await
}

pub(super) async fn message_delivered(asked: Asked) -> Answered {
    let up_to = Mark::Message(asked.message()?);
    asked.command(Command::Deliver { up_to }).await
}

#[derive(Deserialize)]
struct Typing {
    on: Option<bool>,
}

pub(super) async fn typing(asked: Asked) -> Answered {
    let (conversation, Typing { on }) = (asked.conversation()?, asked.body()?);
    asked
        .command(Command::Type {
            to: Target::Conversation(conversation),
            on: on.unwrap_or(true),
        })
        .await
}

pub(super) async fn message(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Message(message)).await
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

pub(super) async fn edit(asked: Asked) -> Answered {
    let (message, Text { text }) = (asked.message()?, asked.body()?);
    asked.command(Command::Edit { message, text }).await
}

pub(super) async fn delete(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.command(Command::Delete { message }).await
}

pub(super) async fn revisions(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Revisions(message)).await
}

pub(super) async fn receipts(asked: Asked) -> Answered {
    let message = asked.message()?;
    asked.question(Question::Receipts(message)).await
}

pub(super) async fn react(asked: Asked) -> Answered {
    set_reaction(asked, true).await
}

pub(super) async fn take_reaction_back(asked: Asked) -> Answered {
    set_reaction(asked, false).await
}

async fn set_reaction(asked: Asked, on: bool) -> Answered {
    let message = asked.message()?;
    let emoji = asked.parts().emoji;
    asked.command(Command::React { message, emoji, on }).await
}

pub(super) async fn unread(asked: Asked) -> Answered {
    asked.question(Question::Unread).await
}

pub(super) async fn changes(asked: Asked) -> Answered {
    let page: ChangesPage = asked.query()?;
    asked.question(page.into_question()?).await
}

pub(super) async fn search(asked: Asked) -> Answered {
    let page: SearchPage = asked.query()?;
    asked.question(page.into_question()?).await
}

#[derive(Deserialize)]
struct PresenceOf {
    users: String,
}

/// `users` is a list with commas; a user id that has one itself is asked for over WebSocket.
pub(super) async fn presence(asked: Asked) -> Answered {
    let PresenceOf { users } = asked.query()?;
    let users: Result<Vec<UserId>, _> = users.split(',').map(UserId::new).collect();
    let users = users.map_err(|e| Failure::bad_value("users", format!("a user id: {e}")))?;
    asked.question(Question::Presence(users)).await
}

pub(super) async fn blocks(asked: Asked) -> Answered {
    asked.question(Question::Blocks).await
}

#[derive(Deserialize)]
struct Reason {
    reason: Option<String>,
}

pub(super) async fn block(asked: Asked) -> Answered {
    let (user, Reason { reason }) = (asked.user()?, asked.body()?);
    asked.command(Command::Block { user, reason }).await
}

pub(super) async fn unblock(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.command(Command::Unblock { user }).await
}
