//! The WebSocket pump: moves frames between a socket and what is at its end, and holds no logic.
//!
//! The only file that knows actix-web-actors. What comes in goes through its actor; what goes out goes past it, as a
//! mailbox and a queue for each connection cost more than all else on the way. Both are polled as an HTTP response
//! body: while its peer doesn't read, neither runs, nor any timer of theirs, so nothing that matters hangs on them.
//! What is at the end goes on without them: its queue is bounded, and somebody outside ends what is stuck.

use std::{
    cell::RefCell,
    io::ErrorKind,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
    vec,
};

use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_http::ws::{Codec as FrameCodec, Item, ProtocolError};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{self, CloseReason, Message, WebsocketContext};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{Stream, task::AtomicWaker};
use parlour_actors::{
    error::CloseCode,
    outbox::{Drained, Frame, Wake},
};

use super::{
    aggregator::{Aggregator, Kind, Limits, Whole},
    frame_guard::FrameGuard,
    frames,
};

/// What is at the end of a WebSocket. An error of it is the code to close with.
pub(super) trait End: 'static {
    /// The WebSocket is open. `wake` has [`drain`](Self::drain) called, from any thread. An error closes it at once.
    fn started(&mut self, wake: Arc<dyn Wake>) -> Result<(), CloseCode>;

    /// The peer gave a sign of life.
    fn heard(&self) {}

    /// Whether it takes binary messages at all. If not, the first fragment of one ends the connection.
    fn takes_binary(&self) -> bool {
        true
    }

    /// A text message came.
    fn text(&mut self, text: ByteString) -> Result<(), CloseCode>;

    /// A binary message came.
    fn binary(&mut self, bytes: Bytes) -> Result<(), CloseCode>;

    /// Takes out what is to be sent now. All ends that hand out a [`Frame::Run`] mean the same bytes by it.
    fn drain(&mut self, into: &mut Vec<Frame>) -> Drained;

    /// The WebSocket is to be closed: the next drain says so. The first code counts.
    fn close(&mut self, code: CloseCode);

    /// The WebSocket is gone.
    fn gone(&mut self);
}

/// What a peer may send, and how long a message in fragments may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) message: Limits,
    pub(super) fragment_timeout: Duration,
}

/// So many bytes are given to the socket at once, and what one frame has more. As many stay in the buffers of a connection
/// that was sent much; fewer would cost more writes.
const WRITE_BYTES: usize = 16 * 1024;

/// Opens a WebSocket.
pub(super) fn start(
    request: &HttpRequest,
    body: web::Payload,
    protocols: &[&str],
    bounds: Bounds,
    end: impl End,
) -> Result<HttpResponse, actix_web::Error> {
    let waker = Arc::new(Waker::default());
    let line = Rc::new(RefCell::new(Line {
        end: Box::new(end),
        closed: false,
    }));
    let pump = Pump {
        line: Rc::clone(&line),
        message: Aggregator::new(bounds.message),
        fragment_timeout: bounds.fragment_timeout,
        waker: Arc::clone(&waker),
    };
    let bytes_max = bounds.message.bytes_max;
    let too_long = Arc::clone(&waker);
    let bytes = FrameGuard::new(body, bytes_max, move || too_long.close_as_too_long());
    let codec = FrameCodec::new().max_size(bytes_max);
    let mut response = ws::handshake_with_protocols(request, protocols)?;
    Ok(response.streaming(Outgoing {
        answers: WebsocketContext::with_codec(pump, bytes, codec),
        line,
        waker,
        frames: Vec::new().into_iter(),
        closing: None,
    }))
}

/// What the two directions of a connection share.
struct Line {
    end: Box<dyn End>,
    /// A close frame was sent, and nothing may follow it. Browsers take a second one for a fault, and tell their page 1006
    /// and not the code.
    closed: bool,
}

/// Has the connection's task look what there is to do.
#[derive(Default)]
struct Waker {
    task: AtomicWaker,
    too_long: AtomicBool,
}

impl Waker {
    /// How the frame guard, which sits in front of the actor, has it close.
    fn close_as_too_long(&self) {
        self.too_long.store(true, Ordering::Release);
        self.wake();
    }
}

impl Wake for Waker {
    fn wake(&self) {
        self.task.wake();
    }
}

/// What goes out, as bytes: what the actor answers by itself (pongs, closes), and the frames of what is at the end.
struct Outgoing<S> {
    answers: S,
    line: Rc<RefCell<Line>>,
    waker: Arc<Waker>,
    /// Taken out of the end and not sent yet.
    frames: vec::IntoIter<Frame>,
    /// Behind them comes the close.
    closing: Option<CloseCode>,
}

