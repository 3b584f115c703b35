//! A server of unit tests, on this machine: answers everything in one way, and tells what it was asked.

use std::sync::Arc;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc;

type Respond = Arc<dyn Fn() -> HttpResponse + Send + Sync>;

/// A request as it arrived: its headers and body.
pub(crate) type Seen = mpsc::UnboundedReceiver<(HeaderMap, String)>;

/// Starts a server; gives its URL, what it is asked, and how to stop it.
pub(crate) fn serve(
    respond: impl Fn() -> HttpResponse + Send + Sync + 'static,
) -> (String, Seen, ServerHandle) {
    let (saw, seen) = mpsc::unbounded_channel();
    let respond: Respond = Arc::new(respond);
    let server = HttpServer::new(move || {
        let (saw, respond) = (saw.clone(), Arc::clone(&respond));
        App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
            let mut headers = HeaderMap::new();
            for (name, value) in request.headers() {
                headers.insert(
                    HeaderName::try_from(name.as_str()).unwrap(),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                );
            }
            let body = String::from_utf8_lossy(&body).into_owned();
            saw.send((headers, body)).unwrap();
            let response = respond();
            async { response }
        }))
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .unwrap();
    let url = format!("http://{}/asked", server.addrs()[0]);
    let server = server.disable_signals().run();
    let handle = server.handle();
    actix_rt::spawn(server);
    (url, seen, handle)
}
