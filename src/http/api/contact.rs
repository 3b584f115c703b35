//! First contact over REST: requests, likes, matches, discovery.

use parlour_actors::command::{Command, ContactCommand, ContactQuestion, Question};

use super::asked::{Answered, Asked};
use crate::dialects::native::contact::{
    self as native, Ask, MatchesPage, PeoplePage, RequestsPage,
};

pub(super) async fn ask(asked: Asked) -> Answered {
    let mut ask: Ask = asked.body()?;
    ask.key = asked.key(ask.key)?;
    asked.creation(ask.into()).await
}

pub(super) async fn requests(asked: Asked) -> Answered {
    let page: RequestsPage = asked.query()?;
    asked.question(page.into_question()).await
}

pub(super) async fn request(asked: Asked) -> Answered {
    let question = ContactQuestion::Request(asked.message_request()?);
    asked.question(Question::Contact(question)).await
}

pub(super) async fn withdraw(asked: Asked) -> Answered {
    let request = asked.message_request()?;
    let command = ContactCommand::Withdraw { request };
    asked.command(Command::Contact(command)).await
}

pub(super) async fn accept(asked: Asked) -> Answered {
    answer(asked, true).await
}

pub(super) async fn decline(asked: Asked) -> Answered {
    answer(asked, false).await
}

async fn answer(asked: Asked, accept: bool) -> Answered {
    let request = asked.message_request()?;
    let command = ContactCommand::Answer { request, accept };
    asked.command(Command::Contact(command)).await
}

pub(super) async fn like(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.command(native::like(user, true)).await
}

pub(super) async fn unlike(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.command(native::like(user, false)).await
}

pub(super) async fn likes(asked: Asked) -> Answered {
    let page: PeoplePage = asked.query()?;
    asked.question(page.of_likes()).await
}

pub(super) async fn matches(asked: Asked) -> Answered {
    let page: MatchesPage = asked.query()?;
    asked.question(page.into_question()).await
}

pub(super) async fn unmatch(asked: Asked) -> Answered {
    let matched = asked.matched()?;
    let command = ContactCommand::Unmatch { matched };
    asked.command(Command::Contact(command)).await
}

pub(super) async fn hidden(asked: Asked) -> Answered {
    let page: PeoplePage = asked.query()?;
    asked.question(page.of_hidden()).await
}

pub(super) async fn relation(asked: Asked) -> Answered {
    let user = asked.user()?;
    asked.question(native::relation(user)).await
}
