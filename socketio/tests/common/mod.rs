//! A hub, a channel that says what it is told to, and a WebSocket that counts.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use bytestring::ByteString;
use parlour_socketio::{
    Channel, Frame, Gone, Handle, Hub, Limits,
    engine::{Connection, Leg, LongPoll},
};

/// A hub with one connection, and a clock.
pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) channel: Script,
    pub(crate) now: Instant,
    sid: Mutex<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            hub: Hub::new(Limits::default()),
            channel: Script::default(),
            now: Instant::now(),
            sid: Mutex::default(),
        }
    }

    pub(crate) fn open(&self) -> Arc<Connection> {
        let channel = self.channel.clone();
        let body = self
            .hub
            .open(self.now, |handle| channel.over(handle))
            .unwrap();
        let open: serde_json::Value = serde_json::from_str(&body[1..]).unwrap();
        let sid = open["sid"].as_str().unwrap().to_owned();
        let connection = self.hub.get(&sid).unwrap();
        *self.sid.lock().unwrap() = sid;
        connection
    }

    pub(crate) fn open_leg(&self) -> Leg {
        let channel = self.channel.clone();
        let opened = self
            .hub
            .open_websocket(self.now, |handle| channel.over(handle));
        opened.expect("the hub is not shut")
    }

    pub(crate) fn open_websocket(&self) -> (Leg, Arc<Socket>) {
        let mut leg = self.open_leg();
        let socket = Socket::attach(&mut leg);
        (leg, socket)
    }

    pub(crate) fn sid(&self) -> String {
        self.sid.lock().unwrap().clone()
    }

    /// Lets time pass, and the hub notice.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.hub.tick(self.now);
    }
}

/// Says what it is told to, and remembers what it hears.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Scene>>);

#[derive(Default)]
struct Scene {
    handle: Option<Arc<dyn Handle>>,
    says: Vec<Frame>,
    ends: bool,
    heard: Vec<String>,
    gone: Vec<Gone>,
}

impl Script {
    pub(crate) fn over(self, handle: Arc<dyn Handle>) -> Box<dyn Channel> {
        self.0.lock().unwrap().handle = Some(handle);
        Box::new(self)
    }

    pub(crate) fn handle(&self) -> Arc<dyn Handle> {
        let handle = self.0.lock().unwrap().handle.clone();
        handle.expect("opened")
    }

    pub(crate) fn say(&self, text: &'static str) {
        self.0.lock().unwrap().says.push(Frame::Text(text.into()));
        self.handle().wake();
    }

    pub(crate) fn end(&self) {
        self.0.lock().unwrap().ends = true;
        self.handle().wake();
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().heard.clone()
    }

    pub(crate) fn gone(&self) -> Option<Gone> {
        let scene = self.0.lock().unwrap();
        assert!(
            scene.gone.len() < 2,
            "said more than once: {:?}",
            scene.gone
        );
        scene.gone.first().copied()
    }
}

impl Channel for Script {
    fn text(&self, message: ByteString) -> Result<(), Gone> {
        self.0.lock().unwrap().heard.push(message.to_string());
        Ok(())
    }

    fn binary(&self, message: Bytes) -> Result<(), Gone> {
        let message = format!("{:?}", message.to_vec());
        self.0.lock().unwrap().heard.push(message);
        Ok(())
    }

    fn drain(&self, into: &mut Vec<Frame>) -> Result<(), Gone> {
        let mut scene = self.0.lock().unwrap();
        into.append(&mut scene.says);
        if scene.ends { Err(Gone::Ended) } else { Ok(()) }
    }

    fn gone(&self, why: Gone) {
        self.0.lock().unwrap().gone.push(why);
    }
}

/// A WebSocket that counts.
#[derive(Default)]
pub(crate) struct Socket {
    wakes: AtomicUsize,
    kills: AtomicUsize,
}

impl Socket {
    pub(crate) fn attach(leg: &mut Leg) -> Arc<Self> {
        let socket = Arc::new(Self::default());
        leg.attach(Arc::clone(&socket) as Arc<dyn Handle>);
        socket
    }

    pub(crate) fn n_wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }

    pub(crate) fn n_kills(&self) -> usize {
        self.kills.load(Ordering::Relaxed)
    }
}

impl Handle for Socket {
    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }

    fn kill(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static WAKER: Arc<Socket> = Arc::default();
}

impl Wake for Socket {
    fn wake(self: Arc<Self>) {
        Handle::wake(&*self);
    }
}

/// How often the polls of this thread were woken.
pub(crate) fn n_woken() -> usize {
    WAKER.with(|waker| waker.n_wakes())
}

/// The body of a poll's answer, if it is there by now.
pub(crate) fn poll_once(poll: &mut LongPoll) -> Option<ByteString> {
    let waker = Waker::from(WAKER.with(Arc::clone));
    match pin!(poll).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(body) => Some(body),
        Poll::Pending => None,
    }
}
