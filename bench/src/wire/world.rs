//! What all clients of a run know: where the node is, how they speak, who sits where, and what is noted.

use std::{cell::RefCell, fmt, ops::Range, rc::Rc, time::Instant};

use rand::RngExt as _;

use super::{
    http::Http,
    language::{Language, Seat},
    target::Target,
};
use crate::{
    course::Course,
    stamp::{Line, padding, word},
};

/// Signs a token for a user.
pub type Mint = Box<dyn Fn(&str) -> anyhow::Result<String>>;

/// So many bytes are read at once, into one buffer for all clients.
const CHUNK: usize = 64 << 10;
/// How many people a question about presence names at most.
const OTHERS_MAX: u32 = 10;

/// See the file.
pub(super) struct World {
    pub(super) target: Target,
    pub(super) language: Box<dyn Language>,
    pub(super) course: Course,
    /// What is read lies here while it is looked at.
    pub(super) chunk: RefCell<Vec<u8>>,
    mint: Mint,
    /// Tells the people of this run from those of others on the same node.
    run: String,
    /// The lines of each room. The nth client has line n.
    rooms: Vec<Range<Line>>,
    /// The id of each room's conversation, once it is open.
    pub(super) conversations: RefCell<Vec<String>>,
    /// Length of texts.
    length: usize,
    /// Whether each message bears a key, so that it could be sent again.
    pub(super) keys: bool,
    /// Whether clients come back to where they were.
    pub(super) resumes: bool,
    /// Connections for what is asked by REST, and when each was used last.
    pub(super) rest: RefCell<Vec<(Instant, Http)>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// What texts are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Their length, in bytes.
    pub length: usize,
    /// Whether each bears an idempotency key.
    pub keys: bool,
}

impl World {
    /// With rooms of these sizes.
    pub(super) fn new(
        target: Target,
        language: Box<dyn Language>,
        mint: Mint,
        texts: Texts,
        sizes: &[u32],
        resumes: bool,
    ) -> Rc<Self> {
        let mut rooms = Vec::with_capacity(sizes.len());
        let mut n_lines = 0;
        for size in sizes {
            rooms.push(n_lines..n_lines + size);
            n_lines += size;
        }
        Rc::new(Self {
            target,
            language,
            course: Course::new(n_lines as usize),
            chunk: RefCell::new(vec![0; CHUNK]),
            mint,
            run: format!("{:08x}", rand::rng().random::<u32>()),
            conversations: RefCell::new(vec![String::new(); rooms.len()]),
            rooms,
            length: texts.length,
            keys: texts.keys,
            resumes,
            rest: RefCell::default(),
        })
    }

    pub(super) fn n_clients(&self) -> usize {
        self.rooms.last().map_or(0, |last| last.end as usize)
    }

    pub(super) fn rooms(&self) -> &[Range<Line>] {
        &self.rooms
    }

    pub(super) fn user(&self, line: Line) -> String {
        format!("bench-{}-{line}", self.run)
    }

    pub(super) fn token(&self, line: Line) -> anyhow::Result<String> {
        (self.mint)(&self.user(line))
    }

    /// The room of a line.
    pub(super) fn room_of(&self, line: Line) -> usize {
        self.rooms.partition_point(|room| room.end <= line)
    }

    /// The lines that are heard in the room of a line.
    pub(super) fn heard_by(&self, line: Line) -> Range<Line> {
        let room = self.rooms.get(self.room_of(line));
        room.cloned().unwrap_or(line..line + 1)
    }

    /// How many are told of a message of a line.
    pub(super) fn n_deliveries(&self, line: Line) -> u64 {
        let n = self.heard_by(line).len() as u64;
        if self.language.echoes() { n } else { n - 1 }
    }

    pub(super) fn seat(&self, line: Line) -> Seat {
        let lines = self.heard_by(line);
        let others = lines
            .filter(|other| *other != line)
            .take(OTHERS_MAX as usize);
        Seat {
            user: self.user(line),
            conversation: self.conversations.borrow()[self.room_of(line)].clone(),
            others: others.map(|other| self.user(other)).collect(),
        }
    }

    /// What follows the stamp in all texts of a line.
    pub(super) fn padding(&self, line: Line) -> String {
        padding(self.length, line.into())
    }

    /// A word that some texts have.
    pub(super) fn word(&self, n: u32) -> String {
        word(n % 1000)
    }

    /// The key of a line's nth message.
    pub(super) fn key(&self, line: Line, number: u32) -> String {
        format!("{}-{line}-{number}", self.run)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wire::language::{Native, SocketIo};

    /// A world that nobody connects in.
    pub(in crate::wire) fn world(language: Box<dyn Language>, sizes: &[u32]) -> Rc<World> {
        let target = Target {
            address: "127.0.0.1:1".parse().unwrap(),
            host: "127.0.0.1:1".to_owned(),
            path: String::new(),
        };
        let mint = Box::new(|user: &str| Ok(format!("token of {user}")));
        let texts = Texts {
            length: 200,
            keys: false,
        };
        World::new(target, language, mint, texts, sizes, false)
    }

    #[test]
    fn everybody_has_a_seat_in_a_room() {
        let world = world(Box::new(Native), &[3, 2, 1]);
        assert_eq!(world.n_clients(), 6);
        let rooms = (0..6).map(|line| world.room_of(line));
        assert_eq!(rooms.collect::<Vec<_>>(), [0, 0, 0, 1, 1, 2]);
        assert_eq!(world.heard_by(4), 3..5);
        world.conversations.borrow_mut()[1] = "77".to_owned();
        let seat = world.seat(4);
        assert_eq!(seat.conversation, "77");
        assert_eq!(seat.others, [world.user(3)]);
        assert!(world.token(4).unwrap().ends_with(&world.user(4)));
    }

    #[test]
    fn who_sends_is_told_where_the_dialect_has_it_so() {
        assert_eq!(world(Box::new(Native), &[3]).n_deliveries(0), 2);
        let socketio = Box::new(SocketIo::default());
        assert_eq!(world(socketio, &[3]).n_deliveries(0), 3);
    }
}
