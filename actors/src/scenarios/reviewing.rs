//! What is said, and the operator's own service that is asked about it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use parlour_storage::{
    domain::safety::Flag,
    ids::{ConversationId, IdempotencyKey},
    local::Options,
    memory_store::MemoryStore,
};
use tokio::sync::{Notify, mpsc, oneshot};

use super::telling::{ask, do_it};
use crate::{
    command::{Command, Question, Reply, Request},
    error::{ErrorCode, Failure},
    limits::{PARKED_PER_USER_MAX, Rate, Settings},
    moderation::PLACEHOLDER,
    policy::{Finding, Html, Policy},
    reviewer::{Draft, NoOpinion, Opinion, Purpose, Reviewer},
    system::System,
    testkit::{TestNode, message, user},
};

type Answer = oneshot::Sender<Result<Opinion, NoOpinion>>;

/// Hands each draft to the test, which says what is thought of it, or nothing.
#[derive(Debug)]
struct Judge(mpsc::UnboundedSender<(Draft, Answer)>);

#[async_trait]
impl Reviewer for Judge {
    async fn review(&self, draft: Draft) -> Result<Opinion, NoOpinion> {
        let (answer, opinion) = oneshot::channel();
        self.0.send((draft, answer)).unwrap();
        opinion
            .await
            .unwrap_or_else(|_| Err(NoOpinion("the test is gone".to_owned())))
    }
}

type Drafts = mpsc::UnboundedReceiver<(Draft, Answer)>;

/// A node that asks the test, for at most `budget`.
fn judged(budget: Duration, fails_open: bool, settings: Settings) -> (TestNode, Drafts) {
    let (drafts, asked) = mpsc::unbounded_channel();
    let settings = Settings {
        policy: Policy {
            review_timeout: budget,
            review_fails_open: fails_open,
            ..settings.policy
        },
        ..settings
    };
    let store = Arc::new(MemoryStore::new(Options::default()).unwrap());
    let system = System::start_reviewed(store, settings, Some(Arc::new(Judge(drafts))));
    (TestNode { system }, asked)
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(30);

async fn next(asked: &mut Drafts) -> (Draft, Answer) {
    asked.recv().await.unwrap()
}

/// Sends without waiting for the answer.
fn begin(
    node: &TestNode,
    name: &str,
    command: Command,
) -> actix_rt::task::JoinHandle<Result<Reply, Failure>> {
    let core = Arc::clone(node.core());
    let caller = crate::command::Caller::new(&crate::testkit::identity(name), None);
    actix_rt::spawn(async move { core.ask(caller, Request::Do(command)).await })
}

async fn texts(node: &TestNode, name: &str, conversation: ConversationId) -> Vec<String> {
    let question = Question::Messages {
        conversation,
        page: parlour_storage::store::MessagePage {
            from: parlour_storage::store::PageFrom::Start,
            limit: 100,
        },
    };
    match ask(node, name, question).await {
        Ok(Reply::Messages(shown)) => shown
            .into_iter()
            .map(|shown| shown.message.content.text)
            .collect(),
        other => panic!("{other:?}"),
    }
}

async fn flags(node: &TestNode) -> Vec<Flag> {
    node.core().store().flags(None, None, 100).await.unwrap()
}
