//! Who is told what, and that it is encoded once for all to whom it looks the same.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use bytestring::ByteString;
use parlour_storage::{
    domain::conversation::{Cursor, Member, MemberRole},
    ids::{ConversationId, Timestamp},
};

use super::*;
use crate::{
    codec::{ClientFrame, Codec, Minds, RequestId},
    command::Reply,
    error::{CloseCode, Failure},
    group::Groups,
    outbox::Outbox,
    push::Hello,
    testkit::{connection_of, user},
};

/// Says by which key and view it was encoded, and counts.
#[derive(Debug)]
struct Counting {
    key: u16,
    minds: Minds,
    n_pushes: Arc<AtomicUsize>,
}

impl Codec for Counting {
    fn key(&self) -> u16 {
        self.key
    }

    fn minds(&self) -> Minds {
        self.minds
    }

    fn decode(&self, _: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Err((RequestId::None, Failure::internal()))
    }

    fn hello(&self, _: &Hello<'_>) -> Option<Frame> {
        None
    }

    fn push(&self, _: Epoch, push: &Push, view: View) -> Option<Frame> {
        self.n_pushes.fetch_add(1, Ordering::Relaxed);
        let veil = if matches!(push, Push::Veiled(..)) {
            "veiled "
        } else {
            ""
        };
        let text = format!("{veil}{} {} {:?}", self.key, view.own, view.joined);
        Some(Frame::Text(ByteString::from(text)))
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        _: Option<Position>,
        _: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        None
    }
}

/// A group of people with connections, all of which count together.
struct Hall {
    crowd: Crowd,
    connections: Vec<Arc<Connection>>,
    n_pushes: Arc<AtomicUsize>,
}

impl Hall {
    fn of(names: &[&str]) -> Self {
        let id = ConversationId::created_at(at(1));
        let member = |name: &&str| Member {
            user: user(name),
            role: MemberRole::Member,
            joined_at: Timestamp(0),
            cursor: Cursor::default(),
        };
        let conversation = Conversation {
            id,
            kind: ConversationKind::Group { name: None },
            created_by: user(names[0]),
            created_at: Timestamp(0),
            n_members: u32::try_from(names.len()).unwrap(),
            archived: false,
        };
        let roster = Roster {
            as_of: at(1),
            conversation,
            members: names.iter().map(member).collect(),
        };
        Self {
            crowd: Crowd::new(roster),
            connections: Vec::new(),
            n_pushes: Arc::default(),
        }
    }

    fn come(&mut self, name: &str, key: u16, minds: Minds) -> Arc<Connection> {
        let id = ConnectionId(self.connections.len() as u64 + 1);
        let outbox = Outbox::new(id, 100, 1 << 16);
        outbox.open_gate(Position::ZERO);
        let codec = Arc::new(Counting {
            key,
            minds,
            n_pushes: Arc::clone(&self.n_pushes),
        });
        let connection = connection_of(name, codec, outbox);
        self.crowd.attach(&connection);
        self.connections.push(Arc::clone(&connection));
        connection
    }

    /// Has `by` react to a message, and returns what each connection is told, in the order they came.
    fn told(&mut self, by: &str, blocked_by: &[&str]) -> Vec<Option<String>> {
        let change = Change {
            position: at(2),
            conversation: self.crowd.conversation().id,
            by: user(by),
            at: Timestamp(0),
            body: ChangeBody::Reacted {
                message: parlour_storage::ids::MessageId::created_at(at(1)),
                seq: parlour_storage::ids::Seq(1),
                emoji: "+".to_owned(),
                on: true,
            },
        };
        let mut audience = Audience::default();
        for name in blocked_by {
            audience.set_blocked_by(&user(name), true);
        }
        let who = Who {
            card: Card::nameless(user(by)),
            audience,
        };
        let change = Told {
            change: Arc::new(change),
            who,
            asked_by: None,
        };
        let group = Groups::default().begin(at(2), 1);
        self.crowd.tell(&group, Epoch(1), &[change]);
        drop(group);
        self.connections.iter().map(|c| told(c)).collect()
    }

    fn n_pushes(&self) -> usize {
        self.n_pushes.swap(0, Ordering::Relaxed)
    }
}

fn at(n: u64) -> Position {
    Position::new(n).unwrap()
}

/// The one frame that a connection was told, if any.
fn told(connection: &Connection) -> Option<String> {
    let mut frames = Vec::new();
    connection.outbox.drain(&mut frames);
    assert!(frames.len() <= 1, "{frames:?}");
    match frames.pop()? {
        Frame::Text(text) => Some(text.to_string()),
        other => panic!("{other:?}"),
    }
}

const OWN: Minds = Minds {
    own: true,
    joined: false,
};
const BOTH: Minds = Minds {
    own: true,
    joined: true,
};

