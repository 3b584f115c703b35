//! The service against servers on this machine. What is sent is checked in `tests/push/`, where a node sends it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpResponse, http::StatusCode};
use parlour_storage::domain::push::PushTarget;

use super::{
    testkit::{account, note},
    *,
};
use crate::{config::Value, outbound::testserver::serve};

fn service(change: impl FnOnce(&mut Config)) -> PushService {
    let mut config = Config::default();
    config.storage.engine = Engine::Memory;
    config.outbound.allow = Value::parse("127.0.0.1").unwrap();
    change(&mut config);
    PushService::open(&config).unwrap().unwrap()
}

fn note_to(target: PushTarget) -> PushNote {
    PushNote {
        target,
        ..note(None)
    }
}

fn app(endpoint: &str) -> PushNote {
    note_to(PushTarget::UnifiedPush {
        endpoint: endpoint.into(),
    })
}

/// The example of RFC 8291.
fn browser(endpoint: &str) -> PushTarget {
    PushTarget::WebPush {
        endpoint: endpoint.into(),
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=".into(),
        auth: "BTBZMqHH6r4Tts7J_aSIgg==".into(),
    }
}

fn status(code: &AtomicU16) -> StatusCode {
    StatusCode::from_u16(code.load(Ordering::Relaxed)).unwrap()
}

/// What becomes of pushes, as a word each.
async fn fate(service: &PushService, note: PushNote) -> String {
    match service.push(note).await {
        Ok(()) => "sent".to_owned(),
        Err(PushFailed::Gone) => "gone".to_owned(),
        Err(PushFailed::Later(None)) => "later".to_owned(),
        Err(PushFailed::Later(Some(after))) => format!("later {}", after.as_secs()),
        Err(PushFailed::Refused(_)) => "refused".to_owned(),
    }
}

#[actix_web::test]
async fn statuses_of_push_services_have_their_meaning_and_are_counted() {
    let code = Arc::new(AtomicU16::new(0));
    let answers = Arc::clone(&code);
    let (url, _seen, server) = serve(move || {
        let after = ("retry-after", "7");
        HttpResponse::build(status(&answers))
            .insert_header(after)
            .finish()
    });
    let service = service(|config| config.push.webhook_url = Value::parse(&url).unwrap());
    for (answer, of_device, of_webhook) in [
        (200, "sent", "sent"),
        (201, "sent", "sent"),
        (202, "sent", "sent"),
        (404, "gone", "refused"),
        (410, "gone", "refused"),
        (400, "refused", "refused"),
        (403, "refused", "refused"),
        (413, "refused", "refused"),
        (429, "later 7", "later 7"),
        (500, "later 7", "later 7"),
        (503, "later 7", "later 7"),
    ] {
        code.store(answer, Ordering::Relaxed);
        assert_eq!(fate(&service, app(&url)).await, of_device, "{answer}");
        assert_eq!(
            fate(&service, note_to(PushTarget::Webhook)).await,
            of_webhook,
            "{answer}"
        );
        assert_eq!(
            fate(&service, note_to(browser(&url))).await,
            of_device,
            "{answer}"
        );
    }
    server.stop(false).await;
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    assert_eq!(fate(&service, app(&url)).await, "later");
    let counted: Vec<_> = service
        .tallies()
        .map(|(kind, it)| (kind, it.all().map(|(_, n)| n)))
        .collect();
    let expected = [
        ("webpush", [3, 6, 2]),
        ("fcm", [0, 0, 0]),
        ("unifiedpush", [3, 7, 2]),
        ("webhook", [3, 8, 0]),
    ];
    assert_eq!(counted, expected);
}

#[actix_web::test]
async fn devices_are_not_a_way_to_call_what_only_the_node_reaches() {
    let (url, mut seen, server) = serve(|| HttpResponse::Ok().finish());
    let guarded = service(|config| config.outbound.allow = Value::parse("").unwrap());
    for url in [
        &url,
        "http://169.254.169.254/latest/",
        "http://[::ffff:7f00:1]/",
        "ftp://push.example/",
    ] {
        for target in [app(url).target, browser(url)] {
            assert!(guarded.check(&target).is_err(), "{url}");
            assert_eq!(fate(&guarded, note_to(target)).await, "refused", "{url}");
        }
    }
    // Only a resolver knows where this is.
    let by_name = url.replace("http://127.0.0.1", "https://localhost");
    assert!(guarded.check(&app(&by_name).target).is_ok());
    assert_eq!(fate(&guarded, app(&by_name)).await, "refused");
    assert!(seen.try_recv().is_err(), "it was called");
    server.stop(false).await;
}

#[actix_web::test]
async fn what_is_no_device_is_told_before_it_is_kept() {
    let service = service(|_| ());
    let good = "https://push.example/1";
    service.check(&browser(good)).unwrap();
    service.check(&app(good).target).unwrap();
    let wrong_keys = |p256dh: &str, auth: &str| PushTarget::WebPush {
        endpoint: good.into(),
        p256dh: p256dh.into(),
        auth: auth.into(),
    };
    let token = |token: &str| PushTarget::Fcm {
        token: token.into(),
    };
    for (target, said) in [
        (app("push.example").target, "URL"),
        (app("http://push.example/1").target, "https"),
        (app("http://1.1.1.1/1").target, "https"),
        (
            app("https://user:password@push.example/").target,
            "password",
        ),
        (wrong_keys("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"), "65 bytes"),
        (wrong_keys("?", "BTBZMqHH6r4Tts7J_aSIgg"), "base64url"),
        (token("abc"), "Firebase"),
    ] {
        let error = service.check(&target).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[actix_web::test]
async fn a_token_for_firebase_is_asked_for_once_and_again_when_it_is_refused() {
    let (token_url, mut asked, google) = serve(|| {
        let granted = r#"{"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"}"#;
        HttpResponse::Ok().body(granted)
    });
    let code = Arc::new(AtomicU16::new(200));
    let answers = Arc::clone(&code);
    let (url, mut seen, firebase) = serve(move || HttpResponse::build(status(&answers)).finish());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    std::fs::write(&file, account(&token_url).to_string()).unwrap();
    let service = service(|config| {
        config.push.fcm_credentials_file = Some(file);
        config.push.fcm_url = Value::parse(url.trim_end_matches("/asked")).unwrap();
        config.push.timeout = Duration::from_secs(10);
    });
    let device = || PushTarget::Fcm {
        token: "device-1".into(),
    };
    service.check(&device()).unwrap();
    for (answer, becomes, tokens) in [
        (200, "sent", 1),
        (200, "sent", 0),
        (401, "later", 0),
        (200, "sent", 1),
    ] {
        code.store(answer, Ordering::Relaxed);
        assert_eq!(fate(&service, note_to(device())).await, becomes);
        let (headers, _) = seen.recv().await.unwrap();
        assert_eq!(headers["authorization"], "Bearer ya29.a");
        let n = std::iter::from_fn(|| asked.try_recv().ok()).count();
        assert_eq!(n, tokens, "after {answer}");
    }
    google.stop(false).await;
    firebase.stop(false).await;
}
