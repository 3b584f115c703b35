//! The client against a server on this machine.

use actix_web::HttpResponse;

use super::{testserver::serve, *};
use crate::config::Value;

const TIMEOUT: Duration = Duration::from_secs(10);

fn guarded(allow: &str) -> Outbound {
    let allow = Value::parse(allow).unwrap();
    let reach = Reach::Guarded {
        private: false,
        allow,
    };
    Outbound::new(reach, TIMEOUT).unwrap()
}

async fn post(outbound: &Outbound, url: &str) -> Result<Answer, Unanswered> {
    let url = url.parse().unwrap();
    outbound.post(&url, HeaderMap::new(), "{}").await
}

/// The same server, by a name: that it is on this machine is told by a resolver only.
fn by_name(url: &str) -> String {
    url.replace("127.0.0.1", "localhost")
}

#[actix_web::test]
async fn what_is_not_allowed_is_never_connected_to_by_address_or_by_name() {
    let (url, mut seen, server) = serve(|| HttpResponse::Ok().finish());
    for url in [url.clone(), by_name(&url)] {
        let refused = post(&guarded("10.0.0.0/8"), &url).await.unwrap_err();
        assert!(matches!(refused, Unanswered::Refused(_)), "{refused}");
        assert!(refused.to_string().contains("outbound.allow"), "{refused}");
        assert!(seen.try_recv().is_err());
        let answer = post(&guarded("127.0.0.1,::1"), &url).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(seen.recv().await.unwrap().1, "{}");
    }
    server.stop(false).await;
}

#[actix_web::test]
async fn nobody_is_sent_elsewhere() {
    let (elsewhere, mut seen, other) = serve(|| HttpResponse::Ok().finish());
    let (url, _asked, server) = serve(move || {
        HttpResponse::TemporaryRedirect()
            .insert_header(("location", elsewhere.clone()))
            .finish()
    });
    let answer = post(&guarded("127.0.0.1"), &url).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert!(seen.try_recv().is_err());
    server.stop(false).await;
    other.stop(false).await;
}

#[actix_web::test]
async fn an_answer_is_read_to_its_bound_and_no_further() {
    let (url, _seen, server) = serve(|| HttpResponse::Ok().body("12345"));
    let answer = async || post(&guarded("127.0.0.1"), &url).await.unwrap();
    assert_eq!(answer().await.body(5).await.unwrap(), b"12345");
    let failed = answer().await.body(4).await.unwrap_err();
    assert!(failed.to_string().contains("more than 4 bytes"), "{failed}");
    server.stop(false).await;
}

#[actix_web::test]
async fn who_does_not_answer_has_not_answered_and_is_not_named_in_full() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    let outbound = Outbound::new(Reach::Anywhere, Duration::from_millis(100)).unwrap();
    let silent = post(&outbound, &url).await.unwrap_err();
    drop(listener);
    let nobody = post(&outbound, &url).await.unwrap_err();
    for failed in [silent, nobody] {
        assert!(matches!(failed, Unanswered::Failed(_)), "{failed}");
        assert!(!failed.to_string().contains("secret-path"), "{failed}");
    }
}