impl<S> Stream for Outgoing<S>
where
    S: Stream<Item = Result<Bytes, actix_web::Error>> + Unpin,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        this.waker.task.register(cx.waker());
        let answers = match Pin::new(&mut this.answers).poll_next(cx) {
            Poll::Ready(Some(Ok(answers))) => answers,
            Poll::Ready(end) => return Poll::Ready(end),
            Poll::Pending => Bytes::new(),
        };
        let bytes = this.next_bytes(answers);
        if bytes.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl<S> Outgoing<S> {
    /// What is to be sent now, behind what the actor answered. All that is waiting leaves in one write, up to a bound: then
    /// the rest is asked for.
    fn next_bytes(&mut self, answers: Bytes) -> Bytes {
        let mut line = self.line.borrow_mut();
        if line.closed {
            return answers;
        }
        if self.waker.too_long.load(Ordering::Acquire) {
            line.end.close(CloseCode::TooLarge);
        }
        if self.frames.len() == 0 && self.closing.is_none() {
            let mut frames = Vec::new();
            if let Drained::Close(code) = line.end.drain(&mut frames) {
                self.closing = Some(code);
            }
            self.frames = frames.into_iter();
        }
        // What many are sent, and nothing else: as it is.
        if let ([Frame::Run(run)], None, true) =
            (self.frames.as_slice(), self.closing, answers.is_empty())
        {
            let bytes = run.framed(frames::of_run).clone();
            self.frames = Vec::new().into_iter();
            return bytes;
        }
        if self.frames.len() == 0 && self.closing.is_none() {
            return answers;
        }
        let mut bytes = BytesMut::from(answers);
        while bytes.len() < WRITE_BYTES
            && let Some(frame) = self.frames.next()
        {
            frames::put(&mut bytes, &frame);
        }
        if self.frames.len() == 0
            && let Some(code) = self.closing.take()
        {
            frames::put_close(&mut bytes, code);
            line.closed = true;
        }
        bytes.freeze()
    }
}

/// The actor.
struct Pump {
    line: Rc<RefCell<Line>>,
    message: Aggregator,
    fragment_timeout: Duration,
    waker: Arc<Waker>,
}

impl Actor for Pump {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let waker = Arc::clone(&self.waker);
        let started = self.line.borrow_mut().end.started(waker);
        if let Err(code) = started {
            self.fail(code, ctx);
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.line.borrow_mut().end.gone();
    }
}

fn reason(code: CloseCode) -> CloseReason {
    CloseReason {
        code: code.number().into(),
        description: Some(code.reason().to_owned()),
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Pump {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        self.line.borrow().end.heard();
        let whole = match message {
            Ok(Message::Binary(_) | Message::Continuation(Item::FirstBinary(_)))
                if !self.line.borrow().end.takes_binary() =>
            {
                Err(CloseCode::Unsupported)
            }
            Ok(Message::Text(_) | Message::Binary(_)) if self.message.is_amid() => {
                Err(CloseCode::Protocol)
            }
            Ok(Message::Text(text)) => Ok(Whole::Text(text)),
            Ok(Message::Binary(bytes)) => Ok(Whole::Binary(bytes)),
            Ok(Message::Continuation(Item::FirstText(fragment))) => {
                match self.message.begin(Kind::Text, &fragment) {
                    Ok(number) => return self.expect_rest(number, ctx),
                    Err(code) => Err(code),
                }
            }
            Ok(Message::Continuation(Item::FirstBinary(fragment))) => {
                match self.message.begin(Kind::Binary, &fragment) {
                    Ok(number) => return self.expect_rest(number, ctx),
                    Err(code) => Err(code),
                }
            }
            Ok(Message::Continuation(Item::Continue(fragment))) => {
                match self.message.add(&fragment) {
                    Ok(()) => return,
                    Err(code) => Err(code),
                }
            }
            Ok(Message::Continuation(Item::Last(fragment))) => self.message.end(&fragment),
            Ok(Message::Ping(payload)) => return ctx.pong(&payload),
            Ok(Message::Pong(_) | Message::Nop) => return,
            Ok(Message::Close(reason)) => {
                // The echo, unless this was the echo of ours.
                self.say_close(reason, ctx);
                return ctx.stop();
            }
            Err(ProtocolError::Overflow) => Err(CloseCode::TooLarge),
            // What the codec says of text that isn't UTF-8; of a broken socket it says it too, to nobody. Of
            // reserved bits it says `InvalidData`.
            Err(ProtocolError::Io(error)) if error.kind() == ErrorKind::Other => {
                Err(CloseCode::BadText)
            }
            Err(_) => Err(CloseCode::Protocol),
        };
        let taken = whole.and_then(|whole| match whole {
            Whole::Text(text) => self.line.borrow_mut().end.text(text),
            Whole::Binary(bytes) => self.line.borrow_mut().end.binary(bytes),
        });
        if let Err(code) = taken {
            self.fail(code, ctx);
        }
    }

    /// The peer closed its side without a close frame.
    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Pump {
    /// Gives a fragmented message so long to be complete.
    fn expect_rest(&self, number: u64, ctx: &mut <Self as Actor>::Context) {
        ctx.run_later(self.fragment_timeout, move |this, ctx| {
            if this.message.is_coming(number) {
                this.fail(CloseCode::TooLarge, ctx);
            }
        });
    }

    /// Ends a connection that nothing good can come from any more.
    fn fail(&mut self, code: CloseCode, ctx: &mut <Self as Actor>::Context) {
        self.line.borrow_mut().end.close(code);
        self.say_close(Some(reason(code)), ctx);
        ctx.stop();
    }

    /// Sends a close frame, once.
    fn say_close(&self, reason: Option<CloseReason>, ctx: &mut <Self as Actor>::Context) {
        if !std::mem::replace(&mut self.line.borrow_mut().closed, true) {
            ctx.close(reason);
        }
    }
}
