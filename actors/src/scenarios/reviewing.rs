//! What is said, and the operator's own service that is asked about it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use parlour_storage::{
    domain::{message::MessageKind, safety::Flag},
    ids::{ConversationId, IdempotencyKey},
    local::Options,
    memory_store::MemoryStore,
    store::PageFrom,
};
use tokio::sync::{mpsc, oneshot};

use super::telling::{ask, do_it};
use crate::{
    command::{Command, Question, Reply, Request},
    error::{ErrorCode, Failure},
    limits::{PARKED_PER_USER_MAX, Rate, Settings},
    moderation::PLACEHOLDER,
    policy::{Finding, Html, Policy},
    reviewer::{Draft, NoOpinion, Opinion, Purpose, Reviewer},
    system::{Services, System},
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
    let system = System::start_with(
        store,
        settings,
        Services {
            reviewer: Some(Arc::new(Judge(drafts))),
            ..Services::default()
        },
    );
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
        from: PageFrom::End,
        limit: 100,
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

#[actix::test]
async fn a_text_goes_out_as_the_service_says() {
    let (node, mut asked) = judged(LONG, true, Settings::default());
    let to = node.direct("a", "b").await;
    let mut said = Vec::new();
    for (text, opinion) in [
        ("fine", Opinion::Allow),
        ("odd", Opinion::Flag("looks odd".to_owned())),
        ("rude", Opinion::Replace("polite".to_owned())),
        ("bad", Opinion::Reject("not in here".to_owned())),
    ] {
        let sending = begin(&node, "a", message(to, text));
        let (draft, answer) = next(&mut asked).await;
        assert_eq!(
            draft,
            Draft {
                author: user("a"),
                plan: parlour_storage::domain::user::Plan::Free,
                purpose: Purpose::Message(MessageKind::Text),
                conversation: Some(to),
                to: Some(user("b")),
                text: text.to_owned(),
            }
        );
        answer.send(Ok(opinion)).unwrap();
        said.push(sending.await.unwrap());
    }
    let refused = said.pop().unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::ContentRefused);
    assert_eq!(refused.message, "not in here");
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    assert_eq!(texts(&node, "b", to).await, ["fine", "odd", "polite"]);
    let flags = flags(&node).await;
    let flags: Vec<_> = flags
        .iter()
        .map(|flag| (flag.what.found[0].as_str(), flag.what.original.as_deref()))
        .collect();
    assert_eq!(flags, [("review", Some("rude")), ("looks odd", None)]);
    let counters = &node.core().counters;
    assert_eq!(counters.texts_refused.get(), 1);
    assert_eq!(counters.texts_flagged.get(), 1);
    assert_eq!(counters.texts_replaced.get(), 1);
    node.stop().await;
}

#[actix::test]
async fn each_person_s_texts_keep_their_order_and_nobody_else_waits() {
    let (node, mut asked) = judged(LONG, true, Settings::default());
    let to = node.direct("a", "b").await;
    let sending: Vec<_> = ["1", "2", "3"]
        .map(|text| begin(&node, "a", message(to, text)))
        .into();
    let mut answers = HashMap::new();
    for _ in 0..3 {
        let (draft, answer) = next(&mut asked).await;
        answers.insert(draft.text, answer);
    }
    // Not a text, but it changes something: it waits for its turn.
    let last = begin(
        &node,
        "a",
        Command::Block {
            user: user("c"),
            reason: None,
        },
    );
    let other = begin(&node, "b", message(to, "from b"));
    next(&mut asked).await.1.send(Ok(Opinion::Allow)).unwrap();
    other.await.unwrap().unwrap();
    for text in ["3", "2"] {
        answers
            .remove(text)
            .unwrap()
            .send(Ok(Opinion::Allow))
            .unwrap();
    }
    assert_eq!(texts(&node, "b", to).await, ["from b"], "1 is out still");
    assert!(!last.is_finished());
    answers
        .remove("1")
        .unwrap()
        .send(Ok(Opinion::Allow))
        .unwrap();
    for sending in sending {
        sending.await.unwrap().unwrap();
    }
    last.await.unwrap().unwrap();
    assert_eq!(texts(&node, "b", to).await, ["from b", "1", "2", "3"]);
    node.stop().await;
}

#[actix::test]
async fn a_block_holds_for_a_text_that_is_out() {
    let (node, mut asked) = judged(LONG, true, Settings::default());
    let to = node.direct("a", "b").await;
    let sending = begin(&node, "a", message(to, "hello"));
    let (_, answer) = next(&mut asked).await;
    do_it(
        &node,
        "b",
        Command::Block {
            user: user("a"),
            reason: None,
        },
    )
    .await;
    answer.send(Ok(Opinion::Allow)).unwrap();
    let refused = sending.await.unwrap().unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotReachable);
    assert!(texts(&node, "b", to).await.is_empty());
    node.stop().await;
}

