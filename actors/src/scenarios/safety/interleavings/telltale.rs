//! What a client is told of, as far as there is anything to see in it.

use parlour_storage::{
    domain::change::ChangeBody,
    ids::{Epoch, Position, UserId},
};

use super::NAMES;
use crate::{
    codec::{ClientFrame, Codec, RequestId, View},
    command::Reply,
    error::Failure,
    outbox::Frame,
    push::{ContactNews, Hello, Push},
    testkit::Plain,
};

/// Tells all that a client could see, and of what is veiled where it stands.
#[derive(Debug)]
pub(super) struct Telltale;

impl Codec for Telltale {
    fn key(&self) -> u16 {
        11
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Plain.decode(text)
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        Some(Frame::Text(format!("at {}", hello.position).into()))
    }

    fn push(&self, _: Epoch, push: &Push, _: View) -> Option<Frame> {
        Some(Frame::Text(seen(push)?.into()))
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        _: Option<Position>,
        _: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        None
    }
}

/// What there is to see in a push, after where it stands. What somebody writes has their name and the step in it.
pub(super) fn seen(push: &Push) -> Option<String> {
    Some(match push {
        Push::Change(change, _) => {
            let what = match &change.body {
                ChangeBody::Sent(message) | ChangeBody::Edited(message) => format!("{message:?}"),
                ChangeBody::Reacted {
                    emoji, on: true, ..
                } => emoji.clone(),
                ChangeBody::Read { .. } | ChangeBody::Delivered { .. } => reads(&change.by),
                _ => String::new(),
            };
            format!("at {} {what}", change.position)
        }
        Push::Veiled(change, _) => format!("at {}", change.position),
        Push::Contact(ContactNews::Requested(shown) | ContactNews::Answered(shown))
            if !shown.sent =>
        {
            shown.request.text.clone()
        }
        Push::Typing { about, on: true } => format!("<{} types>", about.by.user),
        _ => return None,
    })
}

/// That somebody has read something.
pub(super) fn reads(user: &UserId) -> String {
    format!("<{user} reads>")
}

/// Where it stands.
pub(super) fn place(shown: &str) -> Option<Position> {
    let place = shown.strip_prefix("at ")?.split(' ').next()?;
    Position::new(place.parse().ok()?)
}

/// What somebody writes in a step.
pub(super) fn mark(who: usize, step: usize) -> String {
    format!("<{} {step}>", NAMES[who])
}