#[test]
fn a_change_is_encoded_once_for_all_to_whom_it_looks_the_same() {
    let mut hall = Hall::of(&["a", "b", "c"]);
    let dialects = [(1, Minds::default()), (2, OWN), (3, BOTH)];
    for (key, minds) in dialects {
        for name in ["a", "b", "c", "c"] {
            hall.come(name, key, minds);
        }
    }
    // The last one of the third dialect looks at it.
    let id = hall.crowd.conversation().id;
    hall.connections[11].join(id, true);
    let expected = [
        ["1 false No"; 4],
        ["2 true No", "2 false No", "2 false No", "2 false No"],
        ["3 true No", "3 false No", "3 false No", "3 false Yes"],
    ];
    let expected: Vec<_> = expected
        .iter()
        .flatten()
        .map(|t| Some((*t).to_owned()))
        .collect();
    assert_eq!(hall.told("a", &[]), expected);
    assert_eq!(hall.n_pushes(), 1 + 2 + 3);
}

#[test]
fn what_is_veiled_is_encoded_for_itself_and_what_nobody_gets_not_at_all() {
    let mut hall = Hall::of(&["a", "b", "c", "d"]);
    for name in ["a", "b", "c", "d"] {
        hall.come(name, 1, Minds::default());
    }
    let whole = Some("1 false No".to_owned());
    let veiled = Some("veiled 1 false No".to_owned());
    assert_eq!(
        hall.told("a", &["b", "c"]),
        [whole.clone(), veiled.clone(), veiled, whole]
    );
    assert_eq!(hall.n_pushes(), 2);
    let mut empty = Hall::of(&["a"]);
    assert_eq!(empty.told("a", &[]), []);
    assert_eq!(empty.n_pushes(), 0);
}

#[test]
fn typing_is_encoded_once_too_and_told_to_nobody_across_a_block() {
    let mut hall = Hall::of(&["a", "b", "c", "d"]);
    for name in ["a", "b", "c", "d", "d"] {
        hall.come(name, 1, OWN);
    }
    let mut audience = Audience::default();
    audience.set_blocks(&user("b"), true);
    let who = Who {
        card: Card::nameless(user("a")),
        audience,
    };
    hall.crowd.tell_typing(Epoch(1), &who, true);
    let told: Vec<_> = hall.connections.iter().map(|c| told(c).is_some()).collect();
    assert_eq!(told, [false, false, true, true, true]);
    assert_eq!(hall.n_pushes(), 1);
}

#[test]
fn those_who_are_gone_do_not_add_up_where_nothing_is_said() {
    let mut hall = Hall::of(&["a", "b"]);
    let stays = hall.come("a", 1, OWN);
    for _ in 0..1000 {
        hall.come("b", 1, OWN).outbox.close(CloseCode::Normal);
    }
    let n = hall.crowd.connections().count();
    assert!(n <= 2 * TIDIED_FROM, "{n} of 1 are kept");
    let is_it = |c: &Arc<Connection>| Arc::ptr_eq(c, &stays);
    assert!(hall.crowd.connections().any(is_it));
}

/// Speaks by the key 1, and settles on 2 amid the first push, as when its client's first event comes in just then.
#[derive(Debug, Default)]
struct Settling(AtomicU16);

impl Codec for Settling {
    fn key(&self) -> u16 {
        1 + self.0.load(Ordering::Relaxed)
    }

    fn decode(&self, _: &str) -> Result<ClientFrame, (RequestId, Failure)> {
        Err((RequestId::None, Failure::internal()))
    }

    fn hello(&self, _: &Hello<'_>) -> Option<Frame> {
        None
    }

    fn push(&self, _: Epoch, _: &Push, _: View) -> Option<Frame> {
        self.0.store(1, Ordering::Relaxed);
        Some(Frame::Text(self.key().to_string().into()))
    }

    fn reply(
        &self,
        _: Epoch,
        _: &RequestId,
        _: Option<Position>,
        _: Result<&Reply, &Failure>,
    ) -> Option<Frame> {
        None
    }
}

/// Else it would lack the events of its own dialect, and resume from behind them.
#[test]
fn what_a_codec_said_while_it_settled_is_told_to_nobody_else() {
    let mut hall = Hall::of(&["a", "b"]);
    let outbox = Outbox::new(ConnectionId(100), 100, 1 << 16);
    outbox.open_gate(Position::ZERO);
    hall.come("a", 3, OWN);
    let settles = connection_of("b", Arc::new(Settling::default()), outbox);
    hall.crowd.attach(&settles);
    let outbox = Outbox::new(ConnectionId(101), 100, 1 << 16);
    outbox.open_gate(Position::ZERO);
    let counting = Counting {
        key: 1,
        minds: Minds::default(),
        n_pushes: Arc::default(),
    };
    let other = connection_of("b", Arc::new(counting), outbox);
    hall.crowd.attach(&other);
    hall.told("a", &[]);
    assert_eq!(told(&settles).as_deref(), Some("2"));
    assert_eq!(told(&other).as_deref(), Some("1 false No"));
}
