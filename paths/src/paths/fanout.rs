//! From a committed message to the bytes of the frames that each connection of a room is sent: encoded, staged, drained,
//! framed.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::ensure;
use bytes::BytesMut;
use parlour_actors::{
    codec::Codec,
    command::Card,
    connection::Connection,
    outbox::{ConnectionId, Frame, Outbox, Wake},
    room::paths::Hall,
};
use parlour_paths::{dialects::native::Native, frames};
use parlour_storage::{
    domain::{
        change::Change,
        conversation::{Cursor, Member, MemberRole},
    },
    ids::{Epoch, Position},
    store::Roster,
};

use super::scene;
use crate::counted::counted;

const CONNECTIONS: u32 = 1000;
const MESSAGES: usize = 20;

/// Stands in for a pump's mailbox.
struct Bell(Arc<AtomicU64>);

impl Wake for Bell {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Stage {
    hall: Hall,
    connections: Vec<Arc<Connection>>,
    by: Arc<Card>,
    woken: Arc<AtomicU64>,
    frames: Vec<Frame>,
    buffer: BytesMut,
}

impl Stage {
    fn new() -> anyhow::Result<Self> {
        let codec: Arc<dyn Codec> = Arc::new(Native);
        let woken = Arc::new(AtomicU64::new(0));
        let (mut members, mut connections) = (Vec::new(), Vec::new());
        for n in 0..CONNECTIONS {
            let identity = scene::identity(n as usize)?;
            members.push(Member {
                user: identity.user.clone(),
                role: MemberRole::Member,
                joined_at: scene::START,
                cursor: Cursor::default(),
            });
            let outbox = Outbox::new(ConnectionId(n.into()), 1000, 1 << 20);
            outbox.open_gate(Position::ZERO);
            outbox.attach(Arc::new(Bell(Arc::clone(&woken))));
            connections.push(Connection::new(&identity, Arc::clone(&codec), outbox));
        }
        let roster = Roster {
            as_of: scene::position(0),
            conversation: scene::group(CONNECTIONS)?,
            members,
        };
        Ok(Self {
            hall: Hall::new(roster, Epoch(1), &connections),
            connections,
            by: Card::nameless(scene::user(0)?),
            woken,
            frames: Vec::new(),
            buffer: BytesMut::with_capacity(4096),
        })
    }

    /// Tells a message, and writes what each connection is to be sent into a buffer as the pump does. Returns how many bytes.
    fn tell(&mut self, change: &Arc<Change>) -> usize {
        self.hall.tell(change, &self.by);
        let mut n_bytes = 0;
        for connection in &self.connections {
            connection.outbox.drain_runs(&mut self.frames);
            for frame in self.frames.drain(..) {
                frames::put(&mut self.buffer, &frame);
            }
            n_bytes += self.buffer.len();
            black_box(&self.buffer);
            self.buffer.clear();
        }
        n_bytes
    }
}

pub(crate) fn run() -> anyhow::Result<u64> {
    let mut stage = Stage::new()?;
    let id = scene::group(CONNECTIONS)?.id;
    let changes = (1..=2 * MESSAGES).map(|n| scene::sent(id, n));
    let changes = changes.collect::<anyhow::Result<Vec<_>>>()?;
    let (before, changes) = changes.split_at(MESSAGES);
    for change in before {
        stage.tell(change);
    }
    let n_bytes = counted(|| {
        changes
            .iter()
            .map(|change| stage.tell(change))
            .sum::<usize>()
    });
    let n_deliveries = u64::from(CONNECTIONS) * 2 * MESSAGES as u64;
    let n_woken = stage.woken.load(Ordering::Relaxed);
    ensure!(
        n_woken == n_deliveries,
        "{n_woken} wakes for {n_deliveries} deliveries"
    );
    let n_bytes_least = scene::TEXT.len() * MESSAGES * CONNECTIONS as usize;
    ensure!(
        n_bytes > n_bytes_least,
        "{n_bytes} bytes for texts of {n_bytes_least}"
    );
    Ok(changes.len() as u64)
}
