//! The client against a server on this machine.

use std::sync::Arc;

use actix_web::HttpResponse;
use parlour_actors::reviewer::Purpose;
use parlour_storage::{domain::user::Plan, ids::UserId};

use super::*;
use crate::outbound::testserver::serve;

fn draft(text: &str) -> Draft {
    Draft {
        author: UserId::new("alice").unwrap(),
        plan: Plan::Premium,
        purpose: Purpose::Edit,
        conversation: None,
        to: None,
        text: text.to_owned(),
    }
}

async fn ask(url: &str) -> Result<Opinion, NoOpinion> {
    let service = ReviewService::new(url, None).unwrap();
    service.review(draft("hello")).await
}

#[actix_web::test]
async fn every_answer_is_understood() {
    for (status, body, expected) in [
        (200, r#"{"action":"allow"}"#, Ok(Opinion::Allow)),
        (204, "", Ok(Opinion::Allow)),
        (
            200,
            r#"{"action":"replace","text":"hi"}"#,
            Ok(Opinion::Replace("hi".to_owned())),
        ),
        (
            200,
            r#"{"action":"reject","reason":"no"}"#,
            Ok(Opinion::Reject("no".to_owned())),
        ),
        (200, "yes", Err(())),
        (500, r#"{"action":"allow"}"#, Err(())),
        (404, "", Err(())),
    ] {
        let (url, _seen, server) = serve(move || {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).body(body)
        });
        assert_eq!(ask(&url).await.map_err(|_| ()), expected, "{status} {body}");
        server.stop(false).await;
    }
}

#[actix_web::test]
async fn what_is_asked_is_signed() {
    let (url, mut seen, server) = serve(|| HttpResponse::NoContent().finish());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let service = ReviewService::new(&url, Some(secret)).unwrap();
    service.review(draft("hello")).await.unwrap();
    let (headers, body) = seen.recv().await.unwrap();
    let header = |name| headers[name].to_str().unwrap();
    let expected = Signer::new([secret]).unwrap().headers(
        header("webhook-id"),
        header("webhook-timestamp").parse().unwrap(),
        &body,
    );
    assert_eq!(headers["webhook-signature"], expected["webhook-signature"]);
    assert_eq!(header("content-type"), "application/json");
    let question: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(question["id"], header("webhook-id"));
    assert_eq!(question["text"], "hello");
    assert_eq!(question["plan"], "premium");
    server.stop(false).await;
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut seen, other) = serve(|| HttpResponse::NoContent().finish());
    let (url, _asked, server) = serve(move || {
        HttpResponse::TemporaryRedirect()
            .insert_header(("location", elsewhere.clone()))
            .finish()
    });
    assert!(ask(&url).await.unwrap_err().0.contains("307"));
    assert!(seen.try_recv().is_err());
    server.stop(false).await;
    other.stop(false).await;
}

#[actix_web::test]
async fn an_endless_answer_is_cut_off() {
    let (url, _seen, server) = serve(|| {
        let more = futures_util::stream::repeat_with(|| {
            Ok::<_, std::convert::Infallible>(bytes::Bytes::from_static(&[b' '; 4096]))
        });
        HttpResponse::Ok().streaming(more)
    });
    assert!(ask(&url).await.unwrap_err().0.contains("more than"));
    server.stop(false).await;
}

#[actix_web::test]
async fn nobody_there_is_no_opinion() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let error = ask(&url).await.unwrap_err();
    assert!(
        !error.0.contains("127.0.0.1/"),
        "the address isn't told: {error}"
    );
    assert!(ReviewService::new("nowhere", None).is_err());
}

#[actix_web::test]
async fn a_slow_service_is_asked_so_many_at_once() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let service = Arc::new(ReviewService::new(&url, None).unwrap());
    let asking: Vec<_> = (0..ASKED_AT_ONCE_MAX + 5)
        .map(|_| {
            let service = Arc::clone(&service);
            actix_rt::spawn(async move { service.review(draft("x")).await })
        })
        .collect();
    let mut held = Vec::new();
    for _ in 0..ASKED_AT_ONCE_MAX {
        held.push(listener.accept().await.unwrap());
    }
    assert_eq!(service.turns.available_permits(), 0, "the others wait");
    // Hung up on, the first ones fail, and the others have their turn.
    held.clear();
    for _ in 0..5 {
        held.push(listener.accept().await.unwrap());
    }
    drop(held);
    for asking in asking {
        assert!(asking.await.unwrap().is_err());
    }
}
