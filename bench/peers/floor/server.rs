//! All clients and rooms, and the loop around epoll.

use std::{collections::HashMap, io, net::TcpListener, os::fd::OwnedFd};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
};

use super::{
    client::Client,
    frame::{self, CLOSE, PING, PONG, TEXT},
};

/// What is read at once, into one buffer for all clients; more than the longest frame.
const CHUNK: usize = 128 << 10;
/// Events that are taken from the kernel at once.
const EVENTS: usize = 1024;
/// The listener's number; clients have those of their places.
const LISTENER: u64 = u64::MAX;

/// See the file.
#[derive(Debug)]
pub(super) struct Server {
    listener: TcpListener,
    poll: OwnedFd,
    clients: Vec<Option<Client>>,
    /// Places of those who left.
    free: Vec<usize>,
    rooms: Rooms,
}

/// Who is where.
#[derive(Debug, Default)]
struct Rooms {
    /// What comes in a round of events is written at its end.
    coalesce: bool,
    numbers: HashMap<String, usize>,
    rooms: Vec<Room>,
    /// Those to which something was said in this round.
    told: Vec<usize>,
    /// The frame that is being told.
    frame: Vec<u8>,
    /// Clients that are to be cut off.
    lost: Vec<usize>,
}

#[derive(Debug, Default)]
struct Room {
    members: Vec<usize>,
    /// What was said to it in this round, as all its members are to be told.
    round: Vec<u8>,
}

impl Server {
    pub(super) fn new(listener: TcpListener, coalesce: bool) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        let number = EventData::new_u64(LISTENER);
        epoll::add(&poll, &listener, number, EventFlags::IN)?;
        Ok(Self {
            listener,
            poll,
            clients: Vec::new(),
            free: Vec::new(),
            rooms: Rooms {
                coalesce,
                ..Rooms::default()
            },
        })
    }

    /// Serves for ever.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        let mut chunk = vec![0; CHUNK];
        loop {
            match epoll::wait(&self.poll, spare_capacity(&mut events), None) {
                Err(rustix::io::Errno::INTR) => continue,
                waited => waited?,
            };
            let mut is_asked_for = false;
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => is_asked_for = true,
                    number => self.serve(number as usize, event.flags, &mut chunk),
                }
                self.let_go();
            }
            self.rooms.release(&mut self.clients, &self.poll);
            self.let_go();
            // At the end of a round, so that no place changes hands inside of one.
            if is_asked_for {
                self.accept()?;
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Gone before it was let in.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            let place = self.free.pop().unwrap_or_else(|| {
                self.clients.push(None);
                self.clients.len() - 1
            });
            self.clients[place] = Some(Client::new(place as u64, stream, &self.poll)?);
        }
    }

    fn serve(&mut self, place: usize, flags: EventFlags, chunk: &mut [u8]) {
        let served = self.flush(place, flags).and_then(|()| {
            // What can't be read any more says so when it is read.
            match flags == EventFlags::OUT {
                true => Ok(()),
                false => self.read(place, chunk),
            }
        });
        if served.is_err() {
            self.rooms.lost.push(place);
        }
    }

    fn flush(&mut self, place: usize, flags: EventFlags) -> io::Result<()> {
        match &mut self.clients[place] {
            Some(client) if flags.contains(EventFlags::OUT) => client.flush(&self.poll),
            _ => Ok(()),
        }
    }

    fn read(&mut self, place: usize, chunk: &mut [u8]) -> io::Result<()> {
        let Some(client) = &mut self.clients[place] else {
            return Ok(());
        };
        let Some(n) = client.read(chunk)? else {
            return Ok(());
        };
        let (bytes, mut used) = (&mut chunk[..n], 0);
        let room = match client.room {
            Some(room) => room,
            None => match frame::opening(bytes).map_err(io::Error::other)? {
                None => {
                    client.keep(bytes);
                    return Ok(());
                }
                Some(opening) => {
                    client.send(opening.answer.as_bytes(), &self.poll)?;
                    used = opening.length;
                    let room = self.rooms.join(opening.room, place);
                    client.room = Some(room);
                    room
                }
            },
        };
        while let Some((kind, found)) = frame::next(&mut bytes[used..]).map_err(io::Error::other)? {
            let payload = &bytes[used..][found.clone()];
            used += found.end;
            match kind {
                TEXT => self.rooms.say(room, payload, &mut self.clients, &self.poll),
                PING | CLOSE => self.answer(place, kind, payload)?,
                _ => {}
            }
        }
        if let Some(client) = &mut self.clients[place] {
            client.keep(&bytes[used..]);
        }
        Ok(())
    }

    fn answer(&mut self, place: usize, kind: u8, payload: &[u8]) -> io::Result<()> {
        let Some(client) = &mut self.clients[place] else {
            return Ok(());
        };
        let mut answer = Vec::new();
        frame::add(
            &mut answer,
            if kind == PING { PONG } else { CLOSE },
            payload,
        );
        client.send(&answer, &self.poll)?;
        match kind {
            CLOSE => Err(io::Error::other("closed")),
            _ => Ok(()),
        }
    }

    /// Cuts off those who are to be.
    fn let_go(&mut self) {
        while let Some(place) = self.rooms.lost.pop() {
            if let Some(client) = self.clients[place].take() {
                self.rooms.leave(client.room, place);
                self.free.push(place);
            }
        }
    }
}

impl Rooms {
    fn join(&mut self, name: String, place: usize) -> usize {
        let room = *self.numbers.entry(name).or_insert_with(|| {
            self.rooms.push(Room::default());
            self.rooms.len() - 1
        });
        self.rooms[room].members.push(place);
        room
    }

    fn leave(&mut self, room: Option<usize>, place: usize) {
        if let Some(room) = room {
            self.rooms[room].members.retain(|member| *member != place);
        }
    }

    /// Says a text to everybody in a room: now, or at the end of the round.
    fn say(&mut self, room: usize, text: &[u8], clients: &mut [Option<Client>], poll: &OwnedFd) {
        if self.coalesce {
            let round = &mut self.rooms[room].round;
            if round.is_empty() {
                self.told.push(room);
            }
            frame::add(round, TEXT, text);
        } else {
            self.frame.clear();
            frame::add(&mut self.frame, TEXT, text);
            let members = &self.rooms[room].members;
            self.lost.extend(tell(members, &self.frame, clients, poll));
        }
    }

    /// Writes what was said in this round.
    fn release(&mut self, clients: &mut [Option<Client>], poll: &OwnedFd) {
        for room in self.told.drain(..) {
            let Room { members, round } = &mut self.rooms[room];
            self.lost.extend(tell(members, round, clients, poll));
            round.clear();
        }
    }
}

/// Sends the same to some, and gives those who can't be sent to.
fn tell(
    members: &[usize],
    bytes: &[u8],
    clients: &mut [Option<Client>],
    poll: &OwnedFd,
) -> Vec<usize> {
    let mut lost = Vec::new();
    for place in members {
        if let Some(client) = &mut clients[*place]
            && client.send(bytes, poll).is_err()
        {
            lost.push(*place);
        }
    }
    lost
}
