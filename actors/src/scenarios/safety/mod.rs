//! What moderators decide, what people report and choose, and what that hides, refuses and ends.

mod interleavings;
mod limits;
mod receipts;
mod reports;
mod sanctions;
mod shadows;

use parlour_storage::domain::{safety::Sanction, user::NodeRole};

use crate::{
    command::{Command, Question, Reply, Request, SafetyCommand, SafetyQuestion, SafetyReply},
    error::{ErrorCode, Failure},
    testkit::{TestNode, staff, user},
};

/// A moderator decides about somebody.
pub(super) async fn decide(node: &TestNode, about: &str, sanction: Sanction) {
    let done = try_decide(node, "mod", NodeRole::Moderator, about, sanction).await;
    assert_eq!(done, Ok(()));
}

async fn try_decide(
    node: &TestNode,
    name: &str,
    role: NodeRole,
    about: &str,
    sanction: Sanction,
) -> Result<(), ErrorCode> {
    let command = SafetyCommand::Sanction {
        user: user(about),
        sanction,
        reason: Some("spam".to_owned()),
    };
    match moderate(node, name, role, command).await {
        Ok(Reply::Done) => Ok(()),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

async fn moderate(
    node: &TestNode,
    name: &str,
    role: NodeRole,
    command: SafetyCommand,
) -> Result<Reply, Failure> {
    let request = Request::Do(Command::Safety(command));
    node.ask_as(&staff(name, role), request).await
}

/// What a moderator is told.
async fn look(node: &TestNode, question: SafetyQuestion) -> Result<SafetyReply, Failure> {
    let request = Request::Ask(Question::Safety(question));
    match node
        .ask_as(&staff("mod", NodeRole::Moderator), request)
        .await?
    {
        Reply::Safety(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}
