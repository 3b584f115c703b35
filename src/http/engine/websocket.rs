//! A leg of an Engine.IO connection at the end of a WebSocket.

use std::{sync::Arc, time::Instant};

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use bytestring::ByteString;
use parlour_actors::{
    error::CloseCode,
    outbox::{Drained, Frame, Kill, Wake},
};
use parlour_socketio::{
    self as socketio, Gone, Handle,
    engine::{Leg, Refused},
};

use super::{Denied, Engine, denial, refusal};
use crate::http::{
    kill::SecondHandle,
    ws::{self, End},
};

pub(super) fn open(
    engine: &Engine,
    request: &HttpRequest,
    body: web::Payload,
    now: Instant,
) -> Result<HttpResponse, actix_web::Error> {
    let opened = engine.service.open(request);
    let opened = opened.and_then(|opening| Ok(engine.hub.open_websocket(now, opening)?));
    match opened {
        Ok(leg) => start(engine, request, body, Some(leg)),
        Err(denied) => Ok(denial(denied)),
    }
}

pub(super) fn upgrade(
    engine: &Engine,
    request: &HttpRequest,
    body: web::Payload,
    sid: &str,
    now: Instant,
) -> Result<HttpResponse, actix_web::Error> {
    let Some(connection) = engine.hub.get(sid) else {
        return Ok(refusal(Refused::UnknownSession));
    };
    // One too many is opened and closed at once, as the reference does: browsers tell pages more of that than of
    // a failed handshake.
    start(engine, request, body, connection.upgrade(now).ok())
}

fn start(
    engine: &Engine,
    request: &HttpRequest,
    body: web::Payload,
    leg: Option<Leg>,
) -> Result<HttpResponse, actix_web::Error> {
    // Without it a client that stops reading could not be ended.
    let Some(kill) = request.conn_data::<SecondHandle>().map(SecondHandle::kill) else {
        return Ok(denial(Denied::Unavailable));
    };
    let end = LegEnd {
        leg,
        kill: Some(kill),
        frames: Vec::new(),
        closing: Closing::No,
    };
    ws::start(request, body, &[], engine.bounds, end)
}

struct LegEnd {
    leg: Option<Leg>,
    kill: Option<Kill>,
    /// Kept between drains, so that its space is.
    frames: Vec<socketio::Frame>,
    closing: Closing,
}

enum Closing {
    No,
    With(CloseCode),
    Told,
}

/// A WebSocket's pump and socket, as the connection holds them.
struct Ends {
    wake: Arc<dyn Wake>,
    kill: Kill,
}

impl Handle for Ends {
    fn wake(&self) {
        self.wake.wake();
    }

    fn kill(&self) {
        (self.kill)();
    }
}

impl End for LegEnd {
    fn started(&mut self, wake: Arc<dyn Wake>) -> Result<(), CloseCode> {
        let leg = self.leg.as_mut().ok_or(CloseCode::Protocol)?;
        if let Some(kill) = self.kill.take() {
            leg.attach(Arc::new(Ends { wake, kill }));
        }
        Ok(())
    }

    fn text(&mut self, text: ByteString) -> Result<(), CloseCode> {
        let leg = self.leg.as_mut().ok_or(CloseCode::Normal)?;
        leg.text(&text, Instant::now()).map_err(code)
    }

    fn binary(&mut self, bytes: Bytes) -> Result<(), CloseCode> {
        let leg = self.leg.as_mut().ok_or(CloseCode::Normal)?;
        leg.binary(bytes, Instant::now()).map_err(code)
    }

    fn drain(&mut self, into: &mut Vec<Frame>) -> Drained {
        let Some(leg) = &mut self.leg else {
            return Drained::Closed;
        };
        if let Closing::No = self.closing {
            let drained = leg.drain(&mut self.frames);
            into.extend(self.frames.drain(..).map(|frame| match frame {
                socketio::Frame::Text(text) => Frame::Text(text),
                socketio::Frame::Binary(bytes) => Frame::Binary(bytes),
            }));
            match drained {
                Ok(()) => return Drained::Open,
                Err(why) => self.closing = Closing::With(code(why)),
            }
        }
        match std::mem::replace(&mut self.closing, Closing::Told) {
            Closing::With(code) => Drained::Close(code),
            Closing::No | Closing::Told => Drained::Closed,
        }
    }

    fn close(&mut self, code: CloseCode) {
        if let Closing::No = self.closing {
            self.closing = Closing::With(code);
        }
        if let Some(leg) = &mut self.leg {
            leg.fail(Gone::Protocol);
        }
    }

    fn gone(&mut self) {
        self.leg = None;
    }
}

/// How the reason looks to a WebSocket. Clients of Socket.IO don't look; people with developer tools do.
fn code(why: Gone) -> CloseCode {
    match why {
        Gone::ClientLeft | Gone::TransportClosed | Gone::Ended => CloseCode::Normal,
        Gone::PingTimeout => CloseCode::Silent,
        Gone::Protocol | Gone::Incomplete => CloseCode::Protocol,
        Gone::TooMuch => CloseCode::Flood,
        Gone::NoNamespace => CloseCode::AuthTimeout,
        Gone::Shutdown => CloseCode::Restart,
    }
}
