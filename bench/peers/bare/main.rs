//! A bare broadcast on actix-web-actors, the transport of the node's own WebSockets: a text goes to everybody in its room
//! (`/?room=N&user=ID`), its sender included.
//!
//! An actor per connection and a mailbox between any two, and nothing else: what is left of a node's cost when its work is taken
//! away. One worker thread, so that rooms need no lock.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{self, Write as _},
    net::Ipv4Addr,
    rc::Rc,
};

use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Handler, StreamHandler};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws::{self, WebsocketContext};
use anyhow::Context as _;
use bytestring::ByteString;
use clap::Parser as _;

/// Texts that may wait for a client. Who is so far behind is in no room any more.
const MAILBOX: usize = 65_536;

/// Broadcasts over WebSockets by actix-web-actors, and does nothing else.
#[derive(Debug, clap::Parser)]
struct Args {
    /// Where to listen on this machine; 0 is a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// A text for a client.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
struct Text(ByteString);

/// Who is in which room.
type Rooms = Rc<RefCell<HashMap<String, Vec<Addr<Client>>>>>;

/// A connection.
#[derive(Debug)]
struct Client {
    room: String,
    rooms: Rooms,
}

impl Actor for Client {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let mut rooms = self.rooms.borrow_mut();
        rooms
            .entry(self.room.clone())
            .or_default()
            .push(ctx.address());
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        if let Some(members) = self.rooms.borrow_mut().get_mut(&self.room) {
            members.retain(|member| *member != ctx.address());
        }
    }
}

impl Handler<Text> for Client {
    type Result = ();

    fn handle(&mut self, Text(text): Text, ctx: &mut Self::Context) {
        ctx.text(text);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Client {
    fn handle(&mut self, item: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match item {
            Ok(ws::Message::Text(text)) => {
                if let Some(members) = self.rooms.borrow_mut().get_mut(&self.room) {
                    members.retain(|member| member.try_send(Text(text.clone())).is_ok());
                }
            }
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Pong(_)) => {}
            _ => ctx.stop(),
        }
    }
}

#[derive(Debug, serde::Deserialize)]
struct Place {
    room: String,
}

async fn open(
    request: HttpRequest,
    body: web::Payload,
    place: web::Query<Place>,
    rooms: web::Data<Rooms>,
) -> Result<HttpResponse, actix_web::Error> {
    let client = Client {
        room: place.into_inner().room,
        rooms: Rc::clone(&rooms),
    };
    ws::start(client, &request, body)
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let Args { port } = Args::parse();
    let app = || {
        App::new()
            .app_data(web::Data::new(Rooms::default()))
            .route("/", web::get().to(open))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(100_000)
        .bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("can't listen on port {port}: choose another with --port"))?;
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on {address}")?;
    }
    Ok(server.run().await?)
}
