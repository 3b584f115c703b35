//! A server on this machine that takes the place of push services: keeps what it is asked, and answers as it is told.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

use crate::common::until;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    retry_after: Option<&'static str>,
    body: String,
}

type Answers = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

/// The server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Seen {
    /// The value of a header that has to be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.maybe_header(name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub(crate) fn maybe_header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            body: String::new(),
        }
    }

    pub(crate) fn retry_after(self, seconds: &'static str) -> Self {
        let retry_after = Some(seconds);
        Self {
            retry_after,
            ..self
        }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        let body = body.to_string();
        Self { body, ..self }
    }
}

impl Server {
    /// Answers the `n`th request (from 1) to a path.
    pub(crate) fn start(answers: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&seen);
        let server = HttpServer::new(move || {
            let (answers, kept) = (Arc::clone(&answers), Arc::clone(&kept));
            let asked = move |request: HttpRequest, body: web::Bytes| {
                let seen = seen_of(&request, &body);
                let mut kept = kept.lock().unwrap();
                kept.push(seen.clone());
                let same = kept.iter().filter(|it| it.path == seen.path);
                let response = response(answers(&seen, same.count()));
                async { response }
            };
            App::new().default_service(web::to(asked))
        })
        .workers(1)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.disable_signals().run());
        Self { url, seen }
    }

    /// One that takes everything.
    pub(crate) fn willing() -> Self {
        Self::start(|_, _| Reply::status(201))
    }

    /// The address of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What came to a path so far.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// Waits until so much came to a path, and gives it.
    pub(crate) async fn came(&self, path: &str, n: usize) -> Vec<Seen> {
        until(&format!("{n} requests to {path}"), async || {
            let seen = self.seen(path);
            (seen.len() >= n).then_some(seen)
        })
        .await
    }
}

fn seen_of(request: &HttpRequest, body: &[u8]) -> Seen {
    let headers = request.headers().iter();
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    assert_eq!(request.method(), "POST");
    Seen {
        path: request.path().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: body.to_vec(),
    }
}

fn response(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(reply.status.try_into().unwrap());
    if let Some(seconds) = reply.retry_after {
        response.insert_header(("retry-after", seconds));
    }
    response.body(reply.body)
}
