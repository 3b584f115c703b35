//! What scenarios of questions have in common: things are done, then asked for.

use std::sync::Arc;

use parlour_storage::ids::{ConversationId, MessageId};

use crate::{
    command::{Command, Identity, Question, Reply, Request},
    error::Failure,
    testkit::{TestNode, identity, user},
};

pub(super) async fn ask(node: &TestNode, name: &str, question: Question) -> Result<Reply, Failure> {
    node.ask(name, Request::Ask(question)).await
}

pub(super) async fn do_it(node: &TestNode, name: &str, command: Command) {
    let done = node.ask(name, Request::Do(command)).await;
    assert_eq!(done, Ok(Reply::Done));
}

pub(super) async fn sent(node: &TestNode, name: &str, to: ConversationId, text: &str) -> MessageId {
    match node.send(name, to, text).await {
        Ok(Reply::Sent { change, .. }) => MessageId::created_at(change.position),
        other => panic!("{other:?}"),
    }
}

pub(super) async fn opened(
    node: &TestNode,
    name: &str,
    group: Option<&str>,
    members: &[&str],
) -> ConversationId {
    let open = Command::OpenGroup {
        name: group.map(str::to_owned),
        members: members.iter().map(|name| user(name)).collect(),
        key: None,
    };
    match node.ask(name, Request::Do(open)).await {
        Ok(Reply::Opened { conversation, .. }) => conversation,
        other => panic!("{other:?}"),
    }
}

/// Keeps what people are called, as a token would say it.
pub(super) async fn name_people(node: &TestNode, names: &[(&str, &str)]) {
    for (id, name) in names {
        let mut identity: Identity = identity(id);
        identity.profile.name = Some((*name).to_owned());
        Arc::clone(node.core()).keep_profile(&identity);
    }
    node.core().flush().await;
}

/// Waits until somebody sees exactly these online.
pub(super) async fn until_online(node: &TestNode, name: &str, others: &[&str]) {
    loop {
        match ask(node, name, Question::Online).await {
            Ok(Reply::Online(cards)) => {
                if cards
                    .iter()
                    .map(|card| card.user.as_str())
                    .eq(others.iter().copied())
                {
                    return;
                }
            }
            other => panic!("{other:?}"),
        }
        tokio::task::yield_now().await;
    }
}
