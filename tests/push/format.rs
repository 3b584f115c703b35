//! What one push looks like to those who take it, checked by other implementations than the node's.

use parlour::{
    config::{Config, Engine, Value},
    push::PushService,
};
use parlour_actors::pusher::{PushContent, PushData, PushFailed, PushKind, PushNote, Pusher as _};
use parlour_storage::{
    domain::push::PushTarget,
    ids::{ConversationId, UserId},
};
use serde_json::json;

use crate::{
    server::{Reply, Server},
    subscriber::Subscriber,
};

fn service() -> PushService {
    let mut config = Config::default();
    config.storage.engine = Engine::Memory;
    config.outbound.allow = Value::parse("127.0.0.1").unwrap();
    config.push.vapid_subject = Some("mailto:ops@example.org".to_owned());
    PushService::open(&config).unwrap().unwrap()
}

fn conversation(number: &str) -> Option<ConversationId> {
    number.parse().ok()
}

fn note(target: PushTarget, of: &str, content: Option<PushContent>) -> PushNote {
    PushNote {
        user: UserId::new("bob").unwrap(),
        target,
        badge: 4,
        collapse: conversation(of),
        content,
        data: PushData {
            kind: PushKind::NewMessage,
            conversation: conversation(of),
            message: "77".parse().ok(),
        },
    }
}

#[actix_web::test]
async fn a_browser_alone_reads_what_it_is_sent_and_knows_who_sent_it() {
    let server = Server::willing();
    let browser = Subscriber::new(&server, "/send/abc");
    let service = service();
    service
        .push(note(browser.target(), "7", None))
        .await
        .unwrap();
    let seen = &server.came("/send/abc", 1).await[0];
    let expected = json!({
        "badge": 4,
        "data": { "type": "NEW_MESSAGE", "conversationId": "7", "messageId": "77" },
    });
    assert_eq!(browser.read(seen), expected);
    let claims = browser.sent_by(seen, service.key().unwrap());
    assert_eq!(claims["sub"], "mailto:ops@example.org");
    assert_eq!(seen.header("ttl"), "604800");
    assert_eq!(seen.header("urgency"), "high");
}

#[actix_web::test]
async fn the_longest_message_fits_and_short_ones_look_alike() {
    let server = Server::willing();
    let browser = Subscriber::new(&server, "/send/abc");
    let service = service();
    let texts = [
        "a".to_owned(),
        "b".repeat(50),
        "\u{1f600}\"\n".repeat(20_000),
    ];
    for body in &texts {
        let content = PushContent {
            title: "Ann".to_owned(),
            body: body.clone(),
        };
        let note = note(browser.target(), "7", Some(content));
        service.push(note).await.unwrap();
    }
    let seen = server.came("/send/abc", texts.len()).await;
    let read = |n: usize| browser.read(&seen[n])["body"].as_str().unwrap().to_owned();
    assert_eq!([read(0), read(1)], texts[..2]);
    let clipped = read(2);
    assert!(texts[2].starts_with(clipped.strip_suffix('\u{2026}').unwrap()));
    assert!(1000 < clipped.len());
    assert_eq!(seen[0].body.len(), seen[1].body.len());
}

#[actix_web::test]
async fn pushes_of_one_conversation_have_one_topic_that_does_not_name_it() {
    let server = Server::willing();
    let (one, other) = (
        Subscriber::new(&server, "/one"),
        Subscriber::new(&server, "/other"),
    );
    let service = service();
    let mut topics = Vec::new();
    for (browser, of) in [(&one, "7"), (&one, "7"), (&one, "8"), (&other, "7")] {
        service
            .push(note(browser.target(), of, None))
            .await
            .unwrap();
        let seen = server.seen(&browser.path);
        topics.push(seen.last().unwrap().header("topic").to_owned());
    }
    assert_eq!(topics[0], topics[1]);
    assert_ne!(topics[0], topics[2]);
    assert_ne!(topics[0], topics[3], "services can't compare");
    // RFC 8030 section 5.4.
    assert!(topics.iter().all(|topic| topic.len() <= 32));
}

#[actix_web::test]
async fn an_app_of_unified_push_is_sent_json() {
    let server = Server::start(|_, n| match n {
        1 => Reply::status(429).retry_after("3"),
        2 => Reply::status(200),
        _ => Reply::status(404),
    });
    let endpoint = server.at("/up");
    let service = service();
    let push = || {
        service.push(note(
            PushTarget::UnifiedPush {
                endpoint: endpoint.clone(),
            },
            "7",
            None,
        ))
    };
    let after = Some(std::time::Duration::from_secs(3));
    assert_eq!(push().await, Err(PushFailed::Later(after)));
    assert_eq!(push().await, Ok(()));
    assert_eq!(push().await, Err(PushFailed::Gone));
    let seen = &server.seen("/up")[1];
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.json()["data"]["messageId"], "77");
    assert!(seen.maybe_header("authorization").is_none());
}
