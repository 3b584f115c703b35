//! The addresses a node listens on, and which dialect each is bound to.
//!
//! Every route is on all of them. A binding settles what Socket.IO clients there speak, and nothing else.

use std::net::{SocketAddr, TcpListener};

use actix_web::HttpRequest;
use anyhow::Context as _;
use socket2::{Domain, Protocol, Socket, Type};

use crate::{config::Http, dialects::Dialect};

/// Connections that wait to be accepted, beyond which the kernel refuses them.
const BACKLOG: i32 = 1024;

/// An address the node listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// With the port it was given, if the configuration left that open.
    pub address: SocketAddr,
    /// The dialect it is bound to.
    pub dialect: Option<Dialect>,
}

/// Binds all addresses of the configuration, the main one first. Nobody is accepted yet.
///
/// # Errors
///
/// An address can't be bound.
pub fn bind(http: &Http) -> anyhow::Result<(Vec<TcpListener>, Vec<Listener>)> {
    let main = (http.listen, http.socketio_dialect.dialect(), "--listen");
    let extra = http.listen_dialect.iter().map(|extra| {
        let address = extra.address(http.listen);
        (address, Some(extra.dialect), "--listen-dialect")
    });
    let mut sockets = Vec::new();
    let mut listeners = Vec::new();
    for (index, (address, dialect, flag)) in [main].into_iter().chain(extra).enumerate() {
        let bound = listen(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = bound.with_context(|| {
            let purpose = match dialect {
                Some(dialect) if 0 < index => format!(" for {dialect}"),
                _ => String::new(),
            };
            format!(
                "can't listen on {address}{purpose}; is another program there? choose with {flag}"
            )
        })?;
        sockets.push(socket);
        listeners.push(Listener { address, dialect });
    }
    Ok((sockets, listeners))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Or a restart would wait until the kernel forgets the old connections.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The dialect that the listener of a request settles for Socket.IO connections.
pub(super) fn dialect_of(listeners: &[Listener], request: &HttpRequest) -> Option<Dialect> {
    // The address of the listener, not of the connection: also where that is the unspecified one.
    let address = request.app_config().local_addr();
    let mut listeners = listeners.iter();
    let listener = listeners.find(|listener| listener.address == address)?;
    listener.dialect.filter(|dialect| dialect.uses_socketio())
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpServer, web};

    use super::*;
    use crate::config::{Config, SocketioDialect, Value};

    fn http(listen: &str, extra: &str) -> Http {
        let mut http = Config::default().http;
        http.listen = listen.parse().unwrap();
        http.listen_dialect = Value::parse(extra).unwrap();
        http
    }

    /// What each listener settles, as a request over a socket finds out.
    async fn settled(http: &Http) -> Vec<String> {
        let (sockets, listeners) = bind(http).unwrap();
        let known = listeners.clone();
        let server = HttpServer::new(move || {
            let known = known.clone();
            let answer = move |request: HttpRequest| {
                let dialect = dialect_of(&known, &request);
                async move { dialect.map_or("none", Dialect::name) }
            };
            App::new().route("/", web::get().to(answer))
        })
        .workers(1)
        .disable_signals();
        let server = sockets
            .into_iter()
            .try_fold(server, HttpServer::listen)
            .unwrap()
            .run();
        let handle = server.handle();
        let serving = actix_web::rt::spawn(server);
        let mut answers = Vec::new();
        for listener in listeners {
            let url = format!("http://127.0.0.1:{}/", listener.address.port());
            let answer = reqwest::get(url).await.unwrap();
            answers.push(answer.text().await.unwrap());
        }
        handle.stop(false).await;
        serving.await.unwrap().unwrap();
        answers
    }

    #[actix_web::test]
    async fn a_listener_settles_what_socketio_clients_there_speak() {
        let extra = "gateway=0,direct=0.0.0.0:0,marketplace=0";
        for host in ["127.0.0.1:0", "0.0.0.0:0"] {
            let mut http = http(host, extra);
            let answers = settled(&http).await;
            // Marketplace has no Socket.IO, so nothing is settled.
            assert_eq!(answers, ["none", "gateway", "direct", "none"]);
            http.socketio_dialect = SocketioDialect::Dating;
            assert_eq!(settled(&http).await[..2], ["dating", "gateway"]);
        }
    }

    #[test]
    fn an_address_that_is_taken_is_named_with_its_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        for (http, expected) in [
            (http(&address.to_string(), ""), "choose with --listen"),
            (
                http("127.0.0.1:0", &format!("gateway={address}")),
                "choose with --listen-dialect",
            ),
        ] {
            let refused = bind(&http).unwrap_err().to_string();
            assert!(refused.contains(&address.to_string()), "{refused}");
            assert!(refused.ends_with(expected), "{refused}");
            assert_eq!(
                refused.contains("for gateway"),
                expected.ends_with("dialect")
            );
        }
    }
}
