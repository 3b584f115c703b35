//! First contact: who is told what, on which connection, and what each of the two sees afterwards.

mod ends;
mod likes;
mod lists;
mod requests;

use std::{sync::Arc, time::Duration};

use bytestring::ByteString;
use parlour_storage::{
    domain::{
        change::ChangeBody,
        contact::{Gate, MatchKind, RequestStatus},
        user::Plan,
    },
    ids::{Epoch, Position},
};

use crate::{
    codec::{ClientFrame, Codec, RequestId, View},
    command::{
        Caller, Command, ContactCommand, ContactQuestion, ContactReply, Question, Reply, Request,
        ShownMatch, ShownRequest, Target,
    },
    error::{ErrorCode, Failure},
    limits::Settings,
    outbox::Frame,
    policy::Policy,
    push::{ContactNews, Hello, Push},
    testkit::{Client, Plain, TestNode, identity, user},
};

fn node_under(gate: Gate) -> TestNode {
    let policy = Policy {
        gate,
        ..Policy::default()
    };
    TestNode::start(Settings {
        policy,
        presence_delay: Duration::from_millis(5),
        // Typing ends when something ends it, and not while a test is slow.
        typing_timeout: Duration::from_secs(600),
        ..Settings::default()
    })
}

fn ask_for(name: &str, text: &str) -> ContactCommand {
    ContactCommand::Ask {
        user: user(name),
        text: text.to_owned(),
        key: None,
    }
}

fn like(name: &str) -> ContactCommand {
    ContactCommand::Like {
        user: user(name),
        on: true,
    }
}

/// A message to a person: over the direct conversation with them.
fn write_to(name: &str, text: &str) -> Command {
    let content = parlour_storage::domain::message::Content {
        text: text.to_owned(),
        ..Default::default()
    };
    Command::Send {
        to: Target::User(user(name)),
        content,
        attachments: Vec::new(),
        key: None,
    }
}

/// Does something about first contact, over REST.
async fn contact(
    node: &TestNode,
    name: &str,
    command: ContactCommand,
) -> Result<ContactReply, ErrorCode> {
    let command = Request::Do(Command::Contact(command));
    contact_reply(node.ask(name, command).await)
}

/// Asks something about first contact.
async fn question(
    node: &TestNode,
    name: &str,
    question: ContactQuestion,
) -> Result<ContactReply, ErrorCode> {
    let question = Request::Ask(Question::Contact(question));
    contact_reply(node.ask(name, question).await)
}

fn contact_reply(reply: Result<Reply, Failure>) -> Result<ContactReply, ErrorCode> {
    match reply {
        Ok(Reply::Contact(reply)) => Ok(reply),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

/// Makes a request.
async fn asked(node: &TestNode, from: &str, to: &str, text: &str) -> ShownRequest {
    match contact(node, from, ask_for(to, text)).await {
        Ok(ContactReply::Request(request)) => *request,
        other => panic!("{other:?}"),
    }
}

/// Accepts a request.
async fn accepted(node: &TestNode, name: &str, request: &ShownRequest) -> ShownMatch {
    let answer = ContactCommand::Answer {
        request: request.request.id,
        accept: true,
    };
    match contact(node, name, answer).await {
        Ok(ContactReply::Answered { request, matched }) => {
            assert_eq!(request.request.status, RequestStatus::Accepted);
            *matched.expect("a match")
        }
        other => panic!("{other:?}"),
    }
}

/// Has two people like each other.
async fn matched(node: &TestNode, a: &str, b: &str) -> ShownMatch {
    contact(node, a, like(b)).await.unwrap();
    match contact(node, b, like(a)).await {
        Ok(ContactReply::Liked {
            matched: Some(matched),
        }) => *matched,
        other => panic!("{other:?}"),
    }
}

/// Writes to a person, on a plan.
async fn written(
    node: &TestNode,
    name: &str,
    plan: Plan,
    command: Command,
) -> Result<Reply, ErrorCode> {
    let mut identity = identity(name);
    identity.profile.plan = plan;
    let asked = node
        .core()
        .ask(Caller::new(&identity, None), Request::Do(command));
    asked.await.map_err(|failure| failure.code)
}

/// A client that is told in [`Telling`], and was said hello to.
async fn listening(node: &TestNode, name: &str) -> Client {
    let mut client = node.connect_as(name, None, Arc::new(Telling));
    client.expect("hello").await;
    client
}

/// What a client was told up to now, since this was last asked; but for who is there.
async fn told(node: &TestNode, client: &mut Client) -> Vec<String> {
    // Whatever was written before is told when this returns.
    node.core().flush().await;
    client
        .outbox
        .push(Frame::Text(ByteString::from_static("end")));
    let mut told = Vec::new();
    loop {
        match client.next().await.expect("still open") {
            frame if frame == "end" => return told,
            frame if frame.starts_with("online") || frame.starts_with("presence") => {}
            frame => told.push(frame),
        }
    }
}

/// `requested FROM to TO TEXT`, `answered FROM to TO STATUS`, `matched KIND NAME`, `unmatched NAME`, `hidden USER
/// WHY`, `created BY`, `message BY TEXT`, `archived ON`; the rest as [`Plain`].
#[derive(Debug)]
struct Telling;

impl Telling {
    fn news(news: &ContactNews) -> String {
        match news {
            ContactNews::Requested(shown) => {
                let ShownRequest { request, with, .. } = &**shown;
                let (from, to, text) = (&request.from, &request.to, &request.text);
                format!("requested {from} to {to} {text} ({})", with.shown_name())
            }
            ContactNews::Answered(shown) => {
                let request = &shown.request;
                let (from, to, status) = (&request.from, &request.to, request.status);
                format!("answered {from} to {to} {status:?}")
            }
            ContactNews::Matched(shown) => {
                format!(
                    "matched {:?} {}",
                    shown.matched.kind,
                    shown.with.shown_name()
                )
            }
            ContactNews::Unmatched(shown) => format!("unmatched {}", shown.with.shown_name()),
            ContactNews::Hidden { user, because } => format!("hidden {user} {because:?}"),
        }
    }
}

impl Codec for Telling {
    fn key(&self) -> u16 {
        11
    }

    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Plain.decode(text)
    }

    fn hello(&self, hello: &Hello<'_>) -> Option<Frame> {
        Plain.hello(hello)
    }

    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame> {
        let text = match push {
            Push::Contact(news) => Self::news(news),
            Push::Change(change, about) => match &change.body {
                ChangeBody::Created { .. } => format!("created {}", about.by.shown_name()),
                ChangeBody::Sent(message) => {
                    format!("message {} {}", about.by.shown_name(), message.content.text)
                }
                ChangeBody::Archived { on } => format!("archived {on}"),
                _ => return Plain.push(epoch, push, view),
            },
            _ => return Plain.push(epoch, push, view),
        };
        Some(Frame::Text(ByteString::from(text)))
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        _: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        let text = match result {
            Ok(_) => "reply".to_owned(),
            Err(failure) => format!("refused {}", failure.code.label()),
        };
        Some(Frame::Text(ByteString::from(text)))
    }
}

fn kind_of(matched: &ShownMatch) -> MatchKind {
    matched.matched.kind
}
