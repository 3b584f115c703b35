//! A service that webhooks are posted to: checks each signature with the field's own library, and answers as it is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::common::until;

/// The secret of all nodes here.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What it answers to the `n`th time (from 1) that an event comes.
pub(crate) type Answers = dyn Fn(&Value, usize) -> Reply + Send + Sync;

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Status(u16),
    RetryAfter(u16, &'static str),
    /// None, until [`Receiver::open`].
    Held,
}

/// The service.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    opened: watch::Sender<bool>,
    folder: Arc<TempDir>,
}

#[derive(Default)]
struct State {
    /// Every request, in the order they came.
    came: Vec<Value>,
    /// Every event that was answered with success, in the order of the answers.
    taken: Vec<Value>,
    /// Requests of a conversation that are being answered.
    busy: HashMap<String, usize>,
    busy_max: usize,
    together_max: usize,
}

impl Receiver {
    /// Serves on a free port.
    pub(crate) fn start(answers: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let state: Arc<Mutex<State>> = Arc::default();
        let opened = watch::Sender::new(false);
        let shared = (Arc::clone(&state), opened.clone());
        let server = HttpServer::new(move || {
            let (answers, (state, opened)) = (Arc::clone(&answers), shared.clone());
            App::new().route(
                "/hook",
                web::post().to(move |request: HttpRequest, body: String| {
                    let event = verified(&request, &body);
                    let (answers, state) = (Arc::clone(&answers), Arc::clone(&state));
                    let opened = opened.subscribe();
                    async move { answer(event, &*answers, &state, opened).await }
                }),
            )
        })
        .workers(1)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        actix_web::rt::spawn(server.disable_signals().run());
        let receiver = Self {
            url,
            state,
            opened,
            folder: Arc::new(TempDir::new().unwrap()),
        };
        std::fs::write(receiver.secret_file(), SECRET).unwrap();
        receiver
    }

    /// One that takes everything.
    pub(crate) fn willing() -> Self {
        Self::start(|_, _| Reply::Status(204))
    }

    /// A file with its secret.
    pub(crate) fn secret_file(&self) -> String {
        let path = self.folder.path().join("secret");
        path.to_str().unwrap().to_owned()
    }

    /// Flags of a node that posts here.
    pub(crate) fn flags(&self) -> Vec<String> {
        [
            "--events-webhook-url",
            &self.url,
            "--events-webhook-secret-file",
            &self.secret_file(),
            "--outbound-allow",
            "127.0.0.1,::1",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// Answers what it held, and everything from now on as told.
    pub(crate) fn open(&self) {
        self.opened.send_replace(true);
    }

    /// Waits until so many requests came, and gives them.
    pub(crate) async fn came(&self, n: usize) -> Vec<Value> {
        until(&format!("{n} requests"), async || {
            let came = &self.state.lock().unwrap().came;
            (came.len() >= n).then(|| came.clone())
        })
        .await
    }

    /// What came so far.
    pub(crate) fn came_so_far(&self) -> Vec<Value> {
        self.state.lock().unwrap().came.clone()
    }

    /// Waits until what was taken is as wanted, and gives it.
    pub(crate) async fn taken(&self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until("events as wanted", async || {
            let taken = &self.state.lock().unwrap().taken;
            wanted(taken).then(|| taken.clone())
        })
        .await
    }

    /// Most requests that it had at once, of one conversation and in all.
    pub(crate) fn at_once(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.busy_max, state.together_max)
    }
}

/// The event, if the library believes it.
fn verified(request: &HttpRequest, body: &str) -> Value {
    let headers: HeaderMap = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::try_from(name.as_str()).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect();
    let webhook = Webhook::new(SECRET).unwrap();
    webhook.verify(body.as_bytes(), &headers).unwrap();
    assert!(
        webhook
            .verify(format!("{body} ").as_bytes(), &headers)
            .is_err()
    );
    assert_eq!(headers["content-type"], "application/json");
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(event["id"], headers["webhook-id"].to_str().unwrap());
    event
}

async fn answer(
    event: Value,
    answers: &Answers,
    state: &Mutex<State>,
    mut opened: watch::Receiver<bool>,
) -> HttpResponse {
    let conversation = event["data"]["conversation_id"].to_string();
    let reply = {
        let mut state = state.lock().unwrap();
        let state = &mut *state;
        state.came.push(event.clone());
        let busy = state.busy.entry(conversation.clone()).or_default();
        *busy += 1;
        state.busy_max = state.busy_max.max(*busy);
        state.together_max = state.together_max.max(state.busy.values().sum());
        let same = state.came.iter().filter(|it| it["id"] == event["id"]);
        answers(&event, same.count())
    };
    // Long enough that what may overlap does.
    tokio::task::yield_now().await;
    let reply = match reply {
        Reply::Held => {
            opened.wait_for(|opened| *opened).await.unwrap();
            Reply::Status(200)
        }
        reply => reply,
    };
    let mut state = state.lock().unwrap();
    *state.busy.get_mut(&conversation).unwrap() -= 1;
    let status = |code: u16| HttpResponse::build(code.try_into().unwrap());
    match reply {
        Reply::Status(code) => {
            if code < 300 {
                state.taken.push(event);
            }
            status(code).finish()
        }
        Reply::RetryAfter(code, after) => {
            status(code).insert_header(("retry-after", after)).finish()
        }
        Reply::Held => unreachable!("replaced above"),
    }
}
