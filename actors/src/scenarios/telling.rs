//! What scenarios of questions have in common: things are done, then asked for.

use std::sync::Arc;

use parlour_storage::ids::{ConversationId, MessageId};

use crate::{
    command::{Command, HistoryFilter, Identity, Item, Question, Reply, Request, Scope, Target},
    error::{ErrorCode, Failure},
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
        // Answered once it is kept.
        ask(node, id, Question::Me).await.unwrap();
    }
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

/// What [`Reply::History`] holds.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) total: Option<u64>,
    pub(super) more: bool,
}

impl Page {
    pub(super) fn ids(&self) -> Vec<MessageId> {
        self.items.iter().map(|item| item.message.id).collect()
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        let texts = self.items.iter().map(|item| &*item.message.content.text);
        texts.collect()
    }
}

/// A page of messages by number.
pub(super) async fn page(
    node: &TestNode,
    name: &str,
    of: Scope,
    matching: HistoryFilter,
    (offset, limit): (usize, usize),
) -> Result<Page, ErrorCode> {
    let question = Question::History {
        of,
        matching,
        offset,
        limit,
    };
    match ask(node, name, question).await {
        Ok(Reply::History { items, total, more }) => Ok(Page { items, total, more }),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

pub(super) fn within(id: ConversationId) -> Scope {
    Scope::In(Target::Conversation(id))
}