#[actix::test]
async fn without_an_opinion_the_policy_decides() {
    for fails_open in [true, false] {
        let (node, mut asked) = judged(SHORT, fails_open, Settings::default());
        let to = node.direct("a", "b").await;
        let late = begin(&node, "a", message(to, "late"));
        let (_, kept) = next(&mut asked).await;
        let late = late.await.unwrap();
        drop(kept);
        let failed = begin(&node, "a", message(to, "failed"));
        drop(next(&mut asked).await);
        let failed = failed.await.unwrap();
        let garbage = begin(&node, "a", message(to, "garbage"));
        let empty = Opinion::Replace(" \u{0}".to_owned());
        next(&mut asked).await.1.send(Ok(empty)).unwrap();
        let garbage = garbage.await.unwrap();
        let counters = &node.core().counters;
        assert_eq!(counters.reviews_late.get(), 1);
        assert_eq!(counters.reviews_failed.get(), 2);
        for said in [late, failed, garbage] {
            match said {
                Ok(_) => assert!(fails_open),
                Err(failure) => {
                    assert!(!fails_open && failure.code.retry(), "{failure:?}");
                }
            }
        }
        if fails_open {
            assert_eq!(texts(&node, "b", to).await, ["late", "failed", "garbage"]);
            let flags = flags(&node).await;
            assert_eq!(flags.len(), 3);
            assert!(flags.iter().all(|flag| flag.what.found == ["unreviewed"]));
        } else {
            assert!(texts(&node, "b", to).await.is_empty());
        }
        node.stop().await;
    }
}

#[actix::test]
async fn limits_are_charged_once_and_for_refused_texts_too() {
    let settings = Settings {
        rates: [(
            "message.send".to_owned(),
            vec![Rate {
                n: 2,
                period: Duration::from_secs(3600),
            }],
        )]
        .into(),
        ..Settings::default()
    };
    let (node, mut asked) = judged(LONG, true, settings);
    let to = node.direct("a", "b").await;
    for opinion in [Opinion::Allow, Opinion::Reject(String::new())] {
        let sending = begin(&node, "a", message(to, "x"));
        next(&mut asked).await.1.send(Ok(opinion)).unwrap();
        let _said = sending.await.unwrap();
    }
    let refused = node.send("a", to, "x").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    assert!(asked.try_recv().is_err(), "not even asked about");
    node.stop().await;
}

#[actix::test]
async fn a_line_has_an_end() {
    let (node, mut asked) = judged(LONG, true, Settings::default());
    let to = node.direct("a", "b").await;
    let sending: Vec<_> = (0..PARKED_PER_USER_MAX)
        .map(|n| begin(&node, "a", message(to, &n.to_string())))
        .collect();
    let mut answers = Vec::new();
    for _ in 0..PARKED_PER_USER_MAX {
        answers.push(next(&mut asked).await.1);
    }
    let refused = node.send("a", to, "one more").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Busy);
    for answer in answers {
        answer.send(Ok(Opinion::Allow)).unwrap();
    }
    for sending in sending {
        sending.await.unwrap().unwrap();
    }
    node.stop().await;
}

#[actix::test]
async fn what_is_out_when_the_node_stops_is_written_before() {
    let (node, mut asked) = judged(LONG, true, Settings::default());
    let to = node.direct("a", "b").await;
    let sending = begin(&node, "a", message(to, "the last"));
    let (_, answer) = next(&mut asked).await;
    let core = Arc::clone(node.core());
    let flushing = actix_rt::spawn(async move { core.flush().await });
    // Something that Moderation answers after the flush has reached it.
    node.direct("c", "d").await;
    assert!(!flushing.is_finished());
    answer.send(Ok(Opinion::Allow)).unwrap();
    flushing.await.unwrap();
    assert_eq!(texts(&node, "b", to).await, ["the last"]);
    sending.await.unwrap().unwrap();
    node.stop().await;
}

/// CONTRACT C-28, C-29, S1-31, S1-33, S1-34: through the actors and the store.
#[actix::test]
async fn a_policy_holds_for_what_is_stored_and_a_retry_is_known() {
    let node = TestNode::start(Settings {
        policy: Policy {
            html: Html::Strip,
            profanity: Finding::Placeholder,
            contact_details: Finding::Reject,
            ..Policy::default()
        },
        ..Settings::default()
    });
    let to = node.direct("a", "b").await;
    let keyed = |text: &str| {
        let Command::Send { to, content, .. } = message(to, text) else {
            unreachable!()
        };
        let key = IdempotencyKey::new("k").ok();
        Request::Do(Command::Send {
            to,
            content,
            attachments: Vec::new(),
            key,
        })
    };
    for repeated in [false, true] {
        match node.ask("a", keyed("<i>well, fuck</i>")).await {
            Ok(Reply::Sent { repeated: r, .. }) => assert_eq!(r, repeated),
            other => panic!("{other:?}"),
        }
    }
    let reused = node.ask("a", keyed("<i>well, shit</i>")).await.unwrap_err();
    assert_eq!(
        reused.code,
        ErrorCode::KeyReused,
        "shown alike, sent otherwise"
    );
    let refused = node.send("a", to, "mail a@example.com").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ContentRefused);
    assert_eq!(texts(&node, "b", to).await, [PLACEHOLDER]);
    let flags = flags(&node).await;
    assert_eq!(flags.len(), 1);
    assert_eq!(flags[0].what.original.as_deref(), Some("<i>well, fuck</i>"));
    node.stop().await;
}
