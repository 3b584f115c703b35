//! Both endpoints that the suites want: an echo on Engine.IO, and a few events on Socket.IO.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpServer, dev::Server};
use bytes::Bytes;
use bytestring::ByteString;
use parlour::http::{
    engine::{self, Denied, Engine, Fragments, Opening, Service},
    remember_socket,
};
use parlour_socketio::{
    Application, Channel, Connect, Drained, Event, Frame, Gone, Handle, Limits, Namespaces,
    Refusal, Socket, engine::sid, packet,
};

/// The numbers that the suites expect.
pub(crate) fn limits() -> Limits {
    Limits {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_millis(1000),
        attachments_timeout: Duration::from_millis(500),
        upgrade_timeout: Duration::from_millis(500),
        close_timeout: Duration::from_millis(500),
        ..Limits::default()
    }
}

/// Listens on a port of this machine (0: a free one), with so many threads.
pub(crate) fn bind(
    port: u16,
    n_workers: usize,
    limits: &Limits,
) -> io::Result<(Server, SocketAddr)> {
    let fragments = Fragments {
        max: 128,
        timeout: Duration::from_secs(10),
    };
    let echo = Engine::start(limits.clone(), fragments, Open(Echo::channel));
    let events = Engine::start(limits.clone(), fragments, Open(Suite::channel));
    let server = HttpServer::new(move || {
        let (echo, events) = (Arc::clone(&echo), Arc::clone(&events));
        App::new()
            .configure(|config| engine::route(config, "/engine.io/", echo))
            .configure(|config| engine::route(config, "/socket.io/", events))
    })
    .workers(n_workers)
    .on_connect(remember_socket)
    .shutdown_timeout(1)
    .bind(("127.0.0.1", port))?;
    let address = server.addrs()[0];
    Ok((server.run(), address))
}

/// Lets everyone in, to what the function makes.
struct Open(fn(Arc<dyn Handle>) -> Box<dyn Channel>);

impl Service for Open {
    fn admits(&self, _request: &HttpRequest) -> bool {
        true
    }

    fn open(&self, _request: &HttpRequest) -> Result<Opening, Denied> {
        Ok(Box::new(self.0))
    }
}

/// Frames on their way out.
struct Queue {
    frames: Mutex<Vec<Frame>>,
    handle: Arc<dyn Handle>,
}

impl Queue {
    fn new(handle: Arc<dyn Handle>) -> Self {
        let frames = Mutex::default();
        Self { frames, handle }
    }

    fn push(&self, frames: impl IntoIterator<Item = Frame>) {
        let mut queue = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(frames);
        drop(queue);
        self.handle.wake();
    }

    fn drain(&self, into: &mut Vec<Frame>) {
        into.append(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Sends back what comes.
struct Echo(Queue);

impl Echo {
    fn channel(handle: Arc<dyn Handle>) -> Box<dyn Channel> {
        Box::new(Self(Queue::new(handle)))
    }
}

impl Channel for Echo {
    fn text(&self, message: ByteString) -> Result<(), Gone> {
        self.0.push([Frame::Text(format!("4{message}").into())]);
        Ok(())
    }

    fn binary(&self, message: Bytes) -> Result<(), Gone> {
        self.0.push([Frame::Binary(message)]);
        Ok(())
    }

    fn drain(&self, into: &mut Vec<Frame>) -> Result<(), Gone> {
        self.0.drain(into);
        Ok(())
    }

    fn gone(&self, _why: Gone) {}
}

/// The namespaces `/` and `/custom`.
struct Suite;

impl Suite {
    fn channel(handle: Arc<dyn Handle>) -> Box<dyn Channel> {
        Box::new(Namespaces::new(Self, handle, &limits()))
    }
}

impl Application for Suite {
    fn connect(&self, connect: Connect) -> Result<Box<dyn Socket>, parlour_socketio::Denied> {
        if !["/", "/custom"].contains(&&*connect.namespace) {
            return Err(Refusal {
                message: "Invalid namespace".to_owned(),
                data: None,
            }
            .into());
        }
        let member = Member(Queue::new(connect.handle));
        let auth = connect.auth.as_deref().unwrap_or("{}");
        let told = Event {
            id: None,
            arguments: format!(r#"["auth",{auth}]"#).into(),
            attachments: Vec::new(),
        };
        member.0.push([packet::connected(&sid::random(), None)]);
        member.0.push(packet::event(&told));
        Ok(Box::new(member))
    }
}

struct Member(Queue);

impl Socket for Member {
    fn event(&self, event: Event) {
        let with = |rest: &str, id| Event {
            id,
            arguments: rest.into(),
            attachments: event.attachments.clone(),
        };
        let arguments = &event.arguments;
        if let Some(rest) = arguments.strip_prefix(r#"["message","#) {
            let back = with(&format!(r#"["message-back",{rest}"#), None);
            self.0.push(packet::event(&back));
        } else if let Some(rest) = arguments.strip_prefix(r#"["message-with-ack","#) {
            self.0
                .push(packet::ack(&with(&format!("[{rest}"), event.id)));
        } else if arguments.starts_with(r#"["ask""#) {
            // For our own cases: the server asks, and tells what the client answered.
            self.0
                .push(packet::event(&with(r#"["question",6,7]"#, Some(42))));
        }
    }

    fn ack(&self, answer: Event) {
        let id = answer.id.unwrap_or_default();
        let told = Event {
            id: None,
            arguments: format!(r#"["answered",{id},{}]"#, answer.arguments).into(),
            attachments: answer.attachments,
        };
        self.0.push(packet::event(&told));
    }

    fn drain(&self, into: &mut Vec<Frame>) -> Drained {
        self.0.drain(into);
        Drained::Open
    }

    fn gone(&self, _why: Gone) {}
}
