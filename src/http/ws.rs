//! The WebSocket pump: moves frames between a socket and what is at its end, and holds no logic.
//!
//! The only file that knows actix-web-actors. The pump is polled as an HTTP response body: while its peer
//! doesn't read, neither its mailbox nor its timers run, so nothing that matters hangs on them. What is at the end
//! goes on without it: its queue is bounded, and somebody outside ends what is stuck.

use std::{
    io::ErrorKind,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{Actor, ActorContext, Addr, AsyncContext, Handler, StreamHandler};
use actix_http::ws::{Codec as FrameCodec, Item, ProtocolError};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{CloseReason, Message, WebsocketContext, WsResponseBuilder};
use bytes::Bytes;
use bytestring::ByteString;
use parlour_actors::{
    error::CloseCode,
    outbox::{Drained, Frame, Wake},
};

use super::{
    aggregator::{Aggregator, Kind, Limits, Whole},
    frame_guard::FrameGuard,
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

    /// Takes out what is to be sent now.
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

/// Opens a WebSocket.
pub(super) fn start(
    request: &HttpRequest,
    body: web::Payload,
    protocols: &[&str],
    bounds: Bounds,
    end: impl End,
) -> Result<HttpResponse, actix_web::Error> {
    let too_long = Arc::new(TooLong::default());
    let pump = Pump {
        end: Box::new(end),
        message: Aggregator::new(bounds.message),
        fragment_timeout: bounds.fragment_timeout,
        frames: Vec::new(),
        too_long: Arc::clone(&too_long),
    };
    let bytes_max = bounds.message.bytes_max;
    let bytes = FrameGuard::new(body, bytes_max, move || too_long.tell());
    WsResponseBuilder::new(pump, request, bytes)
        .codec(FrameCodec::new().max_size(bytes_max))
        .protocols(protocols)
        .start()
}

/// The actor.
struct Pump {
    end: Box<dyn End>,
    message: Aggregator,
    fragment_timeout: Duration,
    /// Kept between drains, so that its space is.
    frames: Vec<Frame>,
    too_long: Arc<TooLong>,
}

/// How the frame guard, which sits in front of the pump, has it close.
#[derive(Default)]
struct TooLong {
    seen: AtomicBool,
    waker: OnceLock<Waker>,
}

impl TooLong {
    fn tell(&self) {
        self.seen.store(true, Ordering::Release);
        if let Some(waker) = self.waker.get() {
            waker.wake();
        }
    }
}

impl Actor for Pump {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let waker = Waker(ctx.address());
        let _is_first = self.too_long.waker.set(waker.clone());
        if let Err(code) = self.end.started(Arc::new(waker)) {
            self.fail(code, ctx);
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.end.gone();
    }
}

/// There is something to drain.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Drain;

#[derive(Clone)]
struct Waker(Addr<Pump>);

impl Wake for Waker {
    fn wake(&self) {
        // Full: a drain is on its way. Closed: nobody is left to send to.
        let _either_way = self.0.try_send(Drain);
    }
}

impl Handler<Drain> for Pump {
    type Result = ();

    fn handle(&mut self, _: Drain, ctx: &mut Self::Context) {
        if self.too_long.seen.load(Ordering::Acquire) {
            self.end.close(CloseCode::TooLarge);
        }
        let drained = self.end.drain(&mut self.frames);
        // All that is waiting leaves in one write: actix-web-actors encodes its queue into one buffer.
        for frame in self.frames.drain(..) {
            match frame {
                Frame::Text(text) => ctx.text(text),
                Frame::Binary(bytes) => ctx.binary(bytes),
                Frame::Ping => ctx.ping(b""),
                // The outbox took these apart.
                Frame::Many(_) => {}
            }
        }
        if self.frames.capacity() > 64 {
            self.frames.shrink_to(8);
        }
        if let Drained::Close(code) = drained {
            ctx.close(Some(reason(code)));
        }
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
        self.end.heard();
        let whole = match message {
            Ok(Message::Binary(_) | Message::Continuation(Item::FirstBinary(_)))
                if !self.end.takes_binary() =>
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
                // The echo. If the close was ours, this was the echo, and a second one does no harm.
                ctx.close(reason);
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
            Whole::Text(text) => self.end.text(text),
            Whole::Binary(bytes) => self.end.binary(bytes),
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
        self.end.close(code);
        ctx.close(Some(reason(code)));
        ctx.stop();
    }
}
